"""Which certificates and keys may sign a report, in which files they come, and what is said of those that may not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from archiver.errors import EvidenceError, UsageError
from archiver.report.signing import signer
from tests.report.certificates import PASSPHRASE, Office, office, private, rsa_key


def given() -> bytes:
    return PASSPHRASE


def never() -> bytes:
    raise AssertionError("nobody has to be asked")


@pytest.fixture(scope="module")
def own() -> Office:
    return office()


def is_of(found: signer.Signer, own: Office) -> bool:
    """Whether it is the office's certificate, with the one above it and the key of it."""
    chain = (found.certificate, *found.chain) == (own.certificate, own.root)
    return chain and found.key.public_key() == own.key.public_key()


@pytest.mark.parametrize("passphrase", [b"", PASSPHRASE])
def test_pkcs12_holds_certificate_chain_and_key(own: Office, tmp_path: Path, passphrase: bytes) -> None:
    file = private(tmp_path / "own.p12", own.p12(passphrase))
    found = signer.load(file, None, given if passphrase else never)
    assert is_of(found, own)


@pytest.mark.parametrize("passphrase", [b"", PASSPHRASE])
@pytest.mark.parametrize("together", [False, True])
def test_pem_holds_them_in_one_file_or_two(own: Office, tmp_path: Path, passphrase: bytes, together: bool) -> None:
    ask = given if passphrase else never
    if together:
        found = signer.load(private(tmp_path / "all.pem", own.pem() + own.key_pem(passphrase)), None, ask)
    else:
        (tmp_path / "own.pem").write_bytes(own.pem())  # certificates are no secret
        found = signer.load(tmp_path / "own.pem", private(tmp_path / "key.pem", own.key_pem(passphrase)), ask)
    assert is_of(found, own)


@pytest.mark.parametrize("form", ["p12", "pem"])
def test_a_wrong_passphrase_is_said(own: Office, tmp_path: Path, form: str) -> None:
    data = own.p12(PASSPHRASE) if form == "p12" else own.pem() + own.key_pem(PASSPHRASE)
    with pytest.raises(UsageError) as raised:
        signer.load(private(tmp_path / f"own.{form}", data), None, lambda: b"another")
    assert raised.value.code == "passphrase-wrong"


@pytest.mark.parametrize("form", ["p12", "pem"])
def test_a_key_that_others_can_read_does_not_sign(own: Office, tmp_path: Path, form: str) -> None:
    file = private(tmp_path / f"own.{form}", own.p12() if form == "p12" else own.pem() + own.key_pem())
    file.chmod(0o640)
    with pytest.raises(EvidenceError) as raised:
        signer.load(file, None, never)
    assert raised.value.code == "key-readable"
    assert "chmod 600" in raised.value.line()
    assert "key rotate" not in raised.value.line()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "do not check"),
        (rsa.generate_private_key(public_exponent=65_537, key_size=1024), "do not check"),
        (ec.generate_private_key(ec.SECP256K1()), "do not check"),
    ],
)
def test_a_key_that_readers_do_not_take_is_refused(tmp_path: Path, key: Any, says: str) -> None:
    one = office(key=key)
    with pytest.raises(UsageError, match=says):
        signer.load(private(tmp_path / "own.pem", one.pem() + one.key_pem()), None, never)


def test_rsa_of_2048_bits_signs(tmp_path: Path) -> None:
    one = office(key=rsa_key())
    assert is_of(signer.load(private(tmp_path / "own.p12", one.p12()), None, never), one)


@pytest.mark.parametrize(
    ("told", "says"),
    [({"ends": timedelta(days=-1)}, "not now"), ({"signs": False}, "not for signing")],
)
def test_a_certificate_that_may_not_sign_now_is_refused(tmp_path: Path, told: dict[str, Any], says: str) -> None:
    one = office(**told)
    with pytest.raises(UsageError, match=says):
        signer.load(private(tmp_path / "own.p12", one.p12()), None, never)


def test_a_certificate_that_says_nothing_of_its_use_signs(tmp_path: Path) -> None:
    one = office(signs=None)
    assert signer.load(private(tmp_path / "own.p12", one.p12()), None, never).certificate == one.certificate


def test_files_that_do_not_hold_it_are_one_line(own: Office, tmp_path: Path) -> None:
    other = private(tmp_path / "other.pem", office("Office B").key_pem())
    certificate = private(tmp_path / "own.pem", own.pem())
    junk = private(tmp_path / "junk.p12", b"\x30\x82" + bytes(500))
    no_certificate = private(tmp_path / "no.pem", own.key_pem())
    for first, second, says in (
        (certificate, other, "is not that of the first certificate"),
        (certificate, None, "there is no private key"),
        (certificate, junk, "there is no private key"),
        (junk, None, "neither PKCS #12 nor PEM"),
        (junk, other, "is no PEM file"),
        (no_certificate, None, "holds no certificate"),
        (tmp_path / "nowhere", None, "cannot be read"),
        (tmp_path / "nowhere", other, "cannot be read"),
        (tmp_path, None, "cannot be read"),
    ):
        with pytest.raises(UsageError, match=says):
            signer.load(first, second, never)
