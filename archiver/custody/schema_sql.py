"""The schema of a fresh `archive.db` as SQL text: what `schemas/database.sql` holds, and what an audit compares with.

`python -m archiver.custody.schema_sql > schemas/database.sql` brings the file up to date.
"""

from __future__ import annotations

import sqlite3
import sys
from functools import cache

from archiver.custody import schema

#: A thing of the schema: its kind ("table", "index", "view" or "trigger") and name, and the SQL that made it.
Parts = dict[tuple[str, str], str]

#: Tables that SQLite itself makes when somebody runs ANALYZE; they hold no record.
_OWN_STATISTICS = frozenset({"sqlite_stat1", "sqlite_stat4"})


def fresh(version: int | None = None) -> Parts:
    """The schema that this program gives a new vault, or gave one of an older version."""
    return _made(schema.MIGRATIONS[:version])


@cache
def _made(migrations: tuple[str, ...]) -> Parts:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript("".join(migrations))
        return of(connection)
    finally:
        connection.close()


def of(connection: sqlite3.Connection) -> Parts:
    """The schema that a database has. Raises sqlite3.Error for a damaged one."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid")
    return {(kind, name): sql or "" for kind, name, sql in rows if name not in _OWN_STATISTICS}


def text() -> str:
    """The fresh schema for people and for `diff`: one statement after the other, in the order of their making.

    What SQLite makes by itself (indexes of primary keys, the tables behind full-text search) is left out.
    """
    header = (
        f"-- The schema of archive.db, version {schema.VERSION}. Generated: python -m archiver.custody.schema_sql\n"
    )
    statements = [
        sql
        for (kind, name), sql in fresh().items()
        if sql and not name.startswith("sqlite_") and not (kind == "table" and name.startswith("item_text_"))
    ]
    return header + "".join(f"\n{statement};\n" for statement in statements)


if __name__ == "__main__":
    sys.stdout.write(text())
