"""The anchors that an export tells: for each exhibit the lowest block over it, and the newest anchor.

One that is still pending goes along where there is no better: whoever has the bundle can have it completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from archiver.custody.timestamps import anchoring, anchors, stamps
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof.bundle import layout
from archiver.proof.faults import ProofError
from archiver.proof.times.anchored import date
from archiver.proof.times.blockheaders import Header
from archiver.report.bundle.bag import BagWriter
from archiver.report.document.timely import taken_in
from archiver.report.records import Anchored, ExhibitRecords, Records


def chosen(
    vault: Vault, exhibits: Iterable[ExhibitRecords], size: int, headers: Mapping[int, Header]
) -> tuple[Anchored, ...]:
    """Anchors told before entry `size`, in the ledger's order. Raises UsageError where a header denies one."""
    found = [one for one in anchors.listing(vault) if one.entry < size]
    wanted = {anchors.first_over(found, taken_in(one).seq) for one in exhibits}
    wanted.add(next((one for one in reversed(found) if one.blocks), found[-1] if found else None))
    ordered = sorted((one for one in wanted if one is not None), key=lambda one: one.entry)
    return tuple(_with_note(vault, one, headers) for one in ordered)


def write(vault: Vault, writer: BagWriter, records: Records) -> None:
    """The proof and the anchored note of each."""
    for one in records.anchors:
        with vault.store.open(one.anchor.proof) as stream:
            writer.copy(layout.anchor_path(one.anchor.entry, "ots"), stream)
        writer.put(layout.anchor_path(one.anchor.entry, "checkpoint"), one.note)


def rows(records: Records) -> Iterator[dict[str, Any]]:
    """As report.json lists them; the source only where it is disclosed."""
    fields = {entry.seq: entry.fields for entry in records.entries}
    for one in records.anchors:
        anchor = one.anchor
        source = fields.get(anchor.entry, {}).get("source")
        row: dict[str, Any] = {"entry": anchor.entry, "size": anchor.size, "blocks": list(anchor.blocks)}
        header = {"header": one.dated.document()} if one.dated else {}
        yield row | header | ({"source": source} if source else {})


def proved(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    """The block before which an exhibit was here, and its time where that is known; empty where no anchor has one."""
    taken = taken_in(one)
    first = anchors.first_over([each.anchor for each in records.anchors], taken.seq)
    if first is None or not first.blocks:
        return {}
    dated = next(each.dated for each in records.anchors if each.anchor == first)
    said = {"entry": taken.seq, "claimed": taken.value["time"], "anchor": first.entry}
    return said | ({"block": dated.header.height, "time": dated.time} if dated else {"block": first.blocks[0]})


def _with_note(vault: Vault, anchor: Anchor, headers: Mapping[int, Header]) -> Anchored:
    of = stamps.issued(vault, anchor.size)
    assert of is not None, "an anchor is of an issued checkpoint"
    if headers.keys().isdisjoint(anchor.blocks):
        return Anchored(anchor, of.note)
    try:
        return Anchored(anchor, of.note, date(anchoring.stored(vault, anchor), headers, of.claimed))
    except ProofError as error:
        raise UsageError(
            f"the anchor of entry {anchor.entry} is not borne out: {error.message}",
            next_step="Nothing was exported. Get the block's header from a second source",
        ) from None
