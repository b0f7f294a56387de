"""A private key under a passphrase: scrypt (RFC 7914) and ChaCha20-Poly1305 (RFC 8439), in a container of our own.

`cryptography` writes PKCS#8 under PBKDF2 with 2,048 rounds only, which is guessed a million times faster. The container
is PEM whose body is canonical JSON; docs/formats.md gives its fields. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache
from typing import Any

from archiver.errors import EvidenceError, UsageError
from archiver.proof import canonical
from archiver.proof.faults import ProofError
from archiver.proof.untrusted import table, text, whole

_BEGIN = b"-----BEGIN ARCHIVER LOCKED KEY-----\n"
_END = b"-----END ARCHIVER LOCKED KEY-----\n"
_LINE = 64

VERSION = 1

#: 128 MiB and a third of a second for each guess: what an office's oldest laptop can bear once in a run.
COST, BLOCK, PARALLEL = 2**17, 8, 1

#: A container from elsewhere may ask for more, but not for all of the memory: at most 1 GiB.
_MAX_COST, _MAX_BLOCK, _MAX_PARALLEL = 2**20, 8, 4

_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_CODE = "key-altered"


def is_locked(data: bytes) -> bool:
    """Whether a key's file holds a container."""
    return data.startswith(_BEGIN)


def lock(pem: bytes, passphrase: bytes, salt: bytes) -> bytes:
    """The container of a private key's PEM. A vault's keys share a `salt` (16 bytes): scrypt runs once for both."""
    header = {
        "v": VERSION,
        "kdf": "scrypt",
        "n": COST,
        "r": BLOCK,
        "p": PARALLEL,
        "salt": _text(salt),
        "cipher": "chacha20-poly1305",
        "nonce": _text(os.urandom(_NONCE_BYTES)),
    }
    key = _derived(passphrase, salt, COST, BLOCK, PARALLEL)
    sealed = _cipher(key).encrypt(_bytes(header, "nonce", _NONCE_BYTES), pem, canonical.encode(header))
    body = _text(canonical.encode({**header, "key": _text(sealed)}))
    lines = [body[at : at + _LINE] for at in range(0, len(body), _LINE)]
    return _BEGIN + "".join(f"{line}\n" for line in lines).encode() + _END


def new_salt() -> bytes:
    """A salt for `lock`."""
    return os.urandom(_SALT_BYTES)


def unlock(data: bytes, passphrase: bytes) -> bytes:
    """The PEM in a container. Raises UsageError for a wrong passphrase, EvidenceError for what is no container."""
    from cryptography.exceptions import InvalidTag

    try:
        body = _parsed(data)
        header = {name: value for name, value in body.items() if name != "key"}
        salt, nonce = _bytes(header, "salt", _SALT_BYTES), _bytes(header, "nonce", _NONCE_BYTES)
        cost = tuple(whole(header, name, _CODE) for name in ("n", "r", "p"))
        _check(header, cost)
        sealed = base64.b64decode(text(body, "key", _CODE), validate=True)
    except (ProofError, binascii.Error, ValueError) as error:
        raise EvidenceError(
            f"a locked key is damaged: {error}", code=_CODE, next_step="Restore it from a copy"
        ) from None
    try:
        opened: bytes = _cipher(_derived(passphrase, salt, *cost)).decrypt(nonce, sealed, canonical.encode(header))
    except InvalidTag:
        raise UsageError(
            "the passphrase is wrong, or the key's file is damaged",
            code="passphrase-wrong",
            next_step="Nothing was signed; what was recorded is safe, and the next command signs it",
        ) from None
    return opened


def _parsed(data: bytes) -> dict[str, Any]:
    if not (data.startswith(_BEGIN) and data.endswith(_END)):
        raise ProofError(_CODE, "it does not begin and end as it should")
    encoded = data.removeprefix(_BEGIN).removesuffix(_END).replace(b"\n", b"")
    return table(canonical.decode(base64.b64decode(encoded, validate=True)), _CODE)


def _check(header: dict[str, Any], cost: tuple[int, ...]) -> None:
    if (header.get("v"), header.get("kdf"), header.get("cipher")) != (VERSION, "scrypt", "chacha20-poly1305"):
        raise ProofError(_CODE, "it is of a form that this program does not know")
    n, r, p = cost
    if not 2**14 <= n <= _MAX_COST or n & (n - 1) or not 1 <= r <= _MAX_BLOCK or not 1 <= p <= _MAX_PARALLEL:
        raise ProofError(_CODE, "its scrypt parameters are out of bounds")


@lru_cache(maxsize=4)
def _derived(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    """The key of the container: remembered, so that a run waits for it once."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=_KEY_BYTES, n=n, r=r, p=p).derive(passphrase)


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(header: dict[str, Any], name: str, length: int) -> bytes:
    data = base64.b64decode(text(header, name, _CODE), validate=True)
    if len(data) != length:
        raise ProofError(_CODE, f"its {name} is not of {length} bytes")
    return data
