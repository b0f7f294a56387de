"""A stretch ends where one film cuts and the other goes on, however alike the next shot looks."""

from dataclasses import replace

import numpy as np
import pytest

from archiver.fingerprint import Fingerprint, pack
from archiver.match import cuts
from archiver.match.alignment import Alignment
from archiver.match.descriptor import WHOLE, Variant
from archiver.match.film import seconds
from archiver.match.finding import judge
from archiver.match.pair import Pair
from archiver.match.register import Placement
from archiver.model import Finding


def test_a_cut_lies_between_its_samples() -> None:
    pictures = np.repeat(np.array([10, 10, 200, 200, 200, 90], np.uint8), 96 * 96).reshape(6, 96, 96)
    times = np.array([0.0, 0.4, 0.6, 1.0, 1.4, 2.0])
    assert cuts.moments(pictures, times).tolist() == pytest.approx([0.5, 1.7])
    assert cuts.moments(pictures[:1], times[:1]).tolist() == []


@pytest.mark.parametrize(
    ("one", "other", "alone"),
    [
        ([], [], []),
        ([1.0, 5.0], [], [1.0, 5.0]),
        ([], [2.0], [2.0]),
        ([1.0, 5.0], [1.3, 7.0], [5.0, 7.0]),  # the first is one cut, sampled at other moments
    ],
)
def test_a_cut_is_alone_where_the_other_film_has_none(one: list[float], other: list[float], alone: list[float]) -> None:
    assert cuts.lone(np.array(one), np.array(other)).tolist() == alone


def _followed_by_one_alike(film: Fingerprint) -> Fingerprint:
    """Four seconds of the film, and then four of another one of the same square: brighter, and nobody moves in it."""
    times = np.array(film.times_ms)
    piece = times < 4000
    pictures = film.pictures()
    still = pictures[piece].mean(axis=0) * 0.7 + np.linspace(70, 110, pictures.shape[2])
    after = np.repeat(np.clip(still, 0, 255).astype(np.uint8)[None], 12, axis=0)
    return replace(
        film,
        duration_ms=8000,
        times_ms=(*times[piece].tolist(), *range(4000, 8000, 334)),
        blocks=pack(np.concatenate([pictures[piece], after])),
    )


def test_a_piece_is_found_although_the_next_one_looks_alike(prints: dict[str, Fingerprint]) -> None:
    item = prints["square"]
    query = _followed_by_one_alike(item)
    for one, other in ((query, item), (item, query)):
        pair = Pair(one.pictures(), seconds(one), other)
        at = pair.refined(Alignment(Variant.PLAIN, WHOLE, Placement.of_boxes(WHOLE, WHOLE), 1.0, 0.2))
        assert at is not None
        whole, *pieces = pair.runs(at)
        assert whole.seconds > 5, "the next piece does not look alike: this shows nothing"
        assert judge(whole) is not Finding.SAME_RECORDING
        found = [run for run in pieces if judge(run) is Finding.SAME_RECORDING]
        assert [(run.first, round(run.seconds)) for run in found] == [(0, 4)]


def test_a_film_with_cuts_of_its_own_is_one_stretch(prints: dict[str, Fingerprint]) -> None:
    item = _followed_by_one_alike(prints["square"])
    pair = Pair(item.pictures(), seconds(item), item)
    (run,) = pair.runs(Alignment(Variant.PLAIN, WHOLE, Placement.of_boxes(WHOLE, WHOLE), 1.0, 0.0))
    assert run.samples == len(item.times_ms)
