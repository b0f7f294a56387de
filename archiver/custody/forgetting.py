"""Forgetting a sealed field: salt and value are deleted wherever the vault holds them, and the act is an entry.

The entry that sealed the field verifies as before: it never held more than a commitment, which opens to nothing now.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.custody import disclosing, family
from archiver.custody.family import Family
from archiver.custody.vault import Vault
from archiver.errors import BusyError, UsageError
from archiver.model import CustodyEvent, EventType, Role
from archiver.proof import canonical

#: Fields that one entry of type deletion names; more are told by further entries.
_FIELDS_AN_ENTRY = 1_000

#: Fields that say what a request fetches, in one spelling or another.
_ADDRESSES = frozenset({"url", "canonical_url"})

#: Columns that hold what a sealed field holds, by table and the column of its id.
_COLUMNS = (
    ("request", "id", "requests", ("url", "canonical_url", "case_name", "note", "requested_by", "message")),
    ("acquisition", "id", "acquisitions", ("source", "message")),
    ("item", "id", "items", ("case_name", "url", "title", "uploader", "note", "path", "source")),
    ("decision", "match_id", "matches", ("by_whom", "note")),
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, (entry, field) of each, and other places of the vault that hold the value still."""

    fields: tuple[tuple[int, str], ...]
    recorded: int
    still: tuple[tuple[int, str], ...]
    family: Family


def forget(vault: Vault, seq: int, field: str, *, reason: str = "", everywhere: bool = False) -> Forgotten:
    """Delete the value of a field from the records about its subject; `everywhere` from those about all others too.

    `reason`, sealed, says why. The caller sees to it that nothing runs. Raises UsageError where there is nothing to
    forget, or where a request that is still to be fetched would lose its address.
    """
    value = disclosing.find(vault, seq, field)[2]
    if value in reason:
        raise UsageError("the reason holds what is to be forgotten", next_step="Say it in other words")
    connection = vault.database.read()
    connection.execute("PRAGMA secure_delete = ON")
    with vault.database.write() as transaction:
        kin = _family(vault, transaction, [seq])
        if everywhere:
            rows = transaction.execute("SELECT DISTINCT seq FROM disclosure WHERE value = ?", (value,)).fetchall()
            kin = _family(vault, transaction, [row[0] for row in rows])
        gone = [one for one in _holding(transaction, value) if one[0] in kin.entries]
        gone = sorted({*gone, *_spellings(transaction, kin, gone)})
        _refuse_unfinished(transaction, kin, gone)
        recorded = vault.ledger.append(transaction, list(_events(vault, seq, gone, reason)))
        transaction.executemany("DELETE FROM disclosure WHERE seq = ? AND name = ?", gone)
        _clear(transaction, kin, gone, value)
        transaction.execute("INSERT INTO item_text (item_text) VALUES ('rebuild')")
        still = transaction.execute(
            "SELECT seq, name FROM disclosure WHERE instr(value, ?) ORDER BY seq, name", (value,)
        ).fetchall()
    vault.ledger.publish()
    scrub(vault)
    return Forgotten(tuple(gone), recorded[0], tuple(still), kin)


def value_of(vault: Vault, seq: int, field: str) -> str:
    """What is to be forgotten. Raises UsageError where there is nothing."""
    return disclosing.find(vault, seq, field)[2]


def scrub(vault: Vault) -> None:
    """Write `archive.db` anew without its free pages, and empty its log. Raises BusyError where others have it open."""
    connection = vault.database.read()
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("VACUUM")
        connection.execute("INSERT INTO item_text (item_text) VALUES ('rebuild')")  # row numbers may be others now
        blocked = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        blocked = True
    if blocked:
        raise BusyError(
            "the value is deleted, but archive.db is open elsewhere and its file may hold traces",
            code="not-scrubbed",
            next_step="Close what has it open, and call `archiver forget --scrub`",
        )


def _family(vault: Vault, connection: sqlite3.Connection, numbers: Iterable[int]) -> Family:
    return family.of_entries(connection, {one: canonical.decode(vault.ledger.entry(one)) for one in numbers})


