"""Files of private keys: for their owner alone, written so that a crash leaves the old or the new, locked or not."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.custody import lockedkey, passphrase
from archiver.errors import EvidenceError, MachineError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

#: A key's PEM is some hundred bytes, its container twice that.
_MAX_BYTES = 64 * 1024


def make_folder(folder: Path) -> None:
    """A folder for its owner alone. Raises FileExistsError, OSError."""
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)  # mkdir's mode is subject to the umask


def write(path: Path, data: bytes) -> None:
    """A new file (0600), on the disk before this returns. Raises FileExistsError, OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, at once. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    write(fresh, data)
    fresh.replace(path)
    sync(path.parent)


def sync(*folders: Path) -> None:
    """Make the names in folders durable."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: Path) -> bytes:
    """A private key's file. Raises EvidenceError where it is missing or within others' reach, MachineError."""
    try:
        _check_folder(path.parent)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as stream:
            _check_alone(path, os.fstat(stream.fileno()), f"chmod 600 {path}")
            return stream.read(_MAX_BYTES)
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise unreadable(path, error) from None


def read_outside(path: Path) -> bytes:
    """A private key's file that lies anywhere.

    Raises EvidenceError where others can reach it, UsageError where there is none, MachineError. Its
    folder is not looked at: whoever may change that can put another key there, and cannot read this one.
    """
    try:
        with path.open("rb") as stream:
            _check_alone(path, os.fstat(stream.fileno()), f"chmod 600 {path}", "make a new one")
            return stream.read(_MAX_BYTES)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except OSError as error:
        raise unreadable(path, error) from None


def load(path: Path) -> PrivateKeyTypes:
    """The private key in a file; asks for the passphrase where it is locked. Raises as `read`, and UsageError."""
    from cryptography.hazmat.primitives import serialization

    data = read(path)
    if lockedkey.is_locked(data):
        data = _unlocked(data)
    try:
        return serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise EvidenceError(
            f"{path} is not a private key: {error}", code="key-altered", next_step="Restore it from a copy"
        ) from None


def pem(key: PrivateKeyTypes) -> bytes:
    """A private key as PKCS #8, to be written or locked."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def missing(path: Path) -> EvidenceError:
    """The error for a key that is gone."""
    return EvidenceError(f"{path} is missing", code="key-missing", next_step="Restore it from a copy")


def unreadable(path: Path, error: OSError) -> MachineError:
    """The error for a key that the operating system does not let us read."""
    return MachineError(
        f"{path} cannot be read: {error.strerror}", code="key-unreadable", next_step="Work as the vault's owner"
    )


def _unlocked(data: bytes) -> bytes:
    try:
        return lockedkey.unlock(data, passphrase.current())
    except Exception:  # whatever went wrong, it is passed on, and the next attempt asks again
        passphrase.forget()
        raise


def _check_folder(folder: Path) -> None:
    _check_alone(folder, folder.stat(), f"chmod 700 {folder}")


def _check_alone(
    path: Path,
    found: os.stat_result,
    mending: str,
    instead: str = "make a new one with `archiver key rotate` after that",
) -> None:
    """Loud, because a key that somebody else could read may have been copied, and no ledger can tell."""
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise EvidenceError(
            f"the signing key {path} can be reached by other users (mode {mode:04o}): nothing is signed with it",
            code="key-readable",
            next_step=f"If nobody copied it, `{mending}`; else {instead}",
        )
    if found.st_uid != os.geteuid():
        raise EvidenceError(
            f"the signing key {path} belongs to another user (number {found.st_uid}): nothing is signed with it",
            code="key-owner",
            next_step="Work as the vault's owner, or make the folder yours if nobody else could read it",
        )
