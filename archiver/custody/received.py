"""What was received from other offices: entries about it, and the history of an item as its office told it.

The history is an object, the ledger's part of the other office's bundle as one zip (`proof.bundle.history`). It is read
and checked anew whenever it is asked for: nothing that it says is copied into a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.custody import acquisitions, catalog
from archiver.custody.ledger import received_subject
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError
from archiver.model import CustodyEvent, EventType, Holding, Item
from archiver.proof.bundle import history
from archiver.proof.bundle.evidence import Entry
from archiver.proof.bundle.history import History
from archiver.proof.bundle.opened import Opened
from archiver.proof.bundle.received import check_opened, read_sound
from archiver.proof.faults import ProofError


@dataclass(frozen=True, slots=True)
class Accession:
    """An entry by which an item came from another office, or more was told of it.

    `key` is the other ledger's verifier key, "" where that is forgotten. `detail` is the entry's; `file` the SHA-256 of
    the object that it is about: the history, or what opens a field of one.
    """

    entry: int
    item: str
    time: str
    key: str
    detail: Mapping[str, Any]
    file: str

    @property
    def origin(self) -> str:
        """The name of the ledger that it came from."""
        return self.key.partition("+")[0]

    @property
    def opens_later(self) -> bool:
        """Whether it tells of a field that was opened after the bundle came."""
        return "opens" in self.detail


def of_entry(entry: Entry) -> Accession:
    """The accession that an entry of a history tells: how the item came to that office."""
    value = entry.value
    files = [one["sha256"] for one in value.get("objects", []) if history.is_file(one["media_type"])]
    key = entry.fields.get("source", "")
    return Accession(entry.seq, value["item"], value["time"], key, entry.detail, files[0] if files else "")


def of_item(vault: Vault, item: str) -> list[Accession]:
    """The accessions of an item, in their order; none of an item that this office acquired itself."""
    return [one for one in _read(vault, catalog.entries_about(vault, item)) if one.item == item]


def of_other(vault: Vault, origin: str, item: str) -> list[Accession]:
    """The accessions of what another office calls `item`."""
    return [one for one in _read(vault, catalog.entries_about(vault, received_subject(item))) if one.origin == origin]


def known_keys(vault: Vault, origin: str) -> list[str]:
    """Verifier keys under which something was received from a ledger before, the newest last."""
    rows = vault.database.read().execute(
        "SELECT value FROM subject JOIN disclosure USING (seq) WHERE subject.id >= 'received.' AND subject.id <"
        " 'received/' AND name = 'source' GROUP BY value ORDER BY MAX(seq)"
    )
    return [key for (key,) in rows if key.partition("+")[0] == origin]


def read_history(vault: Vault, accession: Accession) -> History:
    """The history that an accession brought. Raises EvidenceError where it is not there or does not hold."""
    try:
        return read_sound(vault.store.read(accession.file), accession.file)
    except ProofError as error:
        raise EvidenceError(
            f"the history of item {accession.item} does not hold: {error.message}",
            code=error.code,
            next_step="Run `archiver verify`",
        ) from None


def read_disclosure(vault: Vault, accession: Accession) -> Opened:
    """What a field that was opened later says. Raises EvidenceError where it opens nothing of the item's histories."""
    told = [one for one in of_item(vault, accession.item) if not one.opens_later]
    histories = {one.file: read_history(vault, one) for one in told}
    try:
        return check_opened(vault.store.read(accession.file), accession.detail, list(histories.values()))
    except ProofError as error:
        raise EvidenceError(
            f"what opens a field of item {accession.item} does not hold: {error.message}",
            code=error.code,
            next_step="Run `archiver verify`",
        ) from None


def add(vault: Vault, item: Item, told: Holding, event: CustodyEvent) -> int | None:
    """Record that more was told of a received item; the entry's number, or None where the same is on record."""
    with vault.database.write() as transaction:
        if any(one.file == told.object.sha256 for one in of_item(vault, item.id)):
            return None
        acquisitions.hold_more(transaction, item, (told,))
        (entry,) = vault.ledger.append(transaction, [event])
    return entry


def _read(vault: Vault, entries: Sequence[int]) -> Iterator[Accession]:
    for seq in entries:
        value = json.loads(vault.ledger.entry(seq))
        if value["type"] != EventType.ACCESSION:
            continue
        opened = vault.database.read().execute("SELECT value FROM disclosure WHERE seq = ? AND name = 'source'", (seq,))
        (key,) = opened.fetchone() or ("",)
        file = next(one["sha256"] for one in value["objects"] if history.is_file(one["media_type"]))
        yield Accession(seq, value["item"], value["time"], key, value["detail"], file)
