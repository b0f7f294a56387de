"""Bringing the records of an older vault to the newest schema: one transaction, in which the ledger tells of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from archiver import config
from archiver.custody import database, schema, schema_sql
from archiver.custody.database import Database
from archiver.custody.ledger import Ledger
from archiver.errors import EvidenceError
from archiver.model import CustodyEvent, EventType


def upgrade(folder: Path, environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The schema's versions before and after; equal where there was nothing to do.

    All or nothing: an interruption leaves the older vault. Raises EvidenceError, and changes nothing, where the
    records are not made as that version made them; UsageError for a vault of a newer version; as `publish`.
    """
    settings = config.load(folder, environ)
    records = Database(folder / database.FILE_NAME, older=True)
    try:
        ledger = Ledger(folder, records, settings.origin, settings.by)
        connection = records.read()
        connection.execute("PRAGMA foreign_keys = OFF")  # a table is changed by making it anew, and others point at it
        try:
            with records.write() as transaction:
                (before,) = transaction.execute("PRAGMA user_version").fetchone()
                if before < schema.VERSION:
                    _migrate(transaction, before)
                    event = CustodyEvent(EventType.MIGRATION, detail={"from": before, "to": schema.VERSION})
                    ledger.append(transaction, [event])
        finally:
            connection.execute("PRAGMA foreign_keys = ON")
        ledger.publish()
    finally:
        records.close()
    return before, schema.VERSION


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: sqlite3's own `executescript` would commit before the first of them."""
    part = ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            yield part
            part = ""
    assert not part.strip(), "a migration ends with a whole statement"


def _migrate(transaction: sqlite3.Connection, before: int) -> None:
    if schema_sql.of(transaction) != schema_sql.fresh(before):
        raise EvidenceError(
            f"the records are not made as version {before} made them",
            code="schema-differs",
            next_step="Nothing was changed. Run `archiver verify`",
        )
    for statement in statements("".join(schema.MIGRATIONS[before:])):
        transaction.execute(statement)
    transaction.execute(f"PRAGMA user_version = {schema.VERSION}")
    if schema_sql.of(transaction) != schema_sql.fresh() or transaction.execute("PRAGMA foreign_key_check").fetchone():
        raise EvidenceError(
            f"the records of version {before} cannot be brought to version {schema.VERSION}",
            code="schema-differs",
            next_step="Nothing was changed; this is a defect of archiver, please report it",
        )
