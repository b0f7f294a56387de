"""Sorted codes and what a query finds among them: arrays in, near codes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.align import NEAR_BITS
from archiver.match.descriptor import WORDS, Codes
from archiver.match.sketch import Probes

#: A key is so long that chance puts about this many rows under all PROBES of a code, however many rows there are.
_BY_CHANCE: Final = 256
#: The shortest key and the longest; the longest serves 4 thousand million rows.
_KEY_BITS: Final = (10, 30)
#: Rows under the keys of one code beyond which longer keys are tried: thousands of moments share it, a title card's or
#: a fixed camera's, and the nearest of them say as much as all. Fewer for a long query, whose codes together are held
#: to _TOGETHER, which is 500 MB of hits.
CROWD: Final = (1_024, 16_384)
_TOGETHER: Final = 8_000_000
#: How many bits longer each time.
_LONGER: Final = 6
#: Rows compared at a time: 32 MB of codes.
_AT_A_TIME: Final = 1_000_000

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Volume:
    """Codes of some films, sorted by their first word; where they come from does not matter, as memory or a file.

    films: how many there are; first: uint64 (n,); rest: uint64 (n, WORDS - 1); film: uint32 (n,), below `films`;
    sample: uint16 (n,), of that film; box: uint8 (n, 4), the part of the picture: left, top, right, bottom in 255ths.
    """

    films: int
    first: npt.NDArray[np.uint64]
    rest: npt.NDArray[np.uint64]
    film: npt.NDArray[np.uint32]
    sample: npt.NDArray[np.uint16]
    box: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Hits:
    """Near codes, arrays of one length: the row of the query; film and its sample; bits below the limit, at least 1.

    `place` is the row of the index, numbered through all volumes.
    """

    row: Numbers
    film: Numbers
    sample: Numbers
    support: Numbers
    place: Numbers


def volume(
    films: int,
    codes: Codes,
    film: npt.NDArray[np.uint32],
    sample: npt.NDArray[np.uint16],
    box: npt.NDArray[np.uint8],
) -> Volume:
    """Arranged codes (n, WORDS) of so many films as a volume."""
    order = np.lexsort((sample, film, codes[:, 0]))
    codes = codes[order]
    first, rest = np.ascontiguousarray(codes[:, 0]), np.ascontiguousarray(codes[:, 1:])
    return Volume(films, first, rest, film[order], sample[order], box[order])


def key_bits(rows: int, probes: int) -> int:
    """How long a key is in an index of that many rows, looked up under so many keys."""
    return int(np.clip(np.ceil(np.log2(max(1, rows) * probes / _BY_CHANCE)), *_KEY_BITS))


def hits(volumes: Sequence[Volume], asked: Probes) -> Hits:
    """Codes that lie under the keys and are near; films are numbered through all volumes in their order.

    Which ones depends on what the volumes hold together, not on how it is divided among them.
    """
    ranges = _ranges(volumes, asked)
    found: list[tuple[Numbers, ...]] = []
    before = rows_before = 0
    for one, (row, start, length) in zip(volumes, ranges, strict=True):
        for rows, places in _places(row, start, length):
            bits = np.bitwise_count(one.first[places] ^ asked.codes[rows, 0]).astype(np.int64)
            near = bits <= NEAR_BITS
            rows, places, bits = rows[near], places[near], bits[near]
            bits += np.bitwise_count(one.rest[places] ^ asked.codes[rows, 1:]).sum(axis=1, dtype=np.int64)
            near = bits <= NEAR_BITS
            rows, places = rows[near], places[near]
            film, sample = one.film[places].astype(np.int64) + before, one.sample[places].astype(np.int64)
            found.append((rows, film, sample, NEAR_BITS + 1 - bits[near], places + rows_before))
        before += one.films
        rows_before += len(one)
    if not found:
        return Hits(*(np.empty(0, np.int64) for _ in fields(Hits)))
    return Hits(*(np.concatenate(each) for each in zip(*found, strict=True)))


def rows_at(volumes: Sequence[Volume], places: Numbers) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """Codes (n, WORDS), arranged, and boxes (n, 4) of rows that are numbered through all volumes."""
    codes, boxes = np.empty((len(places), WORDS), np.uint64), np.empty((len(places), 4), np.uint8)
    ends = np.cumsum([len(one) for one in volumes])
    owner = np.searchsorted(ends, places, "right")
    for number in np.unique(owner):
        one, mine = volumes[number], owner == number
        rows = places[mine] - (ends[number] - len(one))
        codes[mine, 0], codes[mine, 1:], boxes[mine] = one.first[rows], one.rest[rows], one.box[rows]
    return codes, boxes


def _ranges(volumes: Sequence[Volume], asked: Probes) -> list[tuple[Numbers, Numbers, Numbers]]:
    """For each volume the ranges that lie under the keys: row of the query, first row of the volume, length."""
    count = asked.keys.shape[1]
    order = np.argsort(asked.keys, axis=None, kind="stable")
    keys, row = asked.keys.ravel()[order], order // count
    ranges = [_under(one, keys, asked.bits) for one in volumes]
    bits, most = asked.bits, np.clip(_TOGETHER // max(1, len(asked.codes)), *CROWD)
    while True:
        rows_found = sum(np.bincount(row, length, len(asked.codes)) for _, length in ranges)
        crowded = np.asarray(rows_found > most)[row]
        if bits >= 64 or not crowded.any():
            break
        bits = min(64, bits + _LONGER)
        for (start, length), one in zip(ranges, volumes, strict=True):
            start[crowded], length[crowded] = _under(one, keys[crowded], bits)
    return [(row[length > 0], start[length > 0], length[length > 0]) for start, length in ranges]


def _under(one: Volume, keys: npt.NDArray[np.uint64], bits: int) -> tuple[Numbers, Numbers]:
    """Where each key (sorted) begins in the volume, and how many rows share its first `bits` bits."""
    below = np.uint64((1 << (64 - bits)) - 1)
    start = np.searchsorted(one.first, keys & ~below, "left")
    return start, np.searchsorted(one.first, keys | below, "right") - start


def _places(row: Numbers, start: Numbers, length: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Ranges written out, some at a time: the row of the query and the row of the volume."""
    number = np.cumsum(length) // _AT_A_TIME
    for part in np.split(np.arange(len(length)), np.flatnonzero(np.diff(number)) + 1):
        if len(part):
            ends = np.cumsum(length[part])
            yield (
                np.repeat(row[part], length[part]),
                np.arange(ends[-1]) + np.repeat(start[part] - ends + length[part], length[part]),
            )


def merge(volumes: Sequence[Volume], into: Volume) -> None:
    """Write the rows of `volumes` into the arrays of `into`, a part at a time; films are numbered through."""
    parts = 1 + len(into) // _AT_A_TIME
    edges = np.array([number * 2**64 // parts for number in range(1, parts)], np.uint64)
    cuts = [[0, *np.searchsorted(one.first, edges).tolist(), len(one)] for one in volumes]
    before = np.cumsum([0, *(one.films for one in volumes)])[:-1]
    done = 0
    for part in range(parts):
        some = [(one, slice(cut[part], cut[part + 1])) for one, cut in zip(volumes, cuts, strict=True)]
        first = np.concatenate([one.first[rows] for one, rows in some])
        order = np.argsort(first, kind="stable")
        made = slice(done, done := done + len(first))
        into.first[made] = first[order]
        into.rest[made] = np.concatenate([one.rest[rows] for one, rows in some])[order]
        films = [one.film[rows] + number for (one, rows), number in zip(some, before, strict=True)]
        into.film[made] = np.concatenate(films)[order]
        into.sample[made] = np.concatenate([one.sample[rows] for one, rows in some])[order]
        into.box[made] = np.concatenate([one.box[rows] for one, rows in some])[order]
