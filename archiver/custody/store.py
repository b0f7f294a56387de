"""Objects: write-once files named by the SHA-256 of their bytes.

Order of every write: temporary name, bytes, fsync, final name, 0444, fsync of the folder; then the bytes are read back
from the disk (not from the page cache) and digested again before anybody may speak of them in the ledger. An object
that is there already is compared, never overwritten.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from archiver.errors import EvidenceError, MachineError

#: Large enough that hashing, not the system call, is what takes the time.
CHUNK_BYTES = 1024 * 1024

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Digests:
    """What identifies a run of bytes: lower-case hex digests and the length in bytes."""

    sha256: str
    sha512: str
    size: int


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""


class Store:
    """A folder `objects/ab/cdef…`: `sha256sum` is all that anybody needs to check it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Make an empty store."""
        folder.mkdir(mode=0o755)
        return cls(folder)

    def path(self, sha256: str) -> Path:
        """Where the object lies or would lie. Raises EvidenceError for what is no SHA-256 in hex."""
        if not _NAME.fullmatch(sha256):
            raise EvidenceError(f"{sha256[:80]!r} is not a SHA-256 digest")
        return self.folder / sha256[:2] / sha256[2:]

    def open(self, sha256: str) -> BinaryIO:
        """The object's bytes. Raises EvidenceError where it is gone."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise EvidenceError(
                f"object {sha256} is missing",
                code="object-missing",
                next_step="`archiver verify` lists what it concerns",
            ) from None

    def read(self, sha256: str) -> bytes:
        """The whole object, for small ones such as metadata."""
        with self.open(sha256) as stream:
            return stream.read()

    def put(self, data: bytes) -> Digests:
        """Keep bytes that we made."""
        return self.copy(io.BytesIO(data))

    def copy(self, stream: Readable, expected: Digests | None = None) -> Digests:
        """Keep what a stream gives, digested while it is copied.

        Raises EvidenceError, and keeps nothing, where that is not what is `expected`.
        """
        with _full_disk_explained(), self._temporary() as (path, target):
            sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
            while chunk := stream.read(CHUNK_BYTES):
                sha256.update(chunk)
                sha512.update(chunk)
                target.write(chunk)
                size += len(chunk)
            target.flush()
            os.fsync(target.fileno())
            found = Digests(sha256.hexdigest(), sha512.hexdigest(), size)
            if expected is not None and found != expected:
                raise EvidenceError(
                    f"a file is not any more what it was when it was checked (SHA-256 {expected.sha256})",
                    code="file-changing",
                    next_step="Nothing of it was kept; find out who writes there, and begin again",
                )
            return self._settle(path, found)

    def take(self, path: Path) -> Digests:
        """Keep a finished file of our own working folder, without copying it: the object is a second name of the file.

        The first name stays until its owner removes it, so that a step that runs again finds what it found before.
        """
        with _full_disk_explained():
            with path.open("rb") as stream:
                digests = digest(stream)
                os.fsync(stream.fileno())
            return self._settle(path, digests)

    def digest(self, sha256: str) -> Digests:
        """Digest the object anew from its bytes (a fixity check). Raises EvidenceError where it is gone."""
        with self.open(sha256) as stream:
            return digest(stream)

    def names(self) -> Iterator[tuple[str, Path]]:
        """Every file of the store with the digest that its place stands for, in order, strays included."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield path.parent.name + path.name, path

    def _settle(self, path: Path, digests: Digests) -> Digests:
        final = self.path(digests.sha256)
        if not final.parent.is_dir():
            final.parent.mkdir(exist_ok=True)
            _sync_folder(self.folder)
        try:
            os.link(path, final)
        except FileExistsError:
            if not os.path.samefile(path, final) and self.digest(digests.sha256) != digests:
                raise EvidenceError(
                    f"object {digests.sha256} is damaged: its bytes are not those of its name",
                    code="object-altered",
                    next_step="Run `archiver verify` and restore it from another copy; nothing was overwritten",
                ) from None
            return digests
        final.chmod(0o444)
        _sync_folder(final.parent)
        with final.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if digest(stream) != digests:
                raise MachineError(
                    f"object {digests.sha256} reads back differently from what was written",
                    code="read-back-differs",
                    next_step="This disk or memory is failing: stop using it",
                )
        return digests

    @contextmanager
    def _temporary(self) -> Iterator[tuple[Path, BinaryIO]]:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                yield path, target
        finally:
            path.unlink()


def digest(stream: BinaryIO) -> Digests:
    """SHA-256, SHA-512 and length of a stream in one pass."""
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    while chunk := stream.read(CHUNK_BYTES):
        sha256.update(chunk)
        sha512.update(chunk)
        size += len(chunk)
    return Digests(sha256.hexdigest(), sha512.hexdigest(), size)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _full_disk_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise MachineError(
            "the disk of the vault is full", code="disk-full", next_step="Make room; nothing that was recorded is lost"
        ) from error
