"""Lists of hashes that came from others, kept byte for byte; each import, export and removal is an entry.

A list's name, its file's name and its source are sealed fields of the import's entry and stand nowhere else, so that
they can be withheld and forgotten as everything sealed can.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.hashlist.records import Kind, Parsed
from archiver.model import CustodyEvent, EventType, now
from archiver.naming import random_id


@dataclass(frozen=True, slots=True)
class HashList:
    """A list that was taken in: `rows` can be compared, `refused` make no sense; name and source may be forgotten."""

    id: str
    kind: Kind
    rows: int
    refused: int
    size: int
    imported_at: str
    entry: int
    name: str = ""
    source: str = ""


def keep(vault: Vault, data: bytes, parsed: Parsed, *, name: str, file_name: str = "", source: str = "") -> HashList:
    """Keep a list. Raises UsageError for one without a row that can be compared, a name that is taken, or a file that
    is held already.
    """
    if not parsed.rows:
        raise UsageError("the list has no row that can be compared", next_step="See what its rows say")
    sha256 = hashlib.sha256(data).hexdigest()
    list_id, imported_at = random_id("l"), now()
    detail = {
        "list": list_id,
        "kind": parsed.kind.value,
        "sha256": sha256,
        "size": len(data),
        "rows": len(parsed.rows),
        "refused": len(parsed.refused),
    }
    sealed = {"title": name, "file_name": file_name, "source": source}
    with vault.database.write() as transaction:
        for held in listing(vault):
            if held.name == name:
                raise UsageError(f"there is a list named {name}", next_step="Give another --name, or remove that one")
            if held.size == len(data) and content(vault, held.id) == data:
                raise UsageError(f"this file is held already, as {held.id} {held.name}".rstrip())
        (entry,) = vault.ledger.append(transaction, [CustodyEvent(EventType.LIST_IMPORT, detail=detail, sealed=sealed)])
        transaction.execute(
            "INSERT INTO hashlist VALUES (?, ?, ?, ?, ?, ?, ?)",
            (list_id, parsed.kind.value, len(parsed.rows), len(parsed.refused), data, imported_at, entry),
        )
    vault.ledger.publish()
    return HashList(
        list_id, parsed.kind, len(parsed.rows), len(parsed.refused), len(data), imported_at, entry, name, source
    )


def listing(vault: Vault) -> list[HashList]:
    """All lists, in the order in which they came."""
    rows = vault.database.read().execute(
        "SELECT id, kind, rows, refused, length(content), imported_at, entry,"
        " COALESCE((SELECT value FROM disclosure WHERE seq = entry AND name = 'title'), ''),"
        " COALESCE((SELECT value FROM disclosure WHERE seq = entry AND name = 'source'), '')"
        " FROM hashlist ORDER BY rowid"
    )
    return [_list(row) for row in rows.fetchall()]


def find(vault: Vault, named: str) -> HashList:
    """A list by its id or its name. Raises UsageError."""
    for held in listing(vault):
        if named and named in (held.id, held.name):
            return held
    raise UsageError(f"there is no hash list {named}", next_step="`archiver hashlist` lists them")


def content(vault: Vault, list_id: str) -> bytes:
    """The file's bytes."""
    row = vault.database.read().execute("SELECT content FROM hashlist WHERE id = ?", (list_id,)).fetchone()
    return bytes(row[0])


def remove(vault: Vault, named: str, *, note: str = "") -> HashList:
    """Remove a list from the records; what its import's entry says stays. Raises UsageError."""
    with vault.database.write() as transaction:
        held = find(vault, named)
        event = CustodyEvent(EventType.LIST_REMOVAL, detail={"list": held.id}, sealed={"note": note})
        vault.ledger.append(transaction, [event])
        transaction.execute("DELETE FROM hashlist WHERE id = ?", (held.id,))
    vault.ledger.publish()
    return held


def record_export(vault: Vault, data: bytes, kind: Kind, rows: int, *, case: str | None) -> int:
    """Put on record that hashes are given away; the entry's number. To be called before they are."""
    detail = {"kind": kind.value, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "rows": rows}
    sealed = {} if case is None else {"case": case}
    with vault.database.write() as transaction:
        (entry,) = vault.ledger.append(transaction, [CustodyEvent(EventType.LIST_EXPORT, detail=detail, sealed=sealed)])
    vault.ledger.publish()
    return entry


def _list(row: tuple[Any, ...]) -> HashList:
    return HashList(row[0], Kind(row[1]), *row[2:])
