"""Pictures are laid over each other: crops, insets, rotation, slant."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.match.descriptor import POINTS, WHOLE, Box, resampled
from archiver.match.register import Placement, agreement, registered, seen
from tests.match.test_insets import drifting

SIDE = 96


def _scene(count: int = 4) -> npt.NDArray[np.float32]:
    return drifting(count, SIDE, SIDE, 7, 3.0).astype(np.float32)


def _view(pictures: npt.NDArray[np.float32], placement: Placement, box: Box = WHOLE) -> npt.NDArray[np.float32]:
    return seen(pictures, placement.grid(box))


def _farthest(one: Placement, other: Placement, box: Box = WHOLE) -> float:
    return float(np.abs(one.grid(box) - other.grid(box)).max())


def rotated(degrees: float, scale: float = 1.0) -> Placement:
    """The query shows the item turned about its middle, and enlarged by 1 / scale."""
    turn = math.radians(degrees)
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    return Placement((cos, -sin, 0.5 - 0.5 * cos + 0.5 * sin, sin, cos, 0.5 - 0.5 * sin - 0.5 * cos, 0.0, 0.0, 1.0))


def test_boxes_map_corner_to_corner() -> None:
    query, item = Box(0.25, 0.5, 0.75, 1.0), Box(0.1, 0.0, 0.9, 0.6)
    x, y = Placement.of_boxes(query, item).grid(query)
    half = 0.5 / POINTS
    assert (x[0, 0], x[0, -1]) == pytest.approx((0.1 + 0.8 * half, 0.9 - 0.8 * half))
    assert (y[0, 0], y[-1, 0]) == pytest.approx((0.6 * half, 0.6 - 0.6 * half))
    assert Placement.of_boxes(query, item).share(query) == pytest.approx(0.48)


def test_what_is_seen_through_a_box_is_that_box() -> None:
    pictures, box = _scene(), Box(0.2, 0.1, 0.8, 0.7)
    assert agreement(resampled(pictures, box), _view(pictures, Placement.of_boxes(WHOLE, box))) > 0.99


@pytest.mark.parametrize(
    ("truth", "guess"),
    [
        (Placement.of_boxes(WHOLE, Box(0.05, 0.1, 0.83, 0.88)), Placement.of_boxes(WHOLE, Box(0.09, 0.09, 0.82, 0.82))),
        (rotated(5, 0.85), Placement.of_boxes(WHOLE, Box(0.1, 0.1, 0.9, 0.9))),
        (rotated(-4, 0.8), Placement.of_boxes(WHOLE, Box(0.1, 0.1, 0.9, 0.9))),
        (Placement((0.85, 0.03, 0.06, -0.02, 0.8, 0.1, 0.04, -0.05, 1.0)), Placement.of_boxes(WHOLE, WHOLE)),
    ],
)
def test_a_placement_is_refined_to_the_true_one(truth: Placement, guess: Placement) -> None:
    pictures = _scene()
    query = _view(pictures, truth)
    before = agreement(query, _view(pictures, guess))
    found = registered(guess, WHOLE, query, pictures)
    assert agreement(query, _view(pictures, found)) > max(0.98, before)
    assert _farthest(found, truth) < 0.015


def test_a_sticker_does_not_pull_the_placement_away() -> None:
    pictures, truth = _scene(), Placement.of_boxes(WHOLE, Box(0.08, 0.05, 0.9, 0.87))
    query = _view(pictures, truth)
    query[:, 4:14, 18:30] = 255
    found = registered(Placement.of_boxes(WHOLE, Box(0.1, 0.1, 0.9, 0.9)), WHOLE, query, pictures)
    assert _farthest(found, truth) < 0.02


def test_the_covered_box_is_cut_to_what_the_other_picture_shows() -> None:
    inset = Placement.of_boxes(Box(0.25, 0.25, 0.75, 0.75), WHOLE)
    covered = inset.covered(WHOLE)
    edges = (covered.left, covered.top, covered.right, covered.bottom)
    assert edges == pytest.approx((0.25, 0.25, 0.75, 0.75), abs=0.04)
    turned = rotated(5).covered(WHOLE)
    assert 0.6 < turned.area < 0.98
    assert Placement.of_boxes(WHOLE, Box(0.1, 0.1, 0.6, 0.6)).covered(WHOLE) == WHOLE


@given(st.integers(0, 50), st.floats(0.3, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_unrelated_pictures_give_a_placement_all_the_same(seed: int, side: float, x: float, y: float) -> None:
    noise = np.random.default_rng(seed).uniform(0, 255, (2, SIDE, SIDE)).astype(np.float32)
    left, top = x * (1 - side), y * (1 - side)
    guess = Placement.of_boxes(WHOLE, Box(left, top, left + side, top + side))
    found = registered(guess, WHOLE, resampled(_scene(2), WHOLE), noise)
    assert np.isfinite(found.matrix).all()
    assert np.isfinite(seen(noise, found.grid(WHOLE))).all()
    flat = np.zeros((2, SIDE, SIDE), np.float32)
    assert np.isfinite(registered(guess, WHOLE, resampled(flat, WHOLE), flat).matrix).all()
