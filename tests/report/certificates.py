"""Certificates that may sign a report, made for the tests that need one, and what pdfsig says of what they signed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from archiver.report.signing import signer
from archiver.report.signing.signer import Signer

needs_pdfsig = pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")

_DAY = timedelta(days=1)
PASSPHRASE = b"several plain words"


@dataclass(frozen=True)
class Office:
    """An authority's certificate, one that it gave to an office, and the office's key."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: Any

    def pem(self) -> bytes:
        """Its certificate and the one above it."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, self.root))

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        """Its key."""
        locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))

    def p12(self, passphrase: bytes = b"") -> bytes:
        """Everything in one file."""
        locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return pkcs12.serialize_key_and_certificates(b"own", self.key, self.certificate, [self.root], locked)

    def signer(self) -> Signer:
        """It, as it is loaded."""
        return Signer(self.certificate, (self.root,), self.key)


def office(
    name: str = "Office A", key: Any = None, *, ends: timedelta = 90 * _DAY, signs: bool | None = True
) -> Office:
    """An office of this name. `signs` is what its certificate says of its use; None: nothing."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    above = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
    now = datetime.now(UTC)
    root = x509.CertificateBuilder(title, title, above.public_key(), 1, now - 900 * _DAY, now + 900 * _DAY)
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(title, own, key.public_key(), 7, now - 100 * _DAY, now + ends)
    if signs is not None:
        usage = x509.KeyUsage(signs, False, not signs, False, False, False, False, False, False)
        made = made.add_extension(usage, critical=True)
    return Office(root.sign(above, hashes.SHA256()), made.sign(above, hashes.SHA256()), key)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """One for all tests, because making it takes long."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=signer.LEAST_RSA_BITS)


def private(path: Path, data: bytes) -> Path:
    """A file that nobody else can read."""
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def pdfsig(path: Path) -> dict[str, str]:
    """What it says of the one signature in a PDF."""
    said = subprocess.run(["pdfsig", str(path)], capture_output=True, text=True, timeout=60)
    assert said.stdout.count("Signature #") == 1, said.stdout + said.stderr
    return dict(re.findall(r"^  - ([^:\n]+): (.*)$", said.stdout, re.MULTILINE))
