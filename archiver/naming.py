"""Identifiers of requests, acquisitions, items and matches: short enough to copy by hand, and said aloud."""

from __future__ import annotations

import hashlib
import os

_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that are misread when copied by hand
_ID_LENGTH = 10  # 31^10 = 8e14: a vault of a million items collides once in 1,600 vaults, and a collision is refused


def random_id(prefix: str) -> str:
    """A new identifier such as `r4kx9mw2pqa`: `prefix` tells people and programs what it names."""
    return prefix + _spell(os.urandom(16))


def derived_id(prefix: str, *parts: str) -> str:
    """An identifier that the same parts always give, so that a step that runs again names the same thing."""
    return prefix + _spell(hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest())


def _spell(seed: bytes) -> str:
    number = int.from_bytes(seed[:16], "big")
    letters = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ID_ALPHABET))
        letters.append(_ID_ALPHABET[digit])
    return "".join(letters)
