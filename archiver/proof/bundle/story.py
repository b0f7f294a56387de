"""report.json against the ledger: the report may say nothing of digests, times, findings and people that no entry says.

The page for people, report.html, is not read: the export's entry vouches for its digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archiver.proof import canonical
from archiver.proof.bundle import grouped, layout, matched, named
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence, read_json
from archiver.proof.bundle.exhibits import Exhibit, Told, objects_of
from archiver.proof.faults import ProofError
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.merkle import check_consistency, check_inclusion, leaf_hash
from archiver.proof.untrusted import rows, table, text, texts, whole

_CODE = "report-malformed"
_COPIED = ("time", "type", "outcome")
_COPIED_WHERE_TOLD: tuple[tuple[str, Any], ...] = (("reason", ""), ("tools", []))


def check_story(bag: Bag, evidence: Evidence, exhibits: Mapping[int, Exhibit], faults: Faults) -> None:
    """Faults of report.json."""
    try:
        report = table(read_json(bag, layout.REPORT_JSON), _CODE)
        for subject, message in _differences(bag, report, evidence, exhibits):
            faults.add("report-differs", subject, message)
        _check_cited(report, evidence, faults)
    except ProofError as error:
        faults.of(error, layout.REPORT_JSON)


def _differences(
    bag: Bag, report: dict[str, Any], evidence: Evidence, exhibits: Mapping[int, Exhibit]
) -> Iterator[tuple[str, str]]:
    ledger = table(report.get("ledger"), _CODE)
    keys = bag.read(layout.KEY, layout.MAX_TEXT_BYTES).decode("utf-8", "replace").splitlines()
    # Reports of the first versions show the first key only.
    if [ledger.get("verifier_key")] != keys[:1] or ledger.get("verifier_keys", keys) != keys:
        yield layout.REPORT_JSON, "the keys that the report shows are not those of the bundle"
    yield from named.differences(bag, ledger)
    listed = rows(ledger.get("entries"), _CODE)
    export = evidence.export.seq if evidence.export else -1
    if listed != sorted(set(evidence.entries) - {export}):
        yield layout.REPORT_JSON, "the entries that the report lists are not those of the bundle"
    shown = {whole(table(one, _CODE), "number", _CODE): one for one in rows(report.get("exhibits"), _CODE)}
    if {number: one.get("item") for number, one in shown.items()} != {n: e.item for n, e in exhibits.items()}:
        yield layout.REPORT_JSON, "the exhibits of the report are not those of the export's entry"
    for number, one in shown.items():
        if number in exhibits:
            yield from _exhibit(bag, one, text(report, "case", _CODE), exhibits[number], evidence)
    if evidence.export is not None:
        yield from _prepared(report, evidence.export)
    yield from matched.differences(report, evidence, exhibits)
    yield from grouped.differences(report, evidence, exhibits)


def _prepared(report: dict[str, Any], export: Entry) -> Iterator[tuple[str, str]]:
    """By whom and for whom, as the export's own entry discloses it. Versions before 0.3 named nobody but the agent."""
    named = export.fields.get("prepared_by") or export.fields.get("agent", "")
    if report.get("prepared_by") not in ("", named) or report.get("prepared_for", "") not in (
        "",
        export.fields.get("prepared_for", ""),
    ):
        yield layout.REPORT_JSON, "no disclosure says by whom, or for whom, the report was prepared"
    cited = table(table(report.get("ledger"), _CODE).get("checkpoint"), _CODE)
    for name, said in (("prepared_at", report.get("prepared_at")), ("size", cited.get("size"))):
        if export.detail.get(name, said) != said:
            yield layout.REPORT_JSON, "the export's entry gives another time or checkpoint than the report"


