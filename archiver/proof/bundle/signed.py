"""A bundle's keys and signatures: the checkpoint is signed by the keys that the ledger's own entries name.

A key that the reader knows may have been replaced since. Then the bundle holds, for each change, the checkpoint that
both keys signed, and a proof that it is the beginning of the bundle's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import eras, logkeys, merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.eras import Era
from archiver.proof.untrusted import hashes, rows, table, text

_CODE = "rotation-malformed"

#: A key a month for eighty years; each costs the checker two signatures of 5 ms.
MAX_CHANGES = 1_000


def check(
    bag: Bag,
    told: Sequence[tuple[int, Mapping[str, Any]]],
    changes: Mapping[str, Any],
    checkpoint: Checkpoint,
    expected_key: str | None,
    faults: Faults,
) -> list[Era]:
    """Note what is wrong with keys and signatures. `told` are the bundle's entries, `changes` is rotations.json.

    Gives the ledger's keys, oldest first; none where anything is wrong with them or with what they signed.
    """
    try:
        own = bag.read(layout.KEY, layout.MAX_TEXT_BYTES).decode("utf-8", "replace")
        found = eras.read_eras(told, logkeys.parse_text(own))
    except ProofError as error:
        faults.of(error, layout.KEY)
        return []
    right = True
    try:
        _check_expected(expected_key, found)
    except ProofError as error:
        faults.of(error, layout.KEY)
        right = False
    try:
        before = _check_changes(changes, found, checkpoint)
    except ProofError as error:
        faults.of(error, layout.EXPORT_ROTATIONS)
        before, right = checkpoint.size, False
    try:
        data = bag.read(layout.EXPORT_CHECKPOINT, note.MAX_BYTES)
        logkeys.open_signed(data, eras.signers(found, checkpoint.size, before))
    except ProofError as error:
        faults.of(error, layout.EXPORT_CHECKPOINT)
        right = False
    return found if right else []


def _check_expected(expected: str | None, found: Sequence[Era]) -> None:
    """Every key that the reader gave is one of the ledger's, of today or of the past."""
    if expected is None:
        return
    known = {line for era in found for line in era.keys.lines()}
    given = expected.split()
    if not given or not known.issuperset(given):
        raise ProofError("key-other", "the key that was expected is none of the keys of this ledger")


def _check_changes(document: Mapping[str, Any], found: Sequence[Era], newest: Checkpoint) -> int:
    """Each change of keys has its checkpoint, signed by both. Gives the size of the last but the bundle's own."""
    listed = rows(document.get("changes", []), _CODE)
    if len(listed) > MAX_CHANGES:
        raise ProofError(_CODE, f"there are more than {MAX_CHANGES} changes of keys")
    before = 0
    proved = {-1}
    for one in listed:
        change = table(one, _CODE)
        data = text(change, "note", _CODE).encode("utf-8", "surrogatepass")
        size = checkpoints.parse(note.parse(data).text).size
        if not before < size <= newest.size:
            raise ProofError(_CODE, "the checkpoints of the changes are not in their order")
        older = logkeys.open_signed(data, eras.signers(found, size, before))
        merkle.check_consistency(size, older.root, newest.size, newest.root, hashes(change.get("consistency")))
        proved.update(era.entry for era in found if before <= era.entry < size)
        before = size if size < newest.size else before
    missing = [era.entry for era in found if era.entry not in proved]
    if missing:
        raise ProofError("rotation-unproved", f"no checkpoint shows that old and new keys signed entry {missing[0]}")
    return before
