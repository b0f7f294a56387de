"""Films compete for each stretch of a query by itself, so that a small share is not crowded out by large ones."""

import numpy as np

from archiver.fingerprint import BLOCK, SIDE, Fingerprint
from archiver.match import ranking
from archiver.match.lookup import Hits

Row = tuple[int, int, int, int]


def hits(*found: Row) -> Hits:
    """Rows of (sample of the query, film, sample of the film, support)."""
    row, film, sample, support = (np.array(column, np.int64) for column in zip(*found, strict=True))
    return Hits(row, film, sample, support, np.arange(len(found)))


def ranked(found: Hits, stretch: list[int]) -> list[tuple[int, tuple[int, ...]]]:
    samples = np.arange(len(stretch), dtype=np.int32)
    chosen = ranking.candidates(found, samples, np.array(stretch), str)
    return [(each.film, each.blocks) for each in chosen]


def test_the_best_of_every_stretch_come_before_the_second_best_of_any() -> None:
    fillers = [(sample, film, sample, 80 - film) for sample in range(30) for film in range(1, 100)]
    excerpt = [(sample, 0, sample, 30) for sample in range(30, 33)]
    order = ranked(hits(*fillers, *excerpt), [0] * 30 + [1] * 3)
    assert {film for film, _ in order[:2]} == {0, 1}
    assert len(order) == ranking.CANDIDATES + 2 * ranking.MORE_CANDIDATES


def test_a_sample_counts_once_and_by_its_nearest_code() -> None:
    often = [(0, 1, sample, 20) for sample in range(50)]
    once = [(0, 2, 0, 12), (1, 2, 1, 13)]
    assert ranked(hits(*often, *once), [0, 0, 0]) == [(2, (0,))]


def test_a_long_film_has_no_more_votes_than_a_short_one() -> None:
    scattered = [(sample, 1, sample * BLOCK, 20) for sample in range(20)]
    together = [(sample, 2, 5 * BLOCK + sample, 20) for sample in range(3)]
    assert ranked(hits(*scattered, *together), [0] * 20) == [(2, (5,))]


def test_the_blocks_that_hold_what_is_alike_are_named() -> None:
    found = [(sample, 1, place * BLOCK + sample, 40) for sample in range(4) for place in (2, 7)]
    assert ranked(hits(*found), [0, 0, 0, 0]) == [(1, (2, 7))]


def test_an_image_needs_one_near_code_and_a_film_more_than_that() -> None:
    assert ranked(hits((0, 1, 0, 10)), [0]) == [(1, (0,))]
    assert ranked(hits((0, 1, 0, 9)), [0]) == []
    assert ranked(hits((0, 1, 0, 10)), [0, 0, 0]) == []


def test_equals_are_told_apart_by_name_not_by_number() -> None:
    found = hits(*((0, film, 0, 50) for film in range(100)))
    samples, stretch = np.zeros(1, np.int32), np.zeros(1, np.int64)
    there = ranking.candidates(found, samples, stretch, lambda film: f"{film:03}")
    back = ranking.candidates(found, samples, stretch, lambda film: f"{99 - film:03}")
    assert [each.film for each in there] == [99 - each.film for each in back]


def test_what_is_not_wanted_takes_nobodys_place() -> None:
    found = hits(*((0, film, 0, 50) for film in range(100)))
    samples, stretch = np.zeros(1, np.int32), np.zeros(1, np.int64)
    chosen = ranking.candidates(found, samples, stretch, str, lambda name: name in ("98", "99"))
    assert {each.film for each in chosen} == {98, 99}


def test_stretches_are_shots_and_parts_of_long_ones(prints: dict[str, Fingerprint]) -> None:
    march = ranking.stretches(prints["march"].pictures())
    assert set(np.diff(march).tolist()) <= {0, 1}
    assert march[-1] >= 2, "three shots"
    still = np.zeros((100, SIDE, SIDE), np.uint8)
    assert np.bincount(ranking.stretches(still)).tolist() == [25, 25, 25, 25]
    two_shots = still[:40].copy()
    two_shots[10:] = 200
    assert np.bincount(ranking.stretches(two_shots)).tolist() == [10, 30]
    assert len(ranking.stretches(still[:0])) == 0


def test_footage_that_flickers_is_not_torn_into_samples() -> None:
    flicker = np.zeros((20, SIDE, SIDE), np.uint8)
    flicker[::2] = 200
    assert np.bincount(ranking.stretches(flicker)).min() >= 6
