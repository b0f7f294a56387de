"""What changes apart from the camera's own movement tells two people's films of one place from a copy."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from archiver.demo.drawing import Shot, film
from archiver.match import proper
from archiver.match.descriptor import WHOLE, Floats, coefficients
from archiver.match.finding import evidence, judge
from archiver.match.pair import Run
from archiver.match.proper import proper_change
from archiver.match.residual import change
from archiver.model import Finding

SECONDS = 7
STREET = Shot(41, pan=20, shake=0.7, people=12, sky=(190, 196, 204), wall=(150, 130, 110))


def _drawn(shot: Shot) -> Floats:
    """Coefficients of every fifth picture, three a second."""
    kept = [picture for number, picture in enumerate(film(shot, SECONDS * 15)) if number % 5 == 0]
    grey = np.stack(kept).mean(axis=3)[:, :264, :]  # rows and columns in threes
    small = grey.reshape(len(grey), 88, 3, 160, 3).mean(axis=(2, 4))[:, :, :88]
    return coefficients(small, WHOLE)


@pytest.fixture(scope="module")
def street() -> Floats:
    return _drawn(STREET)


def _run(a: Floats, b: Floats) -> Run:
    return Run(0, len(a) - 1, float(SECONDS), 0.95, change(a, b), proper_change(a, b))


def test_two_hands_that_pan_over_one_street_are_two_recordings(street: Floats) -> None:
    """Looks and changes agree as in a copy, because the houses go by alike."""
    other = _run(street, _drawn(replace(STREET, camera=1, begins=60)))
    assert other.change.residual > 0.8
    assert other.change.detail > 0.6
    assert other.proper < 0.2
    assert judge(other) is Finding.SAME_SCENE


def test_a_noisy_copy_of_a_pan_is_one_recording(street: Floats) -> None:
    noise = np.random.default_rng(3).normal(0, 4, street.shape).astype(np.float32)
    copy = _run(street, 0.6 * street + noise)
    assert copy.proper > 0.6
    assert judge(copy) is Finding.SAME_RECORDING
    assert evidence(copy) > 0.7


def _tiles(seed: int) -> Floats:
    """A camera moves over tiles of chance levels."""
    rng = np.random.default_rng(seed)
    tiles: npt.NDArray[np.float64] = rng.normal(size=(9, 9)).repeat(24, axis=0).repeat(24, axis=1) * 40 + 128
    return coefficients(np.stack([tiles[2 * at : 2 * at + 96, at : at + 96] for at in range(24)]), WHOLE)


def test_edges_of_one_grid_that_move_alike_are_no_common_change() -> None:
    values = [proper_change(_tiles(one), _tiles(two)) for one, two in ((1, 2), (3, 4), (5, 6))]
    assert max(values) < 0.3
    assert proper_change(_tiles(1), _tiles(1)) == pytest.approx(1.0, abs=1e-4)


def test_light_that_changes_alike_is_the_cameras(street: Floats) -> None:
    scene = street[:1]
    light = 1 + 0.3 * np.sin(np.arange(20, dtype=np.float32) / 3)[:, None]
    one, two = (
        (scene * light + np.random.default_rng(seed).normal(0, 5, (20, 256))).astype(np.float32) for seed in (1, 2)
    )
    assert abs(proper_change(one, two)) < 0.2


def test_a_long_run_is_taken_in_parts_and_thinned(monkeypatch: pytest.MonkeyPatch, street: Floats) -> None:
    other = street + np.random.default_rng(3).normal(0, 60, street.shape).astype(np.float32)
    whole = proper_change(street, other)
    monkeypatch.setattr(proper, "_CHUNK", 5)
    assert proper_change(street, other) == pytest.approx(whole, abs=1e-5)
    monkeypatch.setattr(proper, "_MOST_STEPS", 12)
    assert proper_change(street, other) == pytest.approx(whole, abs=0.15)


@pytest.mark.parametrize("samples", [1, 2, 9])
def test_what_does_not_change_says_nothing(samples: int) -> None:
    flat, still = np.zeros((samples, 256), np.float32), np.ones((samples, 256), np.float32)
    assert proper_change(flat, flat) == proper_change(flat, still) == 0.0
    assert np.isfinite(proper_change(still, still))
