"""What stands beside a match as its error rate, and that it is what was measured."""

from itertools import pairwise

import pytest

from archiver.match.calibrated import DATA_SET, OFFSET_ERROR, REACHED
from archiver.match.calibration import KIND, error_rate
from archiver.match.finding import SUFFICIENT


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
    count, rate = next((count, rate) for score, count, rate in rows if score == 0.6)
    found = error_rate(0.62)
    assert (found.errors, found.negatives) == (count, pairs)
    assert found.ppm == pytest.approx(1e6 * rate, abs=1)
    assert found.data.startswith(DATA_SET)
    assert error_rate(1.0).ppm == pytest.approx(1e6 * rows[-1][2], abs=1)
    assert error_rate(0.1).ppm == 1_000_000


def test_unrelated_films_err_less_than_films_of_one_place() -> None:
    assert error_rate(0.3, "unrelated").ppm < error_rate(0.3).ppm


def test_places_are_told_to_a_fraction_of_a_second() -> None:
    copies, median, high = OFFSET_ERROR
    assert copies > 0
    assert 0 <= median <= high < 0.5
