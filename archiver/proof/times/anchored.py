"""What a recorded anchor has to be: an entry, the checkpoint that it names, and the proof that it tells of.

The same rules hold in a vault and in a bundle. Headers of blocks are the reader's; without them nothing is dated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.times import opentimestamps
from archiver.proof.times.blockheaders import Header
from archiver.proof.times.opentimestamps import OTHER, Proof
from archiver.proof.times.otsbytes import CODE
from archiver.proof.times.timestamped import FORMAT

DIFFERS = "anchor-header-differs"
ABSENT = "anchor-header-absent"

#: Nodes accept a block whose time is up to two hours ahead of theirs, and miners may set it back by about one.
TOLERANCE = timedelta(hours=2)

_ROOT_BYTES = 32

_WITHOUT_HEADERS = (
    "a made-up anchor: that its block exists, and when it was made, is shown by a header from outside only"
)


@dataclass(frozen=True)
class Dated:
    """The header of the first block, by time, that has the proof's result as its Merkle root."""

    header: Header

    @property
    def time(self) -> str:
        """The block's time as records spell it."""
        return datetime.fromtimestamp(self.header.time, timezone.utc).strftime(FORMAT)

    def document(self) -> dict[str, Any]:
        """The header as a report shows it: whoever has its 80 bytes can work out the rest."""
        header = self.header
        return {"block": header.height, "hash": header.hash, "bytes": header.raw.hex(), "time": self.time}


def check(detail: Mapping[str, Any], signed: bytes, data: bytes) -> tuple[Checkpoint, Proof]:
    """Hold the entry's `detail` to the note and to the proof of it. Raises ProofError.

    Nothing is said of the note's signatures: its tree has to be shown to be of this ledger by the caller.
    """
    stamped = checkpoints.parse(note.parse(signed).text)
    if (stamped.size, stamped.root.hex()) != (detail.get("size"), detail.get("root")):
        raise ProofError(OTHER, "the anchored checkpoint is not the one that its entry names")
    proof = opentimestamps.parse_strictly(data)
    if proof.digest != hashlib.sha256(signed).digest():
        raise ProofError(OTHER, "the proof starts from other bytes than this checkpoint's")
    if list(proof.blocks) != detail.get("blocks"):
        raise ProofError(CODE, "the proof does not lead to the blocks that its entry tells")
    if "upgrades" in detail and (not isinstance(detail["upgrades"], int) or isinstance(detail["upgrades"], bool)):
        raise ProofError(CODE, "the entry does not name the anchor that it completes by its number")
    check_use(proof)
    return stamped, proof


def check_use(proof: Proof) -> None:
    """A proof leads to a block or promises to, by results that can be Merkle roots. Raises ProofError."""
    if not proof.blocks and not proof.pending:
        raise ProofError(CODE, "the proof names neither a block nor a calendar")
    for path in proof.paths:
        if path.attestation.block is not None and len(path.message) != _ROOT_BYTES:
            raise ProofError(CODE, "what is to be a block's Merkle root is not 32 bytes long")


def date(proof: Proof, headers: Mapping[int, Header], claimed: str) -> Dated | None:
    """When the proof's block was made; None while it is pending. `claimed` is the time of the last known entry
    under it, "" where none is known.

    Raises ProofError where a given header has another Merkle root, none is given of any of its blocks, or the block is
    older than what it is to prove.
    """
    found = []
    for path in proof.paths:
        height = path.attestation.block
        header = headers.get(height) if height is not None else None
        if header is None:
            continue
        if path.message != header.merkle_root:
            raise ProofError(DIFFERS, f"the given header of block {header.height} has another Merkle root")
        found.append(header)
    if not found:
        if proof.blocks:
            raise ProofError(ABSENT, f"no header was given of block {' or '.join(map(str, proof.blocks))}")
        return None
    first = Dated(min(found, key=lambda one: (one.time, one.height)))
    if claimed and datetime.strptime(first.time, FORMAT) + TOLERANCE < datetime.strptime(claimed, FORMAT):
        claims = f"before {claimed}, which the last entry under it claims"
        raise ProofError(CODE, f"block {first.header.height} is of {first.time}, {claims}")
    return first


def with_anchors(verdict: Mapping[str, Any], anchors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a verdict tells, with its anchors, and with what is not excluded where their blocks are not known."""
    unknown = any(one["blocks"] and not one["header_checked"] for one in anchors)
    open_questions = [*verdict.get("not_excluded", ()), *([_WITHOUT_HEADERS] if unknown else [])]
    return {**verdict, "anchors": list(anchors), "not_excluded": open_questions}


def told(entry: int, detail: Mapping[str, Any], dated: Dated | None) -> dict[str, Any]:
    """An anchor as verdicts tell of it. `work` is the binary logarithm of the hashes that the header shows."""
    return {
        "entry": entry,
        "size": detail["size"],
        "blocks": list(detail["blocks"]),
        "upgrades": detail.get("upgrades"),
        "block": dated.header.height if dated else None,
        "time": dated.time if dated else None,
        "work": dated.header.work.bit_length() - 1 if dated else None,
        "header_checked": dated is not None,
    }
