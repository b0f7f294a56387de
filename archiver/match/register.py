"""Which point of one picture is which of the other: a plane's projection, refined until the pictures agree.

Two pictures of one film differ by a crop, a scaling, an inset, a few degrees of rotation, or the slant of a filmed
screen: all of them map a plane to a plane. The map is found by Gauss-Newton steps from a nearby guess (Lucas-Kanade in
its symmetric form: Benhimane and Malis, 2004), over several pairs of pictures at once, in which points that disagree
most (a caption, a sticker) weigh least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.descriptor import POINTS, Box, Floats

Matrix = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Steps with blurred pictures, which reach further; then with sharp ones; then with slant as well.
_STEPS: Final = ((2, 6, 6), (0, 6, 6), (0, 8, 4))
#: Damping, as a share of each parameter's own power, so that what the pictures do not show stays as it was guessed.
_DAMPING: Final = 0.02
#: A step that moves no corner by this much (in points) ends its stage.
_CONVERGED: Final = 0.01
#: No step moves a corner further than this, in points.
_LONGEST_STEP: Final = 3.0
#: Points may lie outside the other picture by this share: borders are found within a stored pixel.
SLACK: Final = 0.02


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the query's picture lies in the item's: a 3 x 3 projection in shares of both pictures' width and height."""

    matrix: tuple[float, ...]

    @classmethod
    def of_boxes(cls, query: Box, item: Box) -> Placement:
        """`query` is stretched over `item`."""
        wide = (item.right - item.left) / (query.right - query.left)
        high = (item.bottom - item.top) / (query.bottom - query.top)
        rows = (wide, 0.0, item.left - wide * query.left, 0.0, high, item.top - high * query.top, 0.0, 0.0, 1.0)
        return cls(rows)

    def array(self) -> Matrix:
        """(3, 3)."""
        return np.array(self.matrix, np.float64).reshape(3, 3)

    def grid(self, box: Box) -> Matrix:
        """(2, POINTS, POINTS): the item's x and y, as shares, of the middle of each point of the query's `box`."""
        return grids(self.array(), box)

    def share(self, box: Box) -> float:
        """Share of the item's picture that the query's `box` shows."""
        corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
        mapped = self.array() @ np.array([(*corner, 1.0) for corner in corners]).T
        x, y = mapped[:2] / mapped[2]
        return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)

    def covered(self, box: Box) -> Box:
        """The largest part of the query's `box` in which every point lies in the item's picture."""
        x, y = self.grid(box)
        inside = (np.minimum(x, y) >= -SLACK) & (np.maximum(x, y) <= 1 + SLACK)
        if inside.all():
            return box
        top, bottom, left, right = _largest_rectangle(inside)
        return Box(left / POINTS, top / POINTS, right / POINTS, bottom / POINTS).inside(box)


def grids(matrices: Matrix, box: Box) -> Matrix:
    """As `Placement.grid`, of one matrix (3, 3) or of several (n, 3, 3): (n, 2, POINTS, POINTS)."""
    steps = (np.arange(POINTS) + 0.5) / POINTS
    x, y = np.meshgrid(box.left + steps * (box.right - box.left), box.top + steps * (box.bottom - box.top))
    mapped = np.tensordot(matrices, np.stack([x, y, np.ones_like(x)]), axes=1)
    depth = mapped[..., 2:, :, :]
    grid: Matrix = mapped[..., :2, :, :] / np.where(np.abs(depth) < 1e-6, 1e-6, depth)
    return grid


def seen(pictures: Floats, grid: Matrix) -> Floats:
    """(n, POINTS, POINTS): pictures (n, side, side) at `grid`, averaged down first where points lie far apart.

    The grid is one for all pictures, (2, POINTS, POINTS), or has one for each, (n, 2, POINTS, POINTS).
    """
    across, down = np.moveaxis(grid, -3, 0)
    pitch = max(np.abs(np.diff(across, axis=-1)).mean(), np.abs(np.diff(down, axis=-2)).mean()) * pictures.shape[1]
    if pitch >= 1.5:
        halved = pictures[:, ::2] + pictures[:, 1::2]
        pictures = (halved[:, :, ::2] + halved[:, :, 1::2]) * np.float32(0.25)
    side = pictures.shape[1]
    place = np.clip(grid * side - 0.5, 0, side - 1)
    corner = np.minimum(place.astype(np.int64), side - 2)
    right, down = np.moveaxis((place - corner).astype(np.float32), -3, 0)
    at = corner[..., 1, :, :] * side + corner[..., 0, :, :]
    flat = pictures.reshape(len(pictures), side * side)

    def pick(places: Counts) -> Floats:
        if places.ndim == 2:
            return flat[:, places]
        return np.take_along_axis(flat, places.reshape(len(flat), -1), axis=1).reshape(places.shape)

    above = pick(at) * (1 - right) + pick(at + 1) * right
    below = pick(at + side) * (1 - right) + pick(at + side + 1) * right
    points: Floats = above * (1 - down) + below * down
    return points


