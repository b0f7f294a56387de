"""Matches are recorded once, rulings stay and the latest counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from archiver.custody import catalog, findings
from archiver.custody.vault import Vault
from archiver.errors import ArchiverError, UsageError
from archiver.model import ErrorRate, Finding, Match, MatchKind, Ruling, Segment
from archiver.proof import canonical
from tests.vault_story import FIRST, MATCH, SECOND, Copy


@pytest.fixture
def vault(vault_copy: Copy) -> Iterator[Vault]:
    with vault_copy.open() as opened:
        yield opened


NEAR = Match(
    "mother2222", FIRST, SECOND, MatchKind.NEAR, Finding.SAME_SCENE, 0.25, "other-1", (Segment(0.0, 1.0, 2.0, 3.0),)
)


def test_the_latest_ruling_counts_and_both_are_kept(vault: Vault) -> None:
    ((match, decision),) = findings.listing(vault)
    assert (match.id, match.segments[1]) == (MATCH, Segment(20.0, 25.0, 3.33, 8.33))
    assert match.transform == {"mirror": True}
    assert decision is not None
    assert (decision.ruling, decision.by, decision.note) == (Ruling.SAME, "Lina", "same banner")
    assert vault.database.read().execute("SELECT ruling FROM decision ORDER BY id").fetchall() == [
        ("unsure",), ("same",),
    ]  # fmt: skip


def test_a_match_that_is_there_stays_with_its_ruling(vault: Vault) -> None:
    known = findings.listing(vault)[0][0]
    assert findings.record(vault, "ningest222.1", [replace(known, score=0.1), NEAR]) == [NEAR]
    assert [match.id for match, _ in findings.listing(vault)] == [MATCH, NEAR.id]
    assert findings.listing(vault)[0][0].score == known.score


def test_a_measured_error_rate_stays_with_its_match_and_one_that_is_not_known_is_none(vault: Vault) -> None:
    findings.record(vault, "ningest222.1", [NEAR])
    measured, unknown = (match for match, _ in findings.listing(vault))
    assert measured.error_rate == ErrorRate(97, 1, 49_000, "test films/1")
    assert unknown.error_rate is None
    told = canonical.decode(vault.ledger.entry(catalog.entries_about(vault, MATCH)[0]))["detail"]
    assert told["error_rate"] == {"ppm": 97, "errors": 1, "negatives": 49_000, "data": "test films/1"}
    told = canonical.decode(vault.ledger.entry(catalog.entries_about(vault, NEAR.id)[0]))["detail"]
    assert "error_rate" not in told


@pytest.mark.parametrize("rate", [ErrorRate(1_000_001, 0, 1, "x"), ErrorRate(1, 0, 1, "й"), ErrorRate(1, -1, 1, "x")])
def test_an_error_rate_that_no_entry_can_hold_is_not_recorded(vault: Vault, rate: ErrorRate) -> None:
    with pytest.raises(ArchiverError):
        findings.record(vault, "ningest222.1", [replace(NEAR, error_rate=rate)])
    assert [match.id for match, _ in findings.listing(vault)] == [MATCH]


def test_matches_of_one_item_are_found_from_both_sides(vault: Vault) -> None:
    assert [match.id for match, _ in findings.listing(vault, item=FIRST)] == [MATCH]
    assert [match.id for match, _ in findings.listing(vault, item=SECOND)] == [MATCH]
    assert findings.listing(vault, item="inothing") == []


def test_a_ruling_names_its_entry_and_who_gave_it(vault: Vault) -> None:
    decision = findings.decide(vault, MATCH, Ruling.DIFFERENT, by="Nadia")
    assert decision.entry in catalog.entries_about(vault, MATCH)
    shown = findings.listing(vault)[0][1]
    assert shown == decision


def test_a_ruling_on_nothing_is_wrong_usage_and_leaves_no_entry(vault: Vault) -> None:
    before = vault.database.read().execute("SELECT COUNT(*) FROM entry").fetchone()
    with pytest.raises(UsageError, match="mnothing"):
        findings.decide(vault, "mnothing", Ruling.SAME)
    assert vault.database.read().execute("SELECT COUNT(*) FROM entry").fetchone() == before


def test_an_acquisition_is_matched_once(vault: Vault, vault_copy: Copy) -> None:
    assert findings.unmatched(vault) == [f"{vault_copy.names['archived']}.1"]
    findings.record(vault, findings.unmatched(vault)[0], [])
    assert findings.unmatched(vault) == []


def test_segments_are_shown_in_hundredths_of_seconds() -> None:
    assert findings.segments_json([Segment(0.004, 1.006, 2.0, 3.333)]) == [{"a": [0.0, 1.01], "b": [2.0, 3.33]}]
