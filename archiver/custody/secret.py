"""The vault's secret behind commitments to cookies and passwords: `keys/commitments.key`, made when first needed.

Whoever has it can prove which value was sent or set; nobody else can find out by trying.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from archiver.errors import EvidenceError, MachineError

NAME = "commitments.key"
_BYTES = 32


def commitment_secret(keys: Path) -> bytes:
    """The 32 bytes of the key in the folder `keys`. Raises MachineError and EvidenceError."""
    path = keys / NAME
    try:
        if not path.exists():
            _make(path)
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise MachineError(
            f"{path} cannot be read or made: {error.strerror}", code="key-unreadable", next_step="Work as its owner"
        ) from None
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise EvidenceError(f"{path} is not a key", code="key-altered", next_step="Restore it from a copy")
    return secret


def _make(path: Path) -> None:
    """Whole or not at all, and once where several processes come first."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
