"""A checkpoint of the past of which nobody says what was issued before it: signed by the keys in force at its size."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import eras, logkeys, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.eras import Era
from archiver.proof.log.logkeys import PLAIN, Checks


def open_earlier(data: bytes, found: Sequence[Era], checks: Checks = PLAIN) -> Checkpoint:
    """The checkpoint in a note. Raises ProofError.

    Over a rotation other keys of the ledger may have signed as well: each of their lines must be good too, and no line
    of the ledger's name may be by another key.
    """
    signed = note.parse(data)
    point = checkpoints.parse(signed.text)
    (needed,) = eras.signers(found, point.size, point.size)
    lines = {line.key_id for line in signed.signatures if line.name == needed.name}
    for era in found:
        if era.keys == needed or era.keys.key_ids & lines:
            logkeys.check(signed, point, era.keys, checks)
    logkeys.check_strangers(signed, [era.keys for era in found])
    return point
