"""Keys under a passphrase: what is locked opens with it and with nothing else, and a hostile container costs little."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from archiver.custody import lockedkey
from archiver.errors import EvidenceError, UsageError
from archiver.proof import canonical

PEM = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
SALT = bytes(16)


def _locked(cost: int) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lockedkey, "COST", cost)
        return lockedkey.lock(PEM, b"correct horse", SALT)


LOCKED = _locked(2**14)  # an eighth of the real cost: the tests derive it a dozen times


def _header() -> dict[str, Any]:
    body = b"".join(LOCKED.splitlines()[1:-1])
    found: dict[str, Any] = json.loads(base64.b64decode(body))
    return found


def _packed(header: dict[str, Any]) -> bytes:
    begin, end = LOCKED.splitlines()[0], LOCKED.splitlines()[-1]
    return begin + b"\n" + base64.b64encode(canonical.encode(header)) + b"\n" + end + b"\n"


def test_what_is_locked_opens_with_its_passphrase_alone() -> None:
    assert lockedkey.is_locked(LOCKED)
    assert not lockedkey.is_locked(PEM)
    assert lockedkey.unlock(LOCKED, b"correct horse") == PEM
    for wrong in (b"Correct horse", b"correct horse ", b"\0"):
        with pytest.raises(UsageError) as caught:
            lockedkey.unlock(LOCKED, wrong)
        assert caught.value.code == "passphrase-wrong"


def test_nothing_of_the_key_shows_and_two_of_one_key_differ() -> None:
    assert b"PRIVATE" not in base64.b64decode(_header()["key"])
    assert _locked(2**14) != LOCKED
    assert (lockedkey.COST, lockedkey.BLOCK, lockedkey.PARALLEL) == (131072, 8, 1)


def test_the_container_opens_with_scrypt_and_chacha_of_others() -> None:
    """From docs/formats.md alone, with the standard library's scrypt."""
    import hashlib

    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    header = _header()
    sealed = base64.b64decode(header.pop("key"))
    key = hashlib.scrypt(
        b"correct horse", salt=base64.b64decode(header["salt"]), n=header["n"], r=header["r"], p=header["p"],
        dklen=32, maxmem=2**28,
    )  # fmt: skip
    nonce = base64.b64decode(header["nonce"])
    data = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    assert ChaCha20Poly1305(key).decrypt(nonce, sealed, data) == PEM


@pytest.mark.parametrize("name", ["salt", "nonce", "key"])
def test_an_edited_container_does_not_open(name: str) -> None:
    data = bytearray(base64.b64decode(_header()[name]))
    data[0] ^= 1
    with pytest.raises(UsageError):
        lockedkey.unlock(_packed({**_header(), name: base64.b64encode(data).decode()}), b"correct horse")


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2**30}, {"n": 2**17 + 1}, {"n": 2}, {"r": 1024}, {"p": 0}, {"p": 99}, {"n": "x"}, {"v": 2},
        {"kdf": "pbkdf2"}, {"cipher": "aes"}, {"salt": "AAAA"}, {"nonce": "*"}, {"key": 5}, {"key": "é"},
    ],
)  # fmt: skip
def test_a_container_that_asks_for_too_much_or_is_none_is_one_clear_error(change: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError) as caught:
        lockedkey.unlock(_packed({**_header(), **change}), b"correct horse")
    assert caught.value.code == "key-altered"


@pytest.mark.parametrize("cut", [40, 100, len(LOCKED) - 5])
def test_a_container_cut_short_is_one_clear_error(cut: int) -> None:
    with pytest.raises(EvidenceError):
        lockedkey.unlock(LOCKED[:cut], b"correct horse")
