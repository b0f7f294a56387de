"""Reading an HLS media playlist (RFC 8216 section 4), as far as following a live stream takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')
_NUMBER = re.compile(r"[0-9]{1,18}")
#: More segments in one playlist than 24 hours in pieces of a second are an attack on memory.
_MOST_SEGMENTS = 100_000


class NoPlaylist(ValueError):
    """It is not a media playlist; the message says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end` (not included) of a resource."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """A segment, or the head that the segments after it need. `key` holds the attributes of EXT-X-KEY in force."""

    sequence: int
    url: str
    span: Span | None = None
    key: tuple[tuple[str, str], ...] = ()
    head: Part | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """A media playlist. `target` is the longest segment's duration in seconds; `ended` says that nothing follows."""

    parts: tuple[Part, ...]
    target: float
    ended: bool


@dataclass(slots=True)
class _Reader:
    base: str
    parts: list[Part] = field(default_factory=list)
    sequence: int = 0
    target: float = 0.0
    ended: bool = False
    key: tuple[tuple[str, str], ...] = ()
    head: Part | None = None
    span: Span | None = None
    span_end: int = 0

    def line(self, line: str) -> None:
        name, _, value = line.partition(":")
        if not line.startswith("#"):
            self._segment(line)
        elif name == "#EXT-X-STREAM-INF":
            raise NoPlaylist("it is a list of playlists")
        elif name == "#EXT-X-TARGETDURATION":
            self.target = float(_number(value))
        elif name == "#EXT-X-MEDIA-SEQUENCE":
            # RFC 8216 section 4.3.3.2: before the first segment. A later one would make numbers go back.
            if not self.parts:
                self.sequence = _number(value)
        elif name == "#EXT-X-ENDLIST":
            self.ended = True
        elif name == "#EXT-X-BYTERANGE":
            self.span = _span(value, self.span_end)
        elif name == "#EXT-X-KEY":
            found = attributes(value)
            found["URI"] = urljoin(self.base, found.get("URI", ""))
            self.key = () if found.get("METHOD") == "NONE" else tuple(sorted(found.items()))
        elif name == "#EXT-X-MAP":
            found = attributes(value)
            span = _span(found["BYTERANGE"], 0) if "BYTERANGE" in found else None
            self.head = Part(self.sequence, urljoin(self.base, found.get("URI", "")), span, self.key)

    def _segment(self, line: str) -> None:
        if len(self.parts) >= _MOST_SEGMENTS:
            raise NoPlaylist("it has more segments than the limit")
        self.parts.append(Part(self.sequence, urljoin(self.base, line), self.span, self.key, self.head))
        self.sequence += 1
        self.span_end = self.span.end if self.span else 0
        self.span = None


def read(data: bytes, base: str) -> Playlist:
    """The playlist in `data`, which was served at `base`. Raises NoPlaylist."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.startswith("#EXTM3U"):
        raise NoPlaylist("it does not begin with #EXTM3U")
    reader = _Reader(base)
    try:
        for line in text.splitlines():
            if line.strip():
                reader.line(line.strip())
    except ValueError as error:
        raise NoPlaylist(str(error)) from None
    return Playlist(tuple(reader.parts), reader.target, reader.ended)


def attributes(text: str) -> dict[str, str]:
    """An attribute list (RFC 8216 section 4.2), without the quotes."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _number(text: str) -> int:
    found = _NUMBER.match(text.strip())
    if found is None:
        raise NoPlaylist(f"{text[:40]!r} is no number")
    return int(found.group())


def _span(text: str, after: int) -> Span:
    """`length[@offset]`; without an offset it follows what went before."""
    length, _, offset = text.strip('"').partition("@")
    start = _number(offset) if offset else after
    return Span(start, start + _number(length))
