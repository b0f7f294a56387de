"""What connects two items and what does not, and which of them holds the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.lineage import copies
from archiver.proof.lineage.copies import Edge, Link
from archiver.proof.lineage.rulings import Judged

WHOLE = [[0, 10_000, 0, 10_000]]


def link(
    a: str, b: str, finding: str, entry: int, ruling: str = "", ruled_by: int = -1, segments: list[list[int]] = WHOLE
) -> Link:
    return Link(Judged(f"m{entry}", a, b, finding, ruling, ruled_by), entry, segments)


@pytest.mark.parametrize(
    ("finding", "ruling", "by", "is_cut"),
    [
        ("identical", "", "identical", False),
        ("same-recording", "", "same-recording", False),
        ("same-recording", "same", "same-recording", False),
        ("same-recording", "unsure", "same-recording", False),
        ("same-recording", "different", "", True),
        ("identical", "different", "", True),
        ("same-scene", "", "", False),
        ("same-scene", "different", "", False),
        ("same-scene", "unsure", "", False),
        ("same-scene", "same", "ruling", False),
        # Sound alone never connects, whatever a person says of it.
        ("same-sound", "", "", False),
        ("same-sound", "same", "", False),
        ("same-sound", "different", "", False),
    ],
)
def test_what_connects_and_what_cuts(finding: str, ruling: str, by: str, is_cut: bool) -> None:
    kept, cut = copies.edges([link("ia", "ib", finding, 4, ruling, 9 if ruling else -1)])
    assert [edge.by for edge in kept] == ([by] if by else [])
    assert [edge.entry for edge in cut] == ([9] if is_cut else [])
    if kept:
        assert kept[0].entry == (9 if by == "ruling" else 4)
        assert kept[0].unsure is (ruling == "unsure")


def test_of_several_findings_on_a_pair_the_best_connects_and_the_last_ruling_counts() -> None:
    pair = [link("ia", "ib", "same-scene", 4, "different", 6), link("ib", "ia", "same-recording", 9)]
    assert copies.edges(pair)[0] == []
    assert [(edge.match, edge.entry) for edge in copies.edges(pair)[1]] == [("m4", 6)]
    again = [*pair[:1], link("ib", "ia", "same-recording", 9, "same", 12)]
    assert [(edge.match, edge.entry) for edge in copies.edges(again)[0]] == [("m9", 9)]
    newer = [link("ia", "ib", "same-recording", 4), link("ia", "ib", "same-recording", 7)]
    assert [edge.match for edge in copies.edges(newer)[0]] == ["m7"]


def test_groups_hang_together_through_others_and_name_each_item_once() -> None:
    kept, _ = copies.edges(
        [
            link("ia", "ib", "same-recording", 1),
            link("ic", "id", "identical", 2),
            link("ib", "ie", "same-recording", 3),
            link("ie", "if", "same-scene", 4),
        ]
    )
    assert copies.groups(kept) == [["ia", "ib", "ie"], ["ic", "id"]]
    assert copies.apart(["ia", "ib", "ie"], kept) == [("ia", "ie")]


def test_what_is_true_of_an_item_is_true_of_one_with_the_same_bytes() -> None:
    kept, _ = copies.edges([link("ia", "ib", "identical", 1), link("ib", "ic", "same-recording", 2)])
    assert copies.apart(["ia", "ib", "ic"], kept) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30))
def test_groups_are_those_that_a_walk_reaches(pairs: list[tuple[int, int]]) -> None:
    found = [Edge(f"i{a:02}", f"i{b:02}", "identical", "m", 0) for a, b in pairs]
    reached = {item: {item} for edge in found for item in (edge.a, edge.b)}
    for _ in reached:
        for edge in found:
            both = reached[edge.a] | reached[edge.b]
            for item in both:
                reached[item] = both
    assert copies.groups(found) == sorted({tuple(sorted(group)): sorted(group) for group in reached.values()}.values())


@pytest.mark.parametrize(
    ("segments", "lengths", "held"),
    [
        ([[0, 10_000, 0, 10_000]], (10_000, 10_000), ("ia", "ib", True)),
        ([[4000, 9000, 0, 5000]], (12_000, 5000), ("ia", "ib", False)),
        ([[0, 5000, 4000, 9000]], (5000, 12_000), ("ib", "ia", False)),
        ([[4000, 9000, 0, 5000]], (12_000, 5500), ("ia", "ib", False)),
        ([[4000, 9000, 0, 5000]], (12_000, 5501), None),
        ([[0, 2000, 0, 2000], [6000, 9000, 2000, 5000]], (12_000, 5000), ("ia", "ib", False)),
        ([[0, 3000, 0, 3000], [6000, 9000, 1000, 4000]], (12_000, 5000), None),
        ([[0, 400, 0, 400]], (12_000, 400), None),
        ([], (12_000, 5000), None),
        ([[4000, 9000, 0, 5000]], (12_000, 0), None),
    ],
)
def test_one_holds_the_other_where_all_of_it_is_covered(
    segments: list[list[int]], lengths: tuple[int, int], held: tuple[str, str, bool] | None
) -> None:
    kept, _ = copies.edges([link("ia", "ib", "same-recording", 4, segments=segments)])
    found = [
        (one.whole, one.part, one.both) for one in copies.holdings(kept, dict(zip(("ia", "ib"), lengths, strict=True)))
    ]
    assert found == ([held] if held else [])


def test_a_ruling_alone_says_not_what_holds_what() -> None:
    kept, _ = copies.edges([link("ia", "ib", "same-scene", 4, "same", 5)])
    assert list(copies.holdings(kept, {"ia": 10_000, "ib": 10_000})) == []
