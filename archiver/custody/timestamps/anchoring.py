"""Anchoring checkpoints in Bitcoin by way of calendars (OpenTimestamps): submitting, completing, and recording both.

A calendar gets the digest of the note's digest and 16 random bytes, other ones for each calendar, so that what it sees
leads to no ledger and not to what another calendar sees. Its answer is hostile input: it is parsed within limits, and
what is kept is our own spelling of it. Order of recording as in `stamping`; an interruption costs one more question.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from archiver.custody.timestamps import anchors, stamps
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.timestamps.stamps import Issued
from archiver.custody.vault import Vault
from archiver.errors import ArchiverError, EvidenceError, MachineError, UsageError
from archiver.model import CustodyEvent, EventType, Holding, Role, StoredObject
from archiver.proof.faults import ProofError
from archiver.proof.times import anchored, opentimestamps
from archiver.proof.times.opentimestamps import APPEND, SHA256, Operation, Proof

#: Gives a calendar a digest: URL and digest to its answer.
Submit = Callable[[str, bytes], bytes]

#: Asks a calendar what leads on from a message: URL and message to its answer, None where there is none yet.
Fetch = Callable[[str, bytes], bytes | None]

#: As many random bytes as the reference client adds.
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Received:
    """A proof that was found usable, of which checkpoint, where it came from, and which entry's proof it completes."""

    of: Issued
    proof: Proof
    source: str
    upgrades: int | None = None


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What asking calendars again gave: completed anchors, those that still wait, and what failed."""

    made: list[Anchor]
    waiting: list[Anchor]
    errors: list[ArchiverError]


def add(
    vault: Vault, submit: Submit, urls: Sequence[str] = (), *, again: bool = False
) -> tuple[list[Anchor], list[ArchiverError]]:
    """Give the configured calendars, or those at `urls`, the newest checkpoint; gives anchors and what failed.

    One that was given everything already is asked only with `again`. Raises UsageError for another URL.
    """
    configured = _configured(vault)
    unknown = [url for url in urls if url not in configured]
    if unknown:
        raise UsageError(
            f"{unknown[0][:200]} is not configured in archiver.toml", next_step='Write [[calendar]] with url = "..."'
        )
    of = stamps.newest(vault)
    if of is None:
        return [], []
    wanted = list(urls or configured)
    received: list[Received] = []
    errors: list[ArchiverError] = []
    for url in wanted if again else anchors.waits_for(vault, wanted):
        try:
            received.append(Received(of, _submitted(of, submit, url, configured), url))
        except ArchiverError as error:
            errors.append(error)  # one calendar that is away keeps nobody else from answering
    return record(vault, received), errors


def upgrade(vault: Vault, fetch: Fetch) -> Upgraded:
    """Ask the configured calendars for what completes pending proofs. Nobody is asked whom a proof alone names.

    A calendar that fails is asked nothing more this time.
    """
    configured = _configured(vault)
    received: list[Received] = []
    waiting: list[Anchor] = []
    errors: dict[str, ArchiverError] = {}
    for one in anchors.pending(anchors.listing(vault)):
        of = stamps.issued(vault, one.size)
        try:
            completed = proof = stored(vault, one)
        except EvidenceError as error:
            errors[one.proof] = error  # of this proof alone: the others are asked about all the same
            continue
        assert of is not None, "an anchor is of an issued checkpoint"
        for path in proof.pending:
            url = _address(path)
            if url not in configured or url in errors:
                continue
            try:
                completed = _completed(completed, path, fetch, url)
            except ArchiverError as error:
                errors[url] = error
        if completed.blocks:
            received.append(Received(of, completed, one.source, one.entry))
        else:
            waiting.append(one)
    return Upgraded(record(vault, received), waiting, list(errors.values()))


def calendars(vault: Vault, one: Anchor) -> list[str]:
    """The calendars that an anchor's proof says to wait for, each once. Raises EvidenceError as `stored`."""
    return list(dict.fromkeys(_address(path) for path in stored(vault, one).pending))


