"""The files of a bag on disk: plain ones under acceptable names, and their digests.

Everything is read as a stream, no link is followed, and every count and length is bounded.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver.proof import layout
from archiver.proof.faults import Fault, ProofError

CHUNK_BYTES = 1024 * 1024

#: Beyond this a bundle is known to be bad, and a list is no help to anybody.
MAX_FAULTS = 1_000

#: One sentence, however many places mention the file, so that it is listed once.
MISSING = "the file is missing"


@dataclass(frozen=True)
class FileDigests:
    """What a file is: lower-case hex digests and length in bytes."""

    sha256: str
    sha512: str
    size: int


class TooManyFaults(Exception):
    """The list of faults is full; what is found from here on changes nothing."""


class Faults:
    """A bounded list of faults in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self._seen: set[Fault] = set()

    def add(self, code: str, subject: str, message: str) -> None:
        """Note one, once. Raises TooManyFaults at the limit."""
        fault = Fault(code, subject[:200], message)
        if fault in self._seen:
            return
        self._seen.add(fault)
        self.found.append(fault)
        if len(self.found) >= MAX_FAULTS:
            raise TooManyFaults

    def of(self, error: ProofError, subject: str) -> None:
        """Note what a check raised."""
        self.add(error.code, subject, error.message)


@dataclass(frozen=True)
class Bag:
    """The files of a bag by path, with digests; `sizes` also holds those that could not be read, which are faults."""

    folder: Path
    files: Mapping[str, FileDigests]
    sizes: Mapping[str, int]

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a small file. Raises ProofError where it is not there or longer than `limit`."""
        if path not in self.files:
            raise ProofError("file-missing", MISSING)
        if self.files[path].size > limit:
            raise ProofError("file-too-long", f"the file is longer than {limit} bytes")
        with _open(self.folder / path) as stream:
            data = stream.read(limit + 1)
        if hashlib.sha256(data).hexdigest() != self.files[path].sha256:
            raise ProofError("file-changing", "the file changed while it was checked")
        return data


def read_bag(folder: Path, faults: Faults, observe: Callable[[int, int], None] = lambda done, total: None) -> Bag:
    """Digest every file of the bag in `folder`. Files that no bundle has are faults, and go into `faults`.

    `observe` hears how many bytes of how many are done.
    """
    sizes = _walk(folder, faults)
    total, done = sum(sizes.values()), 0
    files: dict[str, FileDigests] = {}
    if total > layout.MAX_TOTAL_BYTES:
        faults.add(
            "bundle-too-long", "the bundle", f"its files are longer than {layout.MAX_TOTAL_BYTES} bytes together"
        )
        return Bag(folder, files, sizes)
    for path in sorted(sizes):
        try:
            if sizes[path] > layout.max_bytes(path):
                raise ProofError("file-too-long", f"the file is longer than {layout.max_bytes(path)} bytes")
            with _open(folder / path) as stream:
                files[path] = digest(stream)
        except OSError as error:
            faults.add("file-unreadable", path, f"the file cannot be read: {error.strerror}")
        except ProofError as error:
            faults.of(error, path)
        done += sizes[path]
        observe(done, total)
    return Bag(folder, files, sizes)


def digest(stream: BinaryIO) -> FileDigests:
    """Digests and length of what is left in a stream, in one pass."""
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            return FileDigests(sha256.hexdigest(), sha512.hexdigest(), size)
        sha256.update(chunk)
        sha512.update(chunk)
        size += len(chunk)


def _walk(folder: Path, faults: Faults) -> dict[str, int]:
    """Paths and sizes of all plain files with acceptable names."""
    sizes: dict[str, int] = {}
    folded: set[str] = set()
    waiting = [""]
    seen = 0
    while waiting:
        prefix = waiting.pop()
        try:
            listing = os.scandir(folder / prefix)
        except OSError as error:
            faults.add("file-unreadable", prefix or "the bundle", f"the folder cannot be read: {error.strerror}")
            continue
        with listing:
            for one in listing:
                seen += 1
                if seen > layout.MAX_FILES:
                    faults.add("too-many-files", "the bundle", f"there are more than {layout.MAX_FILES} files")
                    return sizes
                path = prefix + one.name
                found = _judge(one, path, folded)
                if found:
                    # A name may be anything: what is printed of it is ASCII.
                    faults.add(found[0], path.encode("ascii", "backslashreplace").decode("ascii"), found[1])
                elif one.is_dir(follow_symlinks=False):
                    waiting.append(path + "/")
                if not found or found[0] == "file-extra":
                    sizes.update(_size(one, path))
                folded.add(path.casefold())
    return sizes


def _judge(one: os.DirEntry[str], path: str, folded: set[str]) -> tuple[str, str] | None:
    """What is wrong with a name in the bundle: code and message."""
    if not layout.NAME.fullmatch(one.name):
        return "file-name", "no file of a bundle has a name like this"
    if path.casefold() in folded:
        return "file-name-case", "two names differ only in upper and lower case"
    if one.is_symlink():
        return "link", "a bundle holds no links"
    if one.is_dir(follow_symlinks=False):
        return None if layout.FOLDER.fullmatch(path) else ("folder-extra", "no bundle of ours has such a folder")
    if not one.is_file(follow_symlinks=False):
        return "special-file", "a bundle holds plain files only"
    if (
        path in layout.FIXED_FILES
        or path in layout.OPTIONAL_FILES
        or layout.REPORT_PART.fullmatch(path)
        or layout.EXHIBIT_PATH.fullmatch(path)
        or layout.REDACTED_PATH.fullmatch(path)
        or layout.ENTRY_PATH.fullmatch(path)
        or layout.TIMESTAMP_PATH.fullmatch(path)
        or layout.ANCHOR_PATH.fullmatch(path)
    ):
        return None
    return "file-extra", "no bundle of ours has such a file"


def _size(one: os.DirEntry[str], path: str) -> dict[str, int]:
    if not one.is_file(follow_symlinks=False):
        return {}
    return {path: one.stat(follow_symlinks=False).st_size}


def _open(path: Path) -> BinaryIO:
    """Open a plain file and nothing else. Raises OSError and ProofError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ProofError("special-file", "a bundle holds plain files only")
    return os.fdopen(handle, "rb")
