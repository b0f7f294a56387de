"""Taking values out of JSON that anybody may have written: the right type, or a ProofError with the caller's code."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from archiver.proof.faults import ProofError


def table(value: Any, code: str) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise ProofError(code, "there should be an object here")
    return value


def rows(value: Any, code: str) -> list[Any]:
    """An array."""
    if not isinstance(value, list):
        raise ProofError(code, "there should be an array here")
    return value


def texts(value: Any, code: str) -> list[str]:
    """An array of strings."""
    if not all(isinstance(one, str) for one in rows(value, code)):
        raise ProofError(code, "there should be an array of strings here")
    found: list[str] = value
    return found


def hashes(value: Any) -> tuple[bytes, ...]:
    """An array of base64 strings: the hashes of a proof."""
    try:
        return tuple(base64.b64decode(one, validate=True) for one in texts(value, "proof-shape"))
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("proof-shape", "a proof's hash is not base64") from None


def text(container: dict[str, Any], name: str, code: str) -> str:
    """A string by name."""
    value = container.get(name)
    if not isinstance(value, str):
        raise ProofError(code, f"{name} is missing or is no string")
    return value


def whole(container: dict[str, Any], name: str, code: str) -> int:
    """A whole number by name, 0 or above."""
    value = container.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProofError(code, f"{name} is missing or is no whole number")
    return value
