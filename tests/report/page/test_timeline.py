"""The picture of a group: everything where the longest film has it, and nothing in it that runs or is obeyed."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.lineage.copies import Edge
from archiver.report.page import timeline

SVG = "{http://www.w3.org/2000/svg}"


def edge(a: str, b: str, *segments: list[int]) -> Edge:
    return Edge(a, b, "same-recording", f"m{a}{b}", 1, segments)


def bars(drawn: str) -> list[tuple[float, float]]:
    """Left edges and widths of what is shared, in the picture's units."""
    root = ET.fromstring(drawn)
    found = [one for one in root.iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]
    return [(float(one.get("x", "")), float(one.get("width", ""))) for one in found]


def test_an_excerpt_is_placed_where_the_longest_has_it_whichever_side_it_is() -> None:
    lengths = {"ia": 12_000, "ib": 5_000, "ic": 5_000}
    edges = [edge("ia", "ib", [4000, 9000, 0, 5000]), edge("ic", "ia", [0, 5000, 6000, 11_000])]
    placed = timeline.place("ia", lengths, edges)
    assert placed["ib"] == ((0.0, 5000.0, 4000.0, 9000.0),)
    assert placed["ic"] == ((0.0, 5000.0, 6000.0, 11_000.0),)


def test_what_is_known_only_by_way_of_another_is_placed_through_it() -> None:
    lengths = {"ia": 20_000, "ib": 10_000, "ic": 6_000, "id": 4_000}
    edges = [
        edge("ib", "ia", [0, 10_000, 10_000, 20_000]),
        edge("ib", "ic", [5000, 10_000, 0, 5000]),
        edge("ic", "id", [5000, 6000, 0, 1000]),
    ]
    placed = timeline.place("ia", lengths, edges)
    assert placed["ic"] == ((0.0, 5000.0, 15_000.0, 20_000.0),)
    assert "id" not in placed, "its moment lies outside of what the longest shows"
    assert ">not placed<" in timeline.svg(list(lengths), lengths, edges, {})


def test_a_faster_copy_is_stretched_to_the_time_of_the_longest() -> None:
    edges = [edge("ia", "ib", [0, 10_000, 0, 8000])]
    assert timeline.place("ia", {"ia": 10_000, "ib": 8_000}, edges)["ib"] == ((0.0, 8000.0, 0.0, 10_000.0),)
    (whole, width), copy = bars(timeline.svg(["ia", "ib"], {"ia": 10_000, "ib": 8_000}, edges, {}))
    assert copy == (whole, width)


def test_a_compilation_shows_each_of_its_parts_in_its_place() -> None:
    lengths = {"imix": 30_000, "ia": 10_000, "ib": 12_000}
    edges = [
        edge("ia", "imix", [0, 10_000, 0, 10_000]),
        edge("ib", "imix", [2000, 6000, 10_000, 14_000], [8000, 12_000, 20_000, 24_000]),
    ]
    drawn = timeline.svg(["ia", "ib", "imix"], lengths, edges, {})
    assert len(bars(drawn)) == 4
    assert ">0:08.0 of 0:12.0<" in drawn
    assert ">the longest, 0:30.0<" in drawn


@pytest.mark.parametrize("lengths", [{}, {"ia": 0, "ib": 0}, {"ia": 2**53 - 1, "ib": 1}])
def test_what_is_not_known_and_what_is_absurd_is_still_a_picture(lengths: dict[str, int]) -> None:
    ET.fromstring(timeline.svg(["ia", "ib"], lengths, [edge("ia", "ib", [5, 5, 7, 7], [9, 3, 8, 1])], {}))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_a_label_from_anywhere_is_text(label: str) -> None:
    root = ET.fromstring(timeline.svg(["ia", "ib"], {"ia": 1000, "ib": 500}, [], {"ia": label}))
    assert {one.tag for one in root.iter()} <= {f"{SVG}{name}" for name in ("svg", "title", "line", "text", "rect")}
    names = {name for one in root.iter() for name in one.attrib}
    assert not any(name.startswith("on") or name.endswith("href") or name == "style" for name in names)


def test_a_large_group_is_cut_short_and_says_so() -> None:
    members = [f"i{number:03}" for number in range(timeline.MAX_ROWS + 7)]
    drawn = timeline.svg(members, dict.fromkeys(members, 1000), [], {})
    assert "and 7 more" in drawn
    assert drawn.count("not placed") == timeline.MAX_ROWS - 1
