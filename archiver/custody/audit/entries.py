"""All entries in order: numbers without gap, times that do not go back, and the tree that they give.

Memory is bounded: pieces are worked on one after the other, and what is kept of each is its part of the tree. What
entries tell of objects goes into a temporary table of SQLite's, beside the vault and not in it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from archiver.custody.audit import crew, sealed
from archiver.custody.audit.crew import Crew
from archiver.custody.audit.entry import examine
from archiver.custody.audit.published import Agreeing
from archiver.custody.audit.span import KINDS, Span, examine_span
from archiver.custody.audit.tally import LISTED, Tally
from archiver.custody.audit.tree import Tree
from archiver.proof.log.merkle import HASH_BYTES
from archiver.proof.log.tiles import ENTRIES, WIDTH
from archiver.proof.times import clock

_PREPARE = (
    "CREATE TEMP TABLE told_subject (id TEXT, seq INTEGER, PRIMARY KEY (id, seq)) WITHOUT ROWID",
    "CREATE TEMP TABLE told_object"
    " (sha256 TEXT PRIMARY KEY, sha512 TEXT, size INTEGER, media_type TEXT, seq INTEGER) WITHOUT ROWID",
    "CREATE TEMP TABLE invalid (seq INTEGER PRIMARY KEY)",  # entries that say nothing that can be relied on
    "CREATE TEMP TABLE forgotten (seq INTEGER, name TEXT, by INTEGER, PRIMARY KEY (seq, name)) WITHOUT ROWID",
    "CREATE TEMP TABLE agentless (seq INTEGER PRIMARY KEY)",  # nothing opens who acted
    "CREATE TEMP TABLE told_checkpoint (size INTEGER, root TEXT, note_sha256 TEXT, seq INTEGER)",
)


@dataclass(slots=True)
class Entries:
    """What the entries gave: their tree, and the runs of 256 that bundle and tile were found to hold as they are."""

    tree: Tree
    bundled: set[int] = field(default_factory=set)
    tiled: set[int] = field(default_factory=set)

    @property
    def agreeing(self) -> Agreeing:
        """The same by the level of tiles."""
        return {ENTRIES: self.bundled, 0: self.tiled}


class _Reader:
    """Takes in spans in order."""

    def __init__(self, connection: sqlite3.Connection, found: Entries, latest: str, tally: Tally) -> None:
        """`latest` is the time of the entry before the first."""
        self.told = 0
        self._connection = connection
        self._found = found
        self._tally = tally
        self._expected = found.tree.size
        self._latest = latest
        self._now = clock.latest()
        self._missing: set[str] = set()

    def take(self, span: Span) -> None:
        """Put a span behind those before it."""
        self._number(span)
        self._grow(span)
        self._time(span)
        for fault in span.faults:
            if fault.code.removesuffix("-missing") in KINDS:
                if fault.subject in self._missing:
                    continue  # an entry before it told of the same row
                if len(self._missing) < LISTED:
                    self._missing.add(fault.subject)
            self._tally.fault(fault.code, fault.subject, fault.message)
        self.told += span.told
        self._tally.count("clock_set_back", span.clocks_back)
        self._tally.count("entries", len(span.numbers))
        tell(self._connection, span)

    def _number(self, span: Span) -> None:
        for seq in span.numbers:
            if seq < self._expected:
                self._tally.fault("entry-number", f"entry {seq}", "no entry bears such a number")
            elif seq > self._expected:
                last = seq - 1
                which = f"entry {last}" if last == self._expected else f"entries {self._expected} to {last}"
                self._tally.fault("entries-missing", which, f"{which}: missing from the ledger")
            self._expected = max(self._expected, seq + 1)

    def _grow(self, span: Span) -> None:
        tree = self._found.tree
        runs = {run.index: run for run in span.runs}
        leaves = [span.leaves[at : at + HASH_BYTES] for at in range(0, len(span.leaves), HASH_BYTES)]
        at = 0
        while at < len(leaves):
            run = runs.get(span.numbers[at] // WIDTH) if span.numbers[at] % WIDTH == 0 else None
            if span.numbers[at] != tree.size:
                at += 1
            elif run is not None:
                tree.append_run(leaves[at : at + WIDTH], run.root)
                at += WIDTH
            else:
                tree.append(leaves[at])
                at += 1
        self._found.bundled.update(run.index for run in span.runs if run.bundled)
        self._found.tiled.update(run.index for run in span.runs if run.tiled)

    def _time(self, span: Span) -> None:
        for seq, time in zip(span.numbers, span.times, strict=True):
            if time and time < self._latest:
                message = f"{time} is before {self._latest} of an earlier"
                self._tally.fault("time-goes-back", f"entry {seq}", message)
            if time > self._now >= self._latest:  # the first; those after it are no earlier
                self._tally.fault(clock.CODE, f"entry {seq}", clock.message(time))
            self._latest = max(self._latest, time)


def check(
    connection: sqlite3.Connection, workers: Crew, ledger: Path, tree: Tree, stories: bool, tally: Tally
) -> Entries:
    """Check every entry from the tree's size on, and let the tree grow by them.

    `stories` says that the tables of rows can be read. Raises sqlite3.Error where the tables cannot be read.
    """
    for statement in _PREPARE:
        connection.execute(statement)
    found = Entries(tree)
    since = tree.begin
    before = connection.execute("SELECT seq, body, leaf FROM entry WHERE seq = ?", (since - 1,)).fetchone()
    reader = _Reader(connection, found, examine(before, ()).time if since and before else "", tally)
    (total,) = connection.execute("SELECT COUNT(*) FROM entry WHERE seq >= ?", (since,)).fetchone()
    work = partial(examine_span, ledger=ledger, kinds=KINDS if stories else (), every=bool(since))
    spans = crew.pieces(connection, "entry", "seq", since) if since else crew.pieces(connection, "entry", "seq")
    for span in workers.each(work, spans, total):
        reader.take(span)
        tally.progress(tally.counted("entries"), total, "entries")
    if since:
        _check_newer_index(connection, since, tally)
    else:
        _check_index(connection, reader.told, tally)
    sealed.check(connection, since, tally)
    return found


def tell(connection: sqlite3.Connection, span: Span) -> None:
    """Put what later checks ask for into the temporary tables."""
    invalid = [(seq,) for seq, time in zip(span.numbers, span.times, strict=True) if not time]
    connection.executemany("INSERT OR IGNORE INTO invalid VALUES (?)", invalid)
    connection.executemany("INSERT OR IGNORE INTO told_subject VALUES (?, ?)", span.subjects)
    connection.executemany("INSERT OR IGNORE INTO told_object VALUES (?, ?, ?, ?, ?)", span.objects)
    connection.executemany("INSERT OR IGNORE INTO agentless VALUES (?)", [(seq,) for seq in span.agentless])
    connection.executemany("INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?)", span.forgotten)
    connection.executemany("INSERT INTO told_checkpoint VALUES (?, ?, ?, ?)", span.checkpoints)


def tell_of_earlier(connection: sqlite3.Connection, span: Span) -> None:
    """As `tell`, for an entry that others refer to: what it tells of itself is not checked again."""
    tell(connection, replace(span, subjects=(), objects=(), checkpoints=()))


def _check_index(connection: sqlite3.Connection, told: int, tally: Tally) -> None:
    """The table `subject` leads from a row to its entries: it holds what the entries say, and no more.

    Each span looked for its own pairs in it. So it holds more where it is longer, and only then is it gone through.
    """
    (held,) = connection.execute("SELECT COUNT(*) FROM subject").fetchone()
    if held == told and not tally.has("subject-missing"):
        return
    rows = connection.execute("SELECT seq, id FROM subject ORDER BY seq, id")
    for seq, group in groupby(rows, key=itemgetter(0)):
        row = connection.execute("SELECT seq, body, leaf FROM entry WHERE seq = ?", (seq,)).fetchone()
        subjects = examine(row, ()).subjects if row else ()
        for _, subject in group:
            if subject not in subjects:
                _foreign(seq, subject, tally)


def _check_newer_index(connection: sqlite3.Connection, since: int, tally: Tally) -> None:
    """The same for the entries that are looked at, whose pairs are all in `told_subject`."""
    for seq, subject in connection.execute(
        "SELECT seq, id FROM subject WHERE seq >= ? EXCEPT SELECT seq, id FROM told_subject", (since,)
    ):
        _foreign(seq, subject, tally)


def _foreign(seq: int, subject: str, tally: Tally) -> None:
    message = f"the index of entries leads from {subject[:80]} to it wrongly"
    tally.fault("subject-foreign", f"entry {seq}", message)
