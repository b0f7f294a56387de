"""The same sound is found with its seconds; what is steady, silent or a loop says nothing."""

from __future__ import annotations

import itertools
from math import ceil

import numpy as np
import numpy.typing as npt
import pytest

from archiver.examine.chromaprint import Chromaprint
from archiver.match import soundindex
from archiver.match.finding import Found
from archiver.match.soundindex import SoundIndex
from archiver.model import Finding
from archiver.standard import SOUND_RATE, SoundPrint
from tests import signals

Samples = npt.NDArray[np.int16]


def heard(samples: Samples, start_ms: int = 0) -> SoundPrint:
    made = Chromaprint()
    made.feed(samples)
    return SoundPrint(len(samples) * 1000 // SOUND_RATE, start_ms, tuple(made.finish().tolist()), {}, {})


def found(item: Samples, query: Samples) -> list[Found]:
    index = SoundIndex()
    index.add("i", heard(item))
    return index.query(heard(query))


def lossy(samples: Samples) -> Samples:
    """As a coder leaves it: quieter, coarser, with noise under it and the highest frequencies gone."""
    smooth = np.convolve(samples, [0.25, 0.5, 0.25], "same") * 0.6
    return (np.round(smooth / 64) * 64 + signals.noise(len(samples) // SOUND_RATE + 1)[: len(samples)] / 60).astype(
        np.int16
    )


def seconds(one: float, other: float) -> slice:
    return slice(round(one * SOUND_RATE), round(other * SOUND_RATE))


TUNE, OTHER = signals.tune(30, 7), signals.tune(30, 99)
NOISE = np.concatenate([signals.noise(12, seed) for seed in (1, 2)])
_WAVES = np.sin(2 * np.pi * np.outer((50, 100, 150, 250), np.arange(30 * SOUND_RATE)) / SOUND_RATE)
HUM = (_WAVES.sum(axis=0) * 3_000).astype(np.int16)
SILENCE = np.zeros(30 * SOUND_RATE, np.int16)


def test_a_copy_is_the_same_sound_from_end_to_end() -> None:
    (one,) = found(TUNE, lossy(TUNE))
    assert (one.finding, one.algorithm, dict(one.transform)) == (Finding.SAME_SOUND, "archiver-sound/1", {})
    assert one.score > 0.7
    assert one.error_rate is not None
    assert (one.error_rate.errors, one.error_rate.ppm) == (0, ceil(1e6 * (1 - 0.05 ** (1 / one.error_rate.negatives))))
    (segment,) = one.segments
    assert (segment.a_start, segment.b_start) == (0, 0)
    assert segment.a_end == segment.b_end == pytest.approx(30, abs=0.2)


def test_an_excerpt_is_placed_in_the_whole() -> None:
    (one,) = found(TUNE, lossy(TUNE[seconds(11.5, 19)]))
    (segment,) = one.segments
    assert [segment.a_start, segment.a_end] == pytest.approx([11.5, 19], abs=0.2)
    assert [segment.b_start, segment.b_end] == pytest.approx([0, 7.5], abs=0.2)


def test_a_compilation_is_placed_stretch_by_stretch() -> None:
    reel = np.concatenate([OTHER[seconds(0, 6)], TUNE[seconds(2, 12)], OTHER[seconds(9, 13)], TUNE[seconds(20, 29)]])
    (one,) = found(TUNE, lossy(reel))
    spans = [(s.b_start, s.b_end, s.a_start, s.a_end) for s in one.segments]
    assert len(spans) == 2
    for span, expected in zip(spans, [(6, 16, 2, 12), (20, 29, 20, 29)], strict=True):
        assert span == pytest.approx(expected, abs=1.0)


def test_a_copy_that_runs_faster_says_how_much() -> None:
    faster = signals.tune(30, 7, per_second=4)
    length = SOUND_RATE // 4
    notes = [faster[at : at + round(length / 1.1)] for at in range(0, len(faster), length)]
    (one,) = found(TUNE, np.concatenate(notes))
    assert one.transform == {"speed": 1.1}
    (segment,) = one.segments
    assert segment.a_end - segment.a_start == pytest.approx(1.1 * (segment.b_end - segment.b_start), abs=1.0)


def test_sound_that_begins_later_in_the_footage_is_placed_there() -> None:
    index = SoundIndex()
    index.add("i", heard(TUNE, start_ms=2_000))
    (one,) = index.query(heard(TUNE[seconds(5, 15)], start_ms=-500))
    (segment,) = one.segments
    assert segment.a_start == pytest.approx(7, abs=0.2)
    assert segment.b_start == 0, "what lies before the footage is not shown"


@pytest.mark.parametrize(
    ("item", "query"),
    [
        *itertools.permutations((TUNE, OTHER, NOISE), 2),
        (SILENCE, SILENCE),
        (HUM, HUM),
        (HUM, lossy(HUM)),
        (NOISE[seconds(0, 11)], NOISE[seconds(12, 23)]),
        (TUNE[seconds(0, 13)], TUNE[seconds(15, 30)]),
        (np.tile(TUNE[seconds(0, 2)], 9), np.tile(TUNE[seconds(0, 2)], 9)[seconds(3, 14)]),
        (TUNE, TUNE[seconds(4, 6)]),
        (TUNE, TUNE[::-1]),
    ],
)
def test_what_shows_no_copy_is_none(item: Samples, query: Samples) -> None:
    assert found(item, query) == []


def test_answers_come_best_first_without_those_left_out_and_in_no_order_of_coming() -> None:
    sounds = {"a": TUNE, "b": OTHER, "c": TUNE[seconds(4, 30)], "d": NOISE}
    answers = []
    for order in ("abcd", "dcba", "cadb"):
        index = SoundIndex()
        for name in order:
            index.add(name, heard(sounds[name]))
        assert len(index) == 4
        answers.append(index.query(heard(TUNE)))
        assert [one.item_id for one in index.query(heard(TUNE), lambda name: name != "a")] == ["c"]
    assert [one.item_id for one in answers[0]] == ["a", "c"]
    assert answers[0] == answers[1] == answers[2]


def test_an_item_with_several_sounds_has_one_answer() -> None:
    index = SoundIndex()
    index.add("i", heard(TUNE[seconds(0, 9)]))
    index.add("i", heard(TUNE))
    (one,) = index.query(heard(TUNE))
    assert one.segments[0].a_end > 29


def test_what_many_share_is_no_clue(monkeypatch: pytest.MonkeyPatch) -> None:
    index = SoundIndex()
    for number in range(4):
        index.add(f"i{number}", heard(TUNE))
    assert len(index.query(heard(TUNE))) == 4
    monkeypatch.setattr(soundindex, "MAX_PLACES", 3)
    assert index.query(heard(TUNE)) == []


def test_a_long_query_is_looked_up_by_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundindex, "MAX_LOOKED_UP", 20)
    assert len(found(TUNE, lossy(TUNE))) == 1


@pytest.mark.parametrize("values", [(), (5,), (5,) * 400])
def test_prints_of_nothing_much_are_no_trouble(values: tuple[int, ...]) -> None:
    index = SoundIndex()
    index.add("i", SoundPrint(0, 0, values, {}, {}))
    index.add("j", heard(TUNE))
    assert index.query(SoundPrint(0, 0, values, {}, {})) == []
    assert [one.item_id for one in index.query(heard(TUNE))] == ["j"]
