"""The anchors of a bundle: each proof is what its entry tells, of a checkpoint that the bundle's own contains.

Blocks are looked at only where the reader brings their headers (`Outside.headers`). Without them it is told which block
has to be looked up, and nothing is claimed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence, read_json
from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, note
from archiver.proof.times import anchored, blockheaders, opentimestamps, otsbytes
from archiver.proof.times.blockheaders import Header
from archiver.proof.untrusted import hashes, rows, table, text, whole

TYPE = "time anchor"

_REPORT = "report-malformed"


def check(bag: Bag, evidence: Evidence, headers: Mapping[int, Header] | None, faults: Faults) -> list[dict[str, Any]]:
    """Note every fault of the anchors, and of what the report says of them; gives what to tell of those that hold."""
    told = check_files(bag, evidence, headers, faults)
    try:
        _check_report(bag, _anchors(evidence), evidence, faults)
    except ProofError as error:
        faults.of(error, layout.REPORT_JSON)
    return told


def check_files(
    bag: Bag, evidence: Evidence, headers: Mapping[int, Header] | None, faults: Faults
) -> list[dict[str, Any]]:
    """The same without the report: each anchor's files are what its entry tells."""
    found = _anchors(evidence)
    for path in sorted(bag.files):
        place = layout.ANCHOR_PATH.fullmatch(path)
        if place and int(place[1]) not in found:
            faults.add(opentimestamps.OTHER, path, "it belongs to no anchor that an entry of the bundle tells of")
    return [said for _, entry in sorted(found.items()) for said in _judge(bag, entry, evidence, headers, faults)]


def _anchors(evidence: Evidence) -> dict[int, Entry]:
    return {entry.seq: entry for entry in evidence.entries.values() if entry.type == TYPE}


def _judge(
    bag: Bag, entry: Entry, evidence: Evidence, headers: Mapping[int, Header] | None, faults: Faults
) -> Iterator[dict[str, Any]]:
    try:
        yield _told(bag, entry, evidence, headers)
    except ProofError as error:
        faults.of(error, f"entry {entry.seq}")
    except ValueError:  # a time that no record of ours holds
        faults.add(otsbytes.CODE, f"entry {entry.seq}", "the time of an entry under it is not of the right form")


def _told(bag: Bag, entry: Entry, evidence: Evidence, headers: Mapping[int, Header] | None) -> dict[str, Any]:
    signed = _read(bag, entry.seq, "checkpoint", note.MAX_BYTES)
    data = _read(bag, entry.seq, "ots", opentimestamps.MAX_PROOF_BYTES)
    if hashlib.sha256(data).hexdigest() not in {one["sha256"] for one in entry.value.get("objects", [])}:
        raise ProofError(otsbytes.CODE, "the proof is not the one that the entry tells")
    of, proof = anchored.check(entry.detail, signed, data)
    present = evidence.checkpoint
    if of.size > entry.seq or present is None or of.origin != present.origin:
        raise ProofError(opentimestamps.OTHER, "the anchored checkpoint is none of this ledger before that entry")
    consistency = hashes(evidence.anchored.get(str(entry.seq), []))
    try:
        merkle.check_consistency(of.size, of.root, present.size, present.root, consistency)
    except ProofError as error:
        message = f"the bundle's checkpoint does not contain it: {error.message}"
        raise ProofError(opentimestamps.OTHER, message) from None
    if headers is None:
        return anchored.told(entry.seq, entry.detail, None)
    covered = [str(one.value["time"]) for one in evidence.entries.values() if one.seq < of.size]
    return anchored.told(entry.seq, entry.detail, anchored.date(proof, headers, max(covered, default="")))


def _read(bag: Bag, seq: int, kind: str, most: int) -> bytes:
    path = layout.anchor_path(seq, kind)
    if path not in bag.files:
        raise ProofError("anchor-missing", f"{path} is missing")
    return bag.read(path, most)


def _check_report(bag: Bag, found: Mapping[int, Entry], evidence: Evidence, faults: Faults) -> None:
    """The report names each anchor as its entry does, and gives an exhibit no block that no anchor leads to."""
    report = table(read_json(bag, layout.REPORT_JSON), _REPORT)
    listed = [table(one, _REPORT) for one in rows(report.get("anchors", []), _REPORT)]
    shown = {whole(one, "entry", _REPORT): one for one in listed}
    if set(shown) != set(found) or len(shown) != len(listed):
        faults.add("report-differs", layout.REPORT_JSON, "the anchors of the report are not those of the ledger")
    for seq, one in shown.items():
        if seq in found and any(one.get(name) != found[seq].detail.get(name) for name in ("size", "blocks")):
            faults.add("report-differs", f"entry {seq}", "the report tells this anchor otherwise than the ledger")
        elif seq in found and "header" in one and not _is_header_of(bag, seq, table(one["header"], _REPORT)):
            faults.add("report-differs", f"entry {seq}", "the header in the report is none of a block of this anchor")
    for exhibit in rows(report.get("exhibits", []), _REPORT):
        said = table(table(exhibit, _REPORT).get("anchored", {}), _REPORT)
        if said and not (
            _is_proved(said, table(exhibit, _REPORT).get("item"), found, evidence)
            and _is_dated(said, shown.get(whole(said, "anchor", _REPORT), {}))
        ):
            message = "no anchor leads to the block and time that it gives"
            faults.add("report-differs", f"exhibit {exhibit.get('number')}", message)


def _is_header_of(bag: Bag, seq: int, shown: Mapping[str, Any]) -> bool:
    """Whether a header that the report shows has a Merkle root of the proof, and says what the report says."""
    try:
        proof = opentimestamps.parse(_read(bag, seq, "ots", opentimestamps.MAX_PROOF_BYTES))
        raw = bytes.fromhex(text(dict(shown), "bytes", _REPORT))
        header = blockheaders.read(whole(dict(shown), "block", _REPORT), raw)
    except (ProofError, ValueError):
        return False
    roots = {(path.attestation.block, path.message) for path in proof.paths}
    return (header.height, header.merkle_root) in roots and anchored.Dated(header).document() == shown


def _is_dated(said: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Whether an exhibit's block has the time that the header shown with its anchor says, or none is said."""
    header = table(shown.get("header", {}), _REPORT)
    return "time" not in said or (said["time"], said.get("block")) == (header.get("time"), header.get("block"))


def _is_proved(said: Mapping[str, Any], item: object, found: Mapping[int, Entry], evidence: Evidence) -> bool:
    about = evidence.entries.get(whole(dict(said), "entry", _REPORT))
    anchor = found.get(whole(dict(said), "anchor", _REPORT))
    return (
        about is not None
        and anchor is not None
        and about.value.get("item") == item
        and about.seq < whole(dict(anchor.detail), "size", _REPORT)
        and said.get("block") in rows(anchor.detail.get("blocks"), _REPORT)
        and said.get("claimed") == about.value["time"]
    )
