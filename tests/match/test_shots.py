"""Cuts, flat borders and blurred surrounds."""

import numpy as np
import numpy.typing as npt
import pytest

from archiver.match.descriptor import WHOLE
from archiver.match.shots import boxes, shots

SIDE = 96

Pixels = npt.NDArray[np.uint8]


def _busy(count: int, rows: int, columns: int, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(30, 220, (count, rows, columns), np.uint8)


def test_shots_end_at_cuts() -> None:
    one, two = (np.repeat(_busy(1, SIDE, SIDE, seed), 5, axis=0) for seed in (1, 2))
    assert shots(np.concatenate([one, two])) == [slice(0, 5), slice(5, 10)]
    assert shots(one) == [slice(0, 5)]
    assert shots(one[:0]) == []


@pytest.mark.parametrize(("top", "left"), [(10, 0), (0, 14), (9, 12)])
def test_flat_borders_are_removed(top: int, left: int) -> None:
    pictures = np.full((6, SIDE, SIDE), 16, np.uint8)
    pictures += np.random.default_rng(3).integers(0, 4, pictures.shape, np.uint8)  # coding noise
    pictures[:, top : SIDE - top, left : SIDE - left] = _busy(6, SIDE - 2 * top, SIDE - 2 * left)
    box = boxes(pictures)[0]
    expected = (left / SIDE, top / SIDE, 1 - left / SIDE, 1 - top / SIDE)
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected, abs=1.1 / SIDE)
    assert WHOLE in boxes(pictures)


def test_a_dark_first_frame_takes_no_border_from_a_shot() -> None:
    pictures = _busy(12, SIDE, SIDE)
    pictures[0, :20] = 0
    assert boxes(pictures)[0] == WHOLE


def test_a_flat_shot_is_taken_whole() -> None:
    assert boxes(np.zeros((3, SIDE, SIDE), np.uint8)) == [WHOLE]


def test_the_sharp_band_in_a_blurred_surround_is_found() -> None:
    wave = (np.sin(np.linspace(0, 3, SIDE))[:, None] + np.cos(np.linspace(0, 2, SIDE))[None, :]) * 40 + 110
    pictures = np.repeat(wave[None], 5, axis=0).astype(np.uint8)
    pictures[:, 33:63] = _busy(5, 30, SIDE)
    assert any(
        box.top == pytest.approx(33 / SIDE, abs=2.1 / SIDE) and box.bottom == pytest.approx(63 / SIDE, abs=2.1 / SIDE)
        for box in boxes(pictures)
    )


@pytest.mark.parametrize("line", [0, 40, SIDE - 1])
def test_a_single_busy_line_is_no_footage_with_borders(line: int) -> None:
    pictures = np.zeros((4, SIDE, SIDE), np.uint8)
    pictures[:, line, ::2] = 200
    assert boxes(pictures)[0] == WHOLE
    assert boxes(pictures.transpose(0, 2, 1))[0] == WHOLE
