"""Certificates and handshakes, good and bad, under an authority of the tests' own."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.capture.hostile.line import DRIP_SECONDS, Line
from tests.capture.hostile.site import Greets, HostileSite, running

_DAY = timedelta(days=1)
_HOST = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))  # an address, so that no name is looked up
SHORT_HANDSHAKE: dict[str, float] = {"connect_seconds": 1.0}


@dataclass(frozen=True, slots=True)
class Handshake:
    """One row: `reason` is the code it has to end with, "" where the clip is archived."""

    name: str
    does: str
    reason: str
    context: ssl.SSLContext | None = None
    greets: Greets | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    speaks: Callable[[Line], None] | None = None

    @contextmanager
    def serving(self, media: dict[str, bytes]) -> Iterator[str]:
        """The URL of the clip behind this handshake."""
        routes = {"clip.mp4": self.speaks or (lambda line: line.answer(line.clip()))}
        with running(HostileSite(media, routes, tls=self.context, greets=self.greets)) as site:
            yield f"https://127.0.0.1:{site.server_address[1]}/clip.mp4"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate and its key. `issue` makes another one below it."""

    certificate: x509.Certificate
    key: Any

    def issue(self, name: str, *, authority: bool = False, **how: Any) -> Issuer:
        return _issued(name, self, authority=authority, **how)


def _issued(
    name: str,
    by: Issuer | None,
    *,
    authority: bool = False,
    begins: timedelta = -_DAY,
    ends: timedelta = _DAY,
    names: tuple[x509.GeneralName, ...] = (_HOST,),
    key: Any = None,
    extension: x509.ExtensionType | None = None,
) -> Issuer:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    moment = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment + begins)
        .not_valid_after(moment + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names and not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if authority:
        builder = builder.add_extension(_signs(), critical=True)
    if by:
        parent = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(parent, critical=False)
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return Issuer(builder.sign(by.key if by else key, hashes.SHA256()), key)


def _signs() -> x509.KeyUsage:
    wanted = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False, **wanted)


def make_authority(folder: Path) -> tuple[Issuer, Path]:
    """The authority of the tests, and the file by which it is trusted."""
    root = _issued("Test Authority", None, authority=True)
    path = folder / "authority.pem"
    path.write_bytes(root.certificate.public_bytes(serialization.Encoding.PEM))
    return root, path


