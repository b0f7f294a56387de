"""All entries in order: numbers without gap, times that do not go back, and the tree that they give.

Memory is bounded: rows are streamed, and what is kept of the tree is one hash for 256 entries (32 bytes, so 1.2 MB for
10 million). What entries tell of rows goes into a temporary table of SQLite's, beside the vault and not in it.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby
from multiprocessing import get_context
from operator import itemgetter

from archiver.custody.audit import sealed
from archiver.custody.audit.entry import Examined, Opening, Row, examine_all
from archiver.custody.audit.tally import Tally
from archiver.proof.merkle import CompactRange, root_of
from archiver.proof.tiles import WIDTH

#: Entries handed to a worker at once: some milliseconds of work, about 2 MB.
CHUNK = 1024

#: Below this many entries other processes take longer to start than the work takes.
WORTH_PROCESSES = 20_000

Chunk = list[tuple[Row, list[Opening]]]

_PREPARE = (
    "CREATE TEMP TABLE told (kind TEXT, id TEXT, seq INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID",
    "CREATE TEMP TABLE told_subject (id TEXT, seq INTEGER, PRIMARY KEY (id, seq)) WITHOUT ROWID",
    "CREATE TEMP TABLE told_object"
    " (sha256 TEXT PRIMARY KEY, sha512 TEXT, size INTEGER, media_type TEXT, seq INTEGER) WITHOUT ROWID",
    "CREATE TEMP TABLE invalid (seq INTEGER PRIMARY KEY)",  # entries that say nothing that can be relied on
    "CREATE TEMP TABLE forgotten (seq INTEGER, name TEXT, by INTEGER, PRIMARY KEY (seq, name)) WITHOUT ROWID",
    "CREATE TEMP TABLE agentless (seq INTEGER PRIMARY KEY)",  # nothing opens who acted
    "CREATE TEMP TABLE told_checkpoint (size INTEGER, root TEXT, note_sha256 TEXT, seq INTEGER)",
)


class Tree:
    """The Merkle tree of the entries, as far as they are numbered without a gap."""

    def __init__(self, sizes: Iterator[int]) -> None:
        """`sizes`, ascending, are those at which somebody will want to know the root."""
        self.range = CompactRange()
        self.runs: list[bytes] = []  # root of each full run of 256 leaves
        self.roots: dict[int, bytes] = {}
        self._sizes = sizes
        self._run: list[bytes] = []
        self._wanted = next(sizes, None)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.range.size

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        self.range.append(leaf)
        self._run.append(leaf)
        if len(self._run) == WIDTH:
            self.runs.append(root_of(self._run))
            self._run.clear()
        while self._wanted is not None and self._wanted <= self.size:
            if self._wanted == self.size:
                self.roots[self.size] = self.range.root()
            self._wanted = next(self._sizes, None)


def check(connection: sqlite3.Connection, sizes: Iterator[int], tally: Tally) -> Tree:
    """Check every entry; gives their tree. Raises sqlite3.Error where the tables cannot be read."""
    for statement in _PREPARE:
        connection.execute(statement)
    tree = Tree(sizes)
    total = connection.execute("SELECT COUNT(*) FROM entry").fetchone()[0]
    expected, last_time = 0, ""
    for chunk in _examined(connection, total):
        for one in chunk:
            for fault in one.faults:
                tally.fault(fault.code, fault.subject, fault.message)
            _check_number(one.seq, expected, tally)
            if one.seq == tree.size:
                tree.append(one.leaf)
            expected = max(expected, one.seq + 1)
            tally.count("clock_set_back", 1 if one.behind_ms else 0)
            if one.time:
                if one.time < last_time:
                    tally.fault("time-goes-back", f"entry {one.seq}", f"{one.time} is before {last_time} of an earlier")
                last_time = max(last_time, one.time)
        _tell(connection, chunk)
        tally.count("entries", len(chunk))
        tally.progress(tally.counted("entries"), total, "entries")
    _compare_subjects(connection, tally)
    sealed.check(connection, tally)
    return tree


def _examined(connection: sqlite3.Connection, total: int) -> Iterator[list[Examined]]:
    chunks = _chunks(connection)
    if total < WORTH_PROCESSES:
        yield from map(examine_all, chunks)
        return
    workers = os.cpu_count() or 1
    # Not forked: the caller may have threads, whose locks a child would inherit held.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[tuple[Chunk, Future[list[Examined]]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, _submit(pool, chunk)))
            if len(waiting) > 2 * workers:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())


def _submit(pool: ProcessPoolExecutor, chunk: Chunk) -> Future[list[Examined]]:
    try:
        return pool.submit(examine_all, chunk)
    except BrokenProcessPool as error:
        failed: Future[list[Examined]] = Future()
        failed.set_exception(error)
        return failed


def _result(chunk: Chunk, pending: Future[list[Examined]]) -> list[Examined]:
    try:
        return pending.result()
    except BrokenProcessPool:  # no worker could start, or one was killed: slower, but done all the same
        return examine_all(chunk)


def _chunks(connection: sqlite3.Connection) -> Iterator[Chunk]:
    """Entries with their disclosures, both in the order of numbers."""
    openings = groupby(
        connection.execute("SELECT seq, name, salt, value FROM disclosure ORDER BY seq"), key=itemgetter(0)
    )
    group = next(openings, None)
    chunk: Chunk = []
    for row in connection.execute("SELECT seq, body, leaf FROM entry ORDER BY seq"):
        mine: list[Opening] = []
        while group is not None and group[0] <= row[0]:
            found = [opening[1:] for opening in group[1]]
            if group[0] == row[0]:
                mine = found
            group = next(openings, None)
        chunk.append((row, mine))
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _check_number(seq: int, expected: int, tally: Tally) -> None:
    if seq < expected:
        tally.fault("entry-number", f"entry {seq}", "no entry bears such a number")
    elif seq > expected:
        span = f"entry {expected}" if seq == expected + 1 else f"entries {expected} to {seq - 1}"
        tally.fault("entries-missing", span, f"{span}: missing from the ledger")


def _tell(connection: sqlite3.Connection, chunk: Sequence[Examined]) -> None:
    connection.executemany("INSERT INTO invalid VALUES (?)", [(one.seq,) for one in chunk if not one.time])
    connection.executemany(
        "INSERT OR IGNORE INTO told_subject VALUES (?, ?)",
        [(subject, one.seq) for one in chunk for subject in one.subjects],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO told VALUES (?, ?, ?)",
        [(*mention, one.seq) for one in chunk for mention in one.mentions],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO told_object VALUES (?, ?, ?, ?, ?)",
        [(*found, one.seq) for one in chunk for found in one.objects],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO agentless VALUES (?)", [(one.seq,) for one in chunk if one.time and not one.has_agent]
    )
    connection.executemany(
        "INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?)",
        [(*field, one.seq) for one in chunk for field in one.forgotten],
    )
    connection.executemany(
        "INSERT INTO told_checkpoint VALUES (?, ?, ?, ?)",
        [(*one.checkpoint, one.seq) for one in chunk if one.checkpoint],
    )


def _compare_subjects(connection: sqlite3.Connection, tally: Tally) -> None:
    """The table `subject` leads from a row to its entries: it holds what the entries say, no more and no less."""
    for subject, seq in connection.execute("SELECT id, seq FROM told_subject EXCEPT SELECT id, seq FROM subject"):
        tally.fault("subject-missing", f"entry {seq}", f"the index of entries does not lead from {subject} to it")
    for subject, seq in connection.execute("SELECT id, seq FROM subject EXCEPT SELECT id, seq FROM told_subject"):
        tally.fault("subject-foreign", f"entry {seq}", f"the index of entries leads from {subject[:80]} to it wrongly")
