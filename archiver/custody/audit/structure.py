"""The database's own structure: equal to that of a fresh one, and not damaged, before anything in it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.custody import schema, schema_sql
from archiver.custody.audit.tally import Tally

#: Tables without which the ledger, or the story that rows and ledger tell, cannot be checked.
LEDGER_TABLES = frozenset({"entry", "subject", "disclosure", "checkpoint"})
STORY_TABLES = LEDGER_TABLES | {"request", "acquisition", "item", "holding", "object", "match", "decision", "hashlist"}

#: Damaged pages that are listed; one is enough to fail.
_DAMAGES = 20


def check(connection: sqlite3.Connection, tally: Tally, *, pages: bool = True) -> frozenset[str]:
    """Compare, and give the names of the tables that are what they should be: no other one may be read.

    Without `pages` the schema alone is compared, which takes no longer for a larger vault.
    """
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        found = schema_sql.of(connection)
    except sqlite3.Error as error:
        tally.fault("database-damaged", "archive.db", f"the records cannot be read: {error}")
        return frozenset()
    is_older = 1 <= version < schema.VERSION
    expected = schema_sql.fresh(version if is_older else None)
    if is_older:
        message = f"the schema is of version {version}, this program's of {schema.VERSION}: `archiver upgrade`"
        tally.fault("schema-older", "archive.db", message)
    elif version != schema.VERSION:
        message = f"the schema is of version {version}, this program's of {schema.VERSION}"
        tally.fault("schema-differs", "archive.db", message)
    for kind, name in sorted(expected.keys() | found.keys()):
        if (kind, name) not in found:
            tally.fault("schema-differs", f"{kind} {name}", "it is missing from the database")
        elif (kind, name) not in expected:
            tally.fault("schema-differs", f"{kind} {name}", "it does not belong in the database")
        elif found[kind, name] != expected[kind, name]:
            tally.fault("schema-differs", f"{kind} {name}", "it is not made as it should be")
    if is_older:
        return frozenset()  # its columns are not those that are read here
    usable = frozenset(
        name for kind, name in expected if kind == "table" and found.get((kind, name)) == expected[kind, name]
    )
    if not pages or tally.has("schema-differs"):
        return usable  # an index that somebody else made may hold any expression: it is not evaluated
    return frozenset(name for name in usable if _is_whole(connection, name, tally))


@contextmanager
def damage_noted(tally: Tally) -> Iterator[None]:
    """Make a fault of what cannot be read, and go on after the block."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:  # OverflowError: a number that SQLite does not hold
        tally.fault("database-damaged", "archive.db", f"the records cannot be read: {error}")


def _is_whole(connection: sqlite3.Connection, table: str, tally: Tally) -> bool:
    """SQLite's own check: pages, order of rows, and every index against its table."""
    if table.startswith(("item_text", "sqlite_")):
        return True  # full-text search is rebuilt from the items, nothing is read from it here
    try:
        rows = connection.execute(f"SELECT * FROM pragma_integrity_check('{table}') LIMIT {_DAMAGES}").fetchall()  # noqa: S608  a name of ours
    except sqlite3.Error as error:
        rows = [(str(error),)]
    damages = [str(row[0]) for row in rows if row[0] != "ok"]
    for damage in damages:
        tally.fault("database-damaged", f"table {table}", damage[:200])
    return not damages
