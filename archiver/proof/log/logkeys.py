"""The keys of a ledger, and opening a checkpoint so that no line of its own name is left unchecked.

A ledger signs with Ed25519 and, since it has a key for that, with ML-DSA-44 as well. A line that bears the ledger's
name and is by no key of it is a fault; lines of other names are other people's, and a witness policy is for those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note, subtree
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.signature import ed25519, mldsa

#: (public key, signature, message) -> whether it is right.
Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True)
class Checks:
    """How signatures are checked: here in plain Python, in a vault's audit by a hundred times faster code."""

    ed25519: Check
    mldsa: Check


PLAIN = Checks(ed25519.verify, mldsa.verify)


@dataclass(frozen=True)
class LogKeys:
    """What a ledger signs with during one era of its life. `quantum` is None for one without a second key."""

    classic: note.VerifierKey
    quantum: subtree.SubtreeKey | None = None

    @property
    def name(self) -> str:
        """The origin."""
        return self.classic.name

    def lines(self) -> list[str]:
        """Verifier keys as `archiver key show` prints them, Ed25519 first."""
        return [str(self.classic)] + ([str(self.quantum)] if self.quantum else [])

    @property
    def key_ids(self) -> frozenset[bytes]:
        """The ids by which its signature lines are known."""
        return frozenset(one.key_id for one in (self.classic, self.quantum) if one)


def parse(lines: Sequence[str]) -> LogKeys:
    """The keys that one or two lines spell, in the order of `lines()`. Raises ProofError."""
    if not 1 <= len(lines) <= 2:
        raise ProofError("key-malformed", "a ledger has one or two verifier keys")
    keys = LogKeys(note.parse_key(lines[0]), subtree.parse_key(lines[1]) if lines[1:] else None)
    if keys.quantum and keys.quantum.name != keys.name:
        raise ProofError("key-malformed", "the verifier keys of a ledger are not of one name")
    return keys


def parse_text(text: str) -> LogKeys:
    """The keys of a file: each line ends in a newline. Raises ProofError."""
    if not text.endswith("\n"):
        raise ProofError("key-malformed", "a file of verifier keys ends in a newline")
    return parse(text[:-1].split("\n"))


def open_signed(data: bytes, signers: Sequence[LogKeys], checks: Checks = PLAIN) -> Checkpoint:
    """The checkpoint in a signed note, once all of `signers` are found to have signed it and no other key of its name.

    Raises ProofError.
    """
    signed = note.parse(data)
    checkpoint = checkpoints.parse(signed.text)
    for keys in signers:
        check(signed, checkpoint, keys, checks)
    check_strangers(signed, signers)
    return checkpoint


def check(signed: note.Note, checkpoint: Checkpoint, keys: LogKeys, checks: Checks = PLAIN) -> None:
    """Raises ProofError unless each of `keys` signed the checkpoint once and rightly."""
    if checkpoint.origin != keys.name:
        raise ProofError("checkpoint-origin", f"a checkpoint of {checkpoint.origin!r} is not one of {keys.name!r}")
    line = _line(signed, keys.classic)
    if not checks.ed25519(keys.classic.public_key, line.signature, signed.text.encode("utf-8")):
        raise _wrong(keys.name, "Ed25519")
    if keys.quantum:
        time, signature = subtree.split(_line(signed, keys.quantum))
        if not checks.mldsa(keys.quantum.public_key, signature, subtree.message(keys.name, time, checkpoint)):
            raise _wrong(keys.name, "ML-DSA-44")


def check_strangers(signed: note.Note, signers: Sequence[LogKeys]) -> None:
    """Raises ProofError for a line that bears the ledger's name and is by none of `signers`."""
    known = {key_id for keys in signers for key_id in keys.key_ids}
    names = {keys.name for keys in signers}
    for line in signed.signatures:
        if line.name in names and line.key_id not in known:
            raise ProofError("signature-unknown", f"a line bears the name of {line.name} and is by no key of it")


def _line(signed: note.Note, key: note.VerifierKey | subtree.SubtreeKey) -> note.Signature:
    kind = "Ed25519" if isinstance(key, note.VerifierKey) else "ML-DSA-44"
    lines = [line for line in signed.signatures if line.name == key.name and line.key_id == key.key_id]
    if not lines:
        raise ProofError("signature-missing", f"the note bears no {kind} signature of {key.name}")
    if len(lines) > 1:
        raise ProofError("signature-repeated", f"the note bears {len(lines)} signatures of one key of {key.name}")
    return lines[0]


def _wrong(name: str, kind: str) -> ProofError:
    return ProofError("signature-wrong", f"the {kind} signature of {name} is not that of this text")
