"""The ledger's keys: made once, read only to sign, and never by files that others can read.

`keys/ledger.pem` and `keys/ledger-pq.pem` are the private keys (Ed25519, ML-DSA-44), the `.vkey` files beside them the
verifier keys that `archiver key show` prints. A vault of the first version has no second key; a rotation gives it one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.custody import keyfile, lockedkey
from archiver.errors import EvidenceError, UsageError
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import logkeys, note, subtree
from archiver.proof.log.logkeys import LogKeys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

PRIVATE_NAME = "ledger.pem"
VERIFIER_NAME = "ledger.vkey"
QUANTUM_PRIVATE_NAME = "ledger-pq.pem"
QUANTUM_VERIFIER_NAME = "ledger-pq.vkey"

#: The files that anybody may have.
PUBLIC_NAMES = (VERIFIER_NAME, QUANTUM_VERIFIER_NAME)
PRIVATE_NAMES = (PRIVATE_NAME, QUANTUM_PRIVATE_NAME)


@dataclass(frozen=True, slots=True)
class Signer:
    """Both private keys in memory. `quantum` is None for a vault without a second key."""

    keys: LogKeys
    classic: Ed25519PrivateKey
    quantum: MLDSA44PrivateKey | None

    def lines(self, checkpoint: checkpoints.Checkpoint) -> list[note.Signature]:
        """The signature lines, Ed25519 first."""
        lines = [self.keys.classic.signature(self.classic.sign(checkpoint.text().encode("utf-8")))]
        if self.quantum and self.keys.quantum:
            now = int(time.time())
            signed = self.quantum.sign(subtree.message(self.keys.name, now, checkpoint))
            lines.append(self.keys.quantum.signature(now, signed))
        return lines


def check_origin(origin: str) -> None:
    """Raises UsageError unless `origin` is a schema-less URL that can name a key (C2SP signed-note)."""
    try:
        note.check_name(origin)
    except ProofError:
        usable = False
    else:
        usable = "://" not in origin and not origin.endswith("/") and origin[0] not in "/:"
    if not usable or len(origin.encode("utf-8")) > note.MAX_NAME_CHARACTERS:
        raise UsageError(
            f"{origin[:100]!r} cannot be a ledger's origin",
            next_step="Write a URL without its scheme, spaces or plus signs, such as office-a.example/archive",
        )


def create(folder: Path, origin: str, passphrase: bytes | None = None) -> None:
    """Make `folder` (0700) with new keys in it (0600), locked where there is a `passphrase`.

    Raises UsageError for an impossible origin, OSError.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    check_origin(origin)
    keyfile.make_folder(folder)
    classic, quantum = Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
    public = _public(origin, classic, quantum)
    salt = lockedkey.new_salt()
    for name, private in ((PRIVATE_NAME, classic), (QUANTUM_PRIVATE_NAME, quantum)):
        pem = keyfile.pem(private)
        keyfile.write(folder / name, lockedkey.lock(pem, passphrase, salt) if passphrase else pem)
    for name, line in zip(PUBLIC_NAMES, public.lines(), strict=True):
        keyfile.write(folder / name, f"{line}\n".encode())
    keyfile.sync(folder, folder.parent)


def verifier_key(folder: Path, origin: str) -> str:
    """`name+hash+base64` of Ed25519, by which anybody checks the checkpoints. Raises as `public_keys`."""
    return str(public_keys(folder, origin).classic)


def load_verifier(folder: Path, origin: str) -> note.VerifierKey:
    """The same, ready to check with. Raises as `public_keys`."""
    return public_keys(folder, origin).classic


