"""The published checkpoint and every one issued before it: signed by the vault's key, and of this very tree."""

from __future__ import annotations

import hashlib
import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from operator import itemgetter

from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.tree import Tree, Wanted
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint

PUBLISHED = "ledger/checkpoint"


def wanted(connection: sqlite3.Connection, sizes: Iterable[int], since: int = 0) -> Iterator[Wanted]:
    """Every issued checkpoint with its root, for the tree to compare; and the `sizes` whose roots are asked for.

    Those of `since` entries and fewer are left out.
    """
    issued = connection.execute("SELECT size, root FROM checkpoint WHERE size > ? ORDER BY size", (since,))
    asked = ((size, None) for size in sorted(set(sizes)) if size > since)
    yield from heapq.merge(issued, asked, key=itemgetter(0))


def size_before(connection: sqlite3.Connection, size: int) -> int:
    """The size of the checkpoint that was issued before that of `size`; 0 where there was none."""
    query = "SELECT COALESCE(MAX(size), 0) FROM checkpoint WHERE size < ?"
    (found,) = connection.execute(query, (size,)).fetchone()
    return int(found)


def read(snapshot: Snapshot, signers: Signers, tally: Tally) -> Checkpoint | None:
    """The published checkpoint, its signatures checked. None, with the fault noted, where there is none to believe."""
    if snapshot.note is None:
        return None
    try:
        size = checkpoints.parse(note.parse(snapshot.note).text).size
        return signers.open(snapshot.note, size_before(snapshot.connection, size))
    except ProofError as error:
        tally.fault(error.code, PUBLISHED, error.message)
    return None


def check_published(published: Checkpoint, tree: Tree, entries: int, tally: Tally) -> bool:
    """Compare the published checkpoint with the tree of the entries. `entries` is how many the ledger has."""
    if published.size > entries:
        missing = f"entry {entries}" if published.size == entries + 1 else f"entries {entries} to {published.size - 1}"
        tally.fault("entries-missing", missing, f"the signed ledger has {published.size} entries, {entries} are here")
        return False
    if published.size and tree.roots.get(published.size) != published.root:
        tally.fault("root-differs", PUBLISHED, f"the first {published.size} entries do not give the signed root")
        return False
    return True


def check_issued(snapshot: Snapshot, published: Checkpoint | None, tree: Tree, signers: Signers, tally: Tally) -> None:
    """Check the rows of `checkpoint` from the tree's beginning on, and that the ledger's entries agree with them."""
    connection = snapshot.connection
    since = tree.begin
    newest = size_before(connection, since)
    for size, root, data in connection.execute(
        "SELECT size, root, note FROM checkpoint WHERE ? = 0 OR size >= ? ORDER BY size", (since, since)
    ):
        subject = f"checkpoint {size}"
        before, newest = newest, max(newest, size)
        tally.count("checkpoints")
        try:
            issued = signers.open(data, before)
        except ProofError as error:
            tally.fault(error.code, subject, error.message)
            continue
        if (issued.size, issued.root) != (size, root):
            tally.fault("checkpoint-altered", subject, "its row names another size or root than the signed note")
        elif size in tree.differing or size < 1 or (size == since and tree.roots[size] != root):
            tally.fault("root-differs", subject, f"the first {size} entries do not give the root that was signed")
        if published and size == published.size and issued != published:
            tally.fault("checkpoint-fork", subject, "two signed checkpoints of this size have different roots")
    if newest and published is None and snapshot.note is None:
        tally.fault("checkpoint-missing", PUBLISHED, f"a checkpoint of {newest} entries was issued, none is published")
    elif published and newest > published.size:
        tally.fault(
            "checkpoint-rolled-back", PUBLISHED, f"it is of {published.size} entries, one of {newest} was issued later"
        )
    _check_told(connection, tally)


def _check_told(connection: sqlite3.Connection, tally: Tally) -> None:
    """Every entry "checkpoint issued" has its row, with the same root and note."""
    for size, root, digest, seq, row_root, row_note in connection.execute(
        "SELECT told.size, told.root, note_sha256, seq, checkpoint.root, note"
        " FROM told_checkpoint AS told LEFT JOIN checkpoint USING (size) ORDER BY seq"
    ):
        subject = f"checkpoint {size}"
        if row_root is None:
            tally.fault("checkpoint-missing", subject, f"entry {seq} tells of it, and it is not on record")
        elif (row_root.hex(), hashlib.sha256(row_note).hexdigest()) != (root, digest):
            tally.fault("checkpoint-altered", subject, f"it is not the one that entry {seq} tells of")
