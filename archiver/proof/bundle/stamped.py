"""The time stamps of a bundle: each token is what its entry tells, of a checkpoint that the bundle's own contains.

The authority's signature is checked only where the reader brings something that can (`Outside.vouch`): the standard
library cannot. Without it the command for OpenSSL is told, and nothing is claimed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence, read_json
from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, note
from archiver.proof.times import timestamp, timestamped
from archiver.proof.trust.outside import Vouch
from archiver.proof.untrusted import hashes, rows, table, text, whole

TYPE = "time stamp"

_REPORT = "report-malformed"


def check(bag: Bag, evidence: Evidence, vouch: Vouch | None, faults: Faults) -> list[dict[str, Any]]:
    """Note every fault of the stamps, and of what the report says of them; gives what to tell of those that hold."""
    told = check_files(bag, evidence, vouch, faults)
    try:
        _check_report(bag, _stamps(evidence), evidence, faults)
    except ProofError as error:
        faults.of(error, layout.REPORT_JSON)
    return told


def check_files(bag: Bag, evidence: Evidence, vouch: Vouch | None, faults: Faults) -> list[dict[str, Any]]:
    """The same without the report: each stamp's files are what its entry tells."""
    stamps = _stamps(evidence)
    for path in sorted(bag.files):
        place = layout.TIMESTAMP_PATH.fullmatch(path)
        if place and int(place[1]) not in stamps:
            faults.add("timestamp-of-other", path, "it belongs to no time stamp that an entry of the bundle tells of")
    return [found for _, entry in sorted(stamps.items()) for found in _judge(bag, entry, evidence, vouch, faults)]


def _stamps(evidence: Evidence) -> dict[int, Entry]:
    return {entry.seq: entry for entry in evidence.entries.values() if entry.type == TYPE}


def _judge(bag: Bag, entry: Entry, evidence: Evidence, vouch: Vouch | None, faults: Faults) -> Iterator[dict[str, Any]]:
    try:
        _check(bag, entry, evidence, vouch)
        yield _told(entry, vouch is not None)
    except ProofError as error:
        faults.of(error, f"entry {entry.seq}")
    except ValueError:  # a time that no record of ours holds
        faults.add(timestamp.CODE, f"entry {entry.seq}", "the entry's time is not of the right form")


def _check(bag: Bag, entry: Entry, evidence: Evidence, vouch: Vouch | None) -> None:
    query, reply, chain, signed = (_read(bag, entry.seq, kind) for kind in layout.TIMESTAMP_KINDS)
    digests = {one["sha256"] for one in entry.value.get("objects", [])}
    for kind, data in (("tsq", query), ("tsr", reply), ("pem", chain)):
        if hashlib.sha256(data).hexdigest() not in digests:
            raise ProofError(timestamp.CODE, f"the {kind} file is not the one that the entry tells")
    stamped, token = timestamped.check(entry.detail, signed, query, reply)
    if stamped.size > entry.seq or evidence.checkpoint is None or stamped.origin != evidence.checkpoint.origin:
        raise ProofError(timestamp.OTHER, "the stamped checkpoint is none of this ledger before that entry")
    present = evidence.checkpoint
    proof = hashes(evidence.stamped.get(str(entry.seq), []))
    try:
        merkle.check_consistency(stamped.size, stamped.root, present.size, present.root, proof)
    except ProofError as error:
        raise ProofError(timestamp.OTHER, f"the bundle's checkpoint does not contain it: {error.message}") from None
    covered = [str(one.value["time"]) for one in evidence.entries.values() if one.seq < stamped.size]
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    timestamped.check_time(token.time, max(covered, default=token.time), now)
    if vouch is not None:
        vouch(reply, query, signed, chain)


def _read(bag: Bag, seq: int, kind: str) -> bytes:
    path = layout.timestamp_path(seq, kind)
    if path not in bag.files:
        raise ProofError("timestamp-missing", f"{path} is missing")
    return bag.read(path, note.MAX_BYTES)


def _told(entry: Entry, checked: bool) -> dict[str, Any]:
    detail = entry.detail
    return {
        "entry": entry.seq,
        "size": detail["size"],
        "time": detail["time"],
        "authority": str(detail.get("authority", "")),
        "expires": str(detail.get("expires", "")),
        "signature_checked": checked,
        "command": command(entry.seq, str(detail["time"])),
    }


def command(seq: int, time: str) -> str:
    """How OpenSSL checks the token, in the bundle's folder; ROOT.pem is the reader's own.

    Certificates are judged at the token's time: at today's they end some day, and the stamp does not.
    """
    moment = datetime.strptime(time, timestamped.FORMAT).replace(tzinfo=timezone.utc)
    query, reply, chain, _ = (layout.timestamp_path(seq, kind) for kind in layout.TIMESTAMP_KINDS)
    return (
        f"openssl ts -verify -queryfile {query} -in {reply} -CAfile ROOT.pem -untrusted {chain}"
        f" -attime {int(moment.timestamp())}"
    )


def _check_report(bag: Bag, stamps: Mapping[int, Entry], evidence: Evidence, faults: Faults) -> None:
    """The report names each stamp as its entry does, and gives an exhibit no proof of time that no stamp gives."""
    report = table(read_json(bag, layout.REPORT_JSON), _REPORT)
    listed = [table(one, _REPORT) for one in rows(report.get("timestamps", []), _REPORT)]
    shown = {whole(one, "entry", _REPORT): one for one in listed}
    if set(shown) != set(stamps) or len(shown) != len(listed):
        faults.add("report-differs", layout.REPORT_JSON, "the time stamps of the report are not those of the ledger")
    for seq, one in shown.items():
        if seq in stamps and any(one.get(name) != stamps[seq].detail.get(name) for name in _COPIED):
            faults.add("report-differs", f"entry {seq}", "the report tells this time stamp otherwise than the ledger")
    for exhibit in rows(report.get("exhibits", []), _REPORT):
        proved = table(table(exhibit, _REPORT).get("proved", {}), _REPORT)
        if not proved:
            continue
        seq, by = whole(proved, "entry", _REPORT), whole(proved, "timestamp", _REPORT)
        about = evidence.entries.get(seq)
        stamp = stamps.get(by)
        if (
            about is None
            or stamp is None
            or about.value.get("item") != exhibit.get("item")
            or seq >= whole(dict(stamp.detail), "size", _REPORT)
            or text(proved, "time", _REPORT) != stamp.detail.get("time")
            or text(proved, "claimed", _REPORT) != about.value["time"]
        ):
            faults.add(
                "report-differs", f"exhibit {exhibit.get('number')}", "no time stamp proves the time that it gives"
            )


_COPIED = ("size", "time", "serial", "authority", "expires")
