"""C2SP tlog-checkpoint: origin, size and root of a ledger, as the text of a signed note.

Our ledgers write no extension lines, and in a checkpoint of ours they are refused: what no monitor can check has no
place under its signature. A witness has to take them (C2SP tlog-witness names no refusal for them); its cosignature
covers their bytes and says nothing about what they mean.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.log.merkle import HASH_BYTES, MAX_SIZE

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


def parse(text: str, *, extended: bool = False) -> Checkpoint:
    """The checkpoint that a note's text spells; `extended` allows extension lines after it. Raises ProofError."""
    lines = text.split("\n")
    if extended and len(lines) > 4 and "" not in lines[3:-1]:
        lines = [*lines[:3], lines[-1]]
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
    if len(root) != HASH_BYTES or checkpoint.text() != "\n".join(lines):
        raise ProofError("checkpoint-malformed", "a checkpoint is not spelt as it must be")
    return checkpoint


def open_signed(data: bytes, key: note.VerifierKey, *, extended: bool = False) -> Checkpoint:
    """The checkpoint in a signed note, once `key` is found to have signed it under its own name. Raises ProofError."""
    signed = note.parse(data)
    note.check(signed, key)
    checkpoint = parse(signed.text, extended=extended)
    if checkpoint.origin != key.name:
        raise ProofError("checkpoint-origin", f"a checkpoint of {checkpoint.origin!r} is not one of {key.name!r}")
    return checkpoint
