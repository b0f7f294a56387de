"""Pictures to descriptors: the low frequencies of a box, and their signs.

A box of a picture goes to its 16 x 16 lowest DCT coefficients by two batched matrix products (A @ picture @ B.T), in
which the box's edges are part of the matrices: no picture is ever cut out or resized. 256 signs at the median are the
code that candidates are found by (the idea of pHash and PDQ); the coefficients themselves are compared afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint64]
Pixels = npt.NDArray[np.uint8]

#: Coefficients kept along each side.
KEEP: Final = 16
#: Points that a box is resampled to before its DCT: at least twice KEEP, so that nothing folds over.
POINTS: Final = 32
#: Pictures turned to floats at a time: 16 MB.
_CHUNK: Final = 1_024
#: 64-bit words of a code.
WORDS: Final = KEEP * KEEP // 64
#: A frame whose grey levels deviate less than this is a fade or a black: its signs are noise, so it has no code.
MIN_CONTRAST: Final = 4.0


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Part of a picture, as shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float

    def inside(self, outer: Box) -> Box:
        """This box, taken as part of `outer`."""
        width, height = outer.right - outer.left, outer.bottom - outer.top
        return Box(
            outer.left + self.left * width,
            outer.top + self.top * height,
            outer.left + self.right * width,
            outer.top + self.bottom * height,
        )

    @property
    def area(self) -> float:
        """Share of the picture."""
        return (self.right - self.left) * (self.bottom - self.top)


WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)


class Variant(StrEnum):
    """What the copy has to be turned back by: a number of quarter turns, then mirroring; or its levels inverted."""

    PLAIN = "plain"
    MIRROR = "mirror"
    QUARTER_LEFT = "quarter-left"
    QUARTER_RIGHT = "quarter-right"
    HALF = "half"
    QUARTER_LEFT_MIRROR = "quarter-left-mirror"
    QUARTER_RIGHT_MIRROR = "quarter-right-mirror"
    HALF_MIRROR = "half-mirror"
    NEGATIVE = "negative"

    @property
    def quarters(self) -> int:
        """Counter-clockwise quarter turns that undo it, which is how many clockwise ones the copy was given."""
        return 1 if "left" in self.value else 3 if "right" in self.value else 2 if "half" in self.value else 0

    @property
    def mirrored(self) -> bool:
        """Whether left and right have to be exchanged after that."""
        return self.value.endswith("mirror")


def turned(pictures: Pixels, variant: Variant) -> Pixels:
    """Pictures (n, side, side) in that variant."""
    if variant is Variant.NEGATIVE:
        return 255 - pictures
    if variant.quarters:
        pictures = np.rot90(pictures, variant.quarters, axes=(1, 2))
    return pictures[:, :, ::-1] if variant.mirrored else pictures


def turned_box(box: Box, variant: Variant) -> Box:
    """Where `box` lies once the picture is turned."""
    for _ in range(variant.quarters):  # counter-clockwise: the right edge becomes the top
        box = Box(box.top, 1 - box.right, box.bottom, 1 - box.left)
    return Box(1 - box.right, box.top, 1 - box.left, box.bottom) if variant.mirrored else box


def turned_back_box(box: Box, variant: Variant) -> Box:
    """The inverse of `turned_box`."""
    if variant.mirrored:
        box = Box(1 - box.right, box.top, 1 - box.left, box.bottom)
    for _ in range(-variant.quarters % 4):
        box = Box(box.top, 1 - box.right, box.bottom, 1 - box.left)
    return box


def coefficients(pictures: npt.NDArray[np.generic], box: Box) -> Floats:
    """(n, KEEP * KEEP) orthonormal DCT coefficients of `box` in pictures (n, side, side); the mean is set to 0.

    Their norm over POINTS is the box's standard deviation in grey levels, as far as low frequencies carry it.
    """
    side = pictures.shape[1]
    rows, columns = _basis(box.top, box.bottom, side), _basis(box.left, box.right, side)
    blocks = np.empty((len(pictures), KEEP, KEEP), np.float32)
    for start in range(0, len(pictures), _CHUNK):
        part = slice(start, start + _CHUNK)
        blocks[part] = rows @ pictures[part].astype(np.float32) @ columns.T
    return without_mean(blocks)


def coefficients_of(pictures: npt.NDArray[np.generic], boxes: Sequence[Box]) -> Floats:
    """As `coefficients` for each box: (boxes, n, KEEP * KEEP). Boxes that share their rows share the first product."""
    levels: Floats = pictures.astype(np.float32)
    count, side = levels.shape[:2]
    blocks = np.empty((len(boxes), count, KEEP, KEEP), np.float32)
    by_rows: dict[tuple[float, float], list[int]] = {}
    for number, box in enumerate(boxes):
        by_rows.setdefault((box.top, box.bottom), []).append(number)
    halves = np.concatenate([_basis(*rows, side) for rows in by_rows]) @ levels
    for at, numbers in enumerate(by_rows.values()):
        half = halves[:, at * KEEP : (at + 1) * KEEP].reshape(count * KEEP, side)
        columns = np.concatenate([_basis(boxes[number].left, boxes[number].right, side) for number in numbers])
        blocks[numbers] = (half @ columns.T).reshape(count, KEEP, len(numbers), KEEP).transpose(2, 0, 1, 3)
    blocks[:, :, 0, 0] = 0.0
    return blocks.reshape(len(boxes), count, KEEP * KEEP)


def coefficients_of_points(points: Floats) -> Floats:
    """As `coefficients`, of pictures that have been resampled to (n, POINTS, POINTS) already."""
    rows: Floats = np.matmul(_dct(), points)
    return without_mean(np.matmul(rows, _dct().T))


def points_of(blocks: Floats) -> Floats:
    """(n, POINTS, POINTS): the pictures that coefficients (n, KEEP * KEEP) stand for, without finer detail."""
    points: Floats = np.matmul(np.matmul(_dct().T, blocks.reshape(len(blocks), KEEP, KEEP)), _dct())
    return points


def resampled(pictures: npt.NDArray[np.generic], box: Box) -> Floats:
    """`box` of pictures (n, side, side) area-resampled to (n, POINTS, POINTS)."""
    side = pictures.shape[1]
    rows, columns = _resampling(box.top, box.bottom, side), _resampling(box.left, box.right, side)
    points: Floats = rows @ pictures.astype(np.float32) @ columns.T
    return points


def without_mean(blocks: Floats) -> Floats:
    """Coefficients (n, KEEP, KEEP) as rows (n, KEEP * KEEP), with 0 for the mean."""
    blocks[:, 0, 0] = 0.0
    return blocks.reshape(len(blocks), KEEP * KEEP)


def contrast(blocks: Floats) -> Floats:
    """Standard deviation in grey levels of each row of coefficients, shape (n,)."""
    norms: Floats = np.linalg.norm(blocks, axis=1) / POINTS
    return norms


def codes(blocks: Floats) -> Codes:
    """(n, WORDS) signs of coefficients (n, KEEP * KEEP) at each row's median."""
    # The median, as np.median has it; but numpy sorts rows with the processor's vectors, and partitions them without.
    middle = KEEP * KEEP // 2
    ordered = np.sort(blocks, axis=1)
    bits = blocks > (ordered[:, middle - 1 : middle] + ordered[:, middle : middle + 1]) / 2
    return np.packbits(bits, axis=1).view(np.uint64)


