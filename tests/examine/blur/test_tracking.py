"""Faces that are seen now and then are hidden without holes, before, between and after."""

from __future__ import annotations

from archiver.covers import Box, Timeline
from archiver.examine.blur.tracking import AROUND_MS, BRIDGED_MS, Sighting, follow

FACE = Box(400_000, 300_000, 100_000, 150_000)
FAR = Box(50_000, 700_000, 100_000, 150_000)


def seen(*looks: tuple[int, tuple[Box, ...]]) -> list[Sighting]:
    """Sightings."""
    return [Sighting(ms, faces) for ms, faces in looks]


def at(sightings: list[Sighting], *moments: int) -> list[int]:
    """How many boxes hide something at each moment."""
    timeline = Timeline(follow(sightings))
    return [len(timeline.at(ms)) for ms in moments]


def moved(box: Box, x: int, y: int = 0) -> Box:
    """The box elsewhere."""
    return Box(box.x + x, box.y + y, box.w, box.h)


def test_a_face_is_hidden_from_before_it_was_seen_until_after() -> None:
    looks = seen((2_000, (FACE,)), (2_200, (FACE,)))
    first, last = 2_000 - AROUND_MS, 2_200 + AROUND_MS
    assert at(looks, first - 1, first, 2_000, 2_200, last - 1, last) == [0, 1, 1, 1, 1, 0]


def test_a_detector_that_blinks_leaves_no_hole() -> None:
    looks = seen((0, (FACE,)), *((ms, ()) for ms in range(200, BRIDGED_MS, 200)), (BRIDGED_MS, (FACE,)))
    assert at(looks, *range(0, BRIDGED_MS, 100)) == [1] * (BRIDGED_MS // 100)
    assert len(follow(looks)) == 1


def test_what_was_away_for_longer_is_another_track() -> None:
    gone = BRIDGED_MS + 200
    assert len(follow(seen((0, (FACE,)), (gone, (FACE,))))) == 2
    assert at(seen((0, (FACE,)), (10_000, (FACE,))), 5_000) == [0]


def test_the_way_from_one_look_to_the_next_is_hidden() -> None:
    looks = seen((0, (FACE,)), (200, (moved(FACE, 90_000),)))
    (box,) = Timeline(follow(looks)).at(100)
    assert box.x <= FACE.x
    assert box.x + box.w >= FACE.x + 90_000 + FACE.w


def test_a_face_that_goes_out_of_sight_is_taken_to_go_on() -> None:
    looks = seen((0, (FACE,)), (200, (moved(FACE, 50_000),)))
    timeline = Timeline(follow(looks))
    (box,) = timeline.at(200 + AROUND_MS - 1)
    assert box.x <= FACE.x + 50_000
    assert box.x + box.w >= FACE.x + 50_000 + 4 * 50_000 + FACE.w


def test_two_faces_are_two_tracks_and_do_not_change_places() -> None:
    looks = seen((0, (FACE, FAR)), (200, (FAR, FACE)), (400, (FACE, FAR)))
    covers = follow(looks)
    assert len(covers) == 2
    for cover in covers:
        assert len({mark.box for mark in cover.marks[1:-1]}) == 1


def test_a_face_of_another_size_is_another_face() -> None:
    small = Box(FACE.x + 40_000, FACE.y + 60_000, 20_000, 30_000)
    assert len(follow(seen((0, (FACE,)), (200, (small,))))) == 2


def test_hair_and_chin_are_hidden_with_the_face() -> None:
    (box,) = Timeline(follow(seen((0, (FACE,)), (200, (FACE,))))).at(0)
    assert box.y < FACE.y - FACE.h // 4
    assert box.y + box.h > FACE.y + FACE.h + FACE.h // 4
    assert box.x < FACE.x - FACE.w // 4


def test_nothing_seen_hides_nothing() -> None:
    assert follow([]) == []
    assert follow(seen((0, ()), (200, ()))) == []