def registered(placement: Placement, box: Box, query: Floats, item: Floats) -> Placement:
    """`placement` refined over pairs of pictures.

    `query`: the query's `box`, resampled to (n, POINTS, POINTS); `item`: the item's pictures (n, side, side).
    """
    best, best_value = placement, agreement(query, seen(item, placement.grid(box)))
    for blur, parameters, steps in _STEPS:
        found = _descend(best, box, _blurred(query, blur), item, blur, parameters, steps)
        value = agreement(query, seen(item, found.grid(box)))
        if value > best_value:
            best, best_value = found, value
    return best


def agreement(one: Floats, other: Floats) -> float:
    """Mean correlation of pairs of pictures (n, POINTS, POINTS)."""
    return float((_normal(one) * _normal(other)).mean())


def _descend(
    placement: Placement, box: Box, query: Floats, item: Floats, blur: int, parameters: int, steps: int
) -> Placement:
    """Up to `steps` Gauss-Newton steps over 6 parameters (affine) or 8 (projective), in the box's own coordinates."""
    middle = (np.arange(POINTS) + 0.5) / POINTS - 0.5
    u, v = np.meshgrid(middle, middle, indexing="xy")
    wide, high = box.right - box.left, box.bottom - box.top
    of_box = np.array([[wide, 0, box.left + wide / 2], [0, high, box.top + high / 2], [0, 0, 1]])
    back = np.linalg.inv(of_box)
    matrix = placement.array() @ of_box
    target = _normal(query)
    for _ in range(steps):
        grid = _placement(matrix @ back).grid(box)
        view = _normal(_blurred(seen(item, grid), blur))
        error = target - view
        valid = (np.minimum(*grid) >= -SLACK) & (np.maximum(*grid) <= 1 + SLACK)
        spread = 2 * float(np.median(np.abs(error))) + 1e-3
        weight = valid / (1 + (error / spread) ** 2)
        slope = (view + target) / 2
        across, down = np.gradient(slope, axis=2) * POINTS, np.gradient(slope, axis=1) * POINTS
        columns = [across * u, across * v, across, down * u, down * v, down]
        outward = across * u + down * v
        columns += [-outward * u, -outward * v][: parameters - 6]
        jacobian = np.stack(columns, axis=-1).reshape(-1, parameters)
        weighted = jacobian * weight.reshape(-1, 1)
        normal = weighted.T @ jacobian
        normal += np.diag(_DAMPING * np.diag(normal) + 1e-6 * np.trace(normal) + 1e-9)
        step = np.linalg.solve(normal, weighted.T @ error.reshape(-1))
        moved = float(np.abs(step[:6]).max()) * POINTS
        step *= min(1.0, _LONGEST_STEP / max(moved, 1e-9))
        slant = step[6:] if parameters == 8 else (0.0, 0.0)
        change = np.array([[1 + step[0], step[1], step[2]], [step[3], 1 + step[4], step[5]], [*slant, 1.0]])
        matrix = matrix @ change
        if moved < _CONVERGED:
            break
    return _placement(matrix @ back)


def _placement(matrix: Matrix) -> Placement:
    return Placement(tuple((matrix / matrix[2, 2]).ravel().tolist()))


def _normal(points: Floats) -> Floats:
    centred = points - points.mean(axis=(1, 2), keepdims=True)
    scaled: Floats = centred / (centred.std(axis=(1, 2), keepdims=True) + 1e-3)
    return scaled


def _blurred(points: Floats, times: int) -> Floats:
    """Smoothed by 1 2 1 in both directions, so many times."""
    for _ in range(times):
        for axis in (1, 2):
            padded = np.pad(points, [(0, 0), *((1, 1) if each == axis else (0, 0) for each in (1, 2))], mode="edge")
            before, middle, after = (padded.take(range(at, at + POINTS), axis) for at in range(3))
            points = (before + 2 * middle + after) * np.float32(0.25)
    return points


def _largest_rectangle(inside: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of the largest rectangle of True; all of it where there is none worth having."""
    size = len(inside)
    summed: Counts = np.pad(np.cumsum(np.cumsum(inside, axis=0), axis=1), ((1, 0), (1, 0)))
    first, last = np.triu_indices(size + 1, size // 4)
    rows: Counts = summed[last] - summed[first]
    count: Counts = rows[:, last] - rows[:, first]
    area = np.outer(last - first, last - first)
    full = np.where(count >= area, area, 0)
    if not full.any():
        return 0, size, 0, size
    high, wide = divmod(int(full.argmax()), len(first))
    return int(first[high]), int(last[high]), int(first[wide]), int(last[wide])
