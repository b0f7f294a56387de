"""What a bundle is read from, a folder or a zip, as one small interface; and which names a bundle may have."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from archiver.proof.bundle import layout
from archiver.proof.faults import ProofError

#: Hears a fault: code, subject and message.
Note = Callable[[str, str, str], None]


class Readable(Protocol):
    """A file of the bundle, open."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end. Raises OSError and ProofError."""

    def __enter__(self) -> Readable: ...

    def __exit__(self, *error: Any) -> Any: ...


class Source(Protocol):
    """Files under paths with forward slashes."""

    def sizes(self, note: Note) -> dict[str, int]:
        """Lengths in bytes of all plain files whose names a bundle may have; everything else goes to `note`."""

    def open(self, path: str) -> Readable:
        """A file that `sizes` gave. Raises OSError and ProofError."""

    def close(self) -> None:
        """Let go of what it is read from."""


class Names:
    """The names met so far in one bundle."""

    def __init__(self) -> None:
        self._folded: set[str] = set()

    def wrong(self, path: str) -> tuple[str, str] | None:
        """What is wrong with the last part of a path, as code and message; and remembers the path."""
        folded = path.casefold()
        known = folded in self._folded
        self._folded.add(folded)
        if not layout.NAME.fullmatch(path.rpartition("/")[2]):
            return "file-name", "no file of a bundle has a name like this"
        return ("file-name-case", "two names differ only in upper and lower case") if known else None


def extra_folder(path: str) -> tuple[str, str] | None:
    """What is wrong with a folder there."""
    return None if layout.FOLDER.fullmatch(path) else ("folder-extra", "no bundle of ours has such a folder")


def extra_file(path: str) -> tuple[str, str] | None:
    """What is wrong with a file there."""
    return None if layout.is_known(path) else ("file-extra", "no bundle of ours has such a file")


def shown(path: str) -> str:
    """A name may be anything: what is printed of it is visible ASCII."""
    ascii_only = path.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in ascii_only)


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file and nothing else. Raises OSError and ProofError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ProofError("special-file", "a bundle holds plain files only")
    return os.fdopen(handle, "rb")
