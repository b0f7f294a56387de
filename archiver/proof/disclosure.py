"""Sealed fields, as SD-JWT (RFC 9901) seals claims: an entry holds commitments, a disclosure opens one of them.

A disclosure is base64url (no padding) of the JSON array [salt, name, value]; its commitment is base64url of SHA-256
over the disclosure's ASCII characters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.proof import canonical
from archiver.proof.faults import ProofError

#: 128 bits, as RFC 9901 recommends: names and URLs can be guessed, a salt cannot.
SALT_BYTES = 16

_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Opened:
    """What a disclosure says: the field's name and value, and the salt that hid them."""

    name: str
    value: str
    salt: str


def make(salt: str, name: str, value: str) -> str:
    """The disclosure of a field. `salt` is base64url of 16 random bytes. Raises ProofError for half characters."""
    return _base64url(canonical.encode([salt, name, value]))


def commitment(disclosure: str) -> str:
    """What the entry holds in place of the field."""
    return _base64url(hashlib.sha256(disclosure.encode("utf-8", "surrogatepass")).digest())


def read(disclosure: str) -> Opened:
    """The parts of a disclosure, which says nothing before `check` has found its commitment. Raises ProofError."""
    array = canonical.decode(_from_base64url(disclosure))
    if not isinstance(array, list) or len(array) != 3 or not all(isinstance(part, str) for part in array):
        raise ProofError("disclosure-malformed", "a disclosure is not an array of salt, name and value")
    salt, name, value = array
    if not _NAME.fullmatch(name) or len(_from_base64url(salt)) != SALT_BYTES:
        raise ProofError("disclosure-malformed", "a disclosure's salt or name is not of the right form")
    return Opened(name, value, salt)


def check(disclosures: Iterable[str], sealed: Iterable[str]) -> dict[str, str]:
    """The fields that disclosures open in an entry with these commitments, by name.

    Raises ProofError for a disclosure that belongs to another entry and for a second one of the same name.
    """
    commitments = frozenset(sealed)
    fields: dict[str, str] = {}
    for one in disclosures:
        opened = read(one)
        if commitment(one) not in commitments:
            raise ProofError("disclosure-foreign", f"a disclosure of {opened.name!r} does not open this entry")
        if opened.name in fields:
            raise ProofError("disclosure-repeated", f"two disclosures open a field {opened.name!r}")
        fields[opened.name] = opened.value
    return fields


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    if len(text) > 2 * canonical.MAX_BYTES:
        raise ProofError("disclosure-malformed", "a disclosure is too long")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("disclosure-malformed", "a disclosure is not base64url") from None
    if _base64url(data) != text:
        raise ProofError("disclosure-malformed", "a disclosure is not spelt as it must be")
    return data
