"""A time-stamp authority of the tests' own: certificates, replies by `openssl ts`, replies that lie, and a server.

`reply` is OpenSSL's, for what must work with tools of others; `forge` writes DER itself, because OpenSSL refuses to
make what an attacker would.
"""

from __future__ import annotations

import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from archiver.proof.times import timestamp

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

_DAY = timedelta(days=1)
_CONFIG = """[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """OpenSSL's answer."""
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)


class Authority:
    """A root, an intermediate and a key for time stamps, in `folder`: root.pem is what readers trust."""

    def __init__(
        self,
        folder: Path,
        name: str = "Stamps",
        *,
        ends: timedelta = 1000 * _DAY,
        begins: timedelta = -10 * _DAY,
        purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        now = datetime.now(UTC)
        span = (now + begins, now + ends)
        self._root_key, middle_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        long = (now - 3000 * _DAY, now + 9000 * _DAY)
        authority = x509.BasicConstraints(ca=True, path_length=None)
        self.root_certificate = _certificate(
            f"{name} root", None, self._root_key, self._root_key, long, [(authority, True)]
        )
        middle = _certificate(
            f"{name} middle", self.root_certificate, middle_key, self._root_key, long, [(authority, True)]
        )
        own: list[tuple[x509.ExtensionType, bool]] = (
            [(x509.ExtendedKeyUsage(list(purposes)), critical)] if purposes else []
        )
        self.certificate = _certificate(name, middle, self.key, middle_key, span, own)
        self.middle = middle
        self.root = folder / "root.pem"
        self.root.write_bytes(self.root_certificate.public_bytes(Encoding.PEM))
        (folder / "own.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / "middle.pem").write_bytes(middle.public_bytes(Encoding.PEM))
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(_CONFIG.format(folder=folder))

    def reply(self, query: bytes) -> bytes:
        """What OpenSSL makes of a query."""
        asked, said = self.folder / "asked.tsq", self.folder / "said.tsr"
        asked.write_bytes(query)
        done = run(
            "ts", "-reply", "-config", self.folder / "ts.cnf", "-queryfile", asked, "-inkey", self.folder / "key.pem",
            "-signer", self.folder / "own.pem", "-chain", self.folder / "middle.pem", "-out", said,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return said.read_bytes()

    def forge(self, query: bytes, **lies: Any) -> bytes:
        """A signed reply in which `imprint`, `nonce`, `time` (GeneralizedTime), `certificates`, `named`, `digest`,
        `content_type` or `signature` is what somebody wants it to be."""
        asked = timestamp.parse_query(query)
        nonce = lies.get("nonce", asked.nonce)
        info = sequence(
            number(1), oid("1.2.3.4.1"),
            sequence(sequence(oid("2.16.840.1.101.3.4.2.1")), octets(lies.get("imprint", asked.imprint))),
            number(lies.get("serial", 7)),
            tlv(0x18, lies.get("time", datetime.now(UTC).strftime("%Y%m%d%H%M%SZ")).encode()),
            number(nonce) if nonce is not None else b"",
        )  # fmt: skip
        certificates = lies.get("certificates", [self.certificate, self.middle])
        der = self.certificate.public_bytes(Encoding.DER)
        named = lies.get("named", hashlib.sha256(der).digest())
        attributes = [
            sequence(
                oid("1.2.840.113549.1.9.3"), tlv(0x31, oid(lies.get("content_type", "1.2.840.113549.1.9.16.1.4")))
            ),
            sequence(oid("1.2.840.113549.1.9.4"), tlv(0x31, octets(lies.get("digest", hashlib.sha256(info).digest())))),
            sequence(oid("1.2.840.113549.1.9.16.2.47"), tlv(0x31, sequence(sequence(sequence(octets(named)))))),
        ]
        body = b"".join(sorted(attributes))
        signature = lies.get("signature") or self.key.sign(tlv(0x31, body), ec.ECDSA(hashes.SHA256()))
        sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
        signer = sequence(
            number(1), sequence(self.certificate.issuer.public_bytes(), number(self.certificate.serial_number)),
            sha256, tlv(0xA0, body), sequence(oid("1.2.840.10045.4.3.2")), octets(signature),
        )  # fmt: skip
        sent = sorted(one.public_bytes(Encoding.DER) for one in certificates)
        if lies.get("unsorted"):
            sent.reverse()
        signed = sequence(
            number(3), tlv(0x31, sha256), sequence(oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, octets(info))),
            tlv(0xA0, b"".join(sent)) if sent else b"", tlv(0x31, signer * lies.get("signers", 1)),
        )  # fmt: skip
        granted = sequence(number(lies.get("status", 0)))
        return sequence(granted, sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed)))


def tlv(tag: int, content: bytes) -> bytes:
    """One value in DER."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(0x30, b"".join(parts))


def number(value: int) -> bytes:
    """An INTEGER."""
    length = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(0x02, value.to_bytes(length, "big", signed=True))


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, data)


def oid(text: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, text.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        part = bytes([arc & 0x7F])
        while arc := arc >> 7:
            part = bytes([0x80 | arc & 0x7F]) + part
        content += part
    return tlv(0x06, content)


def _certificate(
    name: str,
    issuer: x509.Certificate | None,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    span: tuple[datetime, datetime],
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer.subject if issuer else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


#: What a server does with a query: gives status, headers and body.
Answer = Callable[[bytes], tuple[int, dict[str, str], bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server on loopback that answers queries; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, body = answer(query)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
        finally:
            server.shutdown()
            thread.join()


def stamping(authority: Authority) -> Answer:
    """Answers as an honest authority."""
    return lambda query: (200, {"Content-Type": "application/timestamp-reply"}, authority.forge(query))


def configure(vault: Path, url: str, authority: Authority) -> None:
    """Name an authority in a vault's settings."""
    with (vault / "archiver.toml").open("a") as settings:
        settings.write(f'[[timestamp]]\nurl = "{url}"\ncertificates = "{authority.root}"\n')
