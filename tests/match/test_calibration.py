"""What stands beside a match as its error rate, and that it is what was measured."""

from itertools import pairwise

import pytest

from archiver.match.calibrated import DATA_SET, OFFSET_ERROR, REACHED
from archiver.match.calibration import KIND, error_rate
from archiver.match.finding import SUFFICIENT, Found
from archiver.model import Finding


@pytest.mark.parametrize("kind", list(REACHED))
def test_a_higher_score_has_no_higher_rate(kind: str) -> None:
    pairs, rows = REACHED[kind]
    assert pairs > 0
    assert rows[-1][0] == 1.0
    for (low, more, worse), (high, fewer, better) in pairwise(rows):
        assert low < high
        assert 0 <= fewer <= more <= pairs
        assert 0 < better <= worse <= 1


@pytest.mark.parametrize("kind", list(REACHED))
def test_no_pair_without_a_common_frame_was_called_one_recording(kind: str) -> None:
    (reached,) = (count for score, count, _ in REACHED[kind][1] if score == SUFFICIENT)
    assert reached == 0


def test_the_bounds_are_those_of_clopper_and_pearson() -> None:
    from scipy.stats import binomtest

    for pairs, rows in REACHED.values():
        for _, count, rate in rows:
            assert rate == pytest.approx(binomtest(count, pairs).proportion_ci(method="exact").high, abs=1e-5)


def test_a_rate_is_read_at_the_score_below_and_is_certain_error_below_the_first() -> None:
    pairs, rows = REACHED[KIND]
    assert error_rate(0.62).rate == next(rate for score, _, rate in rows if score == 0.6)
    assert error_rate(1.0).rate == rows[-1][2]
    assert error_rate(0.1).rate == 1.0
    assert error_rate(0.62).negatives == pairs
    assert error_rate(0.62).data_set.startswith(DATA_SET)


def test_unrelated_films_err_less_than_films_of_one_place() -> None:
    assert error_rate(0.3, "unrelated").rate < error_rate(0.3).rate


def test_a_copy_has_an_error_rate_and_a_scene_has_none() -> None:
    assert Found("item", Finding.SAME_RECORDING, 0.8, ()).error_rate == error_rate(0.8)
    assert Found("item", Finding.SAME_SCENE, 0.48, ()).error_rate is None


def test_places_are_told_to_a_fraction_of_a_second() -> None:
    copies, median, high = OFFSET_ERROR
    assert copies > 0
    assert 0 <= median <= high < 0.5
