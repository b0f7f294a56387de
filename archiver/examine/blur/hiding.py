"""Taking something out of a picture for good. Pure: planes in, planes out.

Nothing of what is hidden goes into what is put there, so nothing can bring it back: a Gaussian blur is undone by
deconvolution, and faces were recognised behind mosaics (McPherson, Shokri, Shmatikov, arXiv 1609.00408).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from archiver.covers import WHOLE, Box

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]  # yuv420p: levels, and two of half the width and height for the colours

#: A patch is plainly a patch: one even grey, as no camera makes it.
PATCH = (110, 128, 128)
PATCH_RGB = 110
#: Pixels to which a patch's edges are moved outwards, so that it stands still while what is behind it trembles.
GRID = 16

#: Cells along the longer side of a picture that is hidden as a whole.
CELLS = 8
#: Levels that are told apart in a cell: with 8 x 8 cells of 3 values no more than 768 bits for each picture.
STEP = 16
#: And a new picture only so often, because many coarse pictures of something that moves make a fine one.
HELD_MS = 1_000


def patch(planes: Planes, boxes: Iterable[Box]) -> None:
    """Put a patch over each box, in place."""
    height, width = planes[0].shape
    for box in boxes:
        rows, columns = place(box, width, height)
        for plane, level, share in zip(planes, PATCH, (1, 2, 2), strict=True):
            plane[rows.start // share : rows.stop // share, columns.start // share : columns.stop // share] = level


def place(box: Box, width: int, height: int) -> tuple[slice, slice]:
    """The rows and columns that a patch over `box` takes in a picture of this size, to the next whole GRID."""
    return _span(box.y, box.h, height), _span(box.x, box.w, width)


def coarse(planes: Planes) -> Planes:
    """A picture of a few cells in place of this one."""
    luma, blue, red = (cells(plane) for plane in planes)
    return luma, blue, red


def cells(plane: Plane) -> Plane:
    """A plane with one level of a few for each cell, CELLS along the longer side."""
    height, width = plane.shape
    side = -(-max(height, width) // CELLS)
    rows, columns = np.arange(height) // side, np.arange(width) // side
    by_row = np.add.reduceat(plane.astype(np.int64), np.arange(0, height, side), axis=0)
    sums = np.add.reduceat(by_row, np.arange(0, width, side), axis=1)
    means = sums // np.outer(np.bincount(rows), np.bincount(columns))
    levels = (means // STEP * STEP + STEP // 2).astype(np.uint8)
    return levels[np.ix_(rows, columns)]


def _span(start: int, length: int, side: int) -> slice:
    first = math.floor(start * side / WHOLE / GRID) * GRID
    return slice(first, math.ceil((start + length) * side / WHOLE / GRID) * GRID)
