"""Boxes, variants and codes: what a copy does to a picture can be undone."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.match.align import distances
from archiver.match.descriptor import (
    KEEP,
    POINTS,
    WHOLE,
    Box,
    Variant,
    alike,
    codes,
    coefficients,
    coefficients_of,
    coefficients_of_points,
    contrast,
    resampled,
    turned,
    turned_back_box,
    turned_box,
)

SIDE = 64


def _smooth(count: int = 3, seed: int = 4) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).uniform(20, 230, (count, 8, 8))
    return np.asarray(np.kron(coarse, np.ones((8, 8))), np.uint8)


def test_coefficients_are_the_orthonormal_dct_of_the_area_scaled_box() -> None:
    from scipy.fft import dctn

    pictures = _smooth()
    halved = pictures.reshape(3, POINTS, 2, POINTS, 2).mean(axis=(2, 4))
    expected = dctn(halved, axes=(1, 2), norm="ortho")[:, :KEEP, :KEEP]
    expected[:, 0, 0] = 0
    assert np.allclose(coefficients(pictures, WHOLE), expected.reshape(3, -1), atol=0.02)


def test_a_box_is_as_good_as_a_cut_out_picture() -> None:
    large = _smooth(1)
    box = Box(0.25, 0.125, 0.75, 0.875)
    cut = large[:, 8:56, 16:48]
    grown = np.repeat(np.repeat(cut, 4, axis=1), 6, axis=2).astype(np.float32)
    scaled = grown.reshape(1, SIDE, 3, SIDE, 3).mean(axis=(2, 4))
    assert alike(coefficients(large, box), coefficients(scaled, WHOLE))[0] > 0.999


@pytest.mark.parametrize(
    ("variant", "undo"),
    [
        (Variant.PLAIN, lambda p: p),
        (Variant.MIRROR, lambda p: p[:, :, ::-1]),
        (Variant.QUARTER_LEFT, lambda p: np.rot90(p, -1, axes=(1, 2))),
        (Variant.QUARTER_RIGHT, lambda p: np.rot90(p, 1, axes=(1, 2))),
        (Variant.HALF, lambda p: p[:, ::-1, ::-1]),
        (Variant.HALF_MIRROR, lambda p: p[:, ::-1]),
        (Variant.QUARTER_LEFT_MIRROR, lambda p: np.rot90(p[:, :, ::-1], -1, axes=(1, 2))),
        (Variant.QUARTER_RIGHT_MIRROR, lambda p: np.rot90(p[:, :, ::-1], 1, axes=(1, 2))),
        (Variant.NEGATIVE, lambda p: 255 - p),
    ],
)
def test_a_variant_undoes_what_was_done(variant: Variant, undo: object) -> None:
    pictures = _smooth()
    assert callable(undo)
    assert np.array_equal(turned(undo(pictures), variant), pictures)


@pytest.mark.parametrize("variant", list(Variant))
def test_a_box_turns_with_its_picture(variant: Variant) -> None:
    pictures = np.zeros((1, SIDE, SIDE), np.uint8)
    box = Box(8 / SIDE, 16 / SIDE, 20 / SIDE, 56 / SIDE)
    pictures[0, 16:56, 8:20] = 200
    moved = turned_box(box, variant)
    edges = (round(edge * SIDE) for edge in (moved.left, moved.top, moved.right, moved.bottom))
    left, top, right, bottom = edges
    inside = turned(pictures, variant)[0, top:bottom, left:right]
    assert inside.size == 40 * 12
    assert (inside == (55 if variant is Variant.NEGATIVE else 200)).all()
    back = turned_back_box(moved, variant)
    assert (back.left, back.top, back.right, back.bottom) == pytest.approx((box.left, box.top, box.right, box.bottom))


def test_resampling_first_gives_the_same_coefficients() -> None:
    pictures, box = _smooth(), Box(0.1, 0.2, 0.7, 0.9)
    assert np.allclose(coefficients_of_points(resampled(pictures, box)), coefficients(pictures, box), atol=0.05)


def test_pictures_of_different_sizes_compare() -> None:
    small = _smooth(1)
    large = np.repeat(np.repeat(small, 3, axis=1), 3, axis=2)[:, ::2, ::2]
    box = Box(0.1, 0.2, 0.9, 0.7)
    assert large.shape == (1, 96, 96)
    assert alike(coefficients(small, box), coefficients(large, box))[0] > 0.99


def test_codes_stand_brightness_and_contrast_and_differ_between_pictures() -> None:
    pictures = _smooth(2)
    plain = codes(coefficients(pictures, WHOLE))
    faded = codes(coefficients((pictures * 0.6 + 40).astype(np.uint8), WHOLE))
    bits = distances(plain, faded)
    assert bits[0, 0] < 20
    assert bits[1, 1] < 20
    assert bits[0, 1] > 80


def test_a_negative_is_as_far_away_as_can_be_said() -> None:
    code = np.array([[0, 2**64 - 1, 5, 9]], np.uint64)
    assert distances(code, ~code)[0, 0] == 255
    assert distances(code, code)[0, 0] == 0


def test_a_flat_picture_has_no_contrast_and_is_like_nothing() -> None:
    flat = coefficients(np.full((1, SIDE, SIDE), 90, np.uint8), WHOLE)
    assert contrast(flat)[0] < 0.01
    assert alike(flat, flat)[0] == 0


_share = st.floats(0, 1)


@given(st.tuples(_share, _share, _share, _share), st.tuples(_share, _share, _share, _share))
def test_a_box_inside_a_box_stays_inside(inner: tuple[float, ...], outer: tuple[float, ...]) -> None:
    def box(edges: tuple[float, ...]) -> Box:
        left, right = sorted((edges[0], edges[2]))
        top, bottom = sorted((edges[1], edges[3]))
        return Box(left, top, right, bottom)

    around, within = box(outer), box(inner).inside(box(outer))
    assert around.left - 1e-9 <= within.left <= within.right <= around.right + 1e-9
    assert around.top - 1e-9 <= within.top <= within.bottom <= around.bottom + 1e-9


def test_many_boxes_at_once_give_what_each_gives_alone() -> None:
    pictures = _smooth()
    boxes = [WHOLE, Box(0.1, 0.0, 0.6, 1.0), Box(0.25, 0.25, 0.5, 0.75), Box(0.3, 0.25, 0.9, 0.75)]
    together = coefficients_of(pictures, boxes)
    assert together.shape == (len(boxes), len(pictures), KEEP * KEEP)
    for box, blocks in zip(boxes, together, strict=True):
        np.testing.assert_allclose(blocks, coefficients(pictures, box), atol=1e-2)
