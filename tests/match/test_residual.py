"""What changes alike, and what only looks alike."""

import numpy as np
import numpy.typing as npt
import pytest

from archiver.match.descriptor import POINTS, Floats
from archiver.match.finding import MIN_DETAIL, MIN_PROPER, MIN_RESIDUAL, SUFFICIENT, evidence, judge, judge_still, score
from archiver.match.pair import Run
from archiver.match.residual import STILL, Change, change
from archiver.match.still import weakest_part
from archiver.model import Finding


def _moving(seed: int, samples: int = 20) -> Floats:
    chance = np.random.default_rng(seed)
    steps: npt.NDArray[np.float64] = chance.normal(0, 30, (samples, 256))
    return (steps + np.random.default_rng(99).normal(0, 300, 256)).astype(np.float32)


def test_a_copy_changes_alike_under_noise_and_contrast() -> None:
    original = _moving(1)
    copy = 0.6 * original + np.random.default_rng(2).normal(0, 4, original.shape).astype(np.float32)
    seen = change(original, copy)
    assert seen.residual > 0.9
    assert seen.detail > 0.9
    assert seen.motion == pytest.approx(0.6 * 30 * 16 / 32, rel=0.15)


def test_another_film_of_the_same_scene_changes_otherwise() -> None:
    seen = change(_moving(1), _moving(3))
    assert abs(seen.residual) < 0.2
    assert abs(seen.detail) < 0.2


def test_light_that_goes_up_and_down_alike_is_no_evidence() -> None:
    scene = np.random.default_rng(99).normal(0, 300, 256)
    light = 1 + 0.3 * np.sin(np.arange(20) / 3)
    films = [(scene * light[:, None] + np.random.default_rng(seed).normal(0, 2, (20, 256))) for seed in (1, 2)]
    seen = change(films[0].astype(np.float32), films[1].astype(np.float32))
    assert abs(seen.residual) < 0.3


def test_one_large_thing_in_common_does_not_make_up_for_all_the_rest() -> None:
    one, two = _moving(1), _moving(3)
    shared = np.random.default_rng(5).normal(0, 900, 20).astype(np.float32)
    one[:, 1], two[:, 1] = shared, shared
    seen = change(one, two)
    assert seen.residual > MIN_RESIDUAL
    assert seen.detail < 0.2
    assert judge(Run(0, 19, 6.0, 0.95, seen, 1.0)) is Finding.SAME_SCENE


def test_stillness_says_nothing() -> None:
    still = np.ones((9, 256), np.float32)
    assert change(still, still) == STILL
    assert judge(Run(0, 8, 9.0, 1.0, STILL, 1.0)) is Finding.SAME_SCENE


def test_short_runs_need_more_detail() -> None:
    barely = Change(0.9, MIN_DETAIL + 0.05, 5.0)
    assert judge(Run(0, 30, 10.0, 0.95, barely, 1.0)) is Finding.SAME_RECORDING
    assert judge(Run(0, 4, 1.3, 0.95, barely, 1.0)) is Finding.SAME_SCENE
    assert judge(Run(0, 4, 1.3, 0.8, barely, 1.0)) is None


def test_the_weakest_correlation_decides_and_half_is_enough() -> None:
    enough = Change(MIN_RESIDUAL, MIN_DETAIL, 5.0)
    assert evidence(Run(0, 30, 10.0, 0.95, enough, MIN_PROPER)) == SUFFICIENT
    assert evidence(Run(0, 30, 10.0, 0.95, Change(1.0, 1.0, 5.0), 1.0)) == 1.0
    for weak in (Change(1.0, 0.1, 5.0), Change(0.1, 1.0, 5.0), Change(1.0, 1.0, 0.1), Change(-0.5, 1.0, 5.0)):
        assert 0 <= evidence(Run(0, 30, 10.0, 0.95, weak, 1.0)) < 0.2
    assert 0 <= evidence(Run(0, 30, 10.0, 0.95, Change(1.0, 1.0, 5.0), 0.1)) < 0.2


def test_a_still_never_shows_that_a_video_is_the_same() -> None:
    assert judge_still(1.0, 1.0, images=False) is Finding.SAME_SCENE
    assert judge_still(1.0, 1.0, images=True) is Finding.SAME_RECORDING
    assert judge_still(0.8, 1.0, images=True) is None


def test_two_pictures_of_one_room_in_which_one_part_differs_are_the_same_scene() -> None:
    room = np.random.default_rng(1).normal(120, 30, (POINTS, POINTS)).astype(np.float32)
    other = room.copy()
    other[8:16, 8:16] = other[8:16, 8:16][::-1, ::-1]
    assert weakest_part(room, room * 0.7 + 20) > 0.99
    assert weakest_part(room, other) < 0.5
    assert judge_still(0.99, weakest_part(room, other), images=True) is Finding.SAME_SCENE
    flat = np.zeros_like(room)
    assert weakest_part(room, flat) == weakest_part(flat, flat) == 0.0


def test_a_scene_never_scores_above_a_copy() -> None:
    run = Run(0, 30, 10.0, 1.0, Change(0.66, 0.6, 5.0), 0.7)
    assert score(Finding.SAME_SCENE, run) <= 0.5 < score(Finding.SAME_RECORDING, run)
