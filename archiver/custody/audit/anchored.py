"""Anchors of a vault: each proof starts from the checkpoint that its entry names, and leads to the blocks it tells.

Whether a block has such a Merkle root is known to a reader with its header only. Without headers, and while a proof is
pending, nothing is taken as proved; that is said and is no fault, because no vault holds what would settle it.
"""

from __future__ import annotations

from typing import Any

from archiver.custody.audit.covered import Kind
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.custody.timestamps import anchors
from archiver.custody.timestamps.anchors import Anchor
from archiver.proof.faults import ProofError
from archiver.proof.times import anchored, opentimestamps, otsbytes
from archiver.proof.trust.outside import Outside

_KIND = Kind("time anchor", "anchor-missing", otsbytes.CODE, opentimestamps.OTHER, opentimestamps.MAX_PROOF_BYTES)


def check(seen: Snapshot, given: Outside, tally: Tally) -> None:
    """Note every fault, and in `tally.told` what the anchors prove. Raises sqlite3.Error."""
    rows = seen.connection.execute(
        "SELECT entry.seq, body FROM told_subject JOIN entry USING (seq)"
        " WHERE id >= 'anchor.' AND id < 'anchor/' AND entry.seq NOT IN invalid ORDER BY entry.seq"
    ).fetchall()
    if not rows:
        return
    told = []
    for seq, body in rows:
        anchor = anchors.of_entry(seq, body)
        try:
            if anchor.upgrades is not None and not _is_earlier(seen, anchor):
                raise ProofError(
                    opentimestamps.OTHER, f"entry {anchor.upgrades} is no earlier anchor of its checkpoint"
                )
            told.append(_told(seen, anchor, given))
        except ProofError as error:
            tally.fault(error.code, f"entry {seq}", error.message)
        except OSError as error:
            tally.fault(_KIND.missing, f"entry {seq}", f"the proof of this time anchor cannot be read: {error}")
    tally.told = anchored.with_anchors(tally.told, told)
    tally.count("anchors", len(rows))


def _is_earlier(seen: Snapshot, anchor: Anchor) -> bool:
    """Whether the entry that it completes is an earlier anchor of its checkpoint.

    Asked of the index, because a check from a size on reads newer entries only; it holds the index against the entries.
    """
    about = (f"anchor.{anchor.size}", anchor.upgrades, anchor.entry)
    query = "SELECT 1 FROM subject WHERE id = ? AND seq = ? AND seq < ?"
    return seen.connection.execute(query, about).fetchone() is not None


def _told(seen: Snapshot, anchor: Anchor, given: Outside) -> dict[str, Any]:
    signed = _KIND.note(seen, anchor.size, anchor.entry)
    detail: dict[str, Any] = {"size": anchor.size, "root": anchor.root, "blocks": list(anchor.blocks)}
    if anchor.upgrades is not None:
        detail["upgrades"] = anchor.upgrades
    _, proof = anchored.check(detail, signed, _KIND.object(seen, anchor.proof))
    if given.headers is None:
        return anchored.told(anchor.entry, detail, None)
    dated = anchored.date(proof, given.headers, _KIND.claimed(seen, anchor.size))
    return anchored.told(anchor.entry, detail, dated)
