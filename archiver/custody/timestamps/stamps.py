"""The time stamps that the ledger tells of, and which checkpoint waits for one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver import model
from archiver.custody.vault import Vault
from archiver.model import EventType

#: What an authority's reply, the query that it answers and the certificates of the authority are kept as.
QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
CHAIN_TYPE = "application/pem-certificate-chain"

#: Entries about proofs of earlier entries: a ledger of which nothing else is new does not wait for a time stamp.
_QUIET = (EventType.CHECKPOINT, EventType.COSIGNATURE, EventType.TIMESTAMP, EventType.ANCHOR)

#: Certificates of authorities last years: a stamp is renewed this long before, so that a closed office is no loss.
SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Issued:
    """A checkpoint as it was signed: the bytes that are stamped. `claimed` is the time of its last entry."""

    size: int
    root: str
    note: bytes
    claimed: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp: told by entry `entry`, over the checkpoint of `size`. Objects are SHA-256 digests.

    `time` is the authority's, `expires` the end of the first of its certificates to end, `source` where we asked.
    """

    entry: int
    size: int
    root: str
    time: str
    serial: str
    authority: str
    expires: str
    source: str
    query: str
    reply: str
    chain: str


def newest(vault: Vault) -> Issued | None:
    """The newest checkpoint, published if need be; None before the first."""
    vault.ledger.publish()
    row = vault.database.read().execute("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    return issued(vault, row[0]) if row else None


def issued(vault: Vault, size: int) -> Issued | None:
    """The checkpoint of this size; None where none was issued."""
    row = vault.database.read().execute("SELECT root, note FROM checkpoint WHERE size = ?", [size]).fetchone()
    if row is None:
        return None
    return Issued(size, bytes(row[0]).hex(), bytes(row[1]), json.loads(vault.ledger.entry(size - 1))["time"])


def digests(vault: Vault) -> Iterator[tuple[int, str]]:
    """Size and SHA-256 of the note of every checkpoint that was issued, the newest first."""
    for size, note in vault.database.read().execute("SELECT size, note FROM checkpoint ORDER BY size DESC"):
        yield size, hashlib.sha256(note).hexdigest()


def listing(vault: Vault) -> list[Stamp]:
    """Every time stamp of the ledger, in its order."""
    rows = vault.database.read().execute(
        "SELECT entry.seq, body, COALESCE(disclosure.value, '') FROM subject JOIN entry ON entry.seq = subject.seq"
        " LEFT JOIN disclosure ON disclosure.seq = entry.seq AND disclosure.name = 'source'"
        " WHERE id >= 'timestamp.' AND id < 'timestamp/' ORDER BY entry.seq"
    )
    return [of_entry(seq, body, source) for seq, body, source in rows]


def of_entry(seq: int, body: bytes, source: str = "") -> Stamp:
    """The stamp that a valid entry tells of."""
    entry = json.loads(body)
    detail = entry["detail"]
    kept = {one["media_type"]: one["sha256"] for one in entry["objects"]}
    return Stamp(
        entry=seq,
        source=source,
        query=kept.get(QUERY_TYPE, ""),
        reply=kept.get(REPLY_TYPE, ""),
        chain=kept.get(CHAIN_TYPE, ""),
        **{name: detail[name] for name in ("size", "root", "time", "serial", "authority", "expires")},
    )


def meaningful_size(vault: Vault) -> int:
    """How many entries have to be under a time stamp: up to the last one that is not about proofs themselves."""
    for seq, body in vault.database.read().execute("SELECT seq, body FROM entry ORDER BY seq DESC"):
        if json.loads(body)["type"] not in _QUIET:
            return int(seq) + 1
    return 0


def waits_for(vault: Vault, urls: Sequence[str]) -> list[str]:
    """Those authorities that have not stamped everything yet."""
    size = meaningful_size(vault)
    found = listing(vault)
    return [url for url in urls if not any(one.source == url and one.size >= size for one in found)]


def renewed_by(stamp: Stamp, among: Sequence[Stamp]) -> Stamp | None:
    """The stamp that carries this one on: over a checkpoint that holds its entry, and good for longer."""
    later = [one for one in among if one.size > stamp.entry and one.expires > stamp.expires]
    return max(later, key=lambda one: one.expires, default=None)


def due(found: Sequence[Stamp], now: datetime, within: timedelta = SOON) -> list[Stamp]:
    """Stamps whose certificate ends soon, or has ended, and that no other one carries on."""
    until = model.timestamp(now + within)
    return [one for one in found if one.expires < until and renewed_by(one, found) is None]


def first_over(found: Sequence[Stamp], seq: int) -> Stamp | None:
    """The stamp that proves entry `seq` to be the oldest, by the authorities' times."""
    return min((one for one in found if one.size > seq), key=lambda one: one.time, default=None)
