"""Where one film lies on another, when it stands and when it moves."""

import numpy as np
import pytest

from archiver.match.align import Hypothesis
from archiver.match.alignment import Alignment, Drift
from archiver.match.descriptor import POINTS, WHOLE, Box, Variant
from archiver.match.register import Placement

ALL = Placement.of_boxes(WHOLE, WHOLE)
INNER = Placement.of_boxes(WHOLE, Box(0.2, 0.1, 0.8, 0.7))


def test_a_guess_of_boxes_becomes_a_place_and_seconds_of_the_item() -> None:
    guess = Hypothesis(Variant.MIRROR, Box(0.1, 0.1, 0.9, 0.9), WHOLE, 1.25, -3.0, 7.0)
    at = Alignment.of(guess)
    assert at.in_item(np.array([4.0])).tolist() == [2.0]
    assert at.smaller_share == pytest.approx(0.64)
    assert at.grid(np.arange(3.0)).shape == (2, POINTS, POINTS)
    assert at.placement_at(99.0) == at.placement


def test_a_drift_goes_through_both_places_that_it_was_measured_at() -> None:
    placement, drift = Drift.between(ALL, 2.0, INNER, 6.0)
    at = Alignment(Variant.PLAIN, WHOLE, placement, 1.0, 0.0, drift)
    assert at.placement_at(2.0).matrix == pytest.approx(ALL.matrix)
    assert at.placement_at(6.0).matrix == pytest.approx(INNER.matrix)
    assert at.placement_at(4.0).matrix == pytest.approx(placement.matrix)


def test_each_second_of_the_item_has_the_place_of_the_querys_second() -> None:
    placement, drift = Drift.between(ALL, 2.0, INNER, 6.0)
    at = Alignment(Variant.PLAIN, WHOLE, placement, 2.0, 10.0, drift)
    grid = at.grid(np.array([14.0, 22.0]))  # the query's seconds 2 and 6
    assert grid.shape == (2, 2, POINTS, POINTS)
    np.testing.assert_allclose(grid[0], ALL.grid(WHOLE))
    np.testing.assert_allclose(grid[1], INNER.grid(WHOLE))
