"""Findings as a reviewer meets them: order, history, and what is left to look at."""

from __future__ import annotations

from archiver.match.review import reviewed
from archiver.model import Decision, Finding, Match, MatchKind, Ruling, Segment


def match(name: str, finding: Finding, score: float = 0.9, pair: tuple[str, str] = ("ia", "ib")) -> Match:
    kind = MatchKind.IDENTICAL if finding is Finding.IDENTICAL else MatchKind.NEAR
    return Match(name, *pair, kind, finding, score, f"algorithm of {name}", (Segment(0, 1, 0, 1),))


def ruled(name: str, ruling: Ruling, entry: int) -> Decision:
    return Decision(name, ruling, "Lina", "why", "2026-11-30T08:00:00.000000Z", entry)


def test_a_new_finding_stands_beside_the_ruling_that_it_contradicts() -> None:
    old, new = match("mold", Finding.SAME_SCENE), match("mnew", Finding.SAME_RECORDING)
    decision = ruled("mold", Ruling.DIFFERENT, 7)
    first, second = reviewed([(old, decision), (new, None)])
    assert (first.match, first.decision, first.earlier) == (new, None, ((old, decision),))
    assert (first.contradicts, first.is_open) == (True, True)
    assert (second.match, second.decision, second.earlier) == (old, decision, ())
    assert (second.contradicts, second.is_open) == (False, False)


def test_what_says_what_was_ruled_already_is_not_looked_at_again() -> None:
    old, new = match("mold", Finding.SAME_RECORDING), match("mnew", Finding.SAME_RECORDING, 0.95)
    again, _ = reviewed([(old, ruled("mold", Ruling.SAME, 7)), (new, None)])
    assert (again.match, again.is_open, len(again.earlier)) == (new, False, 1)


def test_the_strongest_finding_comes_first_and_alike_pictures_last() -> None:
    pairs = [("ia", other) for other in ("ib", "ic", "id", "ie", "if")]
    found = [
        match("mscene", Finding.SAME_SCENE, 0.99, pairs[0]),
        match("msound", Finding.SAME_SOUND, 0.99, pairs[1]),
        match("mweak", Finding.SAME_RECORDING, 0.7, pairs[2]),
        match("mstrong", Finding.SAME_RECORDING, 0.9, pairs[3]),
        match("msame", Finding.IDENTICAL, 1.0, pairs[4]),
    ]
    order = [one.match.id for one in reviewed([(one, None) for one in found])]
    assert order == ["msame", "mstrong", "mweak", "msound", "mscene"]
