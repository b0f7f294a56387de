"""Which characters a font has pictures for, from its `cmap` table (OpenType 1.9.1, chapters otff and cmap).

The fonts are packages that we pin, so this reads what they hold and refuses the rest; it is no parser for strangers'
fonts.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_COLLECTION = b"ttcf"

#: Encodings by (platform, encoding) that are Unicode, the fuller ones first.
_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))


@dataclass(frozen=True)
class Charmap:
    """The characters of one font, as ascending ranges of code points, ends included."""

    ranges: Sequence[tuple[int, int]]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.ranges]

    def has(self, character: str) -> bool:
        """Whether the font can draw it."""
        code = ord(character)
        at = bisect_right(self._starts, code) - 1
        return at >= 0 and code <= self.ranges[at][1]


def read(path: Path) -> Charmap:
    """The charmap of a font file, or of a collection's first font. Raises ValueError for another kind of file."""
    with path.open("rb") as stream:
        start = 0
        if stream.read(4) == _COLLECTION:
            stream.seek(12)
            (start,) = struct.unpack(">I", stream.read(4))
        stream.seek(start + 4)
        (tables,) = struct.unpack(">H6x", stream.read(8))
        for _ in range(tables):
            tag, _, offset, length = struct.unpack(">4sIII", stream.read(16))
            if tag == b"cmap":
                stream.seek(offset)
                return Charmap(tuple(_joined(_codes(stream.read(length)))))
    raise ValueError(f"{path.name} has no character map")


def _codes(table: bytes) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">H", table, 2)
    places = {}
    for at in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * at)
        places[platform, encoding] = offset
    for one in _UNICODE:
        if one in places:
            (form,) = struct.unpack_from(">H", table, places[one])
            if form in _FORMATS:
                return _FORMATS[form](table, places[one])
    raise ValueError("the font has no Unicode character map of format 4 or 12")


def _format_4(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Segments with a delta, or with glyphs in an array of their own: glyph 0 is "no such character"."""
    (double,) = struct.unpack_from(">H", table, at + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", table, at + 14)
    starts = struct.unpack_from(f">{count}H", table, at + 16 + double)
    deltas = struct.unpack_from(f">{count}H", table, at + 16 + 2 * double)
    offsets_at = at + 16 + 3 * double
    offsets = struct.unpack_from(f">{count}H", table, offsets_at)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offsets[number]:
                place = offsets_at + 2 * number + offsets[number] + 2 * (code - start)
                (glyph,) = struct.unpack_from(">H", table, place)
            if (glyph + deltas[number]) % 0x10000 if glyph or not offsets[number] else 0:
                yield code, code


def _format_12(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", table, at + 12)
    for start, end, _ in struct.iter_unpack(">III", table[at + 16 : at + 16 + 12 * count]):
        yield start, end


_FORMATS = {4: _format_4, 12: _format_12}


def _joined(ranges: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Neighbouring ranges as one."""
    last: tuple[int, int] | None = None
    for start, end in sorted(ranges):
        if last is not None and start <= last[1] + 1:
            last = last[0], max(last[1], end)
        else:
            if last is not None:
                yield last
            last = start, end
    if last is not None:
        yield last
