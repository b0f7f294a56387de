"""Who has to have signed which checkpoint: the keys in the vault, and the rotations that the ledger's entries tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from archiver.custody import keys, nextkeys, publish
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.custody.fastcheck import verify_fast
from archiver.proof import canonical
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import eras, logkeys, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.eras import Era
from archiver.proof.log.logkeys import Checks, LogKeys

_SUBJECT = f"{publish.KEYS_NAME}/{keys.VERIFIER_NAME}"


class Signers:
    """The ledger's keys by era; without any at hand, checkpoints are read and no signature is checked."""

    def __init__(self, seen: Snapshot, tally: Tally) -> None:
        """Read the eras from the entries. Raises sqlite3.Error."""
        #: Entries that name keys, with their bytes.
        self.named: list[tuple[int, bytes]] = []
        self._eras = self._read(seen, tally)
        if seen.expected is not None and not any(seen.expected == era.keys.classic for era in self._eras):
            tally.fault("key-other", "the ledger", "no key of this ledger is the one that was expected")

    @property
    def eras(self) -> Sequence[Era]:
        """The ledger's keys, oldest first; none where none are at hand."""
        return self._eras

    def open(self, data: bytes, before: int) -> Checkpoint:
        """The checkpoint in a note; the one issued before it was of `before` entries. Raises ProofError."""
        if not self._eras:
            return checkpoints.parse(note.parse(data).text)
        size = checkpoints.parse(note.parse(data).text).size
        return logkeys.open_signed(data, eras.signers(self._eras, size, before), FAST)

    def _read(self, seen: Snapshot, tally: Tally) -> list[Era]:
        if seen.keys is None and seen.expected is None:
            return []
        told = list(self._told(seen))
        try:
            found = eras.read_eras(told, None)
            if seen.keys and not _ends_in(found, seen.keys, seen.folder / publish.KEYS_NAME / nextkeys.NEXT):
                found = eras.read_eras(told, seen.keys)
        except ProofError as error:
            tally.fault(error.code, _SUBJECT if error.code == "key-untold" else "the ledger", error.message)
            found = [Era(-1, seen.keys)] if seen.keys else []
        return found or ([Era(-1, LogKeys(seen.expected))] if seen.expected else [])

    def _told(self, seen: Snapshot) -> Iterator[tuple[int, Any]]:
        """The entries that name keys, as far as a checkpoint covers them."""
        (signed,) = seen.connection.execute("SELECT COALESCE(MAX(size), 0) FROM checkpoint").fetchone()
        with suppress(ProofError):
            signed = max(signed, checkpoints.parse(note.parse(seen.note or b"").text).size)
        for seq, body in seen.connection.execute(
            "SELECT seq, body FROM entry WHERE seq < ?"
            " AND (seq = 0 OR seq IN (SELECT seq FROM subject WHERE id = ?)) ORDER BY seq",
            (signed, nextkeys.SUBJECT),
        ):
            try:
                value = canonical.decode(body)
                eras.read_eras([(seq, value)], None)
            except (ProofError, KeyError, TypeError):  # the entry's own check names what is wrong with it
                continue
            self.named.append((seq, body))
            yield seq, value


def _ends_in(found: Sequence[Era], current: LogKeys, waiting: Path) -> bool:
    """Whether the keys in the vault are the ledger's last; those before, where the files are just being changed."""
    if found and found[-1].keys == current:
        return True
    return len(found) > 1 and waiting.is_dir() and found[-2].keys.classic == current.classic


def _mldsa(public_key: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    try:
        MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


#: OpenSSL takes a fiftieth of the time of the proof core's plain Python, and a vault has thousands of checkpoints.
FAST = Checks(verify_fast, _mldsa)
