"""What other offices told of received items goes along with an export: whole, or only as much as may be told.

A history that goes along whole is the very object that came. Of one that tells of items which are not exported, or of
fields that are withheld, a part is made: entries and proofs as they are, without the others' entries and without the
disclosures. Its checkpoint and signatures stay, so it proves as much of what is left.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from archiver.custody.vault import Vault
from archiver.errors import EvidenceError
from archiver.model import EventType
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import history, layout, packing, received
from archiver.proof.bundle.evidence import Entry, read_json
from archiver.proof.bundle.history import Found, History
from archiver.proof.faults import ProofError
from archiver.report.records import LedgerEntry, Story
from archiver.report.withholding.withheld import HISTORY, Withheld

#: Entries about the ledger itself, which the proofs of all others stand on.
_OF_LEDGER = frozenset({"vault creation", "key rotation", "time stamp", "time anchor"})

#: Files that are about the ledger's checkpoint, as they are.
_KEPT = (layout.KEY, layout.EXPORT_ENTRY, layout.EXPORT_CHECKPOINT, layout.EXPORT_ROTATIONS, layout.EXPORT_COSIGNED)

#: Proofs by the number of an entry.
_BY_ENTRY = ("inclusion", "timestamps", "anchors")


def stories(vault: Vault, entries: Sequence[LedgerEntry], withheld: Withheld) -> tuple[Story, ...]:
    """What goes along with the accessions among the entries of an export."""
    if HISTORY in withheld.objects:
        return ()
    made: list[Story] = []
    for accessions in _together(entries):
        if accessions[0].value["detail"].get("field") in withheld.fields:
            continue
        data = vault.store.read(_file(accessions[-1]))
        number = len(made) + 1
        if _opens(accessions[0]):
            found = Found(layout.received_path(number, "json"), value=_opened(data).value)
        else:
            data = part(data, {entry.value["detail"]["item"] for entry in accessions}, withheld.fields)
            found = Found(layout.received_path(number, "zip"), _read(data))
        made.append(Story(found, data, tuple(entry.seq for entry in accessions)))
    return tuple(made)


def told(vault: Vault, entries: Sequence[LedgerEntry]) -> Iterator[LedgerEntry]:
    """What the histories of these accessions disclose, under an accession's own number: to be withheld alike."""
    for accessions in _together(entries):
        first = accessions[0]
        data = vault.store.read(_file(accessions[-1]))
        if _opens(first):
            opened = _opened(data)
            yield LedgerEntry(first.seq, b"", first.value, (), {opened.name: opened.value})
            continue
        items = {entry.value["detail"]["item"] for entry in accessions}
        for value, fields in _disclosed(_read(data), items):
            yield LedgerEntry(first.seq, b"", value, (), fields)


def _together(entries: Sequence[LedgerEntry]) -> list[list[LedgerEntry]]:
    """Accessions that one file is for: those of the items of one bundle, and each of a field that was opened later.

    The same bundle can have come again with more witnesses' lines: the last history stands for all.
    """
    found: dict[tuple[object, ...], list[LedgerEntry]] = {}
    for entry in entries:
        if entry.type == EventType.ACCESSION:
            detail = entry.value["detail"]
            of = (_file(entry),) if _opens(entry) else (detail["export"], detail["size"], detail["root"])
            found.setdefault(of, []).append(entry)
    return list(found.values())


def _file(accession: LedgerEntry) -> str:
    """The object that it is about."""
    return next(str(one["sha256"]) for one in accession.value["objects"] if history.is_file(one["media_type"]))


def _opens(accession: LedgerEntry) -> bool:
    """Whether it tells of a field that was opened later."""
    return "opens" in accession.value["detail"]


