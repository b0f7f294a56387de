"""The ledger's part of a bundle: the entries that it is about, and the export's own entry with the proofs above it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from archiver.custody import cosigned as cosigned_notes
from archiver.custody.rotation import changes_of_keys
from archiver.custody.vault import Vault
from archiver.errors import ArchiverError
from archiver.model import CustodyEvent, EventType, Outcome, Tool
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import check as bundle
from archiver.proof.bundle import layout
from archiver.proof.bundle.evidence import VERSION
from archiver.report import gather
from archiver.report.bundle.bag import BagWriter
from archiver.report.records import LedgerEntry, Records


def write_entries(writer: BagWriter, records: Records) -> None:
    """The entries byte for byte, what opens them, and the keys."""
    for entry in records.entries:
        writer.put(layout.entry_path(entry.seq), entry.body)
    writer.put(layout.DISCLOSURES, _disclosures(records.entries))
    writer.put(layout.KEY, "".join(f"{line}\n" for line in records.verifier_keys).encode())


def append_own_entry(
    vault: Vault, records: Records, listed: bytes, sealed: Mapping[str, str], told: list[CustodyEvent], **more: int
) -> int:
    """Have the ledger tell of the export, and publish that; gives the entry's number. The event is noted in `told`.

    `listed` is the list of files that the entry vouches for, `more` what else its detail says.
    """
    event = CustodyEvent(
        EventType.DISSEMINATION,
        detail={
            "items": [one.item for one in records.exhibits],
            "files_sha256": hashlib.sha256(listed).hexdigest(),
            "exhibits": [[one.number, one.item] for one in records.exhibits],
            "withheld": records.withheld.document(),
            "prepared_at": records.prepared_at,
            "size": records.size,
            "asked": records.asked.document(),
            **more,
        },
        tools=tuple(Tool(name, version) for name, version in records.tools.items()),
        sealed=sealed,
    )
    with vault.database.write() as transaction:
        (seq,) = vault.ledger.append(transaction, [event])
    told.append(event)
    vault.ledger.publish()
    return seq


def files_listed(writer: BagWriter) -> bytes:
    """files.json: the list of the files so far, for which an export's entry vouches."""
    files = {path: (one.sha256, one.size) for path, one in writer.files.items()}
    return canonical.encode(bundle.files_document(files))


def write_proofs(vault: Vault, writer: BagWriter, records: Records, seq: int, listed: bytes) -> None:
    """The export's own entry, `seq`, and the proofs of all entries under the first checkpoint that was issued over it.

    Whatever came later is not looked at, so the same export has the same proofs for ever; but lines of witnesses on
    that very checkpoint go along whenever they came.
    """
    own = gather.entry(vault, seq).without(records.withheld.fields)
    newest, note = _checkpoint_over(vault, seq)
    writer.put(layout.EXPORT_ENTRY, own.body)
    writer.put(layout.EXPORT_DISCLOSURES, _disclosures([own]))
    writer.put(layout.EXPORT_FILES, listed)
    writer.put(layout.EXPORT_CHECKPOINT, note)
    if records.vouched is not None:
        writer.put(layout.EXPORT_COSIGNED, records.vouched.note)
    older = records.vouched.size if records.vouched else None
    writer.put(layout.EXPORT_PROOFS, canonical.encode(_proofs(vault, records, seq, newest, older)))
    changes = [_change(vault, size, signed, newest) for size, signed in changes_of_keys(vault, newest)]
    if changes:
        writer.put(layout.EXPORT_ROTATIONS, canonical.encode({"v": VERSION, "changes": changes}))


def _checkpoint_over(vault: Vault, seq: int) -> tuple[int, bytes]:
    """Size and note of the first checkpoint that covers entry `seq`, with the lines of its witnesses."""
    row = (
        vault.database.read()
        .execute("SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1", (seq,))
        .fetchone()
    )
    assert row is not None, "it was published"
    return row[0], cosigned_notes.read(vault.folder, row[0]) or bytes(row[1])


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
        "inclusion": {str(seq): _base64(path) for seq, path in vault.ledger.inclusion_proofs(numbers, size).items()},
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
