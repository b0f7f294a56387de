"""The files of a bag: plain ones under acceptable names, and their digests.

Everything is read as a stream, whatever it is read from, and every count and length is bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archiver.proof.bundle import layout
from archiver.proof.bundle.source import Readable, Source
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

    source: Source
    files: Mapping[str, FileDigests]
    sizes: Mapping[str, int]

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a small file. Raises ProofError where it is not there or longer than `limit`."""
        if path not in self.files:
            raise ProofError("file-missing", MISSING)
        if self.files[path].size > limit:
            raise ProofError("file-too-long", f"the file is longer than {limit} bytes")
        with self.source.open(path) as stream:
            data = stream.read(limit + 1)
        if hashlib.sha256(data).hexdigest() != self.files[path].sha256:
            raise ProofError("file-changing", "the file changed while it was checked")
        return data


def read_bag(source: Source, faults: Faults, observe: Callable[[int, int], None] = lambda done, total: None) -> Bag:
    """Digest every file of the bag. Files that no bundle has are faults, and go into `faults`.

    `observe` hears how many bytes of how many are done.
    """
    sizes = source.sizes(faults.add)
    total, done = sum(sizes.values()), 0
    files: dict[str, FileDigests] = {}
    if total > layout.MAX_TOTAL_BYTES:
        faults.add(
            "bundle-too-long", "the bundle", f"its files are longer than {layout.MAX_TOTAL_BYTES} bytes together"
        )
        return Bag(source, files, sizes)
    for path in sorted(sizes):
        try:
            if sizes[path] > layout.max_bytes(path):
                raise ProofError("file-too-long", f"the file is longer than {layout.max_bytes(path)} bytes")
            with source.open(path) as stream:
                files[path] = digest(stream)
        except OSError as error:
            faults.add("file-unreadable", path, f"the file cannot be read: {error.strerror}")
        except ProofError as error:
            faults.of(error, path)
        done += sizes[path]
        observe(done, total)
    return Bag(source, files, sizes)


def digest(stream: Readable) -> FileDigests:
    """Digests and length of what is left in a stream, in one pass."""
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            return FileDigests(sha256.hexdigest(), sha512.hexdigest(), size)
        sha256.update(chunk)
        sha512.update(chunk)
        size += len(chunk)
