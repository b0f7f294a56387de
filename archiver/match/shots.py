"""Where in the picture the footage is: shots, and within each its borders.

Letterbox bars, the black around a compilation's clips and the blurred surround of a vertical re-post differ from shot
to shot, so they are looked for in each one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.descriptor import WHOLE, Box, Floats, Pixels

#: Mean change of grey levels between neighbouring samples that counts as a cut. Too many cuts cost little: each part
#: finds the same borders.
CUT_LEVELS: Final = 18.0
#: A row or column of one colour stays within this deviation, in grey levels: coding noise of a flat bar at low rates.
FLAT_LEVELS: Final = 5.0
#: A box below this share of the width or height is a caption or an accident, not the footage.
MIN_SIDE: Final = 0.25
#: Rows as sharp as this share of the sharpest ones belong to the footage in a blurred surround.
SHARP_SHARE: Final = 0.35


def shots(pictures: Pixels) -> list[slice]:
    """Runs of samples without a cut, in pictures (n, side, side)."""
    if not len(pictures):
        return []
    before, after = pictures[:-1].astype(np.int16), pictures[1:].astype(np.int16)
    change = np.abs(after - before).mean(axis=(1, 2))
    cuts = [0, *(np.flatnonzero(change > CUT_LEVELS) + 1).tolist(), len(pictures)]
    return [slice(start, end) for start, end in pairwise(cuts)]


def boxes(pictures: Pixels) -> list[Box]:
    """Where the footage may be in one shot, likeliest first: without its flat borders, the sharp part, the whole."""
    levels = thinned(pictures).astype(np.float32)
    found = [_without_flat_borders(levels)]
    sharp = _sharp_part(levels, found[0])
    if sharp is not None:
        found.append(sharp)
    if WHOLE not in found:
        found.append(WHOLE)
    return found


def thinned(pictures: Pixels) -> Pixels:
    """At most 48 of them: borders stand still, so more samples of one shot say the same."""
    return pictures if len(pictures) <= 48 else pictures[:: len(pictures) // 24]


def _without_flat_borders(pictures: Floats) -> Box:
    side = pictures.shape[1]
    rows = _inner(np.quantile(pictures.std(axis=2), 0.9, axis=0) > FLAT_LEVELS)
    if rows.stop - rows.start < MIN_SIDE * len(pictures[0]):
        return WHOLE  # the busy rows are a line or two, perhaps the last one, of which nothing is inside
    columns = _inner(np.quantile(pictures[:, rows].std(axis=1), 0.9, axis=0) > FLAT_LEVELS)
    box = Box(columns.start / side, rows.start / side, columns.stop / side, rows.stop / side)
    return box if min(box.right - box.left, box.bottom - box.top) >= MIN_SIDE else WHOLE


def _inner(busy: npt.NDArray[np.bool_]) -> slice:
    """From the first to the last busy line, less one at each removed border: it is half border, half footage."""
    lines = np.flatnonzero(busy)
    if not len(lines):
        return slice(0, len(busy))
    start, stop = int(lines[0]), int(lines[-1]) + 1
    return slice(start + (start > 0), max(start + 2, stop - (stop < len(busy))))


def _sharp_part(pictures: Floats, outer: Box) -> Box | None:
    """The band of rows or columns with fine detail, if the rest has next to none."""
    side = pictures.shape[1]
    top, bottom = round(outer.top * side), round(outer.bottom * side)
    left, right = round(outer.left * side), round(outer.right * side)
    inner = pictures[:, top:bottom, left:right]
    # Second differences along a line: a blurred surround has gradients, but hardly any curvature.
    across = np.abs(np.diff(inner, 2, axis=2)).mean(axis=(0, 2))
    down = np.abs(np.diff(inner, 2, axis=1)).mean(axis=(0, 1))
    rows, columns = _band(across, side), _band(down, side)
    if rows is None and columns is None:
        return None
    width, height = right - left, bottom - top
    rows, columns = rows or slice(0, height), columns or slice(0, width)
    box = Box(
        (left + columns.start) / side, (top + rows.start) / side, (left + columns.stop) / side, (top + rows.stop) / side
    )
    return box if box.area < 0.85 * outer.area else None


def _band(detail: npt.NDArray[np.float32], side: int) -> slice | None:
    sharp = np.flatnonzero(detail > SHARP_SHARE * np.quantile(detail, 0.9))
    if not len(sharp):
        return None
    start, stop = int(sharp[0]), int(sharp[-1]) + 1
    if not MIN_SIDE <= (stop - start) / side <= 0.85:
        return None
    return slice(start, stop)
