"""The ledger's part of a bundle: key, checkpoint, entries, inclusion proofs and disclosures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout, signed
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, note
from archiver.proof.log.checkpoint import Checkpoint, parse
from archiver.proof.log.eras import Era
from archiver.proof.times import clock
from archiver.proof.untrusted import hashes, rows, table, text, texts, whole

#: Version of proofs.json, disclosures.json and files.json, their field `v`.
VERSION = 1

SEALED = 16

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
_COMMITMENT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_OBJECT = ("sha256", "sha512", "media_type", "role")


@dataclass(frozen=True)
class Entry:
    """A ledger entry of the bundle: its number, what it says, and the sealed fields that the bundle opens."""

    seq: int
    value: Mapping[str, Any]
    fields: Mapping[str, str]

    @property
    def type(self) -> str:
        """Its event type."""
        return str(self.value["type"])

    @property
    def detail(self) -> Mapping[str, Any]:
        """Its detail, empty where it has none."""
        found: Mapping[str, Any] = self.value.get("detail", {})
        return found


@dataclass(frozen=True)
class Evidence:
    """What was read, faulty or not: the signed checkpoint, entries by number, and the export's own entry."""

    eras: Sequence[Era]  # the ledger's keys; none where they, or their signatures on the checkpoint, do not hold
    checkpoint: Checkpoint | None
    entries: Mapping[int, Entry]
    export: Entry | None
    consistency: tuple[bytes, ...]
    cosigned: tuple[bytes, ...]  # the consistency proof of the cosigned checkpoint
    stamped: Mapping[str, Any]  # consistency proofs of stamped checkpoints by the number of the stamp's entry
    anchored: Mapping[str, Any]  # and of anchored ones
    about_item: Mapping[str, Sequence[Entry]]
    captures: Mapping[str, Sequence[Entry]]  # by acquisition


def read_evidence(bag: Bag, expected_key: str | None, faults: Faults) -> Evidence:
    """Check the ledger's part. Without `expected_key` the bundle's own keys are used, which proves only agreement.

    The entries say which keys sign, and are held against the checkpoint's root before its signatures are looked at.
    """
    checkpoint = _checkpoint(bag, faults)
    proofs = _document(bag, layout.EXPORT_PROOFS, faults)
    opened = {**_disclosures(bag, layout.DISCLOSURES, faults), **_disclosures(bag, layout.EXPORT_DISCLOSURES, faults)}
    try:
        export_seq = whole(proofs, "export", "proofs-malformed") if proofs else -1
        inclusion = table(proofs.get("inclusion", {}), "proofs-malformed")
        consistency = hashes(proofs.get("consistency", []))
        cosigned = hashes(proofs.get("cosigned", []))
        stamped = table(proofs.get("timestamps", {}), "proofs-malformed")
        anchored = table(proofs.get("anchors", {}), "proofs-malformed")
    except ProofError as error:
        faults.of(error, layout.EXPORT_PROOFS)
        export_seq, inclusion, consistency, cosigned, stamped, anchored = -1, {}, (), (), {}, {}
    places = {int(layout.ENTRY_PATH.fullmatch(path)[1]): path for path in _entry_files(bag)}  # type: ignore[index]  # they match
    if export_seq in places:
        faults.add("entry-repeated", places[export_seq], "the export's own entry is there twice")
    places[export_seq] = layout.EXPORT_ENTRY
    entries = {}
    length = 0
    for seq, path in sorted(places.items()):
        length += bag.files[path].size if path in bag.files else 0
        if length > layout.MAX_ENTRIES_BYTES:
            faults.add(
                "entries-too-long", path, f"the entries are longer than {layout.MAX_ENTRIES_BYTES} bytes together"
            )
            break
        if path != layout.EXPORT_ENTRY and path != layout.entry_path(seq):
            faults.add("file-name", path, f"entry {seq} has its place at {layout.entry_path(seq)}")
        entry = _entry(bag, seq, path, inclusion.get(str(seq)), opened.pop(str(seq), []), checkpoint, faults)
        if entry:
            entries[seq] = entry
    now = clock.latest()
    ahead = next((one for _, one in sorted(entries.items()) if one.value["time"] > now), None)
    if ahead is not None:
        faults.add(clock.CODE, f"entry {ahead.seq}", clock.message(ahead.value["time"]))
    for number in sorted(set(inclusion) - {str(seq) for seq in places}):
        faults.add("entry-missing", f"entry {number[:20]}", "there is a proof for it, and it is missing")
    for number in sorted(opened):
        faults.add("disclosure-foreign", f"entry {number[:20]}", "disclosures belong to an entry that is not here")
    found: Sequence[Era] = ()
    if checkpoint is not None:
        told = [(seq, entry.value) for seq, entry in sorted(entries.items())]
        changes = _document(bag, layout.EXPORT_ROTATIONS, faults) if layout.EXPORT_ROTATIONS in bag.sizes else {}
        found = signed.check(bag, told, changes, checkpoint, expected_key, faults)
    captures = [entry for entry in entries.values() if entry.type == "capture"]
    return Evidence(
        eras=found,
        checkpoint=checkpoint,
        entries=entries,
        export=entries.get(export_seq),
        consistency=consistency,
        cosigned=cosigned,
        stamped=stamped,
        anchored=anchored,
        about_item=_grouped(entries.values(), "item"),
        captures=_grouped(captures, "acquisition"),
    )


