"""One HTTP/1 answer taken apart as its bytes arrive: heads, payload and transfer framing. No input or output.

RFC 9112 section 6.3 says how a body ends: by Content-Length, by its last chunk, or with the connection. Where servers
break the rules, this follows `http.client`, because payload is to mean here what became the file or the page.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import NamedTuple

#: Longest head that is waited for: `http.client` takes 100 lines of 64 KiB.
HEAD_BYTES = 8 * 1024**2
#: Longest line between chunks, as in `http.client`.
_LINE_BYTES = 65_536
_STATUS = re.compile(rb"HTTP/1\.[0-9][ \t]+([1-9][0-9]{2})(?=[ \t\r\n]|$)")
_LINE = re.compile(rb"\r\n|\n|\r")
_HEADER = re.compile(r"([!-9;-~]+):")


class Part(enum.Enum):
    """What a run of bytes is to its answer."""

    INTERIM = "interim"  # a whole head of status 1xx that the final one follows
    HEAD = "head"  # the whole head, up to and with its empty line
    PAYLOAD = "payload"  # the body without transfer coding
    FRAMING = "framing"  # lines of chunks, their ends, and trailers
    SURPLUS = "surplus"  # what belongs to no answer: bytes after its end, or no HTTP at all


class Piece(NamedTuple):
    """A run of bytes as it came."""

    part: Part
    data: bytes


class _State(enum.Enum):
    HEAD = enum.auto()
    LENGTH = enum.auto()
    CLOSE = enum.auto()
    CHUNK_LINE = enum.auto()
    CHUNK = enum.auto()
    CHUNK_END = enum.auto()
    TRAILER = enum.auto()
    OVER = enum.auto()
    BROKEN = enum.auto()


class Framing:
    """Feed it what the socket gave, in order. The pieces that it gives are, joined, exactly what was fed."""

    def __init__(self, method: str) -> None:
        self._method = method.upper()
        self._state = _State.HEAD
        self._held = bytearray()  # a head or a line that is not whole yet
        self._left = 0
        self._closed = False
        self.status = 0
        self.kind = ""  # "none", "length", "chunked" or "close"
        self.fault = ""  # what broke the rules, if anything did
        self._after_chunk = False

    @property
    def complete(self) -> bool:
        """Whether the answer came to its end by its own rules."""
        return self._state is _State.OVER or (self._state is _State.CLOSE and self._closed)

    @property
    def lacks(self) -> str:
        """What is missing, in a word for the record: empty where the answer is complete."""
        if self.complete:
            return ""
        names = {
            _State.HEAD: "head",
            _State.LENGTH: f"{self._left} bytes of the body",
            _State.CLOSE: "the end of the connection",
            _State.TRAILER: "the end of the trailers",
            _State.BROKEN: self.fault,
        }
        return names.get(self._state, "chunks")

    def close(self) -> list[Piece]:
        """The connection ended. Gives what was held back."""
        self._closed = True
        return self.abandon()

    def abandon(self) -> list[Piece]:
        """Nobody reads on. Gives what was held back."""
        return self._let_go(Part.SURPLUS if self._state in (_State.HEAD, _State.BROKEN) else Part.FRAMING)

    def feed(self, data: bytes) -> list[Piece]:
        """Take in bytes; joined pieces of one part come as one where they touch."""
        pieces: list[Piece] = []
        at, end = 0, len(data)
        while at < end:
            if self._state is _State.HEAD:
                at = self._head(data, at, pieces)
            elif self._state in (_State.LENGTH, _State.CHUNK, _State.CLOSE):
                at = self._payload(data, at, pieces)
            elif self._state is _State.CHUNK_END:
                at = self._chunk_end(data, at, pieces)
            elif self._state in (_State.CHUNK_LINE, _State.TRAILER):
                at = self._line(data, at, pieces)
            else:
                pieces.append(Piece(Part.SURPLUS, data[at:]))
                at = end
        return pieces

    def _let_go(self, part: Part) -> list[Piece]:
        held = bytes(self._held)
        self._held.clear()
        return [Piece(part, held)] if held else []

    def _break(self, fault: str, pieces: list[Piece]) -> None:
        self.fault, self._state = fault, _State.BROKEN
        pieces.extend(self._let_go(Part.SURPLUS))

    def _head(self, data: bytes, at: int, pieces: list[Piece]) -> int:
        already = len(self._held)
        self._held += data[at:]
        ended = _end_of_head(self._held, already)
        if ended < 0:
            if not b"HTTP/1.".startswith(self._held[:7]) or len(self._held) > HEAD_BYTES:
                self._break("no HTTP/1 answer", pieces)
            return len(data)
        head = bytes(self._held[:ended])
        self._held.clear()
        found = _STATUS.match(head)
        if found is None:
            self._held += head
            self._break("no HTTP/1 answer", pieces)
            return at + ended - already
        self.status = int(found[1])
        if 100 <= self.status < 200 and self.status != 101:
            pieces.append(Piece(Part.INTERIM, head))
        else:
            pieces.append(Piece(Part.HEAD, head))
            self._body(head)
        return at + ended - already

    def _body(self, head: bytes) -> None:
        """How the body will end."""
        coding, length = _header(head, "transfer-encoding"), _header(head, "content-length")
        if (
            self._method == "HEAD"
            or self.status in (101, 204, 304)
            or (self._method == "CONNECT" and self.status < 300)
        ):
            self.kind, self._state = "none", _State.OVER
        elif coding is not None and coding.lower() == "chunked":
            self.kind, self._state = "chunked", _State.CHUNK_LINE
        elif coding is None and length is not None and (number := _number(length)) is not None:
            self.kind, self._left = "length", number
            self._state = _State.LENGTH if number else _State.OVER
        else:
            self.kind, self._state = "close", _State.CLOSE

    def _payload(self, data: bytes, at: int, pieces: list[Piece]) -> int:
        if self._state is _State.CLOSE:
            pieces.append(Piece(Part.PAYLOAD, data[at:] if at else data))
            return len(data)
        count = min(self._left, len(data) - at)
        pieces.append(Piece(Part.PAYLOAD, data[at : at + count] if at or count < len(data) else data))
        self._left -= count
        if not self._left:
            if self._state is _State.LENGTH:
                self._state = _State.OVER
            else:
                self._state, self._left = _State.CHUNK_END, 2
        return at + count

    def _chunk_end(self, data: bytes, at: int, pieces: list[Piece]) -> int:
        # Two bytes, whatever they are: `http.client` looks no closer. They go with the line that follows.
        count = min(self._left, len(data) - at)
        self._held += data[at : at + count]
        self._left -= count
        if not self._left:
            self._state = _State.CHUNK_LINE
        return at + count

    def _line(self, data: bytes, at: int, pieces: list[Piece]) -> int:
        found = data.find(b"\n", at)
        stop = found + 1 if found >= 0 else len(data)
        kept = len(self._held)
        self._held += data[at:stop]
        if found < 0:
            if len(self._held) > _LINE_BYTES:
                self._break("a line between chunks is too long", pieces)
            return stop
        line = bytes(self._held)
        if self._state is _State.TRAILER:
            pieces.extend(self._let_go(Part.FRAMING))
            if line in (b"\r\n", b"\n"):
                self._state = _State.OVER
            return stop
        # What a chunk's end left in front of the line is no part of it.
        size = _size(line[2:] if kept >= 2 and self._after_chunk else line)
        if size is None:
            self._break("a chunk's size is no number", pieces)
            return stop
        pieces.extend(self._let_go(Part.FRAMING))
        self._after_chunk = True
        self._left = size
        self._state = _State.CHUNK if size else _State.TRAILER
        return stop


def status_line(head: bytes) -> tuple[int, str]:
    """Status and reason phrase of a head; (0, "") for what is none."""
    found = _STATUS.match(head)
    if found is None:
        return 0, ""
    return int(found[1]), _LINE.split(head[found.end() :], maxsplit=1)[0].strip().decode("latin-1")


def headers(head: bytes) -> Iterator[tuple[str, str]]:
    """Names and values of a head, in order, folded lines joined, up to the first line that is no header.

    That is how `http.client` and the standard library's mail parser under it read them.
    """
    name, value = "", ""
    for line in _LINE.split(head)[1:]:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t"):
            value = f"{value} {text.strip()}"
            continue
        if name:
            yield name, value
        found = _HEADER.match(text)
        if found is None:
            return
        name, value = found[1], text[found.end() :].strip()
    if name:
        yield name, value


def _header(head: bytes, name: str) -> str | None:
    return next((value for key, value in headers(head) if key.lower() == name), None)


def _end_of_head(held: bytearray, already: int) -> int:
    """The place behind the empty line, or -1. An empty line is CRLF or LF, as `http.client` reads it."""
    start = max(0, already - 3)
    found = [place for place in (held.find(b"\n\r\n", start), held.find(b"\n\n", start)) if place >= 0]
    if not found:
        return -1
    first = min(found)
    return first + (2 if held[first + 1] == 0x0A else 3)


def _number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 62 else None


def _size(line: bytes) -> int | None:
    try:
        number = int(line.partition(b";")[0], 16)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 62 else None
