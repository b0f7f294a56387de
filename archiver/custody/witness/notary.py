"""What a witness does with a request: cosign it, or refuse it with the status that C2SP tlog-witness names.

A witness's word is worth what its memory is worth: compare, remember durably, and only then hand out the cosignature,
all three under one lock. A log that contradicts itself is refused for good, and both its checkpoints are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from archiver.custody.witness import request as requests
from archiver.custody.witness.folder import Watched, WitnessFolder
from archiver.custody.witness.request import Request
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import merkle, note
from archiver.proof.trust import cosignature

#: Words for what contradicts the memory: shown loudly, and kept. A fork is proven by two signatures of the log. The two
#: others may also be an old checkpoint or a wrong proof that a stranger sent, since requests bear no sender's name.
FORK, ROLLED_BACK, INCONSISTENT = "fork", "rolled-back", "not-consistent"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of the answer. `alarm` is set where the log contradicts itself; `evidence` lies there."""

    status: HTTPStatus
    body: bytes = b""
    reason: str = ""
    remembered: int | None = None  # the body of a 409 that names the size to prove from
    alarm: str = ""
    evidence: Path | None = None


def answer(folder: WitnessFolder, body: bytes, clock: Callable[[], float] = time.time) -> Answer:
    """Judge one request. Raises EvidenceError and OSError where the witness itself is not fit to sign."""
    try:
        request = requests.parse(body)
    except ProofError as error:
        return Answer(HTTPStatus.BAD_REQUEST, reason=error.message)
    with folder.exclusively():
        watched = folder.watched(request.checkpoint.origin)
        if watched is None:
            return Answer(HTTPStatus.NOT_FOUND, reason=f"{request.checkpoint.origin} is not a log that is watched here")
        signed = _as_the_log_signed(request, watched)
        if signed is None:
            return Answer(HTTPStatus.FORBIDDEN, reason="no key that is trusted for this log signed the checkpoint")
        if request.old > request.checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, reason="the old size is larger than the checkpoint")
        refusal = _refusal(folder, watched, request, signed)
        if refusal is not None:
            return refusal
        line = folder.sign(request.signed.text, int(clock()))
        folder.remember(watched.origin, signed)
    return Answer(HTTPStatus.OK, cosignature.encode_lines([line]))


def _as_the_log_signed(request: Request, watched: Watched) -> bytes | None:
    """The checkpoint with the lines of trusted keys alone; None where there is no good one."""
    lines = []
    for key in watched.keys:
        try:
            checkpoints.open_signed(request.signed.encode(), key, extended=True)
        except ProofError:
            continue
        lines += [line for line in request.signed.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    return note.Note(request.signed.text, tuple(lines)).encode() if lines else None


def _refusal(folder: WitnessFolder, watched: Watched, request: Request, signed: bytes) -> Answer | None:
    """Why the memory speaks against the request. Called with the lock held."""
    size = watched.last.size if watched.last else 0
    root = watched.last.root if watched.last else merkle.EMPTY_ROOT
    asked = request.checkpoint

    def refuse(status: HTTPStatus, reason: str, alarm: str = "") -> Answer:
        kept = folder.keep_evidence(watched.origin, signed, watched.note) if alarm else None
        told = size if status is HTTPStatus.CONFLICT and request.old != size else None
        return Answer(status, reason=reason, remembered=told, alarm=alarm, evidence=kept)

    if watched.last and asked.size == size and asked.root != root:
        return refuse(HTTPStatus.CONFLICT, f"another tree of {size} entries was cosigned before", FORK)
    if watched.last and asked.size < size:
        return refuse(HTTPStatus.CONFLICT, f"a checkpoint of {size} entries was cosigned before", ROLLED_BACK)
    if request.old != size:
        return refuse(HTTPStatus.CONFLICT, f"the last cosigned checkpoint is of {size} entries, not {request.old}")
    try:
        if size == 0 and request.proof:
            raise ProofError("proof-shape", "a proof from nothing is empty")
        merkle.check_consistency(size, root, asked.size, asked.root, request.proof)
    except ProofError as error:
        # A log that knows its own tree never sends a wrong proof; whether it is a fork or a defect, a person must look.
        return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, error.message, INCONSISTENT)
    return None