def _grouped(entries: Iterable[Entry], name: str) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if name in entry.value:
            found.setdefault(entry.value[name], []).append(entry)
    return found


def _checkpoint(bag: Bag, faults: Faults) -> Checkpoint | None:
    """The bundle's checkpoint, of which no signature is checked yet."""
    try:
        return parse(note.parse(bag.read(layout.EXPORT_CHECKPOINT, note.MAX_BYTES)).text)
    except ProofError as error:
        faults.of(error, layout.EXPORT_CHECKPOINT)
        return None


def _entry_files(bag: Bag) -> list[str]:
    return [path for path in bag.files if layout.ENTRY_PATH.fullmatch(path)]


def _entry(
    bag: Bag, seq: int, path: str, proof: Any, opened: Sequence[str], checkpoint: Checkpoint | None, faults: Faults
) -> Entry | None:
    subject = f"entry {seq}" if seq >= 0 else path
    try:
        body = bag.read(path, canonical.MAX_BYTES)
    except ProofError as error:
        faults.of(error, path)
        return None
    if checkpoint is not None:
        try:
            if proof is None:
                raise ProofError("proof-missing", "there is no inclusion proof for it")
            merkle.check_inclusion(merkle.leaf_hash(body), seq, checkpoint.size, hashes(proof), checkpoint.root)
        except ProofError as error:
            faults.of(error, subject)
    try:
        value = _well_formed(canonical.decode(body))
    except ProofError as error:
        faults.of(error, subject)
        return None
    fields: dict[str, str] = {}
    try:
        fields = disclosure.check(opened, value["sealed"])
    except ProofError as error:
        faults.of(error, subject)
    return Entry(seq, value, fields)


def _well_formed(value: Any) -> dict[str, Any]:
    """The form that later checks rely on; the whole of it is in custody-event.schema.json."""
    code = "entry-malformed"
    entry = table(value, code)
    if entry.get("v") != 1 or entry["v"] is True:
        raise ProofError(code, "the entry is of a version that this verifier does not know")
    for name in ("type", "outcome", "time"):
        text(entry, name, code)
    if not _TIME.fullmatch(entry["time"]):
        raise ProofError(code, "the entry's time is not of the right form")
    for name in ("reason", "request", "acquisition", "item", "match"):
        if name in entry:
            text(entry, name, code)
    table(entry.get("detail", {}), code)
    for one in rows(entry.get("objects", []), code):
        for name in _OBJECT:
            text(table(one, code), name, code)
        whole(one, "size", code)
    sealed = texts(entry.get("sealed"), code)
    if len(set(sealed)) != SEALED or len(sealed) != SEALED or not all(_COMMITMENT.fullmatch(one) for one in sealed):
        raise ProofError(code, f"the entry does not hold {SEALED} different commitments")
    return entry


def _disclosures(bag: Bag, path: str, faults: Faults) -> dict[str, list[str]]:
    try:
        document = _document(bag, path, faults)
        listed = table(document.get("disclosures", {}), "disclosure-malformed")
        return {number: texts(opened, "disclosure-malformed") for number, opened in listed.items()}
    except ProofError as error:
        faults.of(error, path)
        return {}


def _document(bag: Bag, path: str, faults: Faults) -> dict[str, Any]:
    """A canonical JSON object with our version, or an empty one and a fault."""
    try:
        document = table(read_json(bag, path), "document-malformed")
        if document.get("v") != VERSION or document["v"] is True:
            raise ProofError("document-malformed", "it is of a version that this verifier does not know")
        return document
    except ProofError as error:
        faults.of(error, path)
        return {}


def read_json(bag: Bag, path: str) -> Any:
    """The value of a canonical JSON file of the bundle. Raises ProofError."""
    return canonical.decode(bag.read(path, layout.MAX_JSON_BYTES), max_bytes=layout.MAX_JSON_BYTES)