def alike(a: Floats, b: Floats) -> Floats:
    """Correlation of each row of `a` with the same row of `b`, -1 to 1; 0 where either is flat."""
    scale = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    product = np.einsum("...i,...i->...", a, b)
    return np.where(scale > 1e-3, product / np.maximum(scale, 1e-3), 0.0).astype(np.float32)


@lru_cache(maxsize=4096)
def _basis(low: float, high: float, side: int) -> Floats:
    """(KEEP, side): area-resampling of [low, high) to POINTS points, then the first KEEP rows of the DCT-II."""
    basis: Floats = _dct() @ _resampling(low, high, side)
    return basis


@lru_cache(maxsize=1)
def _dct() -> Floats:
    angles = np.pi * (np.arange(POINTS) + 0.5) * np.arange(KEEP)[:, None] / POINTS
    dct = np.cos(angles) * np.sqrt(2.0 / POINTS)
    dct[0] *= np.sqrt(0.5)
    basis: Floats = dct.astype(np.float32)
    return basis


@lru_cache(maxsize=4096)
def _resampling(low: float, high: float, side: int) -> Floats:
    edges = np.linspace(low * side, high * side, POINTS + 1)
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    resample = np.maximum(overlap, 0.0)
    # Edges that lie outside the picture (a border found within one stored pixel) see its last pixel.
    empty = resample.sum(1) < 1e-9
    nearest = np.clip(((edges[1:] + edges[:-1]) / 2).astype(int), 0, side - 1)
    resample[empty, nearest[empty]] = 1.0
    resample /= resample.sum(1, keepdims=True)
    shares: Floats = resample.astype(np.float32)
    return shares
