"""The history of items at the office from which they were received: the ledger's part of that office's bundle.

It is kept and handed on as one zip in the form of `zipform`, and checked as it is in a bundle: keys, signatures, proofs
and disclosures. What an own entry tells of it (an accession) binds it to a root, so that no other history takes its
place.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from archiver.proof.bundle import anchors, layout, stamped, standing
from archiver.proof.bundle.bag import Bag, Faults, TooManyFaults, read_bag
from archiver.proof.bundle.evidence import Entry, Evidence, read_evidence
from archiver.proof.bundle.exhibits import objects_of, told_of
from archiver.proof.bundle.zipped import Zip
from archiver.proof.faults import ProofError
from archiver.proof.times import clock

#: The type of the entry that tells that an item was received.
TYPE = "accession"

#: Of the object that holds a history, and of one that opens a field later. An accession names one object of either.
ZIP_TYPE = "application/zip"
DISCLOSURE_TYPE = "application/vnd.archiver.disclosure+json"

#: Roles of what the other office made of an item. Whoever receives makes their own.
_MADE_THERE = frozenset({"metadata", "fingerprint"})

INVALID = "history-invalid"
OTHER = "history-of-other"
MISSING = "history-missing"


@dataclass(frozen=True)
class History:
    """What was read: the files of the history, and what they prove.

    `before` is what was found of the accessions that it tells of, by the number of each entry there.
    """

    bag: Bag
    evidence: Evidence
    before: dict[int, Found] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Whose ledger it is; empty where no checkpoint can be read."""
        return self.evidence.checkpoint.origin if self.evidence.checkpoint else ""

    @property
    def keys(self) -> list[str]:
        """The ledger's verifier keys, of the past and of today; none where anything is wrong with them."""
        return [line for era in self.evidence.eras for line in era.keys.lines()]


@dataclass(frozen=True)
class Found:
    """The file of an accession: a history, or what opens a field later and the value that it opens."""

    path: str
    history: History | None = None
    value: str = ""


def digests_only(history: History, item: str, held: Collection[str]) -> list[dict[str, Any]]:
    """What the other office acquired of an item and is not among what is `held` (SHA-256): of it only digests came."""
    told = {one for one in told_of(item, history.evidence)[1] if one.sha256 not in held and one.role not in _MADE_THERE}
    return [
        {"role": one.role, "sha256": one.sha256, "sha512": one.sha512, "size": one.size, "media_type": one.media_type}
        for one in sorted(told, key=lambda one: (one.role, one.sha256, one.media_type))
    ]


def is_file(media_type: str) -> bool:
    """Whether an object of this type, in an accession, is what the accession is about."""
    return media_type in (ZIP_TYPE, DISCLOSURE_TYPE)


def about(evidence: Evidence, item: str) -> list[Entry]:
    """The entries about an item, its acquisition and request, its matches and the rulings on them, in their order."""
    own = evidence.about_item.get(item, ())
    acquisitions = {one.value["acquisition"] for one in own if "acquisition" in one.value}
    requests = {
        one.value["request"]
        for name in acquisitions
        for one in evidence.captures.get(name, ())
        if "request" in one.value
    }
    matches = {
        one.value.get("match")
        for one in evidence.entries.values()
        if one.type == "match" and item in (one.detail.get("a"), one.detail.get("b"))
    }
    return [one for _, one in sorted(evidence.entries.items()) if _is_about(one, item, acquisitions, requests, matches)]


def _is_about(
    one: Entry, item: str, acquisitions: Collection[str], requests: Collection[str], matches: Collection[object]
) -> bool:
    value = one.value
    if "match" in value:
        return value["match"] in matches
    if "item" in value:
        return bool(value["item"] == item)
    if one.type == "dissemination":
        items = one.detail.get("items")
        return isinstance(items, list) and item in items
    return value.get("acquisition") in acquisitions or value.get("request") in requests


def read(data: bytes, subject: str, faults: Faults) -> History | None:
    """The history in a zip; None where nothing can be read. What is wrong with it goes into `faults`, under `subject`.

    Histories within it are files of its bag: `proof.bundle.received.read` follows them.
    """
    found = Faults()
    history = None
    try:
        history = _read(data, found)
    except ProofError as error:
        found.of(error, "the zip")
    except TooManyFaults:
        pass
    for fault in found.found:
        message = f"{fault.subject}: {fault.message}"
        if fault.code == clock.CODE:
            faults.add(clock.CODE, subject, message)
        else:
            faults.add(INVALID, subject, f"{message} [{fault.code}]")
    return history


def _read(data: bytes, faults: Faults) -> History:
    bag = read_bag(Zip(io.BytesIO(data)), faults)
    for path in sorted(bag.sizes):
        if not layout.is_history(path):
            faults.add("file-extra", path, "no history has such a file")
    evidence = read_evidence(bag, None, faults)
    standing.signed_notes(bag, evidence, faults)
    stamped.check_files(bag, evidence, None, faults)
    anchors.check_files(bag, evidence, None, faults)
    export = evidence.export
    if export is None or export.type != "dissemination" or export.value["outcome"] != "success":
        faults.add("export-entry", layout.EXPORT_ENTRY, "the export's entry is no successful dissemination")
    elif layout.EXPORT_FILES in bag.files:
        vouched = export.detail.get("files_sha256")
        if bag.files[layout.EXPORT_FILES].sha256 != vouched:
            faults.add("files-list-differs", layout.EXPORT_FILES, "the list of files is not the one of the export")
    return History(bag, evidence)


def check(history: History, told: Entry, own: Evidence) -> None:
    """Raises ProofError unless this is the history that an accession of `own` evidence tells of, and the item's bytes
    are those of which it tells.
    """
    check_told(history, told.detail, told.fields.get("source"))
    held = [
        (one.role, one.sha256, one.sha512, one.size)
        for entry in own.about_item.get(str(told.value.get("item")), ())
        if entry.type == "ingestion"
        for one in objects_of(entry.value)
    ]
    check_objects(history, str(told.detail.get("item")), held)


def check_told(history: History, detail: Mapping[str, Any], key: str | None) -> None:
    """The part of `check` about the bundle: checkpoint, key (None: nothing tells it any more), export and exhibit."""
    evidence = history.evidence
    point, export = evidence.checkpoint, evidence.export
    if point is None or (point.size, point.root.hex()) != (detail.get("size"), detail.get("root")):
        raise ProofError(OTHER, "the entry tells of another checkpoint")
    if key is not None and key not in history.keys:
        raise ProofError(OTHER, "the entry tells of another key than the ledger's")
    if export is None or export.seq != detail.get("export"):
        raise ProofError(OTHER, "the entry tells of another export")
    item, exhibits = detail.get("item"), export.detail.get("exhibits")
    if not isinstance(exhibits, list) or [detail.get("exhibit"), item] not in exhibits:
        raise ProofError(OTHER, "that export had no such exhibit")
    if not told_of(str(item), evidence)[0]:
        raise ProofError(OTHER, "it does not say how the item was taken in")


def check_objects(history: History, item: str, held: Iterable[tuple[str, str, str, int]]) -> None:
    """Each object (role, SHA-256, SHA-512, size) that came with an item is one of which the history tells."""
    told = {(one.role, one.sha256, one.sha512, one.size) for one in told_of(item, history.evidence)[1]}
    for one in held:
        if one not in told:
            raise ProofError(OTHER, f"it does not tell of the {one[0]} {one[1]} that the item holds")
