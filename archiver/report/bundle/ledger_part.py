"""The ledger's part of a bundle: the entries that it is about, and the export's own entry with the proofs above it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from archiver.custody import cosigned as cosigned_notes
from archiver.custody.rotation import changes_of_keys
from archiver.custody.vault import Vault
from archiver.errors import ArchiverError
from archiver.model import CustodyEvent, EventType, Outcome
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import check as bundle
from archiver.proof.bundle import layout
from archiver.proof.bundle.evidence import VERSION
from archiver.proof.log.checkpoint import Checkpoint
from archiver.report import gather
from archiver.report.bundle.bag import BagWriter
from archiver.report.records import LedgerEntry, Records


def write_entries(writer: BagWriter, records: Records) -> None:
    """The entries byte for byte, what opens them, and the keys."""
    for entry in records.entries:
        writer.put(layout.entry_path(entry.seq), entry.body)
    writer.put(layout.DISCLOSURES, _disclosures(records.entries))
    writer.put(layout.KEY, "".join(f"{line}\n" for line in records.verifier_keys).encode())


def write_own_entry(
    vault: Vault,
    writer: BagWriter,
    records: Records,
    sealed: Mapping[str, str],
    told: list[CustodyEvent],
    cosign: Callable[[], object],
) -> None:
    """The export's own entry, noted in `told`, then the proofs of all entries under the checkpoint that covers it.

    `cosign` is called when that checkpoint was issued.
    """
    files = {path: (one.sha256, one.size) for path, one in writer.files.items()}
    listed = canonical.encode(bundle.files_document(files))
    event = CustodyEvent(
        EventType.DISSEMINATION,
        detail={
            "items": [one.item for one in records.exhibits],
            "files_sha256": hashlib.sha256(listed).hexdigest(),
            "exhibits": [[one.number, one.item] for one in records.exhibits],
            "withheld": records.withheld.document(),
        },
        sealed=sealed,
    )
    with vault.database.write() as transaction:
        (seq,) = vault.ledger.append(transaction, [event])
    told.append(event)
    vault.ledger.publish()
    cosign()
    own = gather.entry(vault, seq).without(records.withheld.fields)
    writer.put(layout.EXPORT_ENTRY, own.body)
    writer.put(layout.EXPORT_DISCLOSURES, _disclosures([own]))
    writer.put(layout.EXPORT_FILES, listed)
    latest = vault.ledger.latest()
    assert latest is not None, "it was just published"
    newest, note = latest
    writer.put(layout.EXPORT_CHECKPOINT, note)
    cosigned = _cosigned(vault, newest)
    if cosigned is not None:
        writer.put(layout.EXPORT_COSIGNED, cosigned[1])
    older = cosigned[0] if cosigned else None
    writer.put(layout.EXPORT_PROOFS, canonical.encode(_proofs(vault, records, seq, newest.size, older)))
    changes = [_change(vault, size, note, newest.size) for size, note in changes_of_keys(vault, newest.size)]
    if changes:
        writer.put(layout.EXPORT_ROTATIONS, canonical.encode({"v": VERSION, "changes": changes}))


def _cosigned(vault: Vault, newest: Checkpoint) -> tuple[int, bytes] | None:
    """The newest checkpoint that witnesses cosigned, unless that is the bundle's own, which then bears their lines."""
    kept = cosigned_notes.newest(vault.folder)
    return kept if kept and kept[0] < newest.size else None


@contextmanager
def taken_back(vault: Vault) -> Iterator[list[CustodyEvent]]:
    """Record as failed what was put in the list, when the bundle does not come about after all.

    The ledger must not go on saying that something left the house that did not.
    """
    told: list[CustodyEvent] = []
    try:
        yield told
    except BaseException:  # an interrupt would leave the same false claim behind
        for event in told:
            with vault.database.write() as transaction:
                failed = replace(event, outcome=Outcome.FAILURE, reason="export-not-finished")
                vault.ledger.append(transaction, [failed])
        with suppress(ArchiverError):  # on a full disk the next command publishes it
            vault.ledger.publish()
        raise


def _proofs(vault: Vault, records: Records, own: int, size: int, cosigned: int | None) -> dict[str, Any]:
    numbers = [*(entry.seq for entry in records.entries), own]
    document = {
        "v": VERSION,
        "export": own,
        "size": size,
        "inclusion": {str(seq): _base64(vault.ledger.inclusion_proof(seq, size)) for seq in numbers},
        "consistency": _base64(vault.ledger.consistency_proof(records.size, size)),
    }
    for name, covered in (
        ("timestamps", [(one.stamp.entry, one.stamp.size) for one in records.stamps]),
        ("anchors", [(one.anchor.entry, one.anchor.size) for one in records.anchors]),
    ):
        if covered:
            document[name] = {str(seq): _base64(vault.ledger.consistency_proof(of, size)) for seq, of in covered}
    if cosigned is not None:
        document["cosigned"] = _base64(vault.ledger.consistency_proof(cosigned, size))
    return document


def _change(vault: Vault, size: int, note: bytes, newest: int) -> dict[str, Any]:
    """A change of keys: the checkpoint that old and new signed, and that it is the beginning of the newest."""
    return {"note": note.decode("utf-8"), "consistency": _base64(vault.ledger.consistency_proof(size, newest))}


def _disclosures(entries: Sequence[LedgerEntry]) -> bytes:
    opened = {str(entry.seq): list(entry.disclosures) for entry in entries if entry.disclosures}
    for entry in entries:
        disclosure.check(entry.disclosures, entry.value["sealed"])
    return canonical.encode({"v": VERSION, "disclosures": opened})


def _base64(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode("ascii") for one in hashes]
