"""Whose signature report.pdf bears: a certificate with its chain, and its private key, from PKCS #12 or PEM files.

The certificate is an office's or a person's own, made by an authority that readers of PDF know. It is no key of the
ledger's: it says who issued this paper, and proves nothing about the evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.custody import keyfile
from archiver.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

#: Shorter RSA keys are forged, and readers of PDF refuse them (NIST SP 800-131A).
LEAST_RSA_BITS = 2048

#: What every reader of PDF knows. Ed25519 is in none of the standards of PAdES, and poppler does not know it.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")

#: A chain of four long certificates is 8 kB.
_MAX_CERTIFICATE_BYTES = 64 * 1024

_PEM = b"-----BEGIN "

#: Gives the passphrase of the private key; called only where it has one.
Passphrase = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate that may sign now, the certificates above it (for readers to build its chain), and its key."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    key: PrivateKeyTypes

    @property
    def sha256(self) -> str:
        """The certificate's digest (of its DER), by which `report.json` names it."""
        return hashlib.sha256(der(self.certificate)).hexdigest()

    def certificates(self) -> tuple[bytes, ...]:
        """All certificates, its own first, in DER."""
        return tuple(der(one) for one in (self.certificate, *self.chain))


def load(certificate: Path, key: Path | None, passphrase: Passphrase) -> Signer:
    """A signer from a PKCS #12 file, or from a PEM file of certificates, signer first, with its `key` there or beside.

    Raises UsageError for files that do not hold it, a wrong passphrase, a certificate that may not sign now or a key
    that readers do not take, EvidenceError where others can reach the key, MachineError where it cannot be read.
    """
    data = keyfile.read_outside(certificate) if key is None else _read_public(certificate)
    if _PEM in data:
        signer = _from_pem(certificate, data, data if key is None else keyfile.read_outside(key), passphrase)
    elif key is None:
        signer = _from_pkcs12(certificate, data, passphrase)
    else:
        raise UsageError(f"{certificate} is no PEM file", next_step="PKCS #12 holds its key: leave --sign-key out")
    _check_key(certificate, signer)
    _check_use(certificate, signer.certificate)
    return signer


def der(certificate: Certificate) -> bytes:
    """A certificate's bytes."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _read_public(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_CERTIFICATE_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _from_pkcs12(path: Path, data: bytes, passphrase: Passphrase) -> Signer:
    from cryptography.hazmat.primitives.serialization import pkcs12

    def opened(given: bytes | None) -> Signer:
        key, certificate, more = pkcs12.load_key_and_certificates(data, given)
        if key is None or certificate is None:
            raise UsageError(f"{path} does not hold a certificate with its private key")
        return Signer(certificate, tuple(more), key)

    for given in (lambda: None, lambda: b"", passphrase):  # programs write "no passphrase" in two ways
        try:
            return opened(given())
        except ValueError as error:
            if "password" not in str(error).lower():
                raise UsageError(f"{path} is neither PKCS #12 nor PEM", next_step=_FORMS) from None
    raise _wrong(path)


def _from_pem(path: Path, certificates: bytes, private: bytes, passphrase: Passphrase) -> Signer:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        first, *chain = x509.load_pem_x509_certificates(certificates)
    except ValueError:
        raise UsageError(f"{path} holds no certificate in PEM", next_step=_FORMS) from None
    try:
        key = load_pem_private_key(private, None)
    except ValueError:
        step = "Name its file with --sign-key"
        raise UsageError(f"there is no private key in PEM for {path}", next_step=step) from None
    except TypeError:  # it is encrypted
        given = passphrase()
        try:
            key = load_pem_private_key(private, given)
        except ValueError:  # garbage has as many forms as there are wrong passphrases
            raise _wrong(path) from None
    return Signer(first, tuple(chain), key)


_FORMS = "Give a .p12 file, or certificates in PEM (the signer's first) and --sign-key FILE"


def _wrong(path: Path) -> UsageError:
    return UsageError(f"the passphrase is not that of the key of {path}", code="passphrase-wrong")


def _check_key(path: Path, signer: Signer) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = signer.key
    if isinstance(key, rsa.RSAPrivateKey):
        usable = key.key_size >= LEAST_RSA_BITS
    else:
        usable = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES
    if not usable or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UsageError(
            f"the key of {path} is of a kind that readers of PDF do not check",
            next_step=f"Take RSA of {LEAST_RSA_BITS} bits or more, or ECDSA over P-256, P-384 or P-521",
        )
    if key.public_key() != signer.certificate.public_key():
        raise UsageError(f"the private key is not that of the first certificate in {path}")


def _check_use(path: Path, certificate: Certificate) -> None:
    """It signs now, and signs documents: keyUsage, where there is one, says digitalSignature or nonRepudiation."""
    from cryptography import x509

    now = datetime.now(UTC)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= now <= ends:
        raise UsageError(
            f"the certificate in {path} is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, not now",
            next_step="Ask its authority for a new one, or set this machine's clock",
        )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise UsageError(f"the certificate in {path} is not for signing", next_step="Take one that may sign documents")
