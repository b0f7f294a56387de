"""Values that are keys to somebody's account, replaced in stored heads by commitments that the vault's owner can open.

A commitment is `sha256-commitment:` and base64url(SHA-256(salt || value)). The salt is HMAC-SHA256 of where the value
stood under the acquisition's key, so that nobody without the key can try values, and nobody with it needs a list.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

#: Names of headers whose values are never stored, in lower case.
SECRET_NAMES = frozenset(("cookie", "set-cookie", "authorization", "proxy-authorization"))
PREFIX = b"sha256-commitment:"
KEY_BYTES = 32

# Lines may end in any of these: the parser that reads cookies for the client knows all three.
_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")


def acquisition_key(vault_key: bytes, acquisition: str) -> bytes:
    """The key of one acquisition: whoever has it can open that acquisition's commitments and no other's."""
    return hmac.digest(vault_key, b"commitments of " + acquisition.encode(), "sha256")


def commitment(key: bytes, exchange: int, direction: str, name: str, position: int, value: bytes) -> bytes:
    """What stands for `value`: of exchange `exchange`, in its `request` or `response`, in line `position` (from 0)."""
    place = f"{exchange}\n{direction}\n{name.lower()}\n{position}".encode()
    salt = hmac.digest(key, place, "sha256")
    return PREFIX + base64.urlsafe_b64encode(hashlib.sha256(salt + value).digest()).rstrip(b"=")


def redacted(key: bytes, exchange: int, direction: str, head: bytes, first: int = 0) -> bytes:
    """A head (whole or cut off) with its secret values replaced. `first` is the number of its first line."""
    made: list[bytes] = []
    lines = [line for line in _LINES.findall(head) if line]
    number = 0
    while number < len(lines):
        name, colon, value = lines[number].partition(b":")
        told = name.decode("latin-1").strip().lower()
        last = number
        if colon and told in SECRET_NAMES:
            while last + 1 < len(lines) and lines[last + 1][:1] in b" \t" and lines[last + 1].strip():
                last += 1  # a folded value goes on in the next line
            whole = value + b"".join(lines[number + 1 : last + 1])
            bare = whole.rstrip(b"\r\n")
            secret = commitment(key, exchange, direction, told, first + number, bare.strip())
            made.append(name + b": " + secret + whole[len(bare) :])
        else:
            made.append(lines[number])
        number = last + 1
    return b"".join(made)
