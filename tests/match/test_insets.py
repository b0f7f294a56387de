"""Pictures in pictures are found by their straight sides."""

import numpy as np
import numpy.typing as npt
import pytest

from archiver.match.descriptor import Box
from archiver.match.insets import INSETS, insets

SIDE = 96
Pixels = npt.NDArray[np.uint8]


def drifting(count: int, rows: int, columns: int, seed: int, across: float = 1.5) -> Pixels:
    """A smooth pattern that moves sideways."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    frames = []
    waves = [(*chance.uniform(0.1, 0.5, 2), *chance.uniform(0, 6, 2)) for _ in range(8)]
    for number in range(count):
        moved = x + across * number
        frames.append(sum(np.sin(a * moved + p) * np.cos(b * y + q) for a, b, p, q in waves))
    levels = np.array(frames)
    return np.asarray(128 + 100 * levels / np.abs(levels).max(), np.uint8)


def _overlap(one: Box, other: Box) -> float:
    wide = max(0.0, min(one.right, other.right) - max(one.left, other.left))
    high = max(0.0, min(one.bottom, other.bottom) - max(one.top, other.top))
    return wide * high / (one.area + other.area - wide * high)


@pytest.mark.parametrize(
    ("top", "left", "bottom", "right"),
    [(56, 60, 88, 92), (4, 6, 30, 30), (24, 20, 72, 76), (0, 0, 96, 48), (50, 4, 92, 18)],
)
def test_an_inset_is_among_the_rectangles(top: int, left: int, bottom: int, right: int) -> None:
    pictures = drifting(14, SIDE, SIDE, 1)
    pictures[:, top:bottom, left:right] = drifting(14, bottom - top, right - left, 2, -1.0)
    found = insets(pictures)
    assert len(found) <= INSETS
    truth = Box(left / SIDE, top / SIDE, right / SIDE, bottom / SIDE)
    assert max(_overlap(box, truth) for box in found) > 0.9


def test_one_picture_is_enough_for_a_clear_border() -> None:
    pictures = drifting(1, SIDE, SIDE, 3) // 2
    pictures[:, 30:70, 20:60] = 128 + drifting(1, 40, 40, 4) // 2
    truth = Box(20 / SIDE, 30 / SIDE, 60 / SIDE, 70 / SIDE)
    assert max(_overlap(box, truth) for box in insets(pictures)) > 0.9


def test_flat_and_noisy_pictures_give_no_trouble() -> None:
    assert all(box.area <= 0.9 for box in insets(np.zeros((5, SIDE, SIDE), np.uint8)))
    noise = np.random.default_rng(1).integers(0, 256, (5, 64, 64), np.uint8)
    assert len(insets(noise)) <= INSETS
