"""A first look keeps copies and scenes, and sends away what only seemed alike."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from archiver.match.align import Hypothesis
from archiver.match.clues import Clues
from archiver.match.descriptor import WHOLE, Box, Variant
from archiver.match.film import Entries, Seconds
from archiver.match.firstlook import CHANGES, LOOKS, FirstLook

SIDE, COUNT = 96, 24
TIMES: Seconds = np.arange(COUNT) / 3
NONE = Entries(
    np.empty((0, 4), np.uint64),
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, np.int8),
    np.empty(0, np.bool_),
    (WHOLE,),
)
GUESS = Hypothesis(Variant.PLAIN, WHOLE, WHOLE, 1.0, 0.0, 5.0)
Pixels = npt.NDArray[np.uint8]


def film(seed: int, background: int = 1, moves: float = 1.0) -> Pixels:
    """Waves of `seed` that run over a background that stands still."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE * 2 * np.pi
    still, chance = np.random.default_rng(background), np.random.default_rng(seed)
    scene = sum(np.cos(a * x + b * y + c) for a, b, c in still.uniform(0, 4, (6, 3)))
    waves = [(*chance.uniform(0, 5, 3), chance.uniform(1, 5)) for _ in range(6)]
    frames = [scene + moves * sum(np.cos(a * x + b * y + c + d * t) for a, b, c, d in waves) for t in TIMES]
    levels = np.array(frames)
    return np.asarray(128 + 120 * levels / np.abs(levels).max(), np.uint8)


def clues(of_query: int = COUNT, moved: int = 0) -> Clues:
    """Every sample of the query was found by the item's at its place."""
    asked = np.arange(of_query)
    return Clues(NONE, NONE, (asked, np.clip(asked + moved, 0, COUNT - 1)))


def look(query: Pixels, item: Pixels, found: Clues | None = None) -> FirstLook:
    return FirstLook(query, TIMES[: len(query)], item, TIMES, found or clues(len(query)))


def test_a_copy_moves_alike_where_it_lies_and_a_little_beside_it() -> None:
    item = film(2)
    for offset in (0.0, 0.3, -0.4):
        glance = look(item, item).best([replace(GUESS, offset=offset)])
        assert glance is not None
        assert glance.moves_alike


def test_of_a_copy_of_a_part_that_part_is_looked_at() -> None:
    item, part = film(2), Box(0.25, 0.25, 0.75, 0.75)
    copy = item[:, 24:72, 24:72].repeat(2, axis=1).repeat(2, axis=2)
    glance = look(copy, item).best([replace(GUESS, item_box=part)])
    assert glance is not None
    assert glance.moves_alike
    assert glance.guess.item_box == part


@pytest.mark.parametrize("variant", [Variant.MIRROR, Variant.QUARTER_LEFT, Variant.NEGATIVE])
def test_a_turned_copy_is_turned_back(variant: Variant) -> None:
    item = film(2)
    copies = {
        Variant.MIRROR: item[:, :, ::-1],
        Variant.QUARTER_LEFT: np.rot90(item, 3, axes=(1, 2)),
        Variant.NEGATIVE: 255 - item,
    }
    glance = look(copies[variant], item).best([replace(GUESS, variant=variant)])
    assert glance is not None
    assert glance.moves_alike


def test_another_film_before_the_same_background_is_a_scene_where_it_looks_most_alike() -> None:
    query, item = film(3, moves=0.2), film(4, moves=0.2)
    glance = look(query, item).best([replace(GUESS, speed=-1.0, offset=7.0), GUESS])
    assert glance is not None
    assert glance.changes < CHANGES
    assert glance.looks >= LOOKS
    assert look(query, item).worth([GUESS]) == []


def test_what_neither_moves_nor_looks_alike_is_sent_away() -> None:
    assert look(film(3, background=5), film(4, background=6)).best([GUESS]) is None


def test_an_excerpt_among_other_films_is_judged_by_its_own_samples() -> None:
    item = film(2)
    query = np.concatenate((film(7, 8)[:9], item[9:15], film(9, 10)[:9]))
    found = Clues(NONE, NONE, (np.arange(9, 15), np.arange(9, 15)))
    glance = look(query, item, found).best([GUESS])
    assert glance is not None
    assert glance.moves_alike
    assert look(query, item, clues()).best([GUESS]) is None


def test_of_a_film_of_a_few_frames_four_are_enough() -> None:
    item = film(2)
    copy = item[:6].copy()
    copy[4:] = 255 - copy[4:]
    glance = look(copy, item).best([GUESS])
    assert glance is not None
    assert glance.moves_alike


def test_fewer_samples_than_tell_anything_are_no_evidence() -> None:
    item = film(2)
    assert look(item, item).best([replace(GUESS, offset=7.5)]) is None
    assert look(item[:3], item).best([GUESS]) is None
