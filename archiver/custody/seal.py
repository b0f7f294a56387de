"""Sealing the fields of an entry: always 16 commitments, sorted, so that the absence of a note does not show.

What is no commitment is a decoy: 32 random bytes, which nobody can tell from a SHA-256 digest.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring

from archiver.errors import RefusedError
from archiver.model import SEALED_FIELDS
from archiver.proof.canonical import MAX_BYTES
from archiver.proof.disclosure import SALT_BYTES

#: In every entry, whatever its type (design section 4).
COMMITMENTS = 16

_DIGEST_BYTES = 32
_ENCODED_DIGEST = 43  # base64 characters of 32 bytes without padding
_STRIDE = 44  # of 33 bytes: a zero byte between digests aligns each to whole characters
_SALT_CHARACTERS = 22
_SALT_STRIDE = 24  # of 18 bytes
_ALLOWED = frozenset(SEALED_FIELDS)


@dataclass(frozen=True, slots=True)
class Sealed:
    """16 commitments for the entry, and (name, salt, value) of each field for the vault."""

    commitments: list[str]
    openings: list[tuple[str, str, str]]


def seal(fields: Mapping[str, str]) -> Sealed:
    """Commit to `fields`; empty values are left out.

    Raises ValueError for a name that is not in SEALED_FIELDS, and RefusedError for a value that no disclosure can
    hold: lone surrogates (as in file names that are not UTF-8), or more than 65,535 bytes.
    The disclosures are byte for byte those of `proof.disclosure.make`, but a whole entry's base64 is made in two calls:
    an `add` of 100,000 rows seals 1.6 million values.
    """
    present = [(name, value) for name, value in fields.items() if value]
    if not _ALLOWED.issuperset(fields):
        raise ValueError(f"no sealed fields: {sorted(set(fields) - _ALLOWED)}")
    count = len(present)
    random = os.urandom(count * SALT_BYTES + (COMMITMENTS - count) * _DIGEST_BYTES)
    at = count * SALT_BYTES
    salts = _encode_each([random[i : i + SALT_BYTES] for i in range(0, at, SALT_BYTES)], b"\0\0", _SALT_STRIDE)
    openings = [(name, salt[:_SALT_CHARACTERS], value) for (name, value), salt in zip(present, salts, strict=True)]
    digests = [hashlib.sha256(_disclosure(*opening)).digest() for opening in openings]
    digests += [random[i : i + _DIGEST_BYTES] for i in range(at, len(random), _DIGEST_BYTES)]
    commitments = [one[:_ENCODED_DIGEST] for one in _encode_each(digests, b"\0", _STRIDE)]
    commitments.sort()
    return Sealed(commitments, openings)


def _encode_each(parts: list[bytes], filler: bytes, stride: int) -> list[str]:
    """base64url of each part followed by its filler, which makes it a whole number of characters."""
    whole = base64.urlsafe_b64encode(b"".join([part + filler for part in parts])).decode("ascii")
    return [whole[at : at + stride] for at in range(0, len(whole), stride)]


def _disclosure(name: str, salt: str, value: str) -> bytes:
    try:
        array = f'["{salt}","{name}",{encode_basestring(value)}]'.encode()
    except UnicodeEncodeError:
        raise RefusedError(f"the {name} holds half a character (a lone surrogate)", code="not-unicode") from None
    if len(array) > MAX_BYTES:
        raise RefusedError(f"the {name} is longer than a record can hold", code="field-too-long")
    return base64.urlsafe_b64encode(array).rstrip(b"=")
