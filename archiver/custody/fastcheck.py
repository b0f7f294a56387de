"""Many Ed25519 signatures: OpenSSL takes a hundredth of the time of the proof core's plain Python."""

from __future__ import annotations


def verify_fast(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """As `proof.ed25519.verify`, for keys that passed `check_key`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
