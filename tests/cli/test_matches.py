"""Matches as a verification team meets them: what a finding rests on, how often it errs, what was ruled before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from archiver.custody import findings
from archiver.model import ErrorRate, Finding, Match, MatchKind, Ruling, Segment
from tests.calling import Archiver
from tests.vault_story import FIRST, MATCH, SECOND, Copy

NEW = Match(
    "mnewer2222", FIRST, SECOND, MatchKind.NEAR, Finding.SAME_SCENE, 0.45, "test-2", (Segment(0.0, 4.0, 1.0, 5.0),)
)


@pytest.fixture
def ruled(vault_copy: Copy) -> Archiver:
    """A vault in which a pair was ruled the same, and a later algorithm finds no more than a scene."""
    with vault_copy.open() as vault:
        findings.record(vault, "ningest222.1", [NEW])
        vault.ledger.publish()
    return Archiver(vault_copy.folder)


def by_id(said: Any) -> dict[str, Any]:
    return {match["match_id"]: match for match in said}


def test_a_contradicting_finding_is_open_and_bears_the_ruling(ruled: Archiver) -> None:
    (new,) = ruled("matches", "--json").json
    assert (new["match_id"], new["decision"], new["contradicts"]) == (NEW.id, None, True)
    (past,) = new["earlier"]
    assert (past["match_id"], past["finding"], past["ruling"]) == (MATCH, "same-recording", "same")
    assert (past["by"], past["note"], past["algorithm"]) == ("Lina", "same banner", "test-1")
    both = by_id(ruled("matches", FIRST, "--all", "--json").json)
    assert (both[MATCH]["decision"], both[MATCH]["earlier"], both[MATCH]["contradicts"]) == ("same", [], False)
    assert "CONTRADICTS what was ruled before" in ruled("matches").out
    assert "ruled before: same" in ruled("matches").out


def test_a_ruling_is_never_overwritten_by_what_is_found_again(ruled: Archiver, vault_copy: Copy) -> None:
    with vault_copy.open() as vault:
        assert findings.record(vault, "ningest222.1", [NEW, replace(NEW, score=0.9)]) == []
        findings.decide(vault, NEW.id, Ruling.SAME, by="Omar")
        vault.ledger.publish()
    assert ruled("matches", "--json").json == []
    both = by_id(ruled("matches", "--all", "--json").json)
    assert {one["decision"] for one in both.values()} == {"same"}
    assert both[NEW.id]["contradicts"], "what the program found stays against what was ruled before"
    assert ruled("verify", "--json").json["verdict"] == "VERIFIED"


def test_error_rates_are_told_with_what_they_rest_on_and_their_absence_too(ruled: Archiver) -> None:
    both = by_id(ruled("matches", "--all", "--json").json)
    assert both[MATCH]["error_rate"] == {"rate": 97e-6, "errors": 1, "negatives": 49_000, "data": "test films/1"}
    assert both[NEW.id]["error_rate"] is None
    shown = ruled("matches", "--all").out
    assert "errs at most 0.0097 %: 1 of 49,000 non-copies" in shown
    assert "error rate not known" in shown


def test_the_strongest_match_comes_first_and_the_table_fits_80_columns(ruled: Archiver, vault_copy: Copy) -> None:
    ruled.environ["COLUMNS"] = "80"
    with vault_copy.open() as vault:
        transform = {"mirror": True, "speed": 1.25, "crop": 0.56, "turn": 270}
        strong = replace(NEW, id="mstrong222", finding=Finding.SAME_RECORDING, algorithm="x", transform=transform)
        rate = ErrorRate(12_345, 1_234, 4_900_000, "many films")
        findings.record(vault, "ningest222.1", [replace(strong, error_rate=rate)])
        vault.ledger.publish()
    shown = ruled("matches", "--all").out
    assert max(map(len, shown.splitlines())) <= 80
    assert [one["match_id"] for one in ruled("matches", "--all", "--json").json] == [MATCH, "mstrong222", NEW.id]
    assert "cropped to 56 %" in shown
