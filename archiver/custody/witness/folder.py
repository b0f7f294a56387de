"""A witness's own folder: its key, the logs that it watches, and what it remembers of each. Never inside a vault.

witness/
  witness.pem, witness.vkey    the key (0600) and its public half
  logs/<SHA-256 of the origin>/
    keys                       verifier keys of this log, one a line
    checkpoint                 the last checkpoint that was verified, as the log signed it
    evidence/<digest>/         a refused checkpoint, with the one that it contradicts
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver import config
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof import durable
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import WitnessKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_NAME, VERIFIER_NAME = "witness.pem", "witness.vkey"
_LOGS, _KEYS, _CHECKPOINT, _EVIDENCE = "logs", "keys", "checkpoint", "evidence"

#: Pairs of contradicting checkpoints of one log. Each needs the log's signature; one alone is proof enough.
MAX_EVIDENCE = 1_000

#: Keys of one log: one, and another after each rotation.
_MAX_KEYS_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Watched:
    """A log that the witness watches: its keys, and the last checkpoint, None before the first."""

    origin: str
    keys: tuple[note.VerifierKey, ...]
    last: Checkpoint | None
    note: bytes | None


class WitnessFolder:
    """An existing witness folder. All reading and writing of a log's memory happens inside `exclusively`."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError where no witness was made."""
        if not (path / VERIFIER_NAME).is_file():
            raise UsageError(f"there is no witness at {path}", next_step="`archiver witness init` makes one")
        self.path = path
        try:
            self.key: WitnessKey = cosignature.parse_key((path / VERIFIER_NAME).read_text("utf-8").removesuffix("\n"))
        except (ProofError, UnicodeDecodeError) as error:
            raise EvidenceError(f"{path / VERIFIER_NAME} is no witness key: {error}", code="key-altered") from None

    @classmethod
    def create(cls, path: Path, name: str) -> WitnessFolder:
        """Make a witness with a key of its own. Raises UsageError for a place or a name that cannot be."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            note.check_name(name)
        except ProofError as error:
            raise UsageError(str(error), next_step="Write a URL without its scheme: office-b.example/witness") from None
        for parent in (path.absolute(), *path.absolute().parents):
            if (parent / config.FILE_NAME).exists():
                raise UsageError(f"{parent} is a vault", next_step="A witness's memory lies outside of every vault")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} holds something already", next_step="Nothing was changed: name an empty folder")
        private = Ed25519PrivateKey.generate()
        key = WitnessKey(name, private.public_key().public_bytes_raw())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        (path / _LOGS).mkdir()
        durable.replace(path / PRIVATE_NAME, pem)
        durable.replace(path / VERIFIER_NAME, f"{key}\n".encode(), 0o644)
        durable.sync_folder(path.parent)
        return cls(path)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """While this is held no other thread or process reads, decides or remembers."""
        with (self.path / "witness.lock").open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def trust(self, key: note.VerifierKey) -> None:
        """Watch the log of this key; a further key of the same origin is one more that it may sign with."""
        folder = self._log(key.name)
        with self.exclusively():
            folder.mkdir(exist_ok=True)
            keys = self._keys(folder)
            if key not in keys:
                text = "".join(f"{one}\n" for one in (*keys, key))
                durable.replace(folder / _KEYS, text.encode("utf-8"), 0o644)
            durable.sync_folder(folder.parent)

    def watched(self, origin: str) -> Watched | None:
        """A log and what is remembered of it; None where it is not watched. Raises EvidenceError for a bad memory."""
        folder = self._log(origin)
        if not (folder / _KEYS).is_file():
            return None
        keys = self._keys(folder)
        try:
            data = (folder / _CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return Watched(origin, keys, None, None)
        for key in keys:
            try:
                return Watched(origin, keys, checkpoints.open_signed(data, key, extended=True), data)
            except ProofError:
                continue
        raise EvidenceError(
            f"what this witness remembers of {origin} is not signed by that log: {folder / _CHECKPOINT}",
            code="memory-altered",
            next_step="Nothing is cosigned. Find out who changed it; a copy of it may be in the log's own checkpoint",
        )

    def all_watched(self) -> list[Watched]:
        """Every log, by origin."""
        origins = {keys[0].name for path in (self.path / _LOGS).iterdir() if (keys := self._keys(path))}
        return [one for origin in sorted(origins) if (one := self.watched(origin))]

    def remember(self, origin: str, signed: bytes) -> None:
        """Make `signed` what is remembered; it is on the disk when this returns."""
        durable.replace(self._log(origin) / _CHECKPOINT, signed, 0o644)

    def keep_evidence(self, origin: str, refused: bytes, remembered: bytes | None) -> Path:
        """Keep a refused checkpoint with the one that it contradicts; gives where."""
        folder = self._log(origin) / _EVIDENCE
        folder.mkdir(exist_ok=True)
        target = folder / hashlib.sha256(refused + (remembered or b"")).hexdigest()[:32]
        if not target.exists() and len(list(folder.iterdir())) >= MAX_EVIDENCE:
            return folder
        target.mkdir(exist_ok=True)
        durable.replace(target / "refused", refused, 0o444)
        if remembered is not None:
            durable.replace(target / "remembered", remembered, 0o444)
        durable.sync_folder(folder)
        return target

    def sign(self, text: str, time: int) -> note.Signature:
        """The cosignature line. Raises EvidenceError where the private key is gone, readable by others or another."""
        private = _load_private(self.path / PRIVATE_NAME)
        if private.public_key().public_bytes_raw() != self.key.public_key:
            raise EvidenceError(f"the two keys in {self.path} do not belong together", code="key-altered")
        return self.key.signed(time, private.sign(cosignature.message(text, time)))

    def _log(self, origin: str) -> Path:
        return self.path / _LOGS / hashlib.sha256(origin.encode("utf-8")).hexdigest()

    def _keys(self, folder: Path) -> tuple[note.VerifierKey, ...]:
        try:
            with (folder / _KEYS).open("rb") as stream:
                text = stream.read(_MAX_KEYS_BYTES).decode("utf-8")
            return tuple(note.parse_key(line) for line in text.splitlines())
        except FileNotFoundError:
            return ()
        except (ProofError, UnicodeDecodeError) as error:
            raise EvidenceError(f"{folder / _KEYS} is no list of keys: {error}", code="key-altered") from None


def _load_private(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        with path.open("rb") as stream:
            if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
                raise EvidenceError(
                    f"the witness's key {path} can be read by other users: nothing is signed with it",
                    code="key-readable",
                    next_step=f"If nobody copied it, `chmod 600 {path}`; else this witness needs a new key",
                )
            key = serialization.load_pem_private_key(stream.read(), password=None)
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror}", code="key-unreadable") from None
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"{path} is not a private key: {error}", code="key-altered") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{path} is no Ed25519 key", code="key-altered")
    return key
