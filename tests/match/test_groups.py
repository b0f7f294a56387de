"""Groups of copies from matches and rulings as the records hold them."""

from __future__ import annotations

from archiver.match.lineage import groups
from archiver.model import Decision, Finding, Match, MatchKind, Ruling, Segment


def match(a: str, b: str, finding: Finding = Finding.SAME_RECORDING) -> Match:
    return Match(f"m{a}{b}", a, b, MatchKind.NEAR, finding, 0.9, "x", (Segment(0.0, 1.2345, 2.0, 3.2345),))


def test_groups_and_their_members_stand_in_the_order_of_the_items() -> None:
    found = [match("ic", "ia"), match("id", "ib"), match("ib", "ie")]
    entries = {one.id: 10 + number for number, one in enumerate(found)}
    told = groups([(one, None) for one in found], entries, ["ie", "id", "ic", "ib", "ia", "if"])
    assert [group.items for group in told] == [["ie", "id", "ib"], ["ic", "ia"]]
    assert [[edge.entry for edge in group.edges] for group in told] == [[11, 12], [10]]
    assert told[1].edges[0].segments == [[0, 1234, 2000, 3234]]


def test_a_persons_ruling_cuts_and_another_one_connects() -> None:
    cut, scene = match("ia", "ib"), match("ic", "id", Finding.SAME_SCENE)
    rulings = {
        cut.id: Decision(cut.id, Ruling.DIFFERENT, "Lina", "", "2026-11-30T08:00:00.000000Z", 7),
        scene.id: Decision(scene.id, Ruling.SAME, "Lina", "", "2026-11-30T08:00:00.000000Z", 8),
    }
    told = groups([(one, rulings[one.id]) for one in (cut, scene)], {cut.id: 3, scene.id: 4}, ["ia", "ib", "ic", "id"])
    assert [group.items for group in told] == [["ic", "id"]]
    assert told[0].cut == []


def test_a_cut_between_two_that_others_connect_is_kept_in_view() -> None:
    found = [match("ia", "ib"), match("ib", "ic"), match("ia", "ic")]
    cut = Decision(found[2].id, Ruling.DIFFERENT, "Lina", "", "2026-11-30T08:00:00.000000Z", 9)
    entries = {one.id: number for number, one in enumerate(found)}
    (told,) = groups([(found[0], None), (found[1], None), (found[2], cut)], entries, ["ia", "ib", "ic"])
    assert told.items == ["ia", "ib", "ic"]
    assert [(edge.a, edge.b, edge.entry) for edge in told.cut] == [("ia", "ic", 9)]
