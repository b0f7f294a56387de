"""Who cosigned the checkpoints of one tree, and whether that is what a reader's policy asks for.

A witness that cosigned 100 entries vouches for the first 50 of them as well: it checked that the tree only grew. So the
quorum reaches up to the largest size that enough witnesses have cosigned, or gone beyond.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.signature import ed25519
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import Verify, WitnessKey
from archiver.proof.trust.policy import Policy


@dataclass(frozen=True)
class Cosigner:
    """A witness with the largest tree that it cosigned, and when (seconds since 1970)."""

    key: WitnessKey
    size: int
    time: int


@dataclass(frozen=True)
class Signed:
    """A checkpoint with its note and where it was found. It was proven to be of the tree in question."""

    checkpoint: Checkpoint
    note: note.Note
    subject: str


def cosigners(
    found: Iterable[Signed], keys: Iterable[WitnessKey], faults: list[Fault], verify: Verify = ed25519.verify
) -> tuple[Cosigner, ...]:
    """The largest good cosignature of each key, sorted by name. Wrong lines of these keys go into `faults`.

    Lines of other keys are ignored, as C2SP asks: anybody can add a line.
    """
    known = list(dict.fromkeys(keys))
    largest: dict[WitnessKey, Cosigner] = {}
    for one in found:
        for key in known:
            try:
                time = cosignature.check(one.note, key, verify)
            except ProofError as error:
                faults.append(Fault.of(error, one.subject))
                continue
            before = largest.get(key)
            if time is not None and (before is None or one.checkpoint.size > before.size):
                largest[key] = Cosigner(key, one.checkpoint.size, time)
    return tuple(sorted(largest.values(), key=lambda one: (one.key.name, one.key.key_id)))


def quorum_size(policy: Policy, found: Iterable[Cosigner]) -> int | None:
    """Up to which size the policy's quorum cosigned; None where it never did."""
    known = list(found)
    for size in sorted({one.size for one in known}, reverse=True):
        if policy.is_met({one.key for one in known if one.size >= size}):
            return size
    return None


def policy_faults(
    policy: Policy,
    keys: Iterable[note.VerifierKey],
    found: Iterable[Cosigner],
    present: Checkpoint,
    entries: Sequence[int],
) -> Iterator[Fault]:
    """What of `present`, and of the `entries` (ascending numbers) under it, the policy does not accept."""
    if policy.logs and not set(policy.logs).intersection(keys):
        yield Fault(
            "key-other", present.origin[:100], "the policy lists no key of this ledger, of today or of the past"
        )
    if policy.quorum == "none":
        return
    reached = quorum_size(policy, found)
    if reached is None:
        message = "fewer witnesses than the policy asks for have cosigned any checkpoint: ask the office, and a witness"
        yield Fault("quorum-not-met", f"checkpoint {present.size}", message)
        return
    beyond = entries[bisect_left(entries, reached) :]
    if beyond:
        subject = f"entry {beyond[0]}" if len(beyond) == 1 else f"entries {beyond[0]} to {beyond[-1]}"
        message = f"the policy's quorum cosigned {reached} entries, and these come later"
        yield Fault("unwitnessed-tail", subject, message)
