"""HTTP/1.1 read by the rules, where `http.client` is lenient with what can pass one answer off as another.

It takes 103 Early Hints for the answer, the end of the connection for the end of the head, and any integer for the size
of a chunk. Sources: RFC 9110 section 15.2, RFC 9112 sections 2.1 and 7.1.
"""

from __future__ import annotations

import http.client
import re
from typing import Any

# An honest server sends one or two (100, 103); more are a flood.
_INTERIM_ANSWERS = 10
_SWITCHING_PROTOCOLS = 101
_FINAL = 200
_LINE_BYTES = 65536  # as `http.client` has it
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class BadFramingError(http.client.HTTPException):
    """The server broke the rules by which the end of a body is found."""


class StrictAnswer(http.client.HTTPResponse):
    """An answer whose head and chunks are what they should be."""

    def begin(self) -> None:
        """Read the head. Raises `http.client` exceptions and OSError."""
        source = self.fp
        self.fp = _Lines(source)  # type: ignore[assignment]  # it passes on everything else
        try:
            super().begin()
        finally:
            if self.fp is not None:  # it is None where the answer has no body
                self.fp = source

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final answer."""
        for _ in range(_INTERIM_ANSWERS):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in the types of http.client
            if status >= _FINAL or status == _SWITCHING_PROTOCOLS:
                break
            http.client.parse_headers(self.fp)
        if status < _FINAL:
            raise http.client.BadStatusLine(f"{status} {reason}")
        return version, status, reason

    def _read_next_chunk_size(self) -> int:
        """The size of the next chunk. Raises BadFramingError, and ValueError at the end of the connection."""
        line = self.fp.readline(_LINE_BYTES + 1)
        size = line.partition(b";")[0].strip()
        if line and (len(line) > _LINE_BYTES or not _CHUNK_SIZE.fullmatch(size)):
            self.close()
            raise BadFramingError("what should be the size of a chunk is none")
        return int(size, 16)


class _Lines:
    """The lines of a head. The end of the connection is an error in it, once its first line is there."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._begun = False

    def readline(self, most: int = -1) -> bytes:
        line: bytes = self._source.readline(most)
        if self._begun and not line:
            raise ConnectionResetError("the connection ended in the head of the answer")
        self._begun = True
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
