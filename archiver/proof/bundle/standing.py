"""A bundle's checkpoint as its reader sees it: cosignatures under the reader's policy, and what was seen before."""

from __future__ import annotations

from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Evidence
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import merkle, note
from archiver.proof.log.earlier import open_earlier
from archiver.proof.trust import memory, outside, witnessed
from archiver.proof.trust.memory import Look
from archiver.proof.trust.outside import Outside
from archiver.proof.trust.witnessed import Signed


def check(
    bag: Bag, evidence: Evidence, given: Outside, faults: Faults, *, key_given: bool
) -> tuple[dict[str, Any], Look | None]:
    """Note what the policy and the memory say against the bundle; gives what to tell, and what to remember."""
    signed = signed_notes(bag, evidence, faults)
    roots = {one.checkpoint.size: one.checkpoint.root for one in signed}
    keys = tuple(era.keys.classic for era in evidence.eras)
    earlier = given.memory.of(keys) if given.memory else ()
    comparison = memory.compare(earlier, evidence.checkpoint if keys else None, roots.get, whole=False)
    wrong: list[Fault] = list(comparison.faults)
    known = given.policy.witnesses.values() if given.policy else ()
    found = witnessed.cosigners(signed, known, wrong)
    if given.policy and evidence.checkpoint:
        numbers = sorted(evidence.entries)
        wrong += witnessed.policy_faults(given.policy, keys, found, evidence.checkpoint, numbers)
    for fault in wrong:
        faults.add(fault.code, fault.subject, fault.message)
    newest = max(evidence.entries, default=None)
    time = str(evidence.entries[newest].value["time"]) if newest is not None else ""
    known_keys = [era.keys for era in evidence.eras]
    told = outside.describe(
        evidence.checkpoint, known_keys, time, found, given, comparison, signed, key_given=key_given
    )
    return told, Look(keys, signed[0].note.encode(), comparison) if signed else None


def signed_notes(bag: Bag, evidence: Evidence, faults: Faults) -> list[Signed]:
    """The bundle's checkpoint, and the cosigned one before it where its proof holds."""
    if evidence.checkpoint is None or not evidence.eras:
        return []
    present = evidence.checkpoint
    data = bag.read(layout.EXPORT_CHECKPOINT, note.MAX_BYTES)
    found = [Signed(present, note.parse(data), layout.EXPORT_CHECKPOINT)]
    if layout.EXPORT_COSIGNED not in bag.sizes:
        if evidence.cosigned:
            faults.add("file-missing", layout.EXPORT_COSIGNED, "there is a proof for it, and it is missing")
        return found
    try:
        data = bag.read(layout.EXPORT_COSIGNED, note.MAX_BYTES)
        older = open_earlier(data, evidence.eras)
        merkle.check_consistency(older.size, older.root, present.size, present.root, evidence.cosigned)
        found.append(Signed(older, note.parse(data), layout.EXPORT_COSIGNED))
    except ProofError as error:
        faults.of(error, layout.EXPORT_COSIGNED)
    return found
