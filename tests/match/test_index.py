"""Copies are found with the seconds where they overlap, and what is no copy is not called one."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from archiver.demo import footage
from archiver.fingerprint import FORMS, Fingerprint, pack
from archiver.match.descriptor import WHOLE
from archiver.match.index import Found, Index
from archiver.match.register import Placement, seen
from archiver.model import Finding
from tests.match.conftest import fingerprinted
from tests.match.test_register import rotated

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
    copy = fingerprinted(footage.repost(scenes[name], tmp_path / "copy.mp4", width=240, bit_rate=90_000))
    found = _only(_index(prints).query(copy))
    assert found.item_id == name
    assert found.transform["mirror"] is False
    assert found.transform["speed"] == 1.0
    _near(found, a=(0, 9), b=(0, 9))
    assert 0.5 <= found.score <= 1.0


def test_a_mirrored_repost_with_a_caption_bar_is_found(
    scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    found = _only(_index(prints).query(fingerprinted(footage.mirrored(scenes["march"], tmp_path / "copy.mp4"))))
    assert found.item_id == "march"
    assert found.transform["mirror"] is True
    _near(found, a=(0, 9), b=(0, 9))


@pytest.mark.parametrize("name", ["march", "square", "market"])
def test_an_excerpt_is_found_at_its_seconds(
    name: str, scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    copy = fingerprinted(footage.excerpt(scenes[name], tmp_path / "copy.mp4", start=2.6, seconds=5))
    found = _only(_index(prints).query(copy))
    assert found.item_id == name
    _near(found, a=(2.6, 7.6), b=(0, 5))


def test_the_whole_film_finds_an_indexed_excerpt(
    scenes: dict[str, Path], prints: dict[str, Fingerprint], tmp_path: Path
) -> None:
    index = Index()
    index.add("excerpt", fingerprinted(footage.excerpt(scenes["march"], tmp_path / "copy.mp4", start=2.6, seconds=5)))
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


def changed(whole: Fingerprint, pictures: npt.NDArray[np.uint8]) -> Fingerprint:
    """The fingerprint of a film that shows `pictures` at the times of `whole`."""
    times = whole.times_ms[: len(pictures)]
    return dataclasses.replace(whole, times_ms=times, duration_ms=times[-1] + 200, blocks=pack(pictures))


def composite(below: Fingerprint, above: Fingerprint, box: tuple[int, int, int, int]) -> Fingerprint:
    """`above` scaled down into `box` (left, top, right, bottom, in stored pixels) of `below`."""
    left, top, right, bottom = box
    count = min(len(below.times_ms), len(above.times_ms))
    shown = above.pictures()[:count]
    at = np.searchsorted(below.times_ms, above.times_ms[:count]).clip(max=len(below.times_ms) - 1)
    pictures = below.pictures()[at]
    place = Placement.of_boxes(WHOLE, WHOLE).grid(WHOLE)
    rows = np.linspace(0, len(place[0]) - 1, bottom - top).astype(int)
    columns = np.linspace(0, len(place[0]) - 1, right - left).astype(int)
    small = seen(shown.astype(np.float32), place)[:, rows][:, :, columns]
    pictures[:, top:bottom, left:right] = small.astype(np.uint8)
    return changed(above, pictures)


@pytest.mark.parametrize("box", [(60, 58, 90, 88), (4, 6, 32, 34), (30, 20, 92, 84)])
def test_a_picture_in_a_picture_is_found_whichever_came_first(
    box: tuple[int, int, int, int], prints: dict[str, Fingerprint]
) -> None:
    both = composite(prints["square"], prints["march"], box)
    assert "march" in {each.item_id for each in _index(prints).query(both) if each.finding is Finding.SAME_RECORDING}
    index = Index()
    index.add("both", both)
    found = _only(index.query(prints["march"]))
    assert found.transform["crop"] < 0.6
    assert found.segments[0].b_end - found.segments[0].b_start > 6


def test_the_place_of_an_inset_is_told(prints: dict[str, Fingerprint]) -> None:
    both = composite(prints["square"], prints["march"], (60, 58, 90, 88))
    found = next(each for each in _index(prints, ("march",)).query(both))
    assert found.transform["inset"] == pytest.approx([60 / 96, 58 / 96, 90 / 96, 88 / 96], abs=0.05)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: 255 - p, {"negative": True}),
        (lambda p: p[:, ::-1, ::-1], {"turn": 180, "mirror": False}),
        (lambda p: np.rot90(p, 1, axes=(1, 2)), {"turn": 270, "mirror": False}),
        (lambda p: p.transpose(0, 2, 1), {"mirror": True}),
        (lambda p: p[:, 14:90, 10:82].repeat(2, axis=1).repeat(2, axis=2)[:, :144:3, :144:3], {"mirror": False}),
    ],
    ids=["negative", "half", "quarter", "transposed", "cropped"],
)
def test_a_film_whose_picture_was_changed_is_found(
    change: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]],
    expected: dict[str, object],
    prints: dict[str, Fingerprint],
) -> None:
    pictures = change(prints["march"].pictures())
    if pictures.shape[1] != 96:
        pictures = pictures.repeat(2, axis=1).repeat(2, axis=2)
    found = _only(_index(prints).query(changed(prints["march"], np.ascontiguousarray(pictures))))
    assert found.item_id == "march"
    assert expected.items() <= found.transform.items()


def test_a_film_turned_by_five_degrees_is_found(prints: dict[str, Fingerprint]) -> None:
    grid = rotated(5, 0.85).grid(WHOLE)
    pictures = seen(prints["market"].pictures().astype(np.float32), grid).repeat(3, axis=1).repeat(3, axis=2)
    found = _only(_index(prints).query(changed(prints["market"], pictures.astype(np.uint8))))
    assert found.item_id == "market"
    assert found.score > 0.8


@pytest.mark.parametrize("speed", [0.83, 1.07, 1.22])
def test_a_speed_between_those_that_are_tried_is_found(speed: float, prints: dict[str, Fingerprint]) -> None:
    whole = prints["march"]
    times = tuple(round(each / speed) for each in whole.times_ms)
    other = dataclasses.replace(whole, duration_ms=round(whole.duration_ms / speed), times_ms=times)
    found = _only(_index(prints).query(other))
    assert found.transform["speed"] == pytest.approx(speed, abs=0.02)
    _near(found, a=(0, 9), b=(0, 9 / speed))


def test_a_film_played_backwards_is_found(prints: dict[str, Fingerprint]) -> None:
    whole = prints["march"]
    last = whole.times_ms[-1]
    backwards = dataclasses.replace(
        whole, times_ms=tuple(last - each for each in whole.times_ms[::-1]), blocks=pack(whole.pictures()[::-1])
    )
    found = _only(_index(prints).query(backwards))
    assert found.transform["speed"] == pytest.approx(-1.0, abs=0.02)
    _near(found, a=(0, 9), b=(0, 9))


def test_an_object_of_the_first_algorithm_matches_one_of_the_present(prints: dict[str, Fingerprint]) -> None:
    whole = prints["march"]
    rows = np.linspace(0, 96, 64, endpoint=False).astype(int)
    form = FORMS["archiver-video-dct/1"]
    old = dataclasses.replace(
        whole, algorithm="archiver-video-dct/1", blocks=pack(whole.pictures()[:, rows][:, :, rows], form)
    )
    assert old.pictures().shape[1:] == (64, 64)
    assert _only(_index(prints).query(old)).item_id == "march"
    index = Index()
    index.add("old", old)
    _near(_only(index.query(whole)), a=(0, 9), b=(0, 9))


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
    shot = fingerprinted(footage.still(scenes["march"], tmp_path / "shot.jpg", second=4.5), "image")
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
        index.add(name, fingerprinted(tmp_path / f"{name}.png", "image"))
    for name in ("small", "cropped"):
        found = index.query(fingerprinted(tmp_path / f"{name}.jpg", "image"))
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
