"""The anchors that an export tells: for each exhibit the lowest block over it, and the newest anchor.

One that is still pending goes along where there is no better: whoever has the bundle can have it completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archiver.custody.timestamps import anchors, stamps
from archiver.custody.vault import Vault
from archiver.proof import layout
from archiver.report.bag import BagWriter
from archiver.report.records import Anchored, ExhibitRecords, Records
from archiver.report.timely import taken_in


def chosen(vault: Vault, exhibits: Iterable[ExhibitRecords], size: int) -> tuple[Anchored, ...]:
    """Anchors told before entry `size`, in the ledger's order."""
    found = [one for one in anchors.listing(vault) if one.entry < size]
    wanted = {anchors.first_over(found, taken_in(one).seq) for one in exhibits}
    wanted.add(next((one for one in reversed(found) if one.blocks), found[-1] if found else None))
    made = []
    for one in sorted((one for one in wanted if one is not None), key=lambda one: one.entry):
        of = stamps.issued(vault, one.size)
        assert of is not None, "an anchor is of an issued checkpoint"
        made.append(Anchored(one, of.note))
    return tuple(made)


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
        row = {"entry": anchor.entry, "size": anchor.size, "blocks": list(anchor.blocks)}
        yield row | ({"source": source} if source else {})


def proved(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    """The block before which an exhibit was here; empty where no anchor leads to one."""
    taken = taken_in(one)
    first = anchors.first_over([each.anchor for each in records.anchors], taken.seq)
    if first is None or not first.blocks:
        return {}
    return {"entry": taken.seq, "claimed": taken.value["time"], "anchor": first.entry, "block": first.blocks[0]}
