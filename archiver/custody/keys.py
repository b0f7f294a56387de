"""The ledger's Ed25519 key: made once, read only to sign, and never by a file that others can read.

`keys/ledger.pem` is the private key, `keys/ledger.vkey` the verifier key that `archiver key show` prints.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof import note
from archiver.proof.faults import ProofError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_NAME = "ledger.pem"
VERIFIER_NAME = "ledger.vkey"


def check_origin(origin: str) -> None:
    """Raises UsageError unless `origin` is a schema-less URL that can name a key (C2SP signed-note)."""
    try:
        note.check_name(origin)
    except ProofError:
        usable = False
    else:
        usable = "://" not in origin and not origin.endswith("/") and origin[0] not in "/:"
    if not usable:
        raise UsageError(
            f"{origin[:100]!r} cannot be a ledger's origin",
            next_step="Write a URL without its scheme, spaces or plus signs, such as office-a.example/archive",
        )


def create(folder: Path, origin: str) -> None:
    """Make `folder` (0700) with a new key in it (0600). Raises UsageError for an impossible origin, OSError."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    check_origin(origin)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)  # mkdir's mode is subject to the umask
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / PRIVATE_NAME, pem)
    _write(folder / VERIFIER_NAME, f"{_verifier(private, origin)}\n".encode())
    for parent in (folder, folder.parent):
        handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def verifier_key(folder: Path, origin: str) -> str:
    """`name+hash+base64`, by which anybody checks the checkpoints. Raises EvidenceError where it is not `origin`'s."""
    return str(load_verifier(folder, origin))


def load_verifier(folder: Path, origin: str) -> note.VerifierKey:
    """The same, ready to check with. Raises MachineError where it cannot be read."""
    path = folder / VERIFIER_NAME
    try:
        key = note.parse_key(path.read_text("utf-8").removesuffix("\n"))
    except FileNotFoundError:
        raise EvidenceError(f"{path} is missing", code="key-missing", next_step="Restore it from a copy") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ProofError, UnicodeDecodeError) as error:
        raise EvidenceError(
            f"{path} is not a verifier key: {error}", code="key-altered", next_step="Restore it from a copy"
        ) from None
    if key.name != origin:
        raise EvidenceError(
            f"{path} is the key of {key.name!r}, but archiver.toml names the origin {origin!r}",
            code="key-altered",
            next_step="Put back the origin with which this vault was made",
        )
    return key


def sign(folder: Path, origin: str, text: str) -> bytes:
    """The signed note of `text`, which ends in a newline. The private key is read for this and then let go.

    Raises EvidenceError where the key is gone, readable by others, or not that of the verifier key, MachineError where
    it cannot be read.
    """
    private = _load_private(folder / PRIVATE_NAME)
    verifier = load_verifier(folder, origin)
    if _verifier(private, origin) != verifier:
        raise EvidenceError(
            f"the private and the verifier key in {folder} do not belong together",
            code="key-altered",
            next_step="Restore both from one copy",
        )
    return note.Note(text, (verifier.signature(private.sign(text.encode("utf-8"))),)).encode()


def _load_private(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o077:
                raise EvidenceError(
                    f"the signing key {path} can be read by other users (mode {mode:04o}): nothing is signed with it",
                    code="key-readable",
                    next_step=f"If nobody copied it, `chmod 600 {path}`; else this vault needs a new key",
                )
            pem = stream.read()
    except FileNotFoundError:
        raise EvidenceError(f"{path} is missing", code="key-missing", next_step="Restore it from a copy") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise EvidenceError(
            f"{path} is not a private key: {error}", code="key-altered", next_step="Restore it from a copy"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(f"{path} is no Ed25519 key", code="key-altered", next_step="Restore it from a copy")
    return key


def _unreadable(path: Path, error: OSError) -> MachineError:
    return MachineError(
        f"{path} cannot be read: {error.strerror}", code="key-unreadable", next_step="Work as the vault's owner"
    )


def _verifier(private: Ed25519PrivateKey, origin: str) -> note.VerifierKey:
    return note.VerifierKey(origin, private.public_key().public_bytes_raw())


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
