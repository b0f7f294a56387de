"""Looking for thousands of byte strings at once, at the speed of a digest and in bounded memory.

An aligned sample of every few bytes is looked up in a table of hashes: any occurrence of a needle covers at least one
sample, so that most of a file is passed over by four operations on arrays. What the table lets through is compared with
the few needles that have this sample at this place. A file of nothing but near misses costs as many comparisons as the
needle is long, each over all places at once.
"""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from archiver.report.encodings import Needle

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A block and what is computed from it stay in a processor's cache.
_BLOCK_BYTES = 1024 * 1024

#: Knuth's multiplicative hash, 2^32 divided by the golden ratio; its upper 20 bits are the place in the table.
_MULTIPLIER = np.uint32(0x9E3779B1)
_SHIFT = np.uint32(12)
_PLACES = 1 << 20

#: Setting this bit makes ASCII letters lower case. It blurs other bytes as well, which costs a comparison now and then.
_FOLD = 0x20

_LOWER = np.frombuffer(bytes(range(256)).lower(), np.uint8)


class Search:
    """Finds which of the needles lie in some bytes."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        self._needles = needles
        words = [number for number, one in enumerate(needles) if len(one.data) >= _Samples.LONG]
        short = [number for number, one in enumerate(needles) if len(one.data) < _Samples.LONG]
        # A needle of 7 bytes covers one of the aligned groups of 4; one of 4 bytes covers 3 that begin at even places.
        self._samples = [
            _Samples(needles, numbers, step, width)
            for numbers, step, width in ((words, 4, 4), (short, 2, 3))
            if numbers
        ]

    def found(self, data: bytes | mmap.mmap) -> set[int]:
        """The numbers of the needles that are in `data`."""
        whole = np.frombuffer(data, np.uint8)
        hits: set[int] = set()
        for samples in self._samples:
            for begin in range(0, len(whole), _BLOCK_BYTES):
                for number, starts in samples.candidates(whole, begin):
                    if number not in hits and self._is_there(whole, starts, self._needles[number]):
                        hits.add(number)
        return hits

    def _is_there(self, whole: NDArray[np.uint8], starts: NDArray[np.int64], needle: Needle) -> bool:
        length = len(needle.data)
        starts = starts[(starts >= 0) & (starts <= len(whole) - length)]
        for at, wanted in enumerate(needle.data):
            if not len(starts):
                return False
            here = whole[starts + at]
            starts = starts[(_LOWER[here] if needle.folds else here) == wanted]
        if not needle.alone:
            return len(starts) > 0
        return any(_stands_alone(whole, int(start), length) for start in starts)


class _Samples:
    """Samples of `width` bytes at every `step` bytes, and which needles have one at which of their bytes."""

    #: Needles from this length on cover an aligned group of four bytes wherever they begin.
    LONG = 7

    def __init__(self, needles: Sequence[Needle], numbers: Sequence[int], step: int, width: int) -> None:
        self._step, self._width = step, width
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number in numbers:
            data = needles[number].data
            # The end of an address or a name says more than its beginning.
            for offset in range(len(data) - width - step + 1, len(data) - width + 1):
                sample = int.from_bytes(data[offset : offset + width], "little") | _folds(width)
                places[sample].append((number, offset))
        self._known = np.array(sorted(places), np.uint32)
        self._needles = [places[int(one)] for one in self._known]
        self._table = np.zeros(_PLACES, np.bool_)
        self._table[self._known * _MULTIPLIER >> _SHIFT] = True

    def candidates(self, whole: NDArray[np.uint8], begin: int) -> list[tuple[int, NDArray[np.int64]]]:
        """Needles by number, and where each may begin, for the samples of the block at `begin`."""
        samples = self._read(whole, begin)
        near = np.flatnonzero(self._table[samples * _MULTIPLIER >> _SHIFT])
        at = np.searchsorted(self._known, samples[near])
        at[at == len(self._known)] = 0
        exact = self._known[at] == samples[near]
        near, at = near[exact], at[exact]
        order = np.argsort(at, kind="stable")
        near, at = near[order], at[order]
        kinds, first = np.unique(at, return_index=True)
        found = []
        for kind, positions in zip(kinds, np.split(near, first[1:]), strict=True) if len(kinds) else ():
            places = positions.astype(np.int64) * self._step + begin
            found += [(number, places - offset) for number, offset in self._needles[int(kind)]]
        return found

    def _read(self, whole: NDArray[np.uint8], begin: int) -> NDArray[np.uint32]:
        """The samples of a block, those that begin in it and end in the next one among them."""
        count = (
            min(len(whole), begin + _BLOCK_BYTES + self._width - self._step) - begin - self._width
        ) // self._step + 1
        if count <= 0:
            return np.empty(0, np.uint32)
        block = whole[begin : begin + count * self._step + self._width]
        if self._width == 4:
            read = block[: count * 4].view("<u4").astype(np.uint32)
        else:
            read = block[: count * 2].view("<u2").astype(np.uint32)
            read |= block[2 : 2 + count * 2 : 2].astype(np.uint32) << np.uint32(16)
        read |= np.uint32(_folds(self._width))
        return read


def _folds(width: int) -> int:
    return int.from_bytes(bytes((_FOLD,)) * width, "little")


def _stands_alone(whole: NDArray[np.uint8], start: int, length: int) -> bool:
    """Whether what stands before and behind, read as UTF-8, is no letter and no digit."""
    before = whole[max(0, start - 4) : start].tobytes().decode("utf-8", "replace")[-1:]
    behind = whole[start + length : start + length + 4].tobytes().decode("utf-8", "replace")[:1]
    return _is_edge(before) and _is_edge(behind)


def _is_edge(character: str) -> bool:
    """Nothing, a NUL, white space or punctuation. Bytes that are no text are no edge: they are film, or compressed."""
    return character in ("", "\0", "\t", "\n", "\r") or (
        character != "\ufffd" and character >= " " and not character.isalnum()
    )
