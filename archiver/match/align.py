"""Which moment of one film is which of the other: votes of alike frames for a speed and an offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.descriptor import WORDS, Box, Codes, Variant
from archiver.match.film import VARIANTS, Entries

#: How much faster the query may run than the indexed film; refinement finds those in between (residual.py). Platforms'
#: filters are dodged with 5 to 25 %, or by playing backwards.
SPEEDS: Final = (1.0, 0.95, 1.05, 0.9, 1.1, 0.85, 1.15, 0.8, 1.2, 1.25, -1.0)
#: Width of a bin of offsets. Samples of two copies lie up to a sixth of a second apart.
BIN_SECONDS: Final = 0.5
#: Codes of unrelated frames differ in 128 of 256 bits, 8 more or less; see finding.py for what was measured.
NEAR_BITS: Final = 80
#: Distances held at a time: 2 MB of them.
MANY_DISTANCES: Final = 2_000_000
#: Distances worked on at a time: with what is in between they stay in a processor's own cache, which is three times as
#: quick as going through memory.
_CACHED: Final = 50_000
#: Codes that one code may be near to: a picture that stands still for minutes is like thousands, and they say no more.
MAX_NEAR: Final = 200


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """indexed second = speed x query second + offset, `query_box` of the turned query is `item_box` of the item."""

    variant: Variant
    query_box: Box
    item_box: Box
    speed: float
    offset: float
    votes: float


def distances(a: Codes, b: Codes) -> npt.NDArray[np.uint8]:
    """Differing bits of every code of `a` (n, WORDS) with every one of `b` (m, WORDS): uint8 (n, m), 255 at most."""
    total = np.empty((len(a), len(b)), np.uint8)
    words = np.ascontiguousarray(b.T)
    at_a_time = max(1, _CACHED // max(1, len(b)))
    differing = np.empty((at_a_time, len(b)), np.uint64)
    count = np.empty((at_a_time, len(b)), np.uint8)
    for start in range(0, len(a), at_a_time):
        part = a[start : start + at_a_time]
        used, sums = slice(len(part)), total[start : start + at_a_time]
        sums[:] = 0
        for word in range(WORDS):
            np.bitwise_xor(part[:, word, None], words[word], out=differing[used])
            np.bitwise_count(differing[used], out=count[used])
            if word == WORDS - 1:
                np.minimum(count[used], 63, out=count[used])  # 256, of a picture and its negative, would come out as 0
            np.add(sums, count[used], out=sums)
    return total


def hypotheses(
    query: Entries,
    query_times: npt.NDArray[np.float64],
    item: Entries,
    item_times: npt.NDArray[np.float64],
    most: int,
) -> Iterator[Hypothesis]:
    """The alignments with the most votes, best first, at most `most`.

    A sample of the query has one vote for each (variant, speed, bin): that of its nearest code there.
    """
    rows, columns, weights = _near(query.codes, item.codes)
    if not len(rows):
        return
    sample, variant = query.sample[rows], query.variant[rows]
    best: list[tuple[float, int, float, int]] = []
    for speed in SPEEDS:
        offsets = item_times[item.sample[columns]] - speed * query_times[sample]
        bins = np.floor(offsets / BIN_SECONDS).astype(np.int64)
        for number in range(len(VARIANTS)):
            mine = variant == number
            if mine.any():
                for votes, at in _tally(bins[mine], sample[mine], weights[mine], most):
                    best.append((votes, number, speed, at))
    best.sort(key=lambda each: (-each[0], each[1], SPEEDS.index(each[2]), each[3]))
    for votes, number, speed, at in best[:most]:
        offsets = item_times[item.sample[columns]] - speed * query_times[sample]
        inside = (variant == number) & (np.abs(offsets / BIN_SECONDS - at - 0.5) <= 1.0)
        pair = query.box[rows[inside]].astype(np.int64) * len(item.boxes) + item.box[columns[inside]]
        pairs, where = np.unique(pair, return_inverse=True)
        chosen = int(np.argmax(np.bincount(where, weights[inside].astype(np.float64) ** 2)))
        members = where == chosen
        yield Hypothesis(
            variant=VARIANTS[number],
            query_box=query.boxes[int(pairs[chosen]) // len(item.boxes)],
            item_box=item.boxes[int(pairs[chosen]) % len(item.boxes)],
            speed=speed,
            offset=float(np.average(offsets[inside][members], weights=weights[inside][members])),
            votes=votes,
        )


def _near(query: Codes, item: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    rows, columns, weights = [], [], []
    at_a_time = max(1, MANY_DISTANCES // max(1, len(item)))
    for start in range(0, len(query), at_a_time):
        bits = distances(query[start : start + at_a_time], item)
        near = bits <= NEAR_BITS
        for crowded in np.flatnonzero(near.sum(axis=1) > MAX_NEAR):
            near[crowded] = False
            near[crowded, np.argpartition(bits[crowded], MAX_NEAR)[:MAX_NEAR]] = True
        row, column = np.nonzero(near)
        rows.append(row + start)
        columns.append(column)
        weights.append((NEAR_BITS + 1 - bits[row, column].astype(np.float32)) / (NEAR_BITS + 1))
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)


def _tally(
    bins: npt.NDArray[np.int64], sample: npt.NDArray[np.int32], weights: npt.NDArray[np.float32], most: int
) -> list[tuple[float, int]]:
    """(votes, bin) of the fullest bins, each with half of its fuller neighbour's, so that a border splits nothing."""
    low, samples = int(bins.min()), int(sample.max()) + 1
    key = (bins - low) * samples + sample
    order = np.lexsort((-weights, key))
    first = np.ones(len(order), bool)
    first[1:] = key[order][1:] != key[order][:-1]
    one_each = order[first]
    votes = np.bincount(bins[one_each] - low, weights[one_each])
    padded = np.pad(votes, 1)
    smooth = votes + 0.5 * np.maximum(padded[:-2], padded[2:])
    top = np.argsort(-smooth, kind="stable")[:most]
    return [(float(smooth[at]), int(at) + low) for at in top if votes[at] > 0]
