"""The whole audit in order: open, structure, objects, entries, checkpoints, published files, rows.

A vault in use is judged at one moment. What looks unfinished at that moment, such as entries that no checkpoint signs
yet, is looked at once more at the end: in the meantime the writer may have finished it.
"""

from __future__ import annotations

from pathlib import Path

from archiver.custody import database
from archiver.custody.audit import checkpoints, ledgerpart, objects, rows, snapshot, structure, witnessed
from archiver.custody.audit import since as newer
from archiver.custody.audit.base import Since
from archiver.custody.audit.crew import Crew
from archiver.custody.audit.patience import again, eventually
from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.structure import damage_noted
from archiver.custody.audit.tally import Observe, Tally, silent
from archiver.custody.audit.tree import Tree
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof.faults import Verdict
from archiver.proof.log import note
from archiver.proof.trust.outside import Outside

_NOTHING = Outside()


def verify(
    vault: Vault | Path,
    observe: Observe = silent,
    key: note.VerifierKey | None = None,
    outside: Outside = _NOTHING,
    since: Since | None = None,
) -> Verdict:
    """Check a vault, or a backup of one, and list everything that is wrong. Changes nothing.

    With a `key` from outside, the ledger is checked against that one and not against the keys that lie in the vault:
    it signs today, or the ledger's rotations lead from it to the keys that do.
    `outside` is the reader's own: a policy that the ledger has to meet, and what was seen of it before.
    With `since` only what came after the checkpoint of that size is checked; `audit.since` says what is left out.
    Raises UsageError where there is no folder, or no such checkpoint; what is wrong with the vault itself is a fault in
    the verdict.
    """
    folder = vault if isinstance(vault, Path) else vault.folder
    if not folder.is_dir():
        raise UsageError(f"there is no vault at {folder}", next_step="`archiver init` makes one")
    verdict, rested = _look(folder, observe, key, outside, since, at_rest=True)
    if not rested:  # somebody began to write in the middle
        verdict, _ = _look(folder, observe, key, outside, since, at_rest=False)
    return verdict


def _look(
    folder: Path,
    observe: Observe,
    key: note.VerifierKey | None,
    outside: Outside,
    since: Since | None,
    *,
    at_rest: bool,
) -> tuple[Verdict, bool]:
    """A verdict, and whether the vault held still for as long as that was relied on."""
    tally = Tally(observe)
    before = snapshot.state_of(folder)
    with snapshot.opened(folder, tally, key, at_rest=at_rest) as seen:
        if seen is None:
            return tally.verdict(), True
        if since is None:
            _check(seen, outside, tally)
        else:
            with damage_noted(tally):
                newer.check(seen, since, outside, tally)
        return tally.verdict(), not seen.at_rest or snapshot.state_of(folder) == before


def _check(seen: Snapshot, outside: Outside, tally: Tally) -> None:
    unrecorded: list[str] = []
    tables = structure.check(seen.connection, tally)
    if "object" in tables:
        folder = seen.folder / "objects"
        with damage_noted(tally):
            objects.check(seen.connection, folder, tally)
            unrecorded = list(objects.unrecorded(seen.connection, folder, seen.began_ns, tally))
    if tables >= structure.LEDGER_TABLES:
        file = seen.folder / database.FILE_NAME
        with damage_noted(tally), Crew(file, seen.connection, alone=not seen.at_rest) as workers:
            stories = tables >= structure.STORY_TABLES
            signers = Signers(seen, tally)
            issued = checkpoints.read(seen, signers, tally)
            sizes = [issued.size if issued else 0, *witnessed.sizes(seen, signers, outside)]
            tree = Tree(checkpoints.wanted(seen.connection, sizes))
            ledgerpart.check(seen, workers, signers, issued, tree, outside, stories=stories, tally=tally)
            if stories:
                rows.check(seen.connection, workers, tally)
    with damage_noted(tally):
        _check_unrecorded(seen, unrecorded, tally)


def _check_unrecorded(seen: Snapshot, unrecorded: list[str], tally: Tally) -> None:
    left = set(unrecorded)

    def are_recorded() -> bool:
        with again(seen) as fresh:
            for sha256 in list(left) if fresh else ():
                assert fresh is not None
                if fresh.connection.execute("SELECT 1 FROM object WHERE sha256 = ?", (sha256,)).fetchone():
                    left.discard(sha256)
        return not left

    if left and not eventually(seen, are_recorded):
        for sha256 in sorted(left):
            tally.fault("unrecorded-object", sha256, "no record mentions it yet: of an attempt under way, or cut off")
