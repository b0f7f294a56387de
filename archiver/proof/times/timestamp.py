"""RFC 3161: what a query asks, and what an authority's reply says. Standard library only; no signature is checked here.

`check` holds a reply to its query and to the stamped bytes: imprint, nonce, the digest of the signed text, and that the
certificate is the one that the signature names (RFC 5816). Whether the authority made the signature, and whether
anybody should believe that authority, is for those who have its root certificate: `openssl ts -verify`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from archiver.proof.faults import ProofError
from archiver.proof.times import der
from archiver.proof.times.der import Fields, Value

#: A reply with a chain of four long certificates is 8 kB; an authority's terms in it are a few more.
MAX_REPLY_BYTES = 64 * 1024

#: An imprint, a nonce and a policy are about 100 bytes.
MAX_QUERY_BYTES = 1024

CODE = "timestamp-invalid"
OTHER = "timestamp-of-other"

_DIGESTS = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
    bytes.fromhex("2b0e03021a"): "sha1",  # only to name a certificate, in attributes of RFC 3161's first form
}
_IMPRINTS = ("sha256", "sha384", "sha512")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")

_TIME = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{0,8}[1-9]))?Z")
_GRANTED = 0
_STATUS = {
    1: "granted with changes",
    2: "rejection",
    3: "waiting",
    4: "revocation warning",
    5: "revocation notification",
}


@dataclass(frozen=True)
class Query:
    """What was asked: digest algorithm, the digest, and the number that the reply has to repeat."""

    algorithm: str
    imprint: bytes
    nonce: int | None


@dataclass(frozen=True)
class Token:
    """What a reply says. `time` is RFC 3339 in UTC with microseconds; `certificates` are DER, as they were sent.

    `signer` is issuer (DER) and serial number of the certificate whose key signed; `named` is the digest of that
    certificate under the signature, with its algorithm.
    """

    algorithm: str
    imprint: bytes
    time: str
    serial: int
    nonce: int | None
    certificates: tuple[bytes, ...]
    signer: tuple[bytes, int]
    named: tuple[str, bytes]

    @property
    def certificate(self) -> bytes | None:
        """The certificate that the signature names, where it came along."""
        algorithm, expected = self.named
        found = (one for one in self.certificates if hashlib.new(algorithm, one).digest() == expected)
        return next(found, None)


def parse_query(data: bytes) -> Query:
    """The query in these bytes (a .tsq file). Raises ProofError."""
    with _named():
        if len(data) > MAX_QUERY_BYTES:
            raise ProofError(CODE, "a query is longer than any")
        fields = Fields(der.parse(data))
        if fields.take(der.INTEGER).integer() != 1:
            raise ProofError(CODE, "a query is of another version")
        algorithm, imprint = _imprint(fields.take(der.SEQUENCE))
        fields.maybe(der.OBJECT)
        nonce = fields.maybe(der.INTEGER)
        fields.maybe(der.BOOLEAN)
        fields.maybe(der.CONTEXT)
        fields.end()
        return Query(algorithm, imprint, nonce.integer() if nonce else None)


def parse_reply(data: bytes) -> Token:
    """The token in a reply (a .tsr file). Raises ProofError, also where the authority refused."""
    with _named():
        signed = Fields(signed_data(data))
        signed.take(der.INTEGER)
        signed.take(der.SET)
        info = _content(signed.take(der.SEQUENCE))
        certificates = signed.maybe(der.CONTEXT)
        signed.maybe(der.CONTEXT + 1)
        signers = signed.take(der.SET).children()
        signed.end()
        if len(signers) != 1:
            raise ProofError(CODE, f"a token bears one signature, not {len(signers)}")
        signer, named = _signer(signers[0], info)
        return _info(info, tuple(one.raw for one in certificates.children()) if certificates else (), signer, named)


def signed_data(data: bytes) -> Value:
    """The CMS SignedData (RFC 5652) in a reply. Raises ProofError where the authority granted nothing."""
    if len(data) > MAX_REPLY_BYTES:
        raise ProofError(CODE, f"a reply is longer than {MAX_REPLY_BYTES} bytes")
    reply = Fields(der.parse(data))
    status = reply.take(der.SEQUENCE).children()
    number = status[0].integer() if status else -1
    if number != _GRANTED:
        raise ProofError(CODE, f"the authority granted nothing: {_STATUS.get(number, f'status {number}')}")
    content = Fields(reply.take(der.SEQUENCE))
    reply.end()
    if content.take(der.OBJECT).content != _SIGNED_DATA:
        raise ProofError(CODE, "a token is signed data, and this is something else")
    inner = content.take(der.CONTEXT).children()
    content.end()
    if len(inner) != 1:
        raise ProofError(CODE, "a token holds one text")
    return inner[0]


def check(reply: bytes, query: bytes, stamped: bytes) -> Token:
    """The token, found to answer `query` and to be of the bytes `stamped`. Raises ProofError."""
    token, asked = parse_reply(reply), parse_query(query)
    for what, algorithm, imprint in (
        ("query", asked.algorithm, asked.imprint),
        ("token", token.algorithm, token.imprint),
    ):
        if hashlib.new(algorithm, stamped).digest() != imprint:
            raise ProofError(OTHER, f"the {what} is of other bytes than this checkpoint's")
    if token.algorithm != asked.algorithm:
        raise ProofError(CODE, "the token's digest is of another kind than was asked for")
    if asked.nonce is None or token.nonce != asked.nonce:
        raise ProofError(CODE, "the token does not repeat the number (nonce) of its query")
    return token


@contextmanager
def _named() -> Iterator[None]:
    """Gives what is wrong with the encoding the code of what is wrong with time stamps."""
    try:
        yield
    except ProofError as error:
        if error.code == CODE:
            raise
        raise ProofError(CODE, f"not the form of RFC 3161: {error.message}") from None


def _imprint(value: Value) -> tuple[str, bytes]:
    fields = Fields(value)
    algorithm = _algorithm(fields.take(der.SEQUENCE))
    digest = fields.take(der.OCTET_STRING).content
    fields.end()
    if algorithm not in _IMPRINTS or len(digest) != hashlib.new(algorithm).digest_size:
        raise ProofError(CODE, "an imprint is SHA-256, SHA-384 or SHA-512")
    return algorithm, digest


def _algorithm(value: Value) -> str:
    """The digest that an AlgorithmIdentifier names, "" for another. Parameters are absent or NULL."""
    parts = value.want(der.SEQUENCE).children()
    if not parts:
        raise ProofError(CODE, "an algorithm has no name")
    return _DIGESTS.get(parts[0].want(der.OBJECT).content, "")


def _content(value: Value) -> bytes:
    fields = Fields(value)
    if fields.take(der.OBJECT).content != _TST_INFO:
        raise ProofError(CODE, "what is signed is no time stamp")
    inner = fields.take(der.CONTEXT).children()
    fields.end()
    if len(inner) != 1:
        raise ProofError(CODE, "a token holds one text")
    return inner[0].want(der.OCTET_STRING).content


def _signer(value: Value, info: bytes) -> tuple[tuple[bytes, int], tuple[str, bytes]]:
    """Whose certificate it is (issuer and serial), and the digest of that certificate under the signature."""
    fields = Fields(value)
    fields.take(der.INTEGER)
    issued = Fields(fields.take(der.SEQUENCE))
    issuer, serial = issued.take(der.SEQUENCE).raw, issued.take(der.INTEGER).integer()
    issued.end()
    digest = _algorithm(fields.take(der.SEQUENCE))
    if digest not in _IMPRINTS:
        raise ProofError(CODE, "the token is signed over a digest that is too weak or unknown")
    attributes = _attributes(fields.take(der.CONTEXT))
    if attributes[_CONTENT_TYPE].want(der.OBJECT).content != _TST_INFO:
        raise ProofError(CODE, "the signature is of something that is no time stamp")
    if attributes[_MESSAGE_DIGEST].want(der.OCTET_STRING).content != hashlib.new(digest, info).digest():
        raise ProofError(CODE, "the signature is of another text than the token's")
    return (issuer, serial), _named_certificate(attributes)


def _attributes(value: Value) -> dict[bytes, Value]:
    """Signed attributes with one value each, by type."""
    found: dict[bytes, Value] = {}
    for one in value.children():
        fields = Fields(one)
        name, values = fields.take(der.OBJECT).content, fields.take(der.SET).children()
        if name in found:
            raise ProofError(CODE, "an attribute stands twice under the signature")
        if values:
            found[name] = values[0]
    if _CONTENT_TYPE not in found or _MESSAGE_DIGEST not in found:
        raise ProofError(CODE, "an attribute is missing under the signature")
    return found


def _named_certificate(attributes: dict[bytes, Value]) -> tuple[str, bytes]:
    """ESSCertIDv2 (RFC 5816) or ESSCertID (RFC 2634): the first is the signer's."""
    algorithm = "sha256"
    value = attributes.get(_SIGNING_CERTIFICATE_V2)
    if value is None:
        algorithm = "sha1"
        value = attributes.get(_SIGNING_CERTIFICATE)
    if value is None:
        raise ProofError(CODE, "the signature does not name its certificate")
    listed = Fields(value).take(der.SEQUENCE).children()
    if not listed:
        raise ProofError(CODE, "the signature does not name its certificate")
    identified = Fields(listed[0])
    given = identified.maybe(der.SEQUENCE) if algorithm != "sha1" else None
    if given is not None:
        algorithm = _algorithm(given)
    digest = identified.take(der.OCTET_STRING).content
    if algorithm not in _DIGESTS.values():
        raise ProofError(CODE, "the signature names its certificate by an unknown digest")
    return algorithm, digest