def written(server: Issuer, folder: Path, *above: Issuer) -> Path:
    """A file with the certificate, those above it, and its key, as servers load it."""
    path = folder / f"{server.certificate.serial_number}.pem"
    path.write_bytes(
        b"".join(one.certificate.public_bytes(serialization.Encoding.PEM) for one in (server, *above))
        + server.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def handshakes(root: Issuer, folder: Path) -> list[Handshake]:
    """Every row, with its certificates in `folder`."""

    def context(*chain: Issuer) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.set_ciphers("ALL:@SECLEVEL=0")  # a server may be as weak as it likes: the client has to refuse
        made.load_cert_chain(written(chain[0], folder, *chain[1:]))
        return made

    good = root.issue("server")
    middle = root.issue("Intermediate", authority=True)
    below = middle.issue("server below")
    elsewhere = x509.NameConstraints(permitted_subtrees=[x509.DNSName("office.example")], excluded_subtrees=[
        x509.IPAddress(ipaddress.ip_network("0.0.0.0/0"))
    ])  # fmt: skip
    fenced = root.issue("Fenced Intermediate", authority=True, extension=elsewhere)
    other = _issued("Other Authority", None, authority=True)
    old, wanting, demanding, modern = context(good), context(good), context(good), context(good)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is deprecated is the point
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    wanting.verify_mode, demanding.verify_mode = ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED
    for one in (wanting, demanding):
        one.load_verify_locations(folder / "authority.pem")
    dns = (x509.DNSName("other.example"), x509.DNSName("127.0.0.1"))
    weak = root.issue("weak", key=rsa.generate_private_key(65537, 1024))
    crowd = [root.issue(f"crowd {number}", authority=True) for number in range(300)]
    bad = "tls-failed"
    return [
        Handshake("tls-good", "has a good certificate", "", context(good)),
        Handshake("tls-1.3-only", "speaks TLS 1.3 alone", "", modern),
        Handshake("tls-intermediate", "sends the certificate between", "", context(below, middle)),
        Handshake("tls-intermediate-missing", "leaves it out", bad, context(below)),
        Handshake("tls-expired", "has one that has ended", bad, context(root.issue("e", begins=-2 * _DAY, ends=-_DAY))),
        Handshake("tls-not-yet", "has one for tomorrow", bad, context(root.issue("f", begins=_DAY, ends=2 * _DAY))),
        Handshake("tls-wrong-name", "has one for another name", bad, context(root.issue("o", names=dns))),
        Handshake("tls-no-name", "has its name in the subject alone", bad, context(root.issue("127.0.0.1", names=()))),
        Handshake("tls-self-signed", "has one signed by itself", bad, context(_issued("server", None))),
        Handshake("tls-unknown-authority", "has one of an unknown authority", bad, context(other.issue("server"))),
        Handshake("tls-same-named-authority", "has one of an authority by the same name", bad, context(
            _issued("Test Authority", None, authority=True).issue("server")
        )),
        Handshake("tls-signed-by-a-server", "has one signed by a server", bad, context(good.issue("below"), good)),
        Handshake("tls-name-constraint", "has one outside of its authority's fence", bad, context(
            fenced.issue("server"), fenced
        )),
        Handshake("tls-weak-key", "has a key of 1,024 bits", bad, context(weak)),
        Handshake("tls-1.0-only", "speaks TLS 1.0 alone", bad, old),
        Handshake("tls-crowd", "sends 300 certificates", bad, context(good, *crowd)),
        Handshake("tls-client-wanted", "would like a client's certificate", "", wanting),
        Handshake("tls-client-demanded", "demands a client's certificate", bad, demanding),
        Handshake("tls-no-notify", "ends without telling: found by decoding", "", context(good), speaks=_ragged),
        Handshake("tls-reset", "resets in the middle of the body", "connection-cut", context(good), speaks=_reset),
        Handshake("tls-silent", "takes the connection and says nothing", "timed-out", None, _silent, SHORT_HANDSHAKE),
        Handshake("tls-drip", "sends its hello byte by byte", "timed-out", None, _drip, SHORT_HANDSHAKE),
        Handshake("tls-plain", "answers in plain HTTP", bad, None, _plain),
        Handshake("tls-alert", "refuses the handshake", bad, None, _alert),
        Handshake("tls-hangs-up", "hangs up in the handshake", bad, None, _hang_up),
    ]  # fmt: skip


def _ragged(line: Line) -> None:
    """Half a body of untold length, then the end of the TCP connection without that of TLS."""
    body = line.clip()
    line.head()
    line.send(body[: len(body) // 2])
    socket.socket(fileno=line.channel.detach()).close()


def _reset(line: Line) -> None:
    body = line.clip()
    line.head(length=len(body))
    line.send(body[: len(body) // 2])
    inner = socket.socket(fileno=line.channel.detach())
    inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    inner.close()


def _silent(site: HostileSite, channel: socket.socket) -> None:
    site.closing.wait()


def _drip(site: HostileSite, channel: socket.socket) -> None:
    """A record of 16 kB, a byte at a time."""
    channel.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
    while not site.closing.wait(DRIP_SECONDS):
        channel.sendall(b"\x00")


def _plain(site: HostileSite, channel: socket.socket) -> None:
    channel.recv(65536)
    channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 0\r\n\r\n")


def _alert(site: HostileSite, channel: socket.socket) -> None:
    channel.recv(65536)
    channel.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def _hang_up(site: HostileSite, channel: socket.socket) -> None:
    channel.recv(65536)


@contextmanager
def trusting(authority: Path) -> Iterator[None]:
    """Trust `authority` beside the real ones: in this process, in this block, and by no setting that a user has."""
    from yt_dlp.networking._helper import make_ssl_context

    from archiver.capture.handler import ArchiveRH

    context = make_ssl_context(verify=True)
    context.load_verify_locations(authority)
    with patch.object(ArchiveRH, "shared_tls_context", staticmethod(lambda: context)):
        yield
