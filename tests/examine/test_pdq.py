"""PDQ as everybody else computes it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archiver.examine.pdq import pdq
from tests import signals

EXPECTED = json.loads((Path(__file__).parent / "vectors" / "pdq.json").read_text("utf-8"))
PICTURES = signals.pictures()


@pytest.mark.parametrize("name", PICTURES)
def test_bits_and_quality_are_those_of_the_reference(name: str) -> None:
    hashed, quality = pdq(PICTURES[name])
    assert [hashed.hex(), quality] == EXPECTED[name]


def test_every_vector_is_compared() -> None:
    assert set(EXPECTED) == set(PICTURES)
    assert len({hashed for hashed, _ in EXPECTED.values()}) > 7, "the pictures are not all one to PDQ"


def test_a_large_picture_is_hashed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pdq(PICTURES["1280x720"])
    monkeypatch.setattr("archiver.examine.pdq._ROWS", 100)
    assert pdq(PICTURES["1280x720"]) == whole


def test_levels_of_a_narrower_range_give_the_same_hash_and_quality() -> None:
    levels = PICTURES["160x90"][:, :, 0]
    narrow = np.round(16 + levels * (219 / 255)).astype(np.uint8)
    (full, quality), (hashed, same) = pdq(levels), pdq(narrow, 16, 235)
    assert (int.from_bytes(full) ^ int.from_bytes(hashed)).bit_count() <= 4
    assert abs(quality - same) <= 2
    assert pdq(narrow)[1] <= same, "without being told, less contrast is less quality"


@pytest.mark.parametrize("shape", [(1, 1), (4, 200), (200, 4)])
def test_what_is_too_small_has_no_hash(shape: tuple[int, int]) -> None:
    assert pdq(np.full(shape, 99, np.uint8)) == (bytes(32), 0)
