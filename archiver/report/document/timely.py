"""The time stamps that an export tells: for each exhibit the first one over it, and the newest one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archiver.custody.timestamps import stamps
from archiver.custody.timestamps.stamps import Stamp
from archiver.custody.vault import Vault
from archiver.model import EventType
from archiver.proof.bundle import layout
from archiver.report.bundle.bag import BagWriter
from archiver.report.records import ExhibitRecords, LedgerEntry, Records, Stamped


def chosen(vault: Vault, exhibits: Iterable[ExhibitRecords], size: int) -> tuple[Stamped, ...]:
    """Stamps told before entry `size`, in the ledger's order."""
    found = [one for one in stamps.listing(vault) if one.entry < size]
    firsts = [stamps.first_over(found, taken_in(one).seq) for one in exhibits]
    wanted = {one for one in (*firsts, *found[-1:]) if one is not None}
    return tuple(_with_note(vault, one) for one in sorted(wanted, key=lambda one: one.entry))


def write(vault: Vault, writer: BagWriter, records: Records) -> None:
    """Query, raw reply, certificates and the stamped note of each."""
    for one in records.stamps:
        stamp = one.stamp
        for kind, sha256 in (("tsq", stamp.query), ("tsr", stamp.reply), ("pem", stamp.chain)):
            with vault.store.open(sha256) as stream:
                writer.copy(layout.timestamp_path(stamp.entry, kind), stream)
        writer.put(layout.timestamp_path(stamp.entry, "checkpoint"), one.note)


def rows(records: Records) -> Iterator[dict[str, Any]]:
    """As report.json lists them; the source only where it is disclosed."""
    fields = {entry.seq: entry.fields for entry in records.entries}
    for one in records.stamps:
        names = ("entry", "size", "time", "serial", "authority", "expires")
        source = fields.get(one.stamp.entry, {}).get("source")
        yield {name: getattr(one.stamp, name) for name in names} | ({"source": source} if source else {})


def proved(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    """What proves when an exhibit was here, at the latest; empty where nothing does."""
    taken = taken_in(one)
    first = stamps.first_over([stamped.stamp for stamped in records.stamps], taken.seq)
    if first is None:
        return {}
    return {"entry": taken.seq, "claimed": taken.value["time"], "timestamp": first.entry, "time": first.time}


def taken_in(one: ExhibitRecords) -> LedgerEntry:
    """The entry by which an item came into the archive."""
    return next(entry for entry in one.of_type(EventType.INGESTION) if entry.value.get("item") == one.item)


def _with_note(vault: Vault, stamp: Stamp) -> Stamped:
    of = stamps.issued(vault, stamp.size)
    assert of is not None, "a stamp is of an issued checkpoint"
    return Stamped(stamp, of.note)
