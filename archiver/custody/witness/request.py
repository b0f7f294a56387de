"""The body of C2SP tlog-witness `add-checkpoint`: old size, proof, checkpoint. The same bytes travel by mail."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.merkle import HASH_BYTES, MAX_SIZE

#: A consistency proof of 63-bit sizes is no longer; the specification forbids to send more.
MAX_PROOF = 63

#: A checkpoint with its signatures, and a proof in base64.
MAX_BYTES = note.MAX_BYTES + (MAX_PROOF + 1) * 64

#: What a witness answers with: some signature lines.
MAX_ANSWER_BYTES = 64 * 1024

#: Media type of the answer that names the size which the witness remembers.
SIZE_TYPE = "text/x.tlog.size"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_CODE = "request-malformed"


@dataclass(frozen=True, slots=True)
class Request:
    """A log asks for a cosignature: the tree of `old` entries grew into that of the checkpoint in `signed`."""

    old: int
    proof: tuple[bytes, ...]
    signed: note.Note
    checkpoint: Checkpoint

    def encode(self) -> bytes:
        """The bytes that travel."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode("ascii") for one in self.proof)]
        return "".join(f"{line}\n" for line in [*lines, ""]).encode("ascii") + self.signed.encode()


def parse(data: bytes) -> Request:
    """The request that these bytes spell; encoding it gives the same bytes. Raises ProofError.

    Neither signatures nor the proof are checked here.
    """
    if len(data) > MAX_BYTES:
        raise ProofError(_CODE, f"a request is at most {MAX_BYTES} bytes long")
    head, separator, rest = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not separator or len(lines) > MAX_PROOF + 1:
        raise ProofError(_CODE, f"a request is a size, at most {MAX_PROOF} hashes, an empty line and a checkpoint")
    try:
        found = _OLD.fullmatch(lines[0].decode("ascii"))
        proof = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
    except (UnicodeDecodeError, binascii.Error):
        raise ProofError(_CODE, "a request's size or proof is not spelt as it must be") from None
    if not found or int(found[1]) > MAX_SIZE or any(len(one) != HASH_BYTES for one in proof):
        raise ProofError(_CODE, "a request's size or proof is not spelt as it must be")
    signed = note.parse(rest)
    request = Request(int(found[1]), proof, signed, checkpoints.parse(signed.text, extended=True))
    if request.encode() != data:
        raise ProofError(_CODE, "a request is not spelt as it must be")
    return request
