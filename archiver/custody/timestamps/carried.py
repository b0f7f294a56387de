"""Anchors for an office without a network: what is carried to an OpenTimestamps client elsewhere, and back.

What is carried is what every such client takes: the signed note, to be stamped, and pending proofs, to be completed.
A proof names what it is of by its digest, so that nothing has to be remembered here in the meantime.
"""

from __future__ import annotations

from pathlib import Path

from archiver.custody.timestamps import anchors, stamps
from archiver.custody.timestamps.anchoring import Received, record, stored, usable
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.timestamps.stamps import Issued
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, UsageError
from archiver.proof import durable
from archiver.proof.faults import ProofError
from archiver.proof.times import opentimestamps
from archiver.proof.times.opentimestamps import Proof


def write_note(vault: Vault, target: Path) -> Issued:
    """Write the newest checkpoint's signed note, for any OpenTimestamps client to stamp elsewhere."""
    of = stamps.newest(vault)
    if of is None:
        raise UsageError("no checkpoint was issued yet")
    durable.replace(target, of.note, 0o644)
    return of


def write_pending(vault: Vault, folder: Path) -> list[Path]:
    """Write pending proofs to a folder, for any OpenTimestamps client to complete elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for one in anchors.pending(anchors.listing(vault)):
        path = folder / f"{one.size}-{one.entry}.ots"
        durable.replace(path, vault.store.read(one.proof), 0o644)
        written.append(path)
    return written


def take_in(vault: Vault, data: bytes, source: str = "") -> Anchor:
    """Record a proof that was carried by hand; one that says nothing new is recorded once.

    Raises EvidenceError for what is no proof, UsageError for one of something else than this vault's checkpoints.
    """
    try:
        proof = usable(opentimestamps.parse(data))
    except ProofError as error:
        raise EvidenceError(f"this proof cannot be used: {error.message}", code=error.code) from None
    of = _anchored(vault, proof.digest)
    related = [one for one in anchors.listing(vault) if one.size == of.size and _continues(proof, stored(vault, one))]
    for one in related:
        if set(proof.blocks) <= set(one.blocks):
            return one
    earlier = next(iter(anchors.pending(related)), None)
    if earlier is None:
        received = Received(of, proof, source)
    else:
        received = Received(of, proof, source or earlier.source, earlier.entry)
    (made,) = record(vault, [received])
    return made


def _anchored(vault: Vault, digest: bytes) -> Issued:
    """The checkpoint whose note has this digest; it may be an old one, because such proofs travel for days."""
    for size, sha256 in stamps.digests(vault):
        if sha256 == digest.hex():
            of = stamps.issued(vault, size)
            assert of is not None, "it was just listed"
            return of
    raise UsageError(
        "this proof is of something else than a checkpoint of this vault",
        next_step="`archiver timestamp query --calendar --to FILE` writes what a calendar is to be given",
    )


def _continues(proof: Proof, earlier: Proof) -> bool:
    """Whether every promise of the earlier proof is on a path of this one."""
    return all(
        any(one.operations[: len(path.operations)] == path.operations for one in proof.paths)
        for path in earlier.pending or earlier.paths
    )
