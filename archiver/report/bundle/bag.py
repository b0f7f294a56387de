"""Writing a bag: every file digested while it is written, on the disk before it counts, and nothing half at the end."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver.errors import MachineError, UsageError
from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import CHUNK_BYTES, FileDigests

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)

#: Among the working copies: where a bundle lies that is to leave only encrypted.
_APART = "export.partial"


class BagWriter:
    """A bag under construction. `files` are its payload so far, by path within the bag, `written` all of its files."""

    def __init__(self, folder: Path, on_bytes: Callable[[int], None] = lambda count: None) -> None:
        self.folder = folder
        self.files: dict[str, FileDigests] = {}
        self.written: dict[str, int] = {}
        self._on_bytes = on_bytes

    def put(self, path: str, data: bytes) -> FileDigests:
        """Write a file of ours."""
        import io

        return self.copy(path, io.BytesIO(data))

    def copy(self, path: str, source: BinaryIO) -> FileDigests:
        """Write what a stream gives. Raises OSError."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
        with target.open("xb") as stream:
            while chunk := source.read(CHUNK_BYTES):
                sha256.update(chunk)
                sha512.update(chunk)
                stream.write(chunk)
                size += len(chunk)
                self._on_bytes(len(chunk))
            stream.flush()
            os.fsync(stream.fileno())
        target.chmod(0o444)
        digests = FileDigests(sha256.hexdigest(), sha512.hexdigest(), size)
        self.written[path] = size
        if path.startswith(layout.DATA):
            self.files[path] = digests
        return digests

    def close(self, info: Mapping[str, str]) -> None:
        """Write the tag files. `info` is what bag-info.txt says beside the payload's size."""
        size = sum(one.size for one in self.files.values())
        lines = {**info, "Payload-Oxum": f"{size}.{len(self.files)}"}
        tags = {
            layout.DECLARATION: self.put(layout.DECLARATION, layout.DECLARATION_BYTES),
            layout.INFO: self.put(layout.INFO, "".join(f"{name}: {one}\n" for name, one in lines.items()).encode()),
        }
        for name, algorithm in zip(layout.MANIFESTS, layout.ALGORITHMS, strict=True):
            tags[name] = self.put(name, _manifest(self.files, algorithm))
        for name, algorithm in zip(layout.TAG_MANIFESTS, layout.ALGORITHMS, strict=True):
            self.put(name, _manifest(tags, algorithm))
        for folder, _, _ in os.walk(self.folder):
            _sync(Path(folder))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bundle comes about: its folder, where its zip goes, and where that is sealed.

    The last of them that there is becomes `target`.
    """

    target: Path
    folder: Path
    archive: Path | None = None
    sealed: Path | None = None


@contextmanager
def appearing(target: Path, *, zipped: bool = False, plain: Path | None = None) -> Iterator[Place]:
    """Where to write a bundle's folder that takes the name `target` when the block ends well, and else vanishes.

    With `zipped` it vanishes in any case, and its archive becomes `target`. With `plain` that is sealed first: folder
    and archive lie in this folder of the vault, where the evidence lies plain anyway, and never beside `target`.
    Raises UsageError where `target` holds something, MachineError where it cannot be written.
    """
    single = zipped or plain is not None
    if single and os.path.lexists(target):
        raise UsageError(f"{target} is there already", next_step="Name a file that is new")
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise UsageError(f"{target} holds something already", next_step="Name a folder that is new or empty")
    with _temporary(target) as temporary:
        if plain is not None:
            with _kept_apart(plain) as apart:
                place = _place(target, apart, archive=True, sealed=temporary / "sealed")
                yield place
        else:
            place = _place(target, temporary, archive=zipped)
            yield place
        if single:
            _rename_new(place.sealed or place.archive or place.folder, target)
        else:
            os.rename(place.folder, target)


def _place(target: Path, within: Path, *, archive: bool, sealed: Path | None = None) -> Place:
    folder = within / "bundle"
    folder.mkdir()
    return Place(target, folder, within / "zip" if archive else None, sealed)


@contextmanager
def _kept_apart(plain: Path) -> Iterator[Path]:
    """A folder in `plain` that is gone in the end; what a killed process left there goes first. One at a time."""
    folder = plain / _APART
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """A folder beside `target` that is gone in the end. Raises MachineError for what goes wrong on that disk."""
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}.partial"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        _sync(target.parent)
    except OSError as error:
        full = error.errno in _FULL
        raise MachineError(
            f"the bundle cannot be written to {target}: {error.strerror or error}",
            code="disk-full" if full else "disk-error",
            next_step="Make room there, or choose another place; nothing was left behind",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename_new(source: Path, target: Path) -> None:
    """Give a file its name unless something has it. Disks without second names (USB sticks) are looked at first."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.rename(source, target)


def _manifest(files: Mapping[str, FileDigests], algorithm: str) -> bytes:
    return "".join(f"{getattr(files[path], algorithm)}  {path}\n" for path in sorted(files)).encode("ascii")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