def usable(proof: Proof) -> Proof:
    """The proof as it will be read from its own file. Raises ProofError where it is more than a proof can be."""
    anchored.check_use(proof)
    return opentimestamps.parse_strictly(opentimestamps.encode(proof))


def stored(vault: Vault, one: Anchor) -> Proof:
    """The proof of an anchor. Raises EvidenceError where it is not what was recorded."""
    try:
        return opentimestamps.parse_strictly(vault.store.read(one.proof))
    except ProofError as error:
        raise EvidenceError(
            f"the proof of entry {one.entry} is damaged: {error.message}",
            code=error.code,
            next_step="Run `archiver verify`",
        ) from None


def record(vault: Vault, received: Sequence[Received]) -> list[Anchor]:
    """Keep proofs and tell of them in the ledger; gives their anchors."""
    if not received:
        return []
    held = [(one, _keep(vault, one.proof)) for one in received]
    with vault.database.write() as transaction:
        transaction.executemany(
            "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?)",
            [(kept.sha256, kept.sha512, kept.size, kept.media_type) for _, kept in held],
        )
        numbers = vault.ledger.append(transaction, [_event(one, kept) for one, kept in held])
    vault.ledger.publish()
    known = {one.entry: one for one in anchors.listing(vault)}
    return [known[number] for number in numbers]


def _configured(vault: Vault) -> list[str]:
    return [one.url for one in vault.settings.calendar]


def _submitted(of: Issued, submit: Submit, url: str, configured: Sequence[str]) -> Proof:
    digest, nonce = hashlib.sha256(of.note).digest(), os.urandom(_NONCE_BYTES)
    message = hashlib.sha256(digest + nonce).digest()
    data = submit(url, message)
    with _explained(url):
        answer = opentimestamps.parse_reply(data, message)
        proof = usable(Proof(digest, opentimestamps.after((Operation(APPEND, nonce), Operation(SHA256)), answer)))
    addresses = {_address(one) for one in proof.pending}
    if not proof.blocks and addresses.isdisjoint(configured):
        named = " or ".join(sorted(addresses))
        raise _useless(url, f"it leads to {named[:300]}, which is not configured in archiver.toml")
    return proof


def _completed(proof: Proof, path: opentimestamps.Path, fetch: Fetch, url: str) -> Proof:
    """The proof with what the calendar gives that leads on to a block; the same where it gives only promises."""
    data = fetch(url, path.message)
    if data is None:
        return proof
    with _explained(url):
        further = opentimestamps.after(path.operations, opentimestamps.parse_reply(data, path.message))
        blocks = [one for one in further if one.attestation.block is not None]
        return usable(Proof(proof.digest, (*proof.paths, *blocks)))


def _address(path: opentimestamps.Path) -> str:
    return str(path.attestation.calendar).rstrip("/")


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except ProofError as error:
        raise _useless(url, error.message) from None


def _useless(url: str, why: str) -> MachineError:
    return MachineError(
        f"the answer of the calendar at {url} cannot be used: {why}",
        code="timestamp-refused",
        next_step="Nothing was recorded. Ask those who run it, or take another",
    )


def _keep(vault: Vault, proof: Proof) -> StoredObject:
    made = vault.store.put(opentimestamps.encode(proof))
    return StoredObject(made.sha256, made.sha512, made.size, anchors.PROOF_TYPE)


def _event(one: Received, kept: StoredObject) -> CustodyEvent:
    detail = {"size": one.of.size, "root": one.of.root, "blocks": list(one.proof.blocks)}
    return CustodyEvent(
        EventType.ANCHOR,
        holdings=(Holding(kept, Role.TIMESTAMP),),
        detail=detail | ({"upgrades": one.upgrades} if one.upgrades is not None else {}),
        sealed={"source": one.source},
    )