def _holding(connection: sqlite3.Connection, value: str) -> list[tuple[int, str]]:
    query = "SELECT seq, name FROM disclosure WHERE value = ? ORDER BY seq, name"
    return connection.execute(query, (value,)).fetchall()


def _spellings(
    connection: sqlite3.Connection, kin: Family, gone: Sequence[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    """Where an address is forgotten, the other spelling of it under which it is fetched."""
    if any(name in _ADDRESSES for _, name in gone):
        for seq in kin.entries:
            query = "SELECT seq, name FROM disclosure WHERE seq = ? AND name = 'canonical_url'"
            yield from connection.execute(query, (seq,)).fetchall()


def _events(vault: Vault, seq: int, gone: Sequence[tuple[int, str]], reason: str) -> Iterator[CustodyEvent]:
    entry = canonical.decode(vault.ledger.entry(seq))
    for at in range(0, len(gone), _FIELDS_AN_ENTRY):
        fields = [list(one) for one in gone[at : at + _FIELDS_AN_ENTRY]]
        act = CustodyEvent(EventType.DELETION, detail={"fields": fields}, sealed={"note": reason})
        yield disclosing.about(act, entry)


def _refuse_unfinished(connection: sqlite3.Connection, kin: Family, gone: Sequence[tuple[int, str]]) -> None:
    if not any(name in _ADDRESSES for _, name in gone):
        return
    for request in sorted(kin.requests):
        (state,) = connection.execute("SELECT state FROM request WHERE id = ?", (request,)).fetchone()
        if state in ("queued", "running"):
            raise UsageError(
                f"request {request} is still to be fetched, and needs its address",
                next_step=f"`archiver cancel {request}` first",
            )


def _clear(connection: sqlite3.Connection, kin: Family, gone: Sequence[tuple[int, str]], value: str) -> None:
    """Empty every column about the family that holds the value."""
    if any(name in _ADDRESSES for _, name in gone):
        _empty(connection, "request", "canonical_url", "id", kin.requests, "? <> ''", value)
        _empty(connection, "acquisition", "source", "request_id", kin.requests, "kind = 'download' AND ? <> ''", value)
    for table, key, kind, columns in _COLUMNS:
        for column in columns:
            condition = f"instr({column}, ?)" if column == "message" else f"{column} = ?"
            _empty(connection, table, column, key, getattr(kin, kind), condition, value)
    names = {seq for seq, name in gone if name == "file_name"}
    for item in sorted(kin.items):
        if connection.execute(
            f"SELECT 1 FROM subject WHERE id = ? AND seq IN ({_numbers(names)})",  # noqa: S608  whole numbers
            (item,),
        ).fetchone():
            _empty(connection, "holding", "name", "item_id", {item}, "role = 'original' AND ? <> ''", value)
        (summary,) = connection.execute("SELECT summary FROM item WHERE id = ?", (item,)).fetchone()
        cleaned = json.dumps(_without(json.loads(summary), value), ensure_ascii=False)
        connection.execute("UPDATE item SET summary = ? WHERE id = ? AND summary <> ?", (cleaned, item, summary))
    # Names of objects that no entry seals; a fingerprint's is that of its algorithm.
    kept = f"role NOT IN ('{Role.ORIGINAL}', '{Role.FINGERPRINT}') AND instr(name, ?)"
    _empty(connection, "holding", "name", "acquisition_id", kin.acquisitions, kept, value)


def _empty(
    connection: sqlite3.Connection, table: str, column: str, key: str, ids: Iterable[str], condition: str, value: str
) -> None:
    for one in sorted(ids):
        connection.execute(
            f"UPDATE {table} SET {column} = '' WHERE {key} = ? AND {condition}",  # noqa: S608  names of ours
            (one, value),
        )


def _without(found: Any, value: str) -> Any:
    """JSON without the strings that hold the value."""
    if isinstance(found, str):
        return "" if value in found else found
    if isinstance(found, list):
        return [_without(one, value) for one in found]
    if isinstance(found, dict):
        return {name: _without(one, value) for name, one in found.items()}
    return found


def _numbers(found: Iterable[int]) -> str:
    return ", ".join(str(int(one)) for one in sorted(found))
