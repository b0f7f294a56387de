"""The matches of report.json against the ledger: findings, error rates and rulings as entries tell them, none left out.

What the report says of rulings that came before a finding, and whether they contradict it, is derived from the entries
here once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.evidence import Entry, Evidence
from archiver.proof.bundle.exhibits import Exhibit
from archiver.proof.lineage import rulings, transform
from archiver.proof.lineage.rulings import Judged
from archiver.proof.untrusted import rows, table, whole

_CODE = "report-malformed"
_COPIED = ("kind", "finding", "score_ppm", "algorithm", "segments_ms", "error_rate")


def differences(
    report: Mapping[str, Any], evidence: Evidence, exhibits: Mapping[int, Exhibit]
) -> Iterator[tuple[str, str]]:
    """Subject and message of each difference. Raises ProofError for a report that is not of the right form."""
    matches = [one for one in evidence.entries.values() if one.type == "match"]
    left = {one.seq for one in evidence.entries.values() if one.type == "decision"}
    told = [table(one, _CODE) for one in rows(report.get("matches"), _CODE)]
    if sorted(whole(one, "entry", _CODE) for one in told) != sorted(one.seq for one in matches):
        yield layout.REPORT_JSON, "the matches of the report are not those of the ledger's entries"
    findings = {one.match: one for one in judged(evidence)}
    for one in told:
        ruled = [table(ruling, _CODE) for ruling in rows(one.get("rulings"), _CODE)]
        left -= {whole(ruling, "entry", _CODE) for ruling in ruled}
        entry = evidence.entries.get(one["entry"])
        if entry is None:
            continue
        if not (_found(one, entry, exhibits) and _ruled(one, ruled, evidence)):
            yield f"entry {entry.seq}", "the report tells this match, or a ruling on it, otherwise than the ledger"
        elif not _before(one, findings, evidence):
            yield f"entry {entry.seq}", "the report tells earlier rulings on these two items otherwise than the ledger"
    if left:
        yield layout.REPORT_JSON, "the report leaves out rulings of the ledger"


def judged(evidence: Evidence) -> list[Judged]:
    """Every finding of the bundle's entries, with the latest of the rulings on it."""
    latest = {str(one.value.get("match")): one for _, one in sorted(evidence.entries.items()) if one.type == "decision"}
    found = []
    for entry in evidence.entries.values():
        if entry.type == "match":
            name = str(entry.value.get("match"))
            ruling = latest.get(name)
            ruled = (str(ruling.detail.get("ruling")), ruling.seq) if ruling else ("", -1)
            a, b, finding = (str(entry.detail.get(field)) for field in ("a", "b", "finding"))
            found.append(Judged(name, a, b, finding, *ruled))
    return found


def _found(shown: dict[str, Any], entry: Entry, exhibits: Mapping[int, Exhibit]) -> bool:
    if entry.type != "match":
        return False
    sides = [exhibits.get(whole(shown, side, _CODE)) for side in ("a", "b")]
    if [side.item if side else None for side in sides] != [entry.detail.get("a"), entry.detail.get("b")]:
        return False
    if any(shown.get(name) != entry.detail.get(name) for name in _COPIED):
        return False
    if shown.get("match") != entry.value.get("match"):
        return False
    texts = entry.detail.get("transform")  # entries of the first version have none
    return texts is None or shown.get("transform") == transform.shown(table(texts, _CODE))


def _ruled(shown: Mapping[str, Any], told: list[dict[str, Any]], evidence: Evidence) -> bool:
    for ruling in told:
        decision = evidence.entries.get(ruling["entry"])
        if decision is None or decision.type != "decision" or decision.value.get("match") != shown.get("match"):
            return False
        said = (ruling.get("ruling"), ruling.get("time"), ruling.get("by", ""), ruling.get("note", ""))
        if said != (
            decision.detail.get("ruling"), decision.value["time"], decision.fields.get("agent", ""),
            decision.fields.get("note", ""),
        ):  # fmt: skip
            return False
    return True


def _before(shown: Mapping[str, Any], findings: Mapping[str, Judged], evidence: Evidence) -> bool:
    """Reports of the first version say nothing of it, and may only where there is nothing to say."""
    one = findings[str(shown.get("match"))]
    before = rulings.earlier(one, findings.values())
    told = [table(each, _CODE) for each in rows(shown.get("earlier", []), _CODE)]
    expected = [
        {
            "match": each.match,
            "finding": each.finding,
            "entry": each.entry,
            "ruling": each.ruling,
            "by": evidence.entries[each.entry].fields.get("agent", ""),
        }
        for each in before
    ]
    return told == expected and shown.get("contradicts", False) is rulings.contradicts(one, before)
