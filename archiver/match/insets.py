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

Numbers = npt.NDArray[np.int64]


def insets(pictures: Pixels) -> list[Box]:
    """At most INSETS boxes of pictures (n, side, side), the likeliest first."""
    if len(pictures) > _SAMPLES:
        pictures = pictures[np.linspace(0, len(pictures) - 1, _SAMPLES).astype(int)]
    levels, side = pictures.astype(np.float32), pictures.shape[1]
    upright, level = _summed(_edges(levels)), _summed(_edges(levels.transpose(0, 2, 1)))
    lefts, rights = _spans(upright, side)
    tops, bottoms = _spans(level, side)
    sides = (
        *(_mean(upright, tops[:, None], bottoms[:, None], line[None]) for line in (lefts, rights)),
        *(_mean(level, lefts[None], rights[None], line[:, None]) for line in (tops, bottoms)),
    )
    weakest = np.minimum(np.minimum(sides[0], sides[1]), np.minimum(sides[2], sides[3]))
    strength = sides[0] + sides[1] + sides[2] + sides[3] + 2 * weakest  # [top and bottom, left and right]
    strength += _LENGTH * ((bottoms - tops)[:, None] + (rights - lefts)[None]) / side
    strength[np.outer(bottoms - tops, rights - lefts) > _MAX_AREA * side**2] = -np.inf
    found: list[Box] = []
    while len(found) < INSETS and strength.max() > -np.inf:
        high, wide = divmod(int(strength.argmax()), len(lefts))
        edges = lefts[wide], tops[high], rights[wide], bottoms[high]
        found.append(Box(*(float(edge) / side for edge in edges)))
        near_wide = (np.abs(lefts - edges[0]) <= _SAME_LINES) & (np.abs(rights - edges[2]) <= _SAME_LINES)
        near_high = (np.abs(tops - edges[1]) <= _SAME_LINES) & (np.abs(bottoms - edges[3]) <= _SAME_LINES)
        strength[np.ix_(near_high, near_wide)] = -np.inf
    return found


def _summed(edges: Floats) -> Floats:
    """Running sums along each line: (side + 1 places on the line, side + 1 lines)."""
    return np.pad(np.cumsum(edges, axis=0, dtype=np.float32), ((1, 0), (0, 0)))


def _mean(summed: Floats, start: Numbers, stop: Numbers, line: Numbers) -> Floats:
    mean: Floats = (summed[stop, line] - summed[start, line]) / (stop - start)
    return mean


def _spans(summed: Floats, side: int) -> tuple[Numbers, Numbers]:
    """First and last line of every pair of the strongest lines that is far enough apart."""
    shortest = round(_MIN_SIDE * side)
    best = ((summed[shortest:] - summed[:-shortest]) / shortest).max(axis=0)
    best[[0, -1]] = np.inf  # the picture's own borders are always candidates
    lines = np.sort(np.argsort(-best, kind="stable")[:_LINES])
    first, last = np.triu_indices(len(lines), 1)
    apart = lines[last] - lines[first] >= shortest
    return lines[first[apart]], lines[last[apart]]


def _edges(pictures: Floats) -> Floats:
    """How much of an upright edge there is left of each column: (row, column), the outer borders included."""
    left, right = pictures[:, :, :-1], pictures[:, :, 1:]
    step = np.clip(np.abs((right - left).mean(axis=0)) / _STEP_LEVELS, 0.0, 1.0)
    around = np.pad(step, ((0, 0), (2, 2)), mode="edge")
    sharp = step - 0.5 * (around[:, :-4] + around[:, 4:])
    edges = np.full((pictures.shape[1], pictures.shape[2] + 1), _BORDER, np.float32)
    edges[:, 1:-1] = sharp + _INDEPENDENT * _independence(np.diff(left, axis=0), np.diff(right, axis=0))
    return edges


def _independence(left: Floats, right: Floats) -> Floats:
    """0 where two neighbours change alike, 1 where they change independently; 0 where nothing changes."""
    if not len(left):
        return np.zeros(left.shape[1:], np.float32)
    power = (left**2).mean(axis=0) + (right**2).mean(axis=0)
    apart: Floats = ((left - right) ** 2).mean(axis=0) / (power + 1.0)
    return np.minimum(apart, 1.0)
