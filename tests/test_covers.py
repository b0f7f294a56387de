"""Boxes that move with time: where they are, and that nothing slips out between two marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.covers import WHOLE, Area, Box, Cover, Mark, Timeline, bounded

_SIDES = st.integers(0, WHOLE)
_BOXES = st.builds(bounded, *[st.integers(-WHOLE, 2 * WHOLE)] * 4)


@given(_BOXES, st.floats(0, 3))
def test_a_grown_box_holds_the_box_and_stays_in_the_picture(box: Box, share: float) -> None:
    grown = box.grown(share)
    assert 0 <= grown.x <= box.x
    assert 0 <= grown.y <= box.y
    assert box.x + box.w <= grown.x + grown.w <= WHOLE
    assert box.y + box.h <= grown.y + grown.h <= WHOLE


@given(_BOXES, _BOXES)
def test_a_hull_holds_both(one: Box, other: Box) -> None:
    hull = one.hull(other)
    for box in (one, other):
        assert hull.x <= box.x
        assert box.x + box.w <= hull.x + hull.w
        assert hull.y <= box.y
        assert box.y + box.h <= hull.y + hull.h


@given(_BOXES, _BOXES)
def test_what_two_boxes_share_is_a_part_of_both(one: Box, other: Box) -> None:
    assert 0 <= one.shared(other) == other.shared(one) <= 1
    assert one.shared(one) == (1 if one.w and one.h else 0)


def test_an_area_hides_its_box_from_its_start_up_to_its_end() -> None:
    box = Box(1, 2, 3, 4)
    timeline = Timeline([Area("b1", box, 500, 1_000).cover()])
    assert [timeline.at(ms) for ms in (0, 499, 500, 999, 1_000, 5_000)] == [[], [], [box], [box], [], []]


def test_between_two_marks_all_that_lies_between_is_hidden() -> None:
    left, right = Box(0, 0, 100, 100), Box(500, 0, 100, 100)
    timeline = Timeline([Cover((Mark(0, left), Mark(100, right), Mark(200, right)))])
    assert timeline.at(0) == timeline.at(99) == [Box(0, 0, 600, 100)]
    assert timeline.at(100) == [right]
    assert timeline.at(200) == []


@given(
    st.lists(st.tuples(st.integers(-1_000, 5_000), st.integers(1, 3_000)), max_size=20),
    st.lists(st.integers(0, 6_000), max_size=30),
)
def test_a_timeline_says_what_each_cover_says(spans: list[tuple[int, int]], moments: list[int]) -> None:
    covers = [Area("", Box(n, n, 1, 1), start, start + length).cover() for n, (start, length) in enumerate(spans)]
    timeline = Timeline(covers)
    for ms in sorted(moments):
        expected = [one.marks[0].box for one in covers if one.start_ms <= ms < one.end_ms]
        assert sorted(timeline.at(ms)) == sorted(expected)
