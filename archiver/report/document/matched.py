"""The matches of a report: findings with their error rates, and people's rulings beside the findings they contradict.

Pure; all of it is copied from ledger entries, and the verifier derives the rest from them by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archiver.model import EventType
from archiver.proof.lineage import rulings, transform
from archiver.proof.lineage.rulings import Judged
from archiver.report.records import LedgerEntry, Records

_COPIED = ("kind", "finding", "score_ppm", "algorithm", "segments_ms")


def rows(records: Records) -> list[dict[str, Any]]:
    """As report.json lists them, in the ledger's order; `a` and `b` are exhibit numbers."""
    numbers = {one.item: one.number for one in records.exhibits}
    decisions = {one.seq: one for one in records.entries if one.type == EventType.DECISION}
    found = [one for one in records.entries if one.type == EventType.MATCH]
    findings = [judged(one, decisions.values()) for one in found]
    return [_row(*pair, findings, decisions, numbers) for pair in zip(found, findings, strict=True)]


def judged(match: LedgerEntry, decisions: Iterable[LedgerEntry]) -> Judged:
    """What the entry of a match found, with the latest of the rulings on it."""
    name, detail = match.value["match"], match.value["detail"]
    of_it = [one for one in decisions if one.value["match"] == name]
    ruled = (of_it[-1].value["detail"]["ruling"], of_it[-1].seq) if of_it else ("", -1)
    return Judged(name, detail["a"], detail["b"], detail["finding"], *ruled)


def _row(
    entry: LedgerEntry,
    one: Judged,
    findings: Iterable[Judged],
    decisions: Mapping[int, LedgerEntry],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    detail = entry.value["detail"]
    before = rulings.earlier(one, findings)
    told = {
        "match": one.match,
        "entry": entry.seq,
        "a": numbers[one.a],
        "b": numbers[one.b],
        **{name: detail[name] for name in _COPIED},
        "transform": transform.shown(detail.get("transform", {})),
        "rulings": [_ruling(each) for each in decisions.values() if each.value["match"] == one.match],
        "earlier": [_earlier(each, decisions[each.entry]) for each in before],
        "contradicts": rulings.contradicts(one, before),
    }
    return told | ({"error_rate": detail["error_rate"]} if "error_rate" in detail else {})


def _ruling(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "entry": entry.seq,
        "time": entry.value["time"],
        "ruling": entry.value["detail"]["ruling"],
        "by": entry.fields.get("agent", ""),
        "note": entry.fields.get("note", ""),
    }


def _earlier(one: Judged, decision: LedgerEntry) -> dict[str, Any]:
    by = decision.fields.get("agent", "")
    return {"match": one.match, "finding": one.finding, "entry": one.entry, "ruling": one.ruling, "by": by}
