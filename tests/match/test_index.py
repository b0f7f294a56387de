"""Copies are found with the seconds where they overlap, and what is no copy is not called one."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from archiver.demo import footage
from archiver.fingerprint import Fingerprint, pack
from archiver.match.index import Found, Index
from archiver.model import Finding
from tests.match.conftest import seen

TOLERANCE = 0.7


def _index(prints: dict[str, Fingerprint], names: Iterable[str] = ("march", "square", "market")) -> Index:
    index = Index()
    for name in names:
        index.add(name, prints[name])
    return index


def _only(found: list[Found]) -> Found:
    copies = [each for each in found if each.finding is Finding.SAME_RECORDING]
    assert len(copies) == 1, found
    assert found[0] is copies[0]
    return copies[0]


def _near(found: Found, *, a: tuple[float, float], b: tuple[float, float]) -> None:
    assert len(found.segments) == 1
    segment = found.segments[0]
    assert (segment.a_start, segment.a_end) == pytest.approx(a, abs=TOLERANCE)
    assert (segment.b_start, segment.b_end) == pytest.approx(b, abs=TOLERANCE)


def part(whole: Fingerprint, start: float, end: float) -> Fingerprint:
    """The fingerprint of the seconds [start, end) of a film."""
    times = np.array(whole.times_ms)
    kept = (times >= start * 1000) & (times < end * 1000)
    return dataclasses.replace(
        whole,
        duration_ms=round((end - start) * 1000),
        times_ms=tuple((times[kept] - times[kept][0]).tolist()),
        blocks=pack(whole.pictures()[kept]),
    )


@pytest.mark.parametrize("name", ["march", "square"])
def test_a_rescaled_repost_is_found_whole(
    name: str, scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    copy = seen(footage.repost(scenes[name], tmp_path / "copy.mp4", width=240, bit_rate=90_000))
    found = _only(_index(prints).query(copy))
    assert found.item_id == name
    assert found.transform["mirror"] is False
    assert found.transform["speed"] == 1.0
    _near(found, a=(0, 9), b=(0, 9))
    assert 0.65 <= found.score <= 1.0


def test_a_mirrored_repost_with_a_caption_bar_is_found(
    scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    found = _only(_index(prints).query(seen(footage.mirrored(scenes["march"], tmp_path / "copy.mp4"))))
    assert found.item_id == "march"
    assert found.transform["mirror"] is True
    _near(found, a=(0, 9), b=(0, 9))


@pytest.mark.parametrize("name", ["march", "square", "market"])
def test_an_excerpt_is_found_at_its_seconds(
    name: str, scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    copy = seen(footage.excerpt(scenes[name], tmp_path / "copy.mp4", start=2.6, seconds=5))
    found = _only(_index(prints).query(copy))
    assert found.item_id == name
    _near(found, a=(2.6, 7.6), b=(0, 5))


def test_the_whole_film_finds_an_indexed_excerpt(
    scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    index = Index()
    index.add("excerpt", seen(footage.excerpt(scenes["march"], tmp_path / "copy.mp4", start=2.6, seconds=5)))
    _near(_only(index.query(prints["march"])), a=(0, 5), b=(2.6, 7.6))


def test_both_pieces_of_a_compilation_are_found(prints: dict[str, Fingerprint]) -> None:
    pieces = [part(prints["march"], 0.5, 5.5), part(prints["market"], 3, 8)]
    joined = dataclasses.replace(
        pieces[0],
        duration_ms=10_000,
        times_ms=(*pieces[0].times_ms, *(each + 5000 for each in pieces[1].times_ms)),
        blocks=pack(np.concatenate([each.pictures() for each in pieces])),
    )
    found = {each.item_id: each for each in _index(prints).query(joined)}
    assert {name for name, each in found.items() if each.finding is Finding.SAME_RECORDING} == {"march", "market"}
    _near(found["march"], a=(0.5, 5.5), b=(0, 5))
    _near(found["market"], a=(3, 8), b=(5, 10))


def test_a_faster_copy_is_found_with_its_speed(prints: dict[str, Fingerprint]) -> None:
    whole = prints["march"]
    faster = dataclasses.replace(
        whole,
        duration_ms=round(whole.duration_ms / 1.25),
        times_ms=tuple(round(each / 1.25) for each in whole.times_ms),
    )
    found = _only(_index(prints).query(faster))
    assert found.transform["speed"] == 1.25
    _near(found, a=(0, 9), b=(0, 7.2))


def test_unrelated_films_are_not_found(prints: dict[str, Fingerprint]) -> None:
    assert _index(prints, ("square", "market")).query(prints["march"]) == []
    assert _index(prints, ("march", "market")).query(prints["square"]) == []


def test_parts_of_a_fixed_cameras_film_are_at_most_the_same_scene(prints: dict[str, Fingerprint]) -> None:
    pieces = [part(prints["square"], *span) for span in ((0, 4), (5, 9), (0, 2.7), (3.1, 5.8), (6.2, 9))]
    for one, other in ((0, 1), (1, 0), (2, 3), (3, 4), (2, 4), (4, 2)):
        index = Index()
        index.add("piece", pieces[one])
        assert [each.finding for each in index.query(pieces[other])] in ([], [Finding.SAME_SCENE])


def test_a_film_without_motion_is_undecided_even_against_itself(prints: dict[str, Fingerprint]) -> None:
    frozen = dataclasses.replace(
        prints["square"],
        blocks=pack(np.repeat(prints["square"].pictures()[:1], len(prints["square"].times_ms), axis=0)),
    )
    index = Index()
    index.add("frozen", frozen)
    assert [each.finding for each in index.query(frozen)] == [Finding.SAME_SCENE]


def test_changing_light_on_a_still_scene_is_no_motion(prints: dict[str, Fingerprint]) -> None:
    still = prints["square"].pictures()[0].astype(np.float32)
    gains = np.linspace(0.7, 1.1, len(prints["square"].times_ms))
    dimmed = [
        dataclasses.replace(prints["square"], blocks=pack((still * ramp[:, None, None]).astype(np.uint8)))
        for ramp in (gains, gains**1.4)
    ]
    index = Index()
    index.add("dimmed", dimmed[0])
    assert [each.finding for each in index.query(dimmed[1])] == [Finding.SAME_SCENE]


def test_a_screenshot_finds_the_clip_and_the_second(
    scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    shot = seen(footage.still(scenes["march"], tmp_path / "shot.jpg", second=4.5), "image")
    found = _index(prints).query(shot)
    assert [(each.item_id, each.finding) for each in found] == [("march", Finding.SAME_SCENE)]
    (segment,) = found[0].segments
    assert segment.a_start - TOLERANCE <= 4.5 <= segment.a_end + TOLERANCE
    assert (segment.b_start, segment.b_end) == (0, 0)
    index = Index()
    index.add("shot", shot)
    (other_way,) = index.query(prints["march"])
    assert other_way.segments[0].b_start - TOLERANCE <= 4.5 <= other_way.segments[0].b_end + TOLERANCE


def test_a_resaved_image_is_found_and_another_picture_is_not(scenes: dict[str, Path], tmp_path: Path) -> None:
    from PIL import Image

    footage.still(scenes["march"], tmp_path / "one.png", second=2)
    footage.still(scenes["market"], tmp_path / "other.png", second=2)
    with Image.open(tmp_path / "one.png") as image:
        image.resize((200, 112)).save(tmp_path / "small.jpg", quality=50)
        image.crop((16, 9, 320 - 20, 180 - 6)).save(tmp_path / "cropped.jpg", quality=70)
    index = Index()
    for name in ("one", "other"):
        index.add(name, seen(tmp_path / f"{name}.png", "image"))
    for name in ("small", "cropped"):
        found = index.query(seen(tmp_path / f"{name}.jpg", "image"))
        assert [(each.item_id, each.finding) for each in found] == [("one", Finding.SAME_RECORDING)]


def test_answers_do_not_depend_on_the_order_of_adding(prints: dict[str, Fingerprint]) -> None:
    piece = part(prints["march"], 2, 7)
    assert _index(prints).query(piece) == _index(prints, ("market", "square", "march")).query(piece)


def test_excluded_items_are_left_out(prints: dict[str, Fingerprint]) -> None:
    assert _index(prints).query(prints["march"], exclude={"march"}) == []


def test_an_empty_and_a_black_film_find_nothing(prints: dict[str, Fingerprint]) -> None:
    empty = dataclasses.replace(prints["march"], times_ms=(), blocks=())
    black = dataclasses.replace(prints["march"], blocks=pack(np.zeros_like(prints["march"].pictures())))
    index = _index(prints)
    index.add("empty", empty)
    index.add("black", black)
    assert index.query(empty) == []
    assert index.query(black) == []
    assert len(index) == 5
