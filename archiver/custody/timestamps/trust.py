"""Whether an authority made a token, and whether a given root certificate vouches for that authority.

`rfc3161-client` (OpenSSL beneath it) checks the signature and the chain at the token's own time; what it leaves open
is checked here or in `proof.timestamp`. Revocation is not looked at: nothing here reaches out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver import model
from archiver.errors import UsageError
from archiver.proof.faults import ProofError
from archiver.proof.times import der, timestamp
from archiver.proof.times.timestamp import CODE, Token
from archiver.proof.trust.outside import Vouch

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

UNKNOWN = "timestamp-unknown-authority"

#: A few authorities with chains of four: more is no list of roots that a person chose.
MAX_PEM_BYTES = 256 * 1024

#: Longer than any chain in use.
_MAX_CHAIN = 8

#: OpenSSL's words where the chain is what does not hold, and not the signature over the token.
_CHAIN_FAILS = "certificate verify error"


@dataclass(frozen=True, slots=True)
class Checked:
    """A good token: digest of its authority's certificate, when that one ends, and the chain (PEM, signer first)."""

    token: Token
    authority: str
    expires: str
    chain: bytes


def read_pem(data: bytes) -> list[Certificate]:
    """The certificates in a PEM file. Raises UsageError."""
    from cryptography import x509

    try:
        if len(data) > MAX_PEM_BYTES:
            raise ValueError("it is too long")
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise UsageError(
            f"these are no certificates in PEM: {str(error)[:200]}", next_step="Ask the authority for its root"
        ) from None


def check(reply: bytes, query: bytes, stamped: bytes, roots: Sequence[Certificate], carried: bytes = b"") -> Checked:
    """Check a reply in every respect. `carried` (PEM) may fill gaps of the chain, and is never trusted.

    Raises ProofError: `timestamp-of-other`, `timestamp-invalid`, `timestamp-unknown-authority`.
    """
    token = timestamp.check(reply, query, stamped)
    with _readable():
        others = [one for one in _carried(carried) if one.subject != one.issuer]
        certificate = _certificate(token, [*others, *roots])
        _check_purpose(certificate)
        _check_signature(reply, roots, others, certificate)
        return _checked(token, certificate, [*others, *roots])


def check_by_itself(reply: bytes, query: bytes, stamped: bytes, carried: bytes) -> Checked:
    """As `check`, with the roots that came along: it holds together, and anybody could have made it."""
    token = timestamp.check(reply, query, stamped)
    with _readable():
        own = [*_carried(carried), *_loaded(token)]
    return check(reply, query, stamped, own, carried)


def voucher(pem: bytes) -> Vouch:
    """What checks replies against these roots (PEM). Raises UsageError where there are none."""
    roots = read_pem(pem)

    def vouch(reply: bytes, query: bytes, stamped: bytes, carried: bytes) -> None:
        check(reply, query, stamped, roots, carried)

    return vouch


def sorted_certificates(reply: bytes) -> bytes:
    """The reply with its certificates in the order of DER, which some authorities do not keep.

    They stand outside of what is signed, so the signature is the same; rfc3161-client refuses the other order.
    """
    for one in timestamp.signed_data(reply).children():
        if one.tag == der.CONTEXT:
            ordered = b"".join(sorted(part.raw for part in one.children()))
            return reply[: one.body] + ordered + reply[one.end :]
    return reply


def _carried(pem: bytes) -> list[Certificate]:
    try:
        return read_pem(pem) if pem else []
    except UsageError as error:
        raise ProofError(CODE, f"the chain beside the token cannot be read: {error.what}") from None


def _loaded(token: Token) -> list[Certificate]:
    from cryptography import x509

    return [x509.load_der_x509_certificate(one) for one in token.certificates]


@contextmanager
def _readable() -> Iterator[None]:
    """Certificates of strangers are parsed late, by whoever first asks for a part of them."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        yield
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ProofError(CODE, f"token or certificates cannot be read: {str(error)[:200]}") from None


def _certificate(token: Token, others: Sequence[Certificate]) -> Certificate:
    """The signer's, as the signature names it twice: by digest, and by issuer and serial number."""
    from cryptography.hazmat.primitives.serialization import Encoding

    algorithm, digest = token.named
    for one in [*_loaded(token), *others]:
        if hashlib.new(algorithm, one.public_bytes(Encoding.DER)).digest() == digest:
            if (one.issuer.public_bytes(), one.serial_number) != token.signer:
                raise ProofError(CODE, "the signature names two different certificates")
            return one
    raise ProofError(CODE, "the certificate that signed is neither in the token nor beside it")


def _check_purpose(certificate: Certificate) -> None:
    """RFC 3161, 2.3: the key's only purpose is time stamping, and the extension that says so is critical."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        raise ProofError(CODE, "the certificate is not one for time stamps (no extended key usage)") from None
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProofError(CODE, "the certificate is not one for time stamps alone (extended key usage)")


def _check_signature(
    reply: bytes, roots: Sequence[Certificate], others: Sequence[Certificate], certificate: Certificate
) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        decoded = decode_timestamp_response(sorted_certificates(reply))
        verifier = VerifierBuilder(
            roots=list(roots),
            intermediates=list(others),
            tsa_certificate=None if decoded.signed_data.certificates else certificate,
        ).build()
        verifier.verify(decoded, decoded.tst_info.message_imprint.message)
    except VerificationError as error:
        said = str(error)
        if "expired" in said or "not yet valid" in said:
            raise ProofError(CODE, "a certificate of the authority was not valid at the token's time") from None
        if _CHAIN_FAILS in said:  # also where a stranger's root bears the name of one that is given
            raise ProofError(UNKNOWN, "no given root certificate vouches for the authority that signed") from None
        raise ProofError(CODE, f"the authority's signature does not hold: {_reason(said)}") from None


def _reason(said: str) -> str:
    """OpenSSL's own word out of a list of its errors."""
    _, found, rest = said.rpartition('reason: "')
    return rest.partition('"')[0] if found else said[:200]


def _checked(token: Token, certificate: Certificate, others: Sequence[Certificate]) -> Checked:
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = [certificate]
    known = [*_loaded(token), *others]
    while chain[-1].issuer != chain[-1].subject and len(chain) < _MAX_CHAIN:
        above = next((one for one in known if one.subject == chain[-1].issuer and one not in chain), None)
        if above is None:
            break
        chain.append(above)
    ends = min(one.not_valid_after_utc for one in chain)
    return Checked(
        token,
        hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        model.timestamp(ends),
        b"".join(one.public_bytes(Encoding.PEM) for one in chain),
    )
