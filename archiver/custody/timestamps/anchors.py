"""The anchors that the ledger tells of (OpenTimestamps), and what is pending."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archiver.custody.timestamps import stamps
from archiver.custody.vault import Vault

#: What a proof is kept as: calendars answer with this type, and there is no other for the whole file.
PROOF_TYPE = "application/vnd.opentimestamps.v1"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A calendar's proof, told by entry `entry`, over the checkpoint of `size`. `proof` is an object's SHA-256.

    `blocks` are heights of Bitcoin blocks, none while it is pending; `upgrades` is the entry of the earlier proof that
    this one completes; `source` is where we asked.
    """

    entry: int
    size: int
    root: str
    blocks: tuple[int, ...]
    upgrades: int | None
    source: str
    proof: str


def listing(vault: Vault) -> list[Anchor]:
    """Every anchor of the ledger, in its order."""
    rows = vault.database.read().execute(
        "SELECT entry.seq, body, COALESCE(disclosure.value, '') FROM subject JOIN entry ON entry.seq = subject.seq"
        " LEFT JOIN disclosure ON disclosure.seq = entry.seq AND disclosure.name = 'source'"
        " WHERE id >= 'anchor.' AND id < 'anchor/' ORDER BY entry.seq"
    )
    return [of_entry(seq, body, source) for seq, body, source in rows]


def of_entry(seq: int, body: bytes, source: str = "") -> Anchor:
    """The anchor that a valid entry tells of."""
    entry = json.loads(body)
    detail = entry["detail"]
    return Anchor(
        entry=seq,
        size=detail["size"],
        root=detail["root"],
        blocks=tuple(detail["blocks"]),
        upgrades=detail.get("upgrades"),
        source=source,
        proof=next((one["sha256"] for one in entry["objects"] if one["media_type"] == PROOF_TYPE), ""),
    )


def completed_by(anchor: Anchor, among: Iterable[Anchor]) -> Anchor | None:
    """The first proof that completes this one."""
    return next((one for one in among if one.upgrades == anchor.entry), None)


def pending(found: Sequence[Anchor]) -> list[Anchor]:
    """Those that lead to no block, and that no other one completes."""
    return [one for one in found if not one.blocks and completed_by(one, found) is None]


def waits_for(vault: Vault, urls: Sequence[str]) -> list[str]:
    """Those calendars that were not given everything yet."""
    size = stamps.meaningful_size(vault)
    found = listing(vault)
    return [url for url in urls if not any(one.source == url and one.size >= size for one in found)]


def first_over(found: Iterable[Anchor], seq: int) -> Anchor | None:
    """The anchor that proves entry `seq` to be the oldest: the lowest block; a pending one where there is no other."""
    over = (one for one in found if one.size > seq)
    return min(over, key=lambda one: (not one.blocks, one.blocks, one.entry), default=None)