def _exhibit(
    bag: Bag, shown: dict[str, Any], case: str, exhibit: Exhibit, evidence: Evidence
) -> Iterator[tuple[str, str]]:
    subject = f"exhibit {exhibit.number}"
    objects = [table(one, _CODE) for one in rows(shown.get("objects"), _CODE)]
    told = [
        Told(
            role=text(one, "role", _CODE),
            sha256=text(one, "sha256", _CODE),
            sha512=text(one, "sha512", _CODE),
            size=whole(one, "size", _CODE),
            media_type=text(one, "media_type", _CODE),
        )
        for one in objects
    ]
    if set(told) != exhibit.objects:
        yield subject, "the objects that the report lists are not those of the ledger's entries"
    paths = {text(one, "path", _CODE): one for one in objects if "path" in one}
    if any("path" not in one and not one.get("withheld") for one in objects):
        yield subject, "the report says neither where an object lies nor that it is withheld"
    if set(paths) != exhibit.files:
        yield subject, "the files that the report lists are not those of the exhibit's folder"
    for path, one in sorted(paths.items()):
        own = bag.files.get(path)
        if own and (own.sha256, own.sha512, own.size) != (one["sha256"], one["sha512"], one["size"]):
            yield path, "the file is not the one that the report names"
    fields = table(shown.get("fields"), _CODE)
    for name, given in fields.items():
        entry = evidence.entries.get(whole(table(given, _CODE), "entry", _CODE))
        if entry is None or given.get("value", "") != entry.fields.get(name, ""):
            yield subject, f"no disclosure says what the report gives as {name[:40]}"
    if table(fields.get("case", {}), _CODE).get("value", "") != case:
        yield subject, "the report's case is not the one that the ledger's entry discloses"
    for row in rows(shown.get("custody"), _CODE):
        entry = evidence.entries.get(whole(table(row, _CODE), "entry", _CODE))
        if entry is None or not _copies(row, entry) or row.get("agent", "") != entry.fields.get("agent", ""):
            yield subject, f"the report tells entry {row['entry']} otherwise than the ledger"
        elif "objects" in row and row["objects"] != _concerned(entry, told):
            yield subject, f"the report tells of other objects than entry {row['entry']}"


def _copies(row: dict[str, Any], entry: Entry) -> bool:
    return all(row.get(name) == entry.value[name] for name in _COPIED) and all(
        row.get(name, empty) == entry.value.get(name, empty) for name, empty in _COPIED_WHERE_TOLD
    )


def _concerned(entry: Entry, told: list[Told]) -> list[str]:
    """Which of an exhibit's objects an entry names, in the exhibit's order. Reports before version 0.3 do not say."""
    named = {one.sha256 for one in objects_of(entry.value)}
    return list(dict.fromkeys(one.sha256 for one in told if one.sha256 in named))


def _check_cited(report: dict[str, Any], evidence: Evidence, faults: Faults) -> None:
    """The checkpoint that the report cites came before the bundle's own, and is the beginning of it."""
    signed = evidence.checkpoint
    if signed is None:
        return
    ledger = table(report["ledger"], _CODE)
    cited = table(ledger.get("checkpoint"), _CODE)
    try:
        root = bytes.fromhex(text(cited, "root", _CODE))
    except ValueError:
        raise ProofError(_CODE, "the cited checkpoint's root is not hexadecimal") from None
    older = Checkpoint(text(ledger, "origin", _CODE), whole(cited, "size", _CODE), root)
    if older.origin != signed.origin:
        faults.add("report-differs", layout.REPORT_JSON, "the report cites a checkpoint of another ledger")
    if any(seq >= older.size for seq in evidence.entries if evidence.export is None or seq != evidence.export.seq):
        faults.add("report-differs", layout.REPORT_JSON, "the report tells of entries after the checkpoint it cites")
    check_consistency(older.size, older.root, signed.size, signed.root, evidence.consistency)
    for one in rows(report.get("exhibits"), _CODE):
        if "inclusion" in one:
            _check_included(one, evidence, older)


def _check_included(shown: dict[str, Any], evidence: Evidence, cited: Checkpoint) -> None:
    """The way that the report prints leads from the entry to the root that it cites."""
    told = table(shown["inclusion"], _CODE)
    entry = evidence.entries.get(whole(told, "entry", _CODE))
    if entry is None:
        raise ProofError("report-differs", "the report proves an entry that is not in the bundle")
    leaf = leaf_hash(canonical.encode(dict(entry.value)))
    if text(told, "leaf", _CODE) != leaf.hex():
        raise ProofError("report-differs", f"the report gives another leaf hash for entry {entry.seq}")
    try:
        path = [bytes.fromhex(one) for one in texts(told.get("path"), _CODE)]
    except ValueError:
        raise ProofError(_CODE, "a hash of an inclusion proof is not hexadecimal") from None
    try:
        check_inclusion(leaf, entry.seq, cited.size, path, cited.root)
    except ProofError as error:
        raise ProofError("report-differs", f"the report's proof of entry {entry.seq}: {error.message}") from None
