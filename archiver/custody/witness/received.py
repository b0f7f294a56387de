"""The log's side: making requests for witnesses, and adding the cosignatures that come back to the checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from archiver.custody import cosigned, publish, tilefiles
from archiver.custody.cosigned import Cosigned
from archiver.custody.fastcheck import verify_fast
from archiver.custody.vault import Vault
from archiver.custody.witness import appointed
from archiver.custody.witness.request import Request
from archiver.errors import ArchiverError, EvidenceError, UsageError
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import WitnessKey

#: Asks one witness: URL, old size and what makes a request from an old size, to signature lines.
Ask = Callable[[str, int, Callable[[int], Request]], bytes]

#: Checkpoints that a cosignature may belong to, from the newest: those that a mail may take months to come back for.
_CANDIDATES = 10_000


def request(vault: Vault, old: int) -> Request:
    """A request for the newest checkpoint, proving it to continue that of `old` entries. Raises UsageError."""
    latest = vault.ledger.publish() and vault.ledger.latest()
    if not latest:
        raise UsageError("no checkpoint was issued yet")
    checkpoint, data = latest
    if old > checkpoint.size:
        raise UsageError(f"the newest checkpoint is of {checkpoint.size} entries, which is less than {old}")
    return Request(old, tuple(vault.ledger.consistency_proof(old, checkpoint.size)), note.parse(data), checkpoint)


def add(vault: Vault, data: bytes) -> list[Cosigned]:
    """Add the cosignatures in a witness's answer to the checkpoint that each is of; gives those that are good.

    Lines of keys that were not appointed are ignored, and so is a second cosignature of one checkpoint by one witness:
    the earlier one says more. Raises UsageError for other bytes, EvidenceError where no line is good.
    """
    try:
        lines = cosignature.parse_lines(data)
    except ProofError as error:
        raise UsageError(f"this is no witness's answer: {error.message}") from None
    known = appointed.load(vault.folder).witnesses
    with publish.exclusively(vault.folder):
        return list(_add(vault, lines, known))


def collect(vault: Vault, ask: Ask, urls: Sequence[str] = ()) -> tuple[list[Cosigned], list[ArchiverError]]:
    """Ask the appointed witnesses at their addresses, or those at `urls`; gives cosignatures and what went wrong."""
    policy = appointed.load(vault.folder)
    keys_at = {url: policy.witnesses[name] for name, url in policy.urls.items()}
    foreign = [url for url in urls if url not in keys_at]
    if foreign:
        raise UsageError(
            f"{foreign[0]} is the address of no appointed witness", next_step="`archiver witness appoint KEY --url URL`"
        )
    if not keys_at:
        raise UsageError("no witness with an address is appointed", next_step="`witness appoint KEY --url URL`")
    received: list[Cosigned] = []
    errors: list[ArchiverError] = []
    for url in urls or keys_at:
        try:
            old = cosigned.last_of(vault.folder, keys_at[url])
            received += add(vault, ask(url, old, lambda size: request(vault, size)))
        except ArchiverError as error:
            errors.append(error)  # one witness that is away keeps nobody else from answering
    return received, errors


def _add(vault: Vault, lines: Sequence[note.Signature], known: Mapping[str, WitnessKey]) -> Iterator[Cosigned]:
    good = False
    for line in lines:
        key = next((one for one in known.values() if one.made(line)), None)
        if key is None:
            continue
        for signed, time in _of_our_checkpoints(vault, line, key):
            checkpoint = checkpoints.parse(signed.text)
            good = True
            kept = cosigned.read(vault.folder, checkpoint.size)
            before = note.parse(kept) if kept else signed
            if any(key.made(one) for one in before.signatures):
                _show(vault, checkpoint.size)  # an interruption may have come before it
                continue
            one = Cosigned(checkpoint.size, checkpoint.root.hex(), str(key), time)
            cosigned.put(vault.folder, one, cosignature.with_line(before, line).encode())
            _show(vault, checkpoint.size)
            yield one
    if not good:
        raise EvidenceError(
            "no line is a cosignature, by an appointed witness, of a checkpoint that this ledger issued",
            code="cosignature-unknown",
            next_step="`archiver witness list` shows who is appointed",
        )


def _of_our_checkpoints(vault: Vault, line: note.Signature, key: WitnessKey) -> Iterator[tuple[note.Note, int]]:
    rows = vault.database.read().execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT ?", [_CANDIDATES])
    for (data,) in rows:
        try:
            signed = note.parse(data)
            yield signed, cosignature.check_line(signed.text, line, key, verify_fast)
        except ProofError:
            continue
        return


def _show(vault: Vault, size: int) -> None:
    """Publish the cosignatures on the checkpoint itself, while it is the newest."""
    published = publish.read_checkpoint(vault.folder, vault.settings.origin)
    kept = cosigned.read(vault.folder, size)
    if published is None or kept is None or published[0].size != size:
        return
    shown = note.parse(published[1])
    for line in note.parse(kept).signatures:
        if line not in shown.signatures:
            shown = cosignature.with_line(shown, line)
    tilefiles.Writer(vault.folder).write_checkpoint(shown.encode())
