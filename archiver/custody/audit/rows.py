"""The rows that entries tell of, table by table, in pieces on all cores."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from archiver.custody.audit import acquired, crew, listed, matched, requests
from archiver.custody.audit.crew import Crew, Piece, Work
from archiver.custody.audit.tally import Tally

#: Each table with what checks a piece of it, and what progress calls its rows.
_TABLES: tuple[tuple[str, Work[Tally], str], ...] = (
    ("request", requests.check, "requests"),
    ("acquisition", acquired.check_acquisitions, "acquisitions"),
    ("item", acquired.check_items, "items"),
    ("match", matched.check, "matches"),
    ("hashlist", listed.check, "hash_lists"),
)


def check(connection: sqlite3.Connection, workers: Crew, tally: Tally) -> None:
    """Check all rows, and that none is without an entry. Raises sqlite3.Error."""
    for table, work, what in _TABLES:
        (total,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608  a name of ours
        _check(connection, workers, work, crew.pieces(connection, table, "rowid"), (total, what), tally)
    acquired.check_objects(connection, tally, every=True)
    acquired.check_orphans(connection, tally)
    matched.check_orphans(connection, tally)


def check_told(connection: sqlite3.Connection, tally: Tally) -> None:
    """Check the rows of which the entries in `told_subject` tell, and that none is without an entry in the index.

    Raises sqlite3.Error.
    """
    for table, work, _ in _TABLES:
        for piece in _told(connection, table):
            tally.take(work(connection, piece))
        untold = f"SELECT id FROM {table} WHERE id NOT IN (SELECT id FROM subject)"  # noqa: S608  a name of ours
        for (name,) in connection.execute(untold):
            tally.fault(f"{table}-untold", str(name), f"no entry tells of this {table}")
    acquired.check_objects(connection, tally, every=False)
    acquired.check_orphans(connection, tally)
    matched.check_orphans(connection, tally)


def _told(connection: sqlite3.Connection, table: str) -> Iterator[Piece]:
    """Runs of neighbouring rows that are told of."""
    query = f"SELECT rowid FROM {table} WHERE id IN (SELECT id FROM told_subject) ORDER BY rowid"  # noqa: S608  a name of ours
    numbers = [number for (number,) in connection.execute(query)]
    for _, group in groupby(enumerate(numbers), key=lambda one: one[1] - one[0]):
        run = [number for _, number in group]
        yield Piece(run[0], run[-1])


def _check(
    connection: sqlite3.Connection,
    workers: Crew,
    work: Work[Tally],
    pieces: Iterator[Piece],
    progress: tuple[int, str],
    tally: Tally,
) -> None:
    total, what = progress
    # Which entries are not to be relied on stands in a table of this connection's own.
    (doubtful,) = connection.execute("SELECT EXISTS (SELECT 1 FROM invalid)").fetchone()
    for found in workers.each(work, pieces, total, here=bool(doubtful)):
        tally.take(found)
        tally.progress(tally.counted(what), total, what)
