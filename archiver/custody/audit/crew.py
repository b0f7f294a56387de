"""Work on the records in pieces, on all cores: each process reads the database by itself.

Only where nobody writes: SQLite gives no two connections the same moment of a database in use. There the pieces are
worked on one after the other, on the one connection that has the moment.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from archiver.custody.audit import snapshot

#: Below this many entries other processes take longer to start than the work takes.
WORTH_PROCESSES = 20_000

#: Numbers or rows in one piece: some ten milliseconds of work. A whole number of the ledger's runs of 256.
PIECE = 1024

#: SQLite's numbers.
_LEAST, _MOST = -(2**63), 2**63 - 1

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows whose number is from `first` up to and with `last`."""

    first: int
    last: int


Work = Callable[[sqlite3.Connection, Piece], _Done]


def pieces(connection: sqlite3.Connection, table: str, number: str, first: int = _LEAST) -> Iterator[Piece]:
    """Pieces with all rows of a table whose `number` is at least `first`, in order; gaps cost nothing."""
    while first <= _MOST:
        query = f"SELECT MIN({number}) FROM {table} WHERE {number} >= ?"  # noqa: S608  names of ours
        (found,) = connection.execute(query, (first,)).fetchone()
        if found is None:
            return
        start = found - found % PIECE
        piece = Piece(max(first, start), min(start + PIECE - 1, _MOST))
        yield piece
        first = piece.last + 1


class Crew:
    """Processes that are started when there is enough to do, and end with the block."""

    def __init__(self, database: Path, connection: sqlite3.Connection, *, alone: bool) -> None:
        """`alone`: everything is done here, on `connection`."""
        self._database = database
        self._connection = connection
        self._alone = alone
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Work[_Done], these: Iterator[Piece], total: int, *, here: bool = False) -> Iterator[_Done]:
        """What `work`, a function of a module, gives for each piece, in order. `here`: it needs this connection.

        Raises sqlite3.Error.
        """
        if here or self._alone or total < WORTH_PROCESSES:
            for piece in these:
                yield decoded(work, self._connection, piece)
            return
        workers = os.cpu_count() or 1
        waiting: deque[tuple[Piece, Future[_Done]]] = deque()
        for piece in these:
            waiting.append((piece, self._submit(work, piece, workers)))
            if len(waiting) > 2 * workers:
                yield self._result(work, *waiting.popleft())
        while waiting:
            yield self._result(work, *waiting.popleft())

    def _submit(self, work: Work[_Done], piece: Piece, workers: int) -> Future[_Done]:
        if self._pool is None:
            # Not forked: the caller may have threads, whose locks a child would inherit held.
            self._pool = ProcessPoolExecutor(
                workers, mp_context=get_context("spawn"), initializer=_open, initargs=(self._database,)
            )
        try:
            return self._pool.submit(_work, work, piece)
        except BrokenProcessPool as error:
            failed: Future[_Done] = Future()
            failed.set_exception(error)
            return failed

    def _result(self, work: Work[_Done], piece: Piece, pending: Future[_Done]) -> _Done:
        try:
            return pending.result()
        except BrokenProcessPool:  # no worker could start, or one was killed: slower, but done all the same
            return decoded(work, self._connection, piece)


def decoded(work: Work[_Done], connection: sqlite3.Connection, piece: Piece) -> _Done:
    """Do the work with text decoded in C; where some is not UTF-8, once more with `snapshot.tolerant`."""
    connection.text_factory = str
    try:
        return work(connection, piece)
    except sqlite3.OperationalError:
        connection.text_factory = snapshot.tolerant
        return work(connection, piece)
    finally:
        connection.text_factory = snapshot.tolerant


_own: sqlite3.Connection | None = None


def _open(database: Path) -> None:
    global _own
    _own = snapshot.connect(database, at_rest=True)
    _own.execute("CREATE TEMP TABLE invalid (seq INTEGER PRIMARY KEY)")  # as the audit's, which is empty then


def _work(work: Work[_Done], piece: Piece) -> _Done:
    assert _own is not None
    return decoded(work, _own, piece)
