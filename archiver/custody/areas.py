"""Areas that people set by hand for an item's blurred copies. The record of them is the ledger's entries alone.

So there is no second account that could differ from the first, and what an area was once set to stays on record.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.covers import Area, Box
from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import CustodyEvent, EventType
from archiver.naming import random_id
from archiver.proof import canonical

#: An entry about a copy lists the item's areas, and is at most 65,535 bytes long.
MAX_AREAS = 500


def listing(vault: Vault, item_id: str) -> list[Area]:
    """The areas in force, in the order in which they were set. Raises UsageError for an item that is not there."""
    catalog.item(vault, item_id)
    found: dict[str, Area] = {}
    for seq in catalog.entries_about(vault, item_id):
        entry = canonical.decode(vault.ledger.entry(seq))
        if entry["type"] != EventType.BLUR_AREA:
            continue
        detail = entry["detail"]
        if detail["change"] == "added":
            found[detail["area"]] = Area(detail["area"], Box(*detail["box"]), detail["start_ms"], detail["end_ms"])
        else:
            found.pop(detail["area"], None)
    return list(found.values())


def add(vault: Vault, item_id: str, box: Box, start_ms: int, end_ms: int, *, note: str = "") -> tuple[Area, int]:
    """Set an area; with the number of its entry. Raises UsageError for an empty one, or too many."""
    if not (box.w and box.h and 0 <= start_ms < end_ms):
        raise UsageError("the area is empty, or lies outside of the picture", next_step="Give x,y,w,h,from,to")
    area = Area(random_id("b"), box, start_ms, end_ms)
    detail = {
        "area": area.id,
        "change": "added",
        "box": [box.x, box.y, box.w, box.h],
        "start_ms": start_ms,
        "end_ms": end_ms,
    }
    with vault.database.write() as transaction:
        if len(listing(vault, item_id)) >= MAX_AREAS:
            raise UsageError(f"item {item_id} has {MAX_AREAS} areas already", next_step="Hide everything instead")
        event = CustodyEvent(EventType.BLUR_AREA, item=item_id, detail=detail, sealed={"note": note})
        (entry,) = vault.ledger.append(transaction, [event])
    vault.ledger.publish()
    return area, entry


def remove(vault: Vault, item_id: str, area_ids: Sequence[str], *, note: str = "") -> list[int]:
    """Take areas back; the numbers of the entries. Raises UsageError, and takes none back, where one is not there."""
    with vault.database.write() as transaction:
        there = {area.id for area in listing(vault, item_id)}
        for one in area_ids:
            if one not in there:
                raise UsageError(f"item {item_id} has no area {one}", next_step=f"`archiver blur list {item_id}`")
        events = [
            CustodyEvent(
                EventType.BLUR_AREA, item=item_id, detail={"area": one, "change": "removed"}, sealed={"note": note}
            )
            for one in dict.fromkeys(area_ids)
        ]
        entries = vault.ledger.append(transaction, events)
    vault.ledger.publish()
    return entries