def public_keys(folder: Path, origin: str) -> LogKeys:
    """The verifier keys in a folder. Raises EvidenceError where they are not `origin`'s, MachineError."""
    lines = [_read_line(folder / VERIFIER_NAME)]
    if (folder / QUANTUM_VERIFIER_NAME).exists() or (folder / QUANTUM_PRIVATE_NAME).exists():
        lines.append(_read_line(folder / QUANTUM_VERIFIER_NAME))
    try:
        found = logkeys.parse(lines)
    except ProofError as error:
        raise EvidenceError(
            f"{folder} does not hold verifier keys: {error}", code="key-altered", next_step="Restore it from a copy"
        ) from None
    if found.name != origin:
        raise EvidenceError(
            f"{folder / VERIFIER_NAME} is the key of {found.name!r}, but archiver.toml names the origin {origin!r}",
            code="key-altered",
            next_step="Put back the origin with which this vault was made",
        )
    return found


def load_signer(folder: Path, origin: str) -> Signer:
    """The private keys, found to belong to the verifier keys; asks for the passphrase where they are locked.

    Raises EvidenceError where one is gone, readable by others, or not that of its verifier key, MachineError where it
    cannot be read, UsageError for a wrong passphrase.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    public = public_keys(folder, origin)
    classic = keyfile.load(folder / PRIVATE_NAME)
    quantum = keyfile.load(folder / QUANTUM_PRIVATE_NAME) if public.quantum else None
    if not isinstance(classic, Ed25519PrivateKey):
        raise _alien(folder / PRIVATE_NAME, "Ed25519")
    if quantum is not None and not isinstance(quantum, MLDSA44PrivateKey):
        raise _alien(folder / QUANTUM_PRIVATE_NAME, "ML-DSA-44")
    if _public(origin, classic, quantum) != public:
        raise EvidenceError(
            f"the private and the verifier keys in {folder} do not belong together",
            code="key-altered",
            next_step="Restore both from one copy",
        )
    return Signer(public, classic, quantum)


def sign(folder: Path, origin: str, text: str, also: Path | None = None) -> bytes:
    """The signed note of a checkpoint's text. The private keys are read for this and then let go.

    `also` is a further folder of keys that signs as well, behind those of `folder`: a rotation has two.
    Raises as `load_signer`, and ProofError where the text is not a checkpoint's.
    """
    checkpoint = checkpoints.parse(text)
    signers = [load_signer(one, origin) for one in (folder, also) if one is not None]
    lines = [line for signer in signers for line in signer.lines(checkpoint)]
    return note.Note(text, tuple(lines)).encode()


def is_locked(folder: Path) -> bool:
    """Whether a passphrase protects one of the private keys. Raises as `load_signer`."""
    found = [folder / name for name in PRIVATE_NAMES if (folder / name).exists()]
    return any(lockedkey.is_locked(keyfile.read(path)) for path in found)


def protect(folder: Path, origin: str, passphrase: bytes | None) -> None:
    """Lock the private keys with a passphrase, or with another one; None takes the protection away.

    Raises as `load_signer`. An interruption leaves each key locked or not, and all of them usable.
    """
    signer = load_signer(folder, origin)
    salt = lockedkey.new_salt()
    for name, private in ((PRIVATE_NAME, signer.classic), (QUANTUM_PRIVATE_NAME, signer.quantum)):
        if private is not None:
            pem = keyfile.pem(private)
            keyfile.replace(folder / name, lockedkey.lock(pem, passphrase, salt) if passphrase else pem)


def _read_line(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise keyfile.missing(path) from None
    except OSError as error:
        raise keyfile.unreadable(path, error) from None
    except UnicodeDecodeError:
        text = "\n"
    return text.removesuffix("\n")


def _public(origin: str, classic: Ed25519PrivateKey, quantum: MLDSA44PrivateKey | None) -> LogKeys:
    return LogKeys(
        note.VerifierKey(origin, classic.public_key().public_bytes_raw()),
        subtree.SubtreeKey(origin, quantum.public_key().public_bytes_raw()) if quantum else None,
    )


def _alien(path: Path, kind: str) -> EvidenceError:
    return EvidenceError(f"{path} is no {kind} key", code="key-altered", next_step="Restore it from a copy")
