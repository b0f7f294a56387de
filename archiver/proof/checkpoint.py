"""C2SP tlog-checkpoint: origin, size and root of a ledger, as the text of a signed note.

Extension lines are refused: our ledgers write none, and what no monitor can check has no place under a signature.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from archiver.proof import note
from archiver.proof.faults import ProofError
from archiver.proof.merkle import HASH_BYTES, MAX_SIZE

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """A ledger at one moment: `size` entries with Merkle tree hash `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse(text: str) -> Checkpoint:
    """The checkpoint that a note's text spells. Raises ProofError."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise ProofError("checkpoint-malformed", "a checkpoint is three lines: origin, size and root")
    origin, size, encoded = lines[:3]
    note.check_name(origin)
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise ProofError("checkpoint-malformed", "a checkpoint's size is not a number")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("checkpoint-malformed", "a checkpoint's root is not base64") from None
    checkpoint = Checkpoint(origin, int(size), root)
    if len(root) != HASH_BYTES or checkpoint.text() != text:
        raise ProofError("checkpoint-malformed", "a checkpoint is not spelt as it must be")
    return checkpoint


def open_signed(data: bytes, key: note.VerifierKey) -> Checkpoint:
    """The checkpoint in a signed note, once `key` is found to have signed it under its own name. Raises ProofError."""
    signed = note.parse(data)
    note.check(signed, key)
    checkpoint = parse(signed.text)
    if checkpoint.origin != key.name:
        raise ProofError("checkpoint-origin", f"a checkpoint of {checkpoint.origin!r} is not one of {key.name!r}")
    return checkpoint
