"""Nothing of what is hidden goes into what is put there."""

from __future__ import annotations

import numpy as np
import pytest

from archiver.covers import WHOLE, Box
from archiver.examine.blur import hiding

RANDOM = np.random.default_rng(7)


def planes(width: int, height: int) -> hiding.Planes:
    """Noise."""
    sizes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    one, two, three = (RANDOM.integers(0, 256, size, dtype=np.uint8) for size in sizes)
    return one, two, three


def copied(made: hiding.Planes) -> hiding.Planes:
    """The same planes, to be written to."""
    one, two, three = (plane.copy() for plane in made)
    return one, two, three


@pytest.mark.parametrize("size", [(64, 48), (100, 50), (46, 98), (2, 2)])
@pytest.mark.parametrize(
    "box", [Box(0, 0, WHOLE, WHOLE), Box(310_000, 420_000, 200_000, 100_000), Box(WHOLE - 1, 0, 1, 1)]
)
def test_a_patch_says_nothing_of_what_is_behind_it(size: tuple[int, int], box: Box) -> None:
    whole = planes(*size)
    rows, columns = hiding.place(box, *size)
    other = copied(whole)
    for plane, share in zip(other, (1, 2, 2), strict=True):
        place = plane[rows.start // share : rows.stop // share, columns.start // share : columns.stop // share]
        place[:] = RANDOM.integers(0, 256, place.shape, dtype=np.uint8)
    before = copied(whole)
    hiding.patch(whole, [box])
    hiding.patch(other, [box])
    for one, two, old in zip(whole, other, before, strict=True):
        assert np.array_equal(one, two)
        assert not np.array_equal(one, old)
    outside = np.ones(whole[0].shape, dtype=bool)
    outside[rows, columns] = False
    assert np.array_equal(whole[0][outside], before[0][outside])


def test_a_patch_is_not_smaller_than_its_box_and_keeps_its_place_while_the_box_trembles() -> None:
    rows, columns = hiding.place(Box(505_000, 250_000, 100_000, 100_000), 640, 480)
    assert columns.start <= 0.505 * 640
    assert columns.stop >= 0.605 * 640
    assert rows.start <= 0.25 * 480
    assert rows.stop >= 0.35 * 480
    trembling = hiding.place(Box(506_000, 251_000, 99_000, 98_000), 640, 480)
    assert trembling == (rows, columns)


@pytest.mark.parametrize("size", [(64, 48), (100, 50), (46, 98), (1920, 1080), (2, 2)])
def test_a_coarse_picture_is_a_few_cells_of_a_few_levels(size: tuple[int, int]) -> None:
    made = hiding.coarse(planes(*size))
    for plane in made:
        assert np.all(plane % hiding.STEP == hiding.STEP // 2)
        rows, columns = (
            np.count_nonzero(np.any(np.diff(plane.astype(int), axis=axis), axis=1 - axis)) for axis in (0, 1)
        )
        assert rows < hiding.CELLS
        assert columns < hiding.CELLS
    assert [plane.shape for plane in made] == [(size[1], size[0]), *[(size[1] // 2, size[0] // 2)] * 2]


def test_an_even_picture_stays_what_it_was_to_a_level_or_two() -> None:
    grey = np.full((90, 160), 100, np.uint8)
    assert np.all(np.abs(hiding.cells(grey).astype(int) - 100) <= hiding.STEP // 2)
