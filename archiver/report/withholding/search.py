"""Looking for thousands of byte strings at once, at the speed of a digest and in bounded memory.

An aligned sample of every few bytes is looked up in a table of hashes: any occurrence of a needle covers at least one
sample, so that most of a file is passed over by four operations on arrays. What the table lets through is compared with
windows of the needles, and then with the needles themselves. A file of nothing but near misses costs as many
comparisons as the needle is long, each over all places at once.
"""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from archiver.report.withholding.encodings import Needle

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Samples that are looked at together: these and what is computed from them stay in a processor's cache.
_BLOCK = 128 * 1024

#: Knuth's multiplicative hash, 2^32 divided by the golden ratio; its upper bits are the place in the table.
_MULTIPLIER = np.uint32(0x9E3779B1)

#: One place in 32 to 64 of the table is taken. It lies in the cache up to some thousand needles; at 16 MiB, which is
#: enough for a thousand exhibits, it takes what it takes.
_SPARSE_BITS = 5
_LEAST_BITS, _MOST_BITS = 20, 24

#: Setting this bit makes ASCII letters lower case. It blurs other bytes as well, which costs a comparison now and then.
_FOLD = 0x20
_FOLDED = bytes(one | _FOLD for one in range(256))

#: So often a short needle may stand within other words of one block and not count. Text has some; a file that is made
#: to cost us hours is taken for a leak.
_MOST_WITHIN = 2_000

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
            for begin in range(0, len(whole), samples.block):
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
        if not needle.alone or len(starts) > _MOST_WITHIN:
            return len(starts) > 0
        return any(_stands_alone(whole, int(start), length) for start in starts)


class _Samples:
    """Samples of `width` bytes at every `step` bytes, of windows of the needles: one of them is in every occurrence."""

    #: Needles from this length on have a window that covers an aligned group of four bytes wherever it begins.
    LONG = 7

    def __init__(self, needles: Sequence[Needle], numbers: Sequence[int], step: int, width: int) -> None:
        self._step, self._width = step, width
        self._window = width + step - 1
        self.block = step * _BLOCK
        windows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number in numbers:
            # The end of an address or a name says more than its beginning.
            offset = len(needles[number].data) - self._window
            window = int.from_bytes(needles[number].data[offset:].translate(_FOLDED), "little")
            windows[window].append((number, offset))
        mask = (1 << 8 * width) - 1
        samples = {window >> 8 * shift & mask for window in windows for shift in range(step)}
        self._windows = np.array(sorted(windows), np.uint64)
        self._needles = [windows[int(one)] for one in self._windows]
        bits = min(max(len(samples).bit_length() + _SPARSE_BITS, _LEAST_BITS), _MOST_BITS)
        self._shift = np.uint32(32 - bits)
        self._table = np.zeros(1 << bits, np.bool_)
        self._table[np.array(list(samples), np.uint32) * _MULTIPLIER >> self._shift] = True

    def candidates(self, whole: NDArray[np.uint8], begin: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Needles by number, and where each may begin, for the samples of the block at `begin`."""
        near = np.flatnonzero(self._table[self._read(whole, begin) * _MULTIPLIER >> self._shift])
        places = near.astype(np.int64) * self._step + begin
        for shift in range(self._step):
            starts = places - shift
            starts = starts[(starts >= 0) & (starts <= len(whole) - self._window)]
            keys = np.zeros(len(starts), np.uint64)
            for at in range(self._window):
                keys |= (whole[starts + at] | np.uint8(_FOLD)).astype(np.uint64) << np.uint64(8 * at)
            kinds = np.searchsorted(self._windows, keys)
            kinds[kinds == len(self._windows)] = 0
            exact = self._windows[kinds] == keys
            starts, kinds = starts[exact], kinds[exact]
            for kind in np.unique(kinds).tolist():
                for number, offset in self._needles[kind]:
                    yield number, starts[kinds == kind] - offset

    def _read(self, whole: NDArray[np.uint8], begin: int) -> NDArray[np.uint32]:
        """The samples of a block, those that begin in it and end in the next one among them."""
        end = min(len(whole), begin + self.block + self._width - self._step)
        count = (end - begin - self._width) // self._step + 1
        if count <= 0:
            return np.empty(0, np.uint32)
        block = whole[begin : begin + count * self._step + self._width]
        if self._width == 4:
            return block[: count * 4].view("<u4") | np.uint32(0x20202020)
        read = block[: count * 2].view("<u2").astype(np.uint32)
        read |= block[2 : 2 + count * 2 : 2].astype(np.uint32) << np.uint32(16)
        read |= np.uint32(0x202020)
        return read


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
