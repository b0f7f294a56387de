"""Where in the picture another picture has been set: rectangles whose sides are straight edges that stand still.

A picture in a picture, half of a split screen and the screen of a filmed monitor have this in common: along each side
of theirs there is a step in the levels that neither moves nor bends, and what is on both sides changes independently.
Walls and windows have such edges too, so what is found are candidates, to be compared like any other box.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.descriptor import Box, Floats, Pixels

#: Rectangles given for one shot.
INSETS: Final = 6
#: Lines in each direction that are tried as sides, those with the strongest stretch of edge on them.
_LINES: Final = 36
#: The narrowest inset, as a share of the picture: a portrait film in the corner of a landscape one.
_MIN_SIDE: Final = 0.11
#: A larger rectangle is the picture itself, with a border.
_MAX_AREA: Final = 0.9
#: A step of this many grey levels is as good as any larger one: one bright window must not outweigh the other sides.
_STEP_LEVELS: Final = 10.0
#: What independent change on both sides adds to a full step.
_INDEPENDENT: Final = 0.3
#: What the picture's own border counts for as the side of an inset: less than a full edge (split screens need it).
_BORDER: Final = 0.6
#: What a rectangle's width and height, as shares, add: the longer an edge, the less it is one by chance.
_LENGTH: Final = 0.5
#: Samples that are looked at: edges stand still, and these are eight seconds.
_SAMPLES: Final = 24
#: Rectangles whose sides are all this near (in lines) are one.
_SAME_LINES: Final = 2

#: Pairs of a top and a bottom at a time, whose rectangles stay in a processor's own cache.
_AT_A_TIME: Final = 32

Numbers = npt.NDArray[np.int64]


def insets(pictures: Pixels) -> list[Box]:
    """At most INSETS boxes of pictures (n, side, side), the likeliest first."""
    if len(pictures) > _SAMPLES:
        pictures = pictures[np.linspace(0, len(pictures) - 1, _SAMPLES).astype(int)]
    side = pictures.shape[1]
    upright, level = (_summed(each) for each in _edges(pictures.astype(np.float32)))
    lefts, rights = _spans(upright, side)
    tops, bottoms = _spans(level, side)
    strength = _strengths(upright, level, (lefts, rights), (tops, bottoms))
    best = strength.max(axis=1)  # of each pair of a top and a bottom
    found: list[Box] = []
    while len(found) < INSETS and best.max() > -np.inf:
        high = int(best.argmax())
        wide = int(strength[high].argmax())
        edges = lefts[wide], tops[high], rights[wide], bottoms[high]
        found.append(Box(*(float(edge) / side for edge in edges)))
        near_wide = (np.abs(lefts - edges[0]) <= _SAME_LINES) & (np.abs(rights - edges[2]) <= _SAME_LINES)
        near_high = (np.abs(tops - edges[1]) <= _SAME_LINES) & (np.abs(bottoms - edges[3]) <= _SAME_LINES)
        strength[np.ix_(near_high, near_wide)] = -np.inf
        best[near_high] = strength[near_high].max(axis=1)
    return found


def _strengths(
    upright: Floats, level: Floats, across: tuple[Numbers, Numbers], down: tuple[Numbers, Numbers]
) -> Floats:
    """How much speaks for each rectangle: (pairs of a top and a bottom, pairs of a left and a right side)."""
    (lefts, rights), (tops, bottoms), side = across, down, len(level) - 1
    of_uprights, of_levels = _means(upright, tops, bottoms), np.ascontiguousarray(_means(level, lefts, rights).T)
    strengths = np.empty((len(tops), len(lefts)), np.float32)
    for start in range(0, len(tops), _AT_A_TIME):
        rows = slice(start, start + _AT_A_TIME)
        left, right = of_uprights[rows].take(lefts, axis=1), of_uprights[rows].take(rights, axis=1)
        top, bottom = of_levels[tops[rows]], of_levels[bottoms[rows]]
        weakest = np.minimum(np.minimum(left, right), np.minimum(top, bottom))
        strengths[rows] = left + right + top + bottom + 2 * weakest
        high, wide = (bottoms - tops)[rows, None], rights - lefts
        strengths[rows] += _LENGTH * (high + wide) / side
        strengths[rows][high * wide > _MAX_AREA * side**2] = -np.inf
    return strengths


def _summed(edges: Floats) -> Floats:
    """Running sums along each line: (side + 1 places on the line, side + 1 lines)."""
    return np.pad(np.cumsum(edges, axis=0, dtype=np.float32), ((1, 0), (0, 0)))


def _means(summed: Floats, start: Numbers, stop: Numbers) -> Floats:
    """Mean edge of every line between each start and stop: (spans, lines)."""
    means: Floats = (summed[stop] - summed[start]) / (stop - start)[:, None]
    return means


def _spans(summed: Floats, side: int) -> tuple[Numbers, Numbers]:
    """First and last line of every pair of the strongest lines that is far enough apart."""
    shortest = round(_MIN_SIDE * side)
    best = ((summed[shortest:] - summed[:-shortest]) / shortest).max(axis=0)
    best[[0, -1]] = np.inf  # the picture's own borders are always candidates
    lines = np.sort(np.argsort(-best, kind="stable")[:_LINES])
    first, last = np.triu_indices(len(lines), 1)
    apart = lines[last] - lines[first] >= shortest
    return lines[first[apart]], lines[last[apart]]


def _edges(pictures: Floats) -> tuple[Floats, Floats]:
    """How much of an upright edge there is left of each column: (row, column), the outer borders included.

    And how much of a level edge there is above each row: (column, row).
    """
    mean, changes = pictures.mean(axis=0), np.diff(pictures, axis=0)
    power, across, down = _power(changes), _power(np.diff(changes, axis=2)), _power(np.diff(changes, axis=1))
    return _edge(mean, power, across), _edge(mean.T, power.T, down.T)


def _power(changes: Floats) -> Floats:
    """Mean square over time; 0 where one picture alone changes nothing."""
    power: Floats = (changes**2).sum(axis=0) / np.float32(max(1, len(changes)))
    return power


def _edge(mean: Floats, power: Floats, apart: Floats) -> Floats:
    """`power` is that of each pixel's changes, `apart` that of the difference between two neighbours' changes."""
    step = np.clip(np.abs(np.diff(mean, axis=1)) / _STEP_LEVELS, 0.0, 1.0)
    around = np.pad(step, ((0, 0), (2, 2)), mode="edge")
    sharp = step - 0.5 * (around[:, :-4] + around[:, 4:])
    # 0 where two neighbours change alike, 1 where they change independently; 0 where nothing changes.
    independent = np.minimum(apart / (power[:, :-1] + power[:, 1:] + 1.0), 1.0)
    edges = np.full((len(mean), len(mean) + 1), _BORDER, np.float32)
    edges[:, 1:-1] = sharp + _INDEPENDENT * independent
    return edges