def _info(info: bytes, certificates: tuple[bytes, ...], signer: tuple[bytes, int], named: tuple[str, bytes]) -> Token:
    fields = Fields(der.parse(info))
    if fields.take(der.INTEGER).integer() != 1:
        raise ProofError(CODE, "a token is of another version")
    fields.take(der.OBJECT)
    algorithm, imprint = _imprint(fields.take(der.SEQUENCE))
    serial = fields.take(der.INTEGER).integer()
    time = _time(fields.take(der.GENERALIZED_TIME).content)
    fields.maybe(der.SEQUENCE)
    fields.maybe(der.BOOLEAN)
    nonce = fields.maybe(der.INTEGER)
    fields.maybe(der.CONTEXT)
    fields.maybe(der.CONTEXT + 1)
    fields.end()
    if serial < 0:
        raise ProofError(CODE, "a token's serial number is below zero")
    return Token(algorithm, imprint, time, serial, nonce.integer() if nonce else None, certificates, signer, named)


def _time(text: bytes) -> str:
    """GeneralizedTime as RFC 3161 restricts it, as our records spell times; beyond microseconds it is cut off."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ProofError(CODE, "a token's time is not spelt as it must be")
    try:
        moment = datetime(*(int(part) for part in found.groups()[:6]))  # type: ignore[arg-type]  # six numbers
    except ValueError:
        raise ProofError(CODE, "a token's time is none of the calendar") from None
    fraction = (found[7] or b"").decode()[:6].ljust(6, "0")
    return f"{moment.isoformat()}.{fraction}Z"
