"""A check from a size on: the entries that came after it and what they tell, against a checkpoint of that size.

It takes as long as there is new, not as long as the ledger is. What it does not look at is said in `NOT_CHECKED`:
a change there shows in a check of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from archiver.custody import database
from archiver.custody.audit import (
    base,
    checkpoints,
    entries,
    ledgerpart,
    objects,
    rows,
    sealed,
    span,
    structure,
    witnessed,
)
from archiver.custody.audit.base import Base, Beginning, Since
from archiver.custody.audit.crew import Crew, Piece
from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.tree import Tree
from archiver.proof.faults import ProofError
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.trust.outside import Outside

#: For people: what such a check would not notice.
NOT_CHECKED = (
    "entries before it and their disclosures, save those about the same rows as newer ones",
    "rows and objects of which no newer entry tells; files in objects/ of which nothing tells",
    "tiles and checkpoints before it; damaged pages of archive.db",
)


def check(seen: Snapshot, since: Since, outside: Outside, tally: Tally) -> None:
    """Check what came since. Raises UsageError for a size that cannot be begun at, and sqlite3.Error."""
    connection = seen.connection
    tables = structure.check(connection, tally, pages=False)
    if not tables >= structure.STORY_TABLES:
        return  # why, is noted
    signers = Signers(seen, tally)
    issued = checkpoints.read(seen, signers, tally)
    try:
        beginning = base.find(seen, signers, issued, outside, since)
    except ProofError as error:
        tally.fault(error.code, "the checkpoint to begin at", error.message)
        return
    found = _authenticated(seen, beginning, signers, issued, tally)
    if found is None:
        return
    size = found.checkpoint.size
    _prove(found, ((seq, body) for seq, body in signers.named if seq < size), tally)
    sizes = [issued.size if issued else 0, *witnessed.sizes(seen, signers, outside)]
    tree = Tree(checkpoints.wanted(connection, sizes, size), size, found.edge)
    for one in sizes:
        root = found.root_at(one) if 0 < one < size else None
        if root is not None:
            tree.roots[one] = root
    with Crew(seen.folder / database.FILE_NAME, connection, alone=not seen.at_rest) as workers:
        ledgerpart.check(seen, workers, signers, issued, tree, outside, stories=True, tally=tally)
    earlier = _check_earlier(seen, found, tally)
    objects.check(connection, seen.folder / "objects", tally, told=True)
    rows.check_told(connection, tally)
    tally.told = {
        **tally.told,
        "since": {
            "size": size,
            "root": found.checkpoint.root.hex(),
            "remembered": beginning.remembered,
            "earlier_entries": earlier,
            "not_checked": list(NOT_CHECKED),
        },
    }


def _authenticated(
    seen: Snapshot, beginning: Beginning, signers: Signers, issued: Checkpoint | None, tally: Tally
) -> Base | None:
    """The tree to begin at; None, with the fault noted, where the published tiles do not give it."""
    point = beginning.checkpoint
    less = base.rolled_back(point, issued) if beginning.remembered else ()
    for fault in less:
        tally.fault(fault.code, fault.subject, fault.message)
    if less:
        return None
    subject = f"checkpoint {point.size}"
    try:
        return Base(seen.ledger, point)
    except ProofError as error:
        if beginning.remembered and base.forks(seen, signers, point):
            message = f"FORK: another tree of {point.size} entries was signed by the same key and seen before"
            tally.fault("fork", subject, message)
        else:
            tally.fault(error.code, subject, error.message)
    except OSError as error:
        tally.fault("tile-missing", subject, f"a tile of its right edge cannot be read: {error}")
    return None


def _check_earlier(seen: Snapshot, found: Base, tally: Tally) -> int:
    """Examine and prove the earlier entries that the checks of rows and stamps rely on; gives how many there are.

    Those are the last before the newer ones (they are no earlier), the ones about the same rows, those that stamped and
    anchored checkpoints end with, and the deletions of fields of any of these.
    """
    connection = seen.connection
    size = found.checkpoint.size
    about = "SELECT DISTINCT subject.seq FROM told_subject JOIN subject USING (id) WHERE subject.seq < ?"
    first = {size - 1, *(seq for (seq,) in connection.execute(about, (size,)))}
    dated = "SELECT substr(id, instr(id, '.') + 1) FROM told_subject WHERE id LIKE 'timestamp.%' OR id LIKE 'anchor.%'"
    first |= {int(covered) - 1 for (covered,) in connection.execute(dated) if int(covered) <= size}
    later = {
        seq
        for one in first
        for (seq,) in connection.execute("SELECT seq FROM subject WHERE id = ? AND seq < ?", (f"entry.{one}", size))
    }
    examined = sorted(first | later)
    for seq in examined:
        one = span.examine_span(connection, Piece(seq, seq), seen.ledger, (), every=False)
        for fault in one.faults:
            tally.fault(fault.code, fault.subject, fault.message)
        entries.tell_of_earlier(connection, one)
    bodies = (
        row for seq in examined for row in connection.execute("SELECT seq, body FROM entry WHERE seq = ?", (seq,))
    )
    _prove(found, bodies, tally)
    sealed.check(connection, size, tally)
    return len(examined)


def _prove(found: Base, these: Iterable[tuple[int, bytes]], tally: Tally) -> None:
    for seq, body in these:
        try:
            found.prove(seq, body)
        except ProofError as error:
            code = "entry-altered" if error.code == "inclusion-proof" else error.code
            tally.fault(code, f"entry {seq}", "it is not the entry that was signed under this number")
        except OSError as error:
            tally.fault("tile-missing", f"entry {seq}", f"a tile of its proof cannot be read: {error}")
