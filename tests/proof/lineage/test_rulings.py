"""What a ruling on one finding says of another on the same two items: the whole table."""

from __future__ import annotations

import pytest

from archiver.proof.lineage import rulings
from archiver.proof.lineage.rulings import Judged


def one(finding: str, match: str = "mnew", ruling: str = "", entry: int = -1) -> Judged:
    return Judged(match, "ia", "ib", finding, ruling, entry)


def old(finding: str, ruling: str, entry: int = 10) -> Judged:
    return one(finding, "mold", ruling, entry)


@pytest.mark.parametrize(
    ("finding", "ruled", "ruling", "contradicts", "is_open"),
    [
        ("same-recording", "same-recording", "different", True, True),
        ("same-recording", "same-scene", "different", True, True),
        ("identical", "same-scene", "different", True, True),
        ("same-scene", "same-recording", "same", True, True),
        ("same-scene", "same-recording", "different", False, False),
        ("same-recording", "same-recording", "same", False, False),
        ("same-recording", "same-scene", "same", False, False),
        ("same-recording", "same-recording", "unsure", False, True),
        ("same-scene", "same-recording", "unsure", False, True),
        # Sound and pictures are judged apart, but one recording has one sound.
        ("same-sound", "same-recording", "same", False, False),
        ("same-sound", "same-recording", "different", False, True),
        ("same-sound", "same-sound", "different", True, True),
        ("same-sound", "same-sound", "same", False, False),
        ("same-recording", "same-sound", "different", False, True),
        ("same-recording", "same-sound", "same", False, True),
        ("same-scene", "same-sound", "same", False, True),
    ],
)
def test_every_finding_beside_every_ruling(
    finding: str, ruled: str, ruling: str, contradicts: bool, is_open: bool
) -> None:
    new = one(finding)
    before = rulings.earlier(new, [new, old(ruled, ruling)])
    assert [past.match for past in before] == ["mold"]
    assert rulings.contradicts(new, before) is contradicts
    assert rulings.is_open(new, before) is is_open


def test_the_last_ruling_stands_in_whatever_order_they_are_given() -> None:
    past = [old("same-recording", "same", 30), one("same-scene", "mfirst", "different", 20)]
    assert rulings.standing(past) == "same"
    assert rulings.standing(past[::-1]) == "same"
    assert rulings.standing(past, sound=True) == ""
    assert [each.entry for each in rulings.earlier(one("identical"), past)] == [20, 30]
    assert not rulings.contradicts(one("same-recording"), rulings.earlier(one("same-recording"), past))


def test_only_rulings_on_the_same_two_items_before_ones_own_are_earlier() -> None:
    others = [
        old("same-recording", "different"),
        Judged("mturned", "ib", "ia", "same-scene", "unsure", 12),
        Judged("mother", "ia", "ic", "same-recording", "different", 11),
        one("same-scene", "munruled"),
    ]
    assert [past.match for past in rulings.earlier(one("same-recording"), others)] == ["mold", "mturned"]
    ruled = one("same-recording", ruling="same", entry=11)
    assert [past.match for past in rulings.earlier(ruled, others)] == ["mold"]
    assert rulings.contradicts(ruled, rulings.earlier(ruled, others)), "it stays on view"
    assert not rulings.is_open(ruled, rulings.earlier(ruled, others)), "a person looked again"
