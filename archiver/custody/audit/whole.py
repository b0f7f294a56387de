"""The whole audit in order: open, structure, objects, entries, checkpoints, published files, rows.

A vault in use is judged at one moment. What looks unfinished at that moment, such as entries that no checkpoint signs
yet, is looked at once more at the end: in the meantime the writer may have finished it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from archiver.custody import database
from archiver.custody.audit import (
    checkpoints,
    entries,
    objects,
    published,
    rows,
    snapshot,
    stamped,
    structure,
    witnessed,
)
from archiver.custody.audit.crew import Crew
from archiver.custody.audit.published import Files
from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Observe, Tally, silent
from archiver.custody.audit.tree import Tree
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof import merkle, note
from archiver.proof.faults import Verdict
from archiver.proof.outside import Outside
from archiver.proof.tiles import Tile

#: A batch is recorded and signed within milliseconds; a vault that crashed keeps whoever checks it waiting for this.
_PATIENCE_SECONDS = 1.0
_PATIENCE_LOOKS = 10

#: Tables without which the ledger, or the story that rows and ledger tell, cannot be checked.
_LEDGER_TABLES = frozenset({"entry", "subject", "disclosure", "checkpoint"})
_STORY_TABLES = _LEDGER_TABLES | {"request", "acquisition", "item", "holding", "object", "match", "decision"}

_NOTHING = Outside()


def verify(
    vault: Vault | Path,
    observe: Observe = silent,
    key: note.VerifierKey | None = None,
    outside: Outside = _NOTHING,
) -> Verdict:
    """Check a vault, or a backup of one, and list everything that is wrong. Changes nothing.

    With a `key` from outside, the ledger is checked against that one and not against the keys that lie in the vault:
    it signs today, or the ledger's rotations lead from it to the keys that do.
    `outside` is the reader's own: a policy that the ledger has to meet, and what was seen of it before.
    Raises UsageError where there is no folder; what is wrong with the vault itself is a fault in the verdict.
    """
    folder = vault if isinstance(vault, Path) else vault.folder
    if not folder.is_dir():
        raise UsageError(f"there is no vault at {folder}", next_step="`archiver init` makes one")
    verdict, rested = _look(folder, observe, key, outside, at_rest=True)
    if not rested:  # somebody began to write in the middle
        verdict, _ = _look(folder, observe, key, outside, at_rest=False)
    return verdict


def _look(
    folder: Path, observe: Observe, key: note.VerifierKey | None, outside: Outside, *, at_rest: bool
) -> tuple[Verdict, bool]:
    """A verdict, and whether the vault held still for as long as that was relied on."""
    tally = Tally(observe)
    before = snapshot.state_of(folder)
    with snapshot.opened(folder, tally, key, at_rest=at_rest) as seen:
        if seen is None:
            return tally.verdict(), True
        _check(seen, outside, tally)
        return tally.verdict(), not seen.at_rest or snapshot.state_of(folder) == before


def _check(seen: Snapshot, outside: Outside, tally: Tally) -> None:
    unrecorded: list[str] = []
    tables = structure.check(seen.connection, tally)
    if "object" in tables:
        with _damage_noted(tally):
            unrecorded = objects.check(seen.connection, seen.folder / "objects", seen.began_ns, tally)
    database_file = seen.folder / database.FILE_NAME
    if tables >= _LEDGER_TABLES:
        with _damage_noted(tally), Crew(database_file, seen.connection, alone=not seen.at_rest) as workers:
            stories = tables >= _STORY_TABLES
            _check_ledger(seen, workers, outside, stories, tally)
            if stories:
                rows.check(seen.connection, workers, tally)
    with _damage_noted(tally):
        _check_unrecorded(seen, unrecorded, tally)


@contextmanager
def _damage_noted(tally: Tally) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:  # OverflowError: a number that SQLite does not hold
        tally.fault("database-damaged", database.FILE_NAME, f"the records cannot be read: {error}")


def _check_ledger(seen: Snapshot, workers: Crew, outside: Outside, stories: bool, tally: Tally) -> None:
    connection = seen.connection
    signers = Signers(seen, tally)
    issued = checkpoints.read(seen, signers, tally)
    sizes = [issued.size if issued else 0, *witnessed.sizes(seen, signers, outside)]
    tree = Tree(checkpoints.wanted(connection, sizes))
    found = entries.check(connection, workers, seen.ledger, tree, stories, tally)
    (count,) = connection.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
    files = Files(seen.ledger, published.leaves_of_entries(connection), tree, tally, found.agreeing)
    if issued is not None and not checkpoints.check_published(issued, tree, count, tally):
        signed = published.vouch(seen.ledger, issued)
        if signed is not None:
            files = Files(seen.ledger, *signed, tally)
            published.name_altered_entries(connection, signed[0], issued.size, tally)
    files.check(issued.size if issued else 0)
    checkpoints.check_issued(seen, issued, tree, signers, tally)
    witnessed.check(seen, issued, tree, signers, outside, tally)
    stamped.check(seen, outside, tally)
    if files.ahead:
        _check_ahead(seen, files.ahead, tree, tally)
    signed_size = issued.size if issued else 0
    if (
        count > signed_size
        and (issued or seen.note is None)
        and not (_eventually(seen, lambda: _is_signed_by_now(seen, tree)))
    ):
        tail = f"entry {signed_size}" if count == signed_size + 1 else f"entries {signed_size} to {count - 1}"
        tally.fault("unsigned-tail", tail, "recorded, and no checkpoint signs it yet: the next command does")


def _is_signed_by_now(seen: Snapshot, tree: Tree) -> bool:
    """Whether a checkpoint that was issued since signs all entries of this look, and begins with them."""
    with _again(seen) as fresh:
        silent = Tally()
        issued = (
            checkpoints.read(fresh, Signers(fresh, silent), silent)
            if fresh and (fresh.keys or fresh.expected)
            else None
        )
        if fresh is None or issued is None or issued.size < tree.size:
            return False
        grown = _grown(fresh, tree, issued.size)
        return (grown.size, grown.range.root()) == (issued.size, issued.root)


def _grown(fresh: Snapshot, tree: Tree, size: int) -> Tree:
    """The tree with the entries that came since, up to `size`."""
    grown = tree.fork()
    for seq, body in fresh.connection.execute(
        "SELECT seq, body FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", (tree.size, size)
    ):
        if seq == grown.size:
            grown.append(merkle.leaf_hash(body))
    return grown


def _check_ahead(seen: Snapshot, ahead: list[Tile], tree: Tree, tally: Tally) -> None:
    """Tiles that reach beyond the entries of this look: published meanwhile, or superfluous."""
    with _again(seen) as fresh:
        if fresh is None:
            return
        (count,) = fresh.connection.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
        grown = _grown(fresh, tree, count)
        files = Files(seen.ledger, published.leaves_of_entries(fresh.connection, tree), grown, tally)
        for tile in ahead:
            if not files.check_tile(tile):
                tally.fault("ledger-file-extra", f"ledger/{tile.path}", "it is of entries that do not exist")


def _check_unrecorded(seen: Snapshot, unrecorded: list[str], tally: Tally) -> None:
    left = set(unrecorded)

    def are_recorded() -> bool:
        with _again(seen) as fresh:
            for sha256 in list(left) if fresh else ():
                assert fresh is not None
                if fresh.connection.execute("SELECT 1 FROM object WHERE sha256 = ?", (sha256,)).fetchone():
                    left.discard(sha256)
        return not left

    if left and not _eventually(seen, are_recorded):
        for sha256 in sorted(left):
            tally.fault("unrecorded-object", sha256, "no record mentions it yet: of an attempt under way, or cut off")


def _eventually(seen: Snapshot, happened: Callable[[], bool]) -> bool:
    """Whether a writer at work, if there is one, makes it so within `_PATIENCE_SECONDS`."""
    looks = 1 if seen.at_rest else _PATIENCE_LOOKS
    for look in range(looks):
        if look:
            time.sleep(_PATIENCE_SECONDS / looks)
        if happened():
            return True
    return False


def _again(seen: Snapshot) -> AbstractContextManager[Snapshot | None]:
    """The vault as it is now. What cannot be opened now could be before, so that its faults are noted already."""
    return snapshot.opened(seen.folder, Tally(), seen.expected, at_rest=seen.at_rest)
