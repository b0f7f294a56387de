"""Which films are worth a close comparison: near codes in, candidates out.

A compilation is found by the few seconds that it took from a film, beside minutes of others that are found much better.
So films compete for each stretch of the query by itself, a shot or a part of one, and the best of every stretch come
before the second best of any. And they compete by a minute and a half of theirs: a day's film has no more votes than a
short one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import BLOCK
from archiver.match.descriptor import Pixels
from archiver.match.lookup import Hits, Numbers
from archiver.match.shots import shots

#: Samples of a stretch: two seconds, below which next to nothing is evidence, to eight.
_SHORT: Final = 6
_LONG: Final = 24
#: Films that are compared closely, and how many more for each stretch of the query.
CANDIDATES: Final = 40
MORE_CANDIDATES: Final = 2
#: Support (bits below NEAR_BITS, added up over the samples of a stretch) that is worth a close comparison; less if the
#: query has next to no samples, as an image has.
MIN_SUPPORT: Final = 24
MIN_SUPPORT_OF_A_SAMPLE: Final = 10
#: Blocks of a film that are aligned with the query: 11 minutes' worth of the most alike.
_BLOCKS: Final = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A film, and the numbers of those of its BLOCKs that hold what is alike."""

    film: int
    blocks: tuple[int, ...]
    support: int


def stretches(pictures: Pixels) -> Numbers:
    """For each of the query's samples the number of its stretch.

    Quick movement looks like a cut after each sample: what is too short is joined with what follows it.
    """
    count = len(pictures)
    starts = [0]
    for shot in shots(pictures):
        if shot.start - starts[-1] >= _SHORT and count - shot.start >= _SHORT:
            starts.append(shot.start)
    numbers = np.zeros(count, np.int64)
    made = 0
    for start, stop in pairwise([*starts, count]):
        parts = max(1, round((stop - start) / _LONG))
        numbers[start:stop] = made + np.arange(stop - start) * parts // max(1, stop - start)
        made += parts
    return numbers


def candidates(
    found: Hits,
    samples: npt.NDArray[np.int32],
    stretch: Numbers,
    name: Callable[[int], str],
    wanted: Callable[[str], bool] = lambda name: True,
) -> list[Candidate]:
    """The films to compare, likeliest first. `samples` are the query's by row, `stretch` the stretches by sample.

    `name` gives the name of a film by its number, by which equals are told apart; others than `wanted` are left out.
    """
    if not len(found.row):
        return []
    unit, support, where = _units(found, samples[found.row].astype(np.int64), stretch)
    least = min(MIN_SUPPORT, MIN_SUPPORT_OF_A_SAMPLE * len(stretch))
    enough = np.flatnonzero(support >= least)
    by_film: dict[int, dict[int, int]] = {}  # film -> block -> support
    by_stretch: dict[int, dict[int, int]] = {}  # stretch -> film -> support
    for at in enough.tolist():
        film, block = divmod(int(unit[at]), _MAX_BLOCKS)
        if film not in by_film and not wanted(name(film)):
            continue
        value, place = int(support[at]), int(where[at])
        blocks, films = by_film.setdefault(film, {}), by_stretch.setdefault(place, {})
        blocks[block] = blocks.get(block, 0) + value
        films[film] = max(films.get(film, 0), value)
    rank: dict[int, tuple[int, int, str]] = {}
    for films in by_stretch.values():
        ordered = sorted(films.items(), key=lambda each: (-each[1], name(each[0])))
        for place, (film, value) in enumerate(ordered):
            mine = (place, -value, name(film))
            rank[film] = min(rank.get(film, mine), mine)
    most = CANDIDATES + MORE_CANDIDATES * (int(stretch[-1]) + 1)
    chosen = sorted(rank, key=lambda film: rank[film])[:most]
    return [Candidate(film, _best(by_film[film]), -rank[film][1]) for film in chosen]


#: More than a fingerprint's MAX_SAMPLES has.
_MAX_BLOCKS: Final = 1 << 16


def _units(found: Hits, sample: Numbers, stretch: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Block of a film, support and stretch; each sample of the query counts once, by the nearest code."""
    unit = found.film * _MAX_BLOCKS + found.sample // BLOCK
    order = np.lexsort((-found.support, sample, unit))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (unit[order][1:] != unit[order][:-1]) | (sample[order][1:] != sample[order][:-1])
    best = order[fresh]
    count = int(stretch[-1]) + 1
    groups, group = np.unique(unit[best] * count + stretch[sample[best]], return_inverse=True)
    return groups // count, np.bincount(group, found.support[best]).astype(np.int64), groups % count


def _best(blocks: dict[int, int]) -> tuple[int, ...]:
    ordered = sorted(blocks, key=lambda block: (-blocks[block], block))
    return tuple(sorted(ordered[:_BLOCKS]))
