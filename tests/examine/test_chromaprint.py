"""Chromaprint as fpcalc computes it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archiver.examine.chromaprint import Chromaprint
from tests import signals

EXPECTED = json.loads((Path(__file__).parent / "vectors" / "chromaprint.json").read_text("utf-8"))
SOUNDS = signals.sounds()


@pytest.mark.parametrize("name", SOUNDS)
def test_sub_fingerprints_are_those_of_fpcalc(name: str) -> None:
    made = Chromaprint()
    made.feed(SOUNDS[name])
    assert made.finish().tolist() == EXPECTED[name]


def test_the_vectors_say_something() -> None:
    assert len(set(EXPECTED["tune"])) > 60
    assert len(set(EXPECTED["silence"])) == 1
    assert EXPECTED["short"] == []


@pytest.mark.parametrize("length", [1, 977, 4_095, 4_096, 50_000])
def test_the_lengths_of_the_pieces_make_no_difference(length: int) -> None:
    made, sound = Chromaprint(), SOUNDS["tune"]
    sound = sound[:45_000] if length == 1 else sound
    for at in range(0, len(sound), length):
        made.feed(sound[at : at + length])
    assert made.finish().tolist() == EXPECTED["tune"][: made.frames - 19]
    assert made.frames > 20


def test_nothing_heard_gives_nothing() -> None:
    made = Chromaprint()
    made.feed(np.empty(0, np.int16))
    assert made.finish().tolist() == []
