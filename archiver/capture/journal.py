"""The spool of a recording: one journal of JSON lines and one file for each body, as they grow on disk while it runs.

A process that is killed leaves what it had written, and the same code (`sealing`) makes the WARC of it that makes one
at a good end. Whoever reads it trusts nothing: a process that parses hostile bytes wrote it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

SPOOL_NAME = "spool"
_JOURNAL_NAME = "journal"
# A head at its limit (8 MiB) in base64, or a request with its body (32 MiB), with room for the rest of the line.
LINE_BYTES = 64 * 1024**2


class Journal:
    """What a recorder writes to. Appends only; nothing is flushed to the disk before the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / SPOOL_NAME
        self._folder.mkdir(mode=0o700)
        self._lines = os.open(self._folder / _JOURNAL_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._body: tuple[int, int] = (0, -1)  # the one that is open: number, descriptor

    def line(self, number: int, kind: str, value: Any) -> int:
        """Put down one thing about an exchange (0 is the acquisition); gives its size. Raises OSError."""
        data = json.dumps([number, kind, value]).encode("ascii") + b"\n"
        _write(self._lines, data)
        return len(data)

    def body(self, number: int, data: bytes) -> None:
        """Append to the body of an exchange. Raises OSError."""
        if self._body[0] != number:
            self._let_go()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._body = (number, os.open(self._folder / _body_name(number), flags, 0o600))
        _write(self._body[1], data)

    def drop(self, number: int) -> None:
        """Forget a body: its bytes lie elsewhere or are too many."""
        if self._body[0] == number:
            self._let_go()
        (self._folder / _body_name(number)).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing more comes."""
        self._let_go()
        if self._lines >= 0:
            os.close(self._lines)
            self._lines = -1

    def _let_go(self) -> None:
        if self._body[1] >= 0:
            os.close(self._body[1])
        self._body = (0, -1)


class Spool:
    """A spool as it lies there, read back: only its index is held in memory."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where there is none, ValueError where it is no plain file."""
        self._folder = folder / SPOOL_NAME
        self._lines = plain_file(self._folder / _JOURNAL_NAME)
        self._index: dict[int, list[tuple[int, int]]] = {}
        offset = 0
        while line := self._lines.readline(LINE_BYTES):
            if not line.endswith(b"\n"):
                break  # what a killed process did not finish
            number = line[1 : line.find(b",")]
            if number.isascii() and number.isdigit() and len(number) < 10:
                self._index.setdefault(int(number), []).append((offset, len(line)))
            offset += len(line)

    def numbers(self) -> list[int]:
        """The exchanges, in order."""
        return sorted(number for number in self._index if number)

    def told(self, number: int) -> Iterator[tuple[str, Any]]:
        """What was put down about an exchange, in order; lines that make no sense are left out."""
        for offset, size in self._index.get(number, ()):
            self._lines.seek(offset)
            try:
                _, kind, value = json.loads(self._lines.read(size))
            except (ValueError, TypeError, RecursionError):
                continue
            if isinstance(kind, str):
                yield kind, value

    def body(self, number: int) -> tuple[BinaryIO | None, int]:
        """The stored part of a body and its size; None where there is none."""
        try:
            file = plain_file(self._folder / _body_name(number))
        except FileNotFoundError:
            return None, 0
        return file, os.fstat(file.fileno()).st_size

    def close(self) -> None:
        self._lines.close()

    def remove(self) -> None:
        """It is not needed any more."""
        self.close()
        shutil.rmtree(self._folder)


def exists(folder: Path) -> bool:
    """Whether a recording was begun in `folder` and not sealed."""
    return (folder / SPOOL_NAME / _JOURNAL_NAME).is_file()


def encoded(data: bytes) -> str:
    """Bytes as a journal holds them."""
    return base64.b64encode(data).decode("ascii")


def decoded(value: Any) -> bytes:
    """The inverse; empty for what makes no sense."""
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        return b""


def _body_name(number: int) -> str:
    return f"{number:06d}.body"


def plain_file(path: Path) -> BinaryIO:
    """Open what is to be a plain file and no link. Raises OSError and ValueError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path.name} is no plain file")
    return open(descriptor, "rb")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
