"""Fingerprint objects of every kind, ours and the standard ones, read from their bytes."""

from __future__ import annotations

from archiver import fingerprint, standard
from archiver.custody.store import Store
from archiver.errors import EvidenceError
from archiver.fingerprint import Fingerprint, FingerprintError
from archiver.standard import PdqPrint, SoundPrint

Print = Fingerprint | PdqPrint | SoundPrint


def decoded(blob: bytes) -> Print:
    """The fingerprint in `blob`. Raises FingerprintError."""
    return standard.decode(blob) if blob.startswith(b"{") else fingerprint.decode(blob)


def read(store: Store, sha256: str) -> Print | None:
    """The stored fingerprint; None for one that is gone or damaged, which is for `verify` to say, not for a run."""
    try:
        return decoded(store.read(sha256))
    except (FingerprintError, EvidenceError):
        return None
