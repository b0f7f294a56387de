"""The complete WARC of an item's acquisition: the stored record with the bodies of its objects put back."""

from __future__ import annotations

from pathlib import Path

from archiver.capture.complete import complete
from archiver.capture.warc import MEDIA_TYPE
from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.engine.handout import Written, file_stem
from archiver.errors import UsageError


def hand_out_warc(vault: Vault, item_id: str, target: Path) -> Written:
    """Write it into `target`, whole or not at all.

    Raises UsageError where there is no WARC or a file of that name lies there already, EvidenceError where the record
    and the objects do not agree.
    """
    item = catalog.item(vault, item_id)
    holdings = catalog.acquisition(vault, item.acquisition_id).holdings
    held = next((one for one in holdings if one.object.media_type == MEDIA_TYPE), None)
    if held is None:
        raise UsageError(
            "there is no WARC of this item", next_step="Files that were taken in, or archived by version 0.2, have none"
        )
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{file_stem(item)}.complete.warc"
    if path.exists():
        raise UsageError(f"{path} is there already", next_step="Name an empty folder")
    part = path.with_suffix(".part")
    try:
        with vault.store.open(held.object.sha256) as source, part.open("wb") as copy:
            complete(source, vault.store.open, copy)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return Written(path, "complete exchange", "")
