"""From where exhibits came, as the report says it: what their accessions and the histories say, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from archiver.proof.bundle import history, layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence, read_json
from archiver.proof.bundle.exhibits import told_of
from archiver.proof.bundle.history import Found, History
from archiver.proof.faults import ProofError
from archiver.proof.untrusted import rows, table

_REPORT = "report-malformed"

#: Fields that say what an item is and where it came from.
_TOLD = ("title", "url", "final_url", "file_name", "uploader", "source", "location", "note")

#: What a row of the report copies from the accession.
_COPIED = ("item", "exhibit", "export", "size", "root", "trust", "verdict", "faults", "opens", "field")


def row(entry: Entry, found: Found | None, held: Collection[str]) -> dict[str, Any]:
    """What the report says of an accession; `found` is None where its file is withheld, `held` are SHA-256 of the
    item's objects here.
    """
    told: dict[str, Any] = {"entry": entry.seq}
    told.update((name, entry.detail[name]) for name in _COPIED if name in entry.detail)
    if "source" in entry.fields:
        told["key"] = entry.fields["source"]
    if found is None:
        return told | {"withheld": True}
    told["path"] = found.path
    if found.history is None:
        told["value"] = found.value
    else:
        item = str(entry.detail["item"])
        more = {"told": told_by(found.history, item), "digests": missing(found.history, item, held)}
        told.update((name, listed) for name, listed in more.items() if listed)
    return told


def check_report(bag: Bag, evidence: Evidence, found: Mapping[int, Found], faults: Faults) -> None:
    """The report says of each exhibit what the accessions of its item say, and that alone."""
    try:
        report = table(read_json(bag, layout.REPORT_JSON), _REPORT)
        for shown in rows(report.get("exhibits"), _REPORT):
            item = str(table(shown, _REPORT).get("item"))
            held = {one.sha256 for one in told_of(item, evidence)[1]}
            about = [one for one in evidence.about_item.get(item, ()) if one.type == history.TYPE]
            expected = [row(one, found.get(one.seq), held) for one in about]
            if rows(shown.get("received", []), _REPORT) != expected:
                message = "the report tells otherwise than the ledger from where it was received"
                faults.add("report-differs", f"exhibit {shown.get('number')}", message)
    except ProofError as error:
        if error.code != "file-missing":  # that is told where the report is read
            faults.of(error, layout.REPORT_JSON)


def earlier(of: History, item: str) -> list[tuple[Entry, History]]:
    """The accessions by which an item came to the office of which this is the history, each with the one before."""
    found = [(entry, of.before.get(entry.seq)) for entry in of.evidence.about_item.get(item, ())]
    return [(entry, one.history) for entry, one in found if one is not None and one.history is not None]


def told_by(of: History, item: str) -> list[dict[str, Any]]:
    """What the office of a history discloses of an item, and then the offices before it with what they opened later."""
    taken_in = [one for one in of.evidence.about_item.get(item, ()) if one.type == "ingestion"]
    names = dict.fromkeys(str(one.value.get("acquisition")) for one in taken_in)
    telling = [*taken_in, *(one for name in names for one in of.evidence.captures.get(name, ()))]
    found = {name: next((one for one in telling if name in one.fields), None) for name in _TOLD}
    told = [
        {"origin": of.origin, "entry": entry.seq, "field": name, "value": entry.fields[name]}
        for name, entry in found.items()
        if entry is not None
    ]
    for entry in of.evidence.about_item.get(item, ()):
        one = of.before.get(entry.seq)
        if one is not None and one.history is not None:
            told += told_by(one.history, str(entry.detail["item"]))
        elif one is not None:
            office = entry.fields.get("source", "").partition("+")[0]
            opened = {"entry": entry.detail["opens"], "field": entry.detail["field"], "value": one.value}
            told.append({"origin": office, **opened})
    return told


def missing(of: History, item: str, held: Collection[str]) -> list[dict[str, Any]]:
    """Objects of which only digests came, as the office of a history tells, and then the offices before it."""
    found = history.digests_only(of, item, held)
    for entry, before in earlier(of, item):
        found += [one for one in missing(before, str(entry.detail["item"]), held) if one not in found]
    return found


def lines(evidence: Evidence, found: Iterable[int]) -> list[dict[str, Any]]:
    """What to tell of the accessions whose file was found: once for each key, export and trust, with their items."""
    counts: dict[tuple[str, int, str], set[str]] = {}
    for entry in (evidence.entries[seq] for seq in sorted(found)):
        if "export" in entry.detail:
            of = (entry.fields.get("source", ""), entry.detail["export"], entry.detail["trust"])
            counts.setdefault(of, set()).add(str(entry.value.get("item")))
    return [
        {"key": key, "export": export, "trust": trust, "items": len(items)}
        for (key, export, trust), items in counts.items()
    ]
