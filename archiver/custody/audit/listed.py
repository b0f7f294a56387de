"""Lists of others' hashes against the ledger: each is the file that was taken in, and none is left that was removed."""

from __future__ import annotations

import hashlib
import sqlite3

from archiver.custody.audit import told
from archiver.custody.audit.crew import Piece
from archiver.custody.audit.tally import Tally
from archiver.model import EventType

_COLUMNS = "id, kind, rows, refused, content, imported_at, entry"


def check(connection: sqlite3.Connection, piece: Piece) -> Tally:
    """Check rows of `hashlist`. Raises sqlite3.Error."""
    tally = Tally()
    for row, acts in told.rows_with_acts(connection, "hashlist", _COLUMNS, piece):
        name, kind, rows, refused, content, imported_at, entry = row
        by_type = {act.entry["type"]: act for act in acts}
        act = by_type.get(EventType.LIST_IMPORT)
        tally.count("hash_lists")
        if act is None:
            tally.fault("hashlist-untold", name, "no entry tells of this list")
            continue
        if removal := by_type.get(EventType.LIST_REMOVAL):
            tally.fault("hashlist-untold", name, f"entry {removal.seq} tells that it was removed")
        differing = told.differences(
            {
                "kind": (kind, act.detail["kind"]),
                "rows": (rows, act.detail["rows"]),
                "refused": (refused, act.detail["refused"]),
                "content": (hashlib.sha256(content).hexdigest(), act.detail["sha256"]),
                "entry": (entry, act.seq),
                "time": (act.is_timely(imported_at), True),
            }
        )
        if differing:
            tally.fault("hashlist-altered", name, f"{differing}: not what entry {act.seq} tells")
    return tally


def is_removed(connection: sqlite3.Connection, name: str) -> bool:
    """Whether an entry tells that a list was removed, so that it is not missing. Raises sqlite3.Error."""
    found = connection.execute(
        "SELECT 1 FROM subject JOIN entry USING (seq) WHERE id = ? AND json_extract(CAST(body AS TEXT), '$.type') = ?",
        (name, EventType.LIST_REMOVAL.value),
    )
    return found.fetchone() is not None
