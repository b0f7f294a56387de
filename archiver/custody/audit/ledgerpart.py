"""The ledger itself: entries, checkpoints, published files, cosignatures, time stamps and other offices' histories."""

from __future__ import annotations

from archiver.custody.audit import anchored, checkpoints, entries, published, received, stamped, witnessed
from archiver.custody.audit.crew import Crew
from archiver.custody.audit.patience import again, eventually
from archiver.custody.audit.published import Files
from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.tree import Tree
from archiver.proof.log import merkle
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.tiles import Tile
from archiver.proof.trust.outside import Outside


def check(
    seen: Snapshot,
    workers: Crew,
    signers: Signers,
    issued: Checkpoint | None,
    tree: Tree,
    outside: Outside,
    stories: bool,
    tally: Tally,
) -> None:
    """Check everything from the tree's beginning on. `stories` says that the tables of rows can be read.

    Raises sqlite3.Error.
    """
    connection = seen.connection
    found = entries.check(connection, workers, seen.ledger, tree, stories, tally)
    (count,) = connection.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
    files = Files(seen.ledger, published.leaves_of_entries(connection, tree), tree, tally, found.agreeing)
    if issued is not None and not checkpoints.check_published(issued, tree, count, tally):
        signed = published.vouch(seen.ledger, issued, tree.begun())
        if signed is not None:
            files = Files(seen.ledger, *signed, tally)
            published.name_altered_entries(connection, signed[0], tree.begin, issued.size, tally)
    files.check(issued.size if issued else 0)
    checkpoints.check_issued(seen, issued, tree, signers, tally)
    witnessed.check(seen, issued, tree, signers, outside, tally)
    stamped.check(seen, outside, tally)
    anchored.check(seen, outside, tally)
    if stories:
        received.check(seen, tally)
    if files.ahead:
        _check_ahead(seen, files.ahead, tree, tally)
    signed_size = issued.size if issued else 0
    if (
        count > signed_size
        and (issued or seen.note is None)
        and not (eventually(seen, lambda: _is_signed_by_now(seen, tree)))
    ):
        tail = f"entry {signed_size}" if count == signed_size + 1 else f"entries {signed_size} to {count - 1}"
        tally.fault("unsigned-tail", tail, "recorded, and no checkpoint signs it yet: the next command does")


def _is_signed_by_now(seen: Snapshot, tree: Tree) -> bool:
    """Whether a checkpoint that was issued since signs all entries of this look, and begins with them."""
    with again(seen) as fresh:
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
    with again(seen) as fresh:
        if fresh is None:
            return
        (count,) = fresh.connection.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
        grown = _grown(fresh, tree, count)
        files = Files(seen.ledger, published.leaves_of_entries(fresh.connection, tree), grown, tally)
        for tile in ahead:
            if not files.check_tile(tile):
                tally.fault("ledger-file-extra", f"ledger/{tile.path}", "it is of entries that do not exist")