def part(data: bytes, items: Collection[str], fields: Collection[str]) -> bytes:
    """As much of a history as concerns `items` and discloses none of `fields`: all of it, byte for byte, if that is so.

    Raises EvidenceError where it does not hold.
    """
    one = _read(data)
    kept = _kept(one, items)
    nested = dict(_nested(one, kept, fields))
    hides = any(name in fields for entry in one.evidence.entries.values() for name in entry.fields)
    same = all(one.bag.read(path, layout.MAX_HISTORY_BYTES) == inner for path, inner in nested.items())
    if set(kept) == set(one.evidence.entries) and not hides and same and len(nested) == len(_received(one)):
        return data
    files = {path: one.bag.read(path, layout.MAX_OTHER_BYTES) for path in _KEPT if path in one.bag.files}
    files |= nested
    for seq in kept:
        places = [layout.entry_path(seq), *(layout.timestamp_path(seq, kind) for kind in layout.TIMESTAMP_KINDS)]
        places += [layout.anchor_path(seq, kind) for kind in layout.ANCHOR_KINDS]
        files |= {path: one.bag.read(path, layout.MAX_JSON_BYTES) for path in places if path in one.bag.files}
    for path in (layout.DISCLOSURES, layout.EXPORT_DISCLOSURES):
        files[path] = _without(read_json(one.bag, path), kept, fields)
    document = read_json(one.bag, layout.EXPORT_PROOFS)
    numbers = set(map(str, kept))
    for name in _BY_ENTRY:
        if name in document:
            document[name] = {seq: proof for seq, proof in document[name].items() if seq in numbers}
    files[layout.EXPORT_PROOFS] = canonical.encode(document)
    return _packed(files)


def _kept(whole: History, items: Collection[str]) -> Mapping[int, Entry]:
    """The entries about the ledger itself, the export's own, and those that name these items and no others."""
    evidence = whole.evidence
    if evidence.export is not None and _only(evidence.export, items):
        return evidence.entries
    kept = {entry.seq: entry for item in items for entry in history.about(evidence, item) if _only(entry, items)}
    kept |= {seq: one for seq, one in evidence.entries.items() if one.type in _OF_LEDGER or one is evidence.export}
    matches = {entry.value.get("match") for entry in kept.values() if entry.type == "match"}
    return {seq: entry for seq, entry in kept.items() if entry.value.get("match") in matches | {None}}


def _only(entry: Entry, items: Collection[str]) -> bool:
    """Whether it names no item but these."""
    named = [entry.value["item"]] if "item" in entry.value else []
    if entry.type == "match":
        named += [entry.detail.get("a"), entry.detail.get("b")]
    elif entry.type == "dissemination":
        listed = entry.detail.get("items")
        named += listed if isinstance(listed, list) else [None]
    return all(isinstance(name, str) and name in items for name in named)


def _received(one: History) -> list[str]:
    return [path for path in one.bag.files if path.startswith(layout.RECEIVED)]


def _nested(one: History, kept: Mapping[int, Entry], fields: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Histories within the history, under their paths, as far as their accessions are kept."""
    items: dict[str, set[str]] = {}
    for seq, found in one.before.items():
        detail = one.evidence.entries[seq].detail
        if seq in kept and detail.get("field") not in fields:
            items.setdefault(found.path, set()).add(str(detail["item"]))
    for path, of in items.items():
        data = one.bag.read(path, layout.MAX_HISTORY_BYTES)
        yield path, part(data, of, fields) if path.endswith(".zip") else data


def _without(document: dict[str, Any], kept: Collection[int], fields: Collection[str]) -> bytes:
    opened = {
        seq: [one for one in listed if disclosure.read(one).name not in fields]
        for seq, listed in document["disclosures"].items()
        if seq in set(map(str, kept))
    }
    return canonical.encode({**document, "disclosures": {seq: listed for seq, listed in opened.items() if listed}})


def _disclosed(one: History, items: Collection[str]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, str]]]:
    """Entries about items and what is open of each, those of the offices before as well."""
    kept = _kept(one, items)
    yield from ((entry.value, entry.fields) for entry in kept.values())
    for seq, found in one.before.items():
        if seq not in kept:
            continue
        detail = kept[seq].detail
        if found.history is None:
            yield kept[seq].value, {str(detail["field"]): found.value}
        else:
            yield from _disclosed(found.history, {str(detail["item"])})


def _packed(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    sizes = {path: len(data) for path, data in files.items()}
    packing.pack(archive, sizes, lambda path: io.BytesIO(files[path]))
    return archive.getvalue()


def _opened(data: bytes) -> disclosure.Opened:
    """What a disclosure's file opens, which was checked when it came."""
    return disclosure.read(canonical.decode(data.removesuffix(b"\n"), max_bytes=len(data))["disclosure"])


def _read(data: bytes) -> History:
    try:
        return received.read_sound(data, "a history")
    except ProofError as error:
        raise EvidenceError(
            f"the history of a received item does not hold: {error.message}",
            code=error.code,
            next_step="Nothing was exported; run `archiver verify`",
        ) from None
