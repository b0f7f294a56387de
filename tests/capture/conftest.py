"""A server, small media and one pool of fetchers for all tests of capture."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from yt_dlp.networking._helper import make_ssl_context

from archiver.capture.handler import ArchiveRH
from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from tests.capture.hostile_server import LIMITS, HostileServer, load_media, serving
from tests.media import encode


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """clip.mp4, an HLS stream of segments, a DASH stream with separate sound, a JPEG and an SVG."""
    folder = tmp_path_factory.mktemp("media")
    encode(folder / "clip.mp4", options={"movflags": "+faststart"})
    segments = {"hls_time": "0.5", "hls_list_size": "0", "hls_segment_filename": str(folder / "hls%d.ts")}
    encode(folder / "hls.m3u8", container="hls", options=segments)
    encode(folder / "dash.mpd", container="dash", options={"seg_duration": "1"})
    Image.effect_mandelbrot((160, 90), (-2, -1, 1, 1), 60).save(folder / "photo.jpg")
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    return load_media(folder)


@pytest.fixture(scope="session")
def running(media: dict[str, bytes]) -> Iterator[HostileServer]:
    with serving(media) as server:
        yield server


@pytest.fixture
def server(running: HostileServer) -> HostileServer:
    running.asked.clear()
    running.headers.clear()
    running.cuts.clear()
    running.waiting.clear()
    return running


@pytest.fixture(scope="session")
def fetchers() -> Iterator[Fetchers]:
    with Fetchers() as pool:
        yield pool


@pytest.fixture
def fetch(fetchers: Fetchers, tmp_path: Path) -> Callable[..., FetchResult]:
    """Fetch a URL through the real pool into a folder of its own; keyword arguments change limits."""

    def run(url: str, **changes: float) -> FetchResult:
        limits = replace(LIMITS, **changes)  # type: ignore[arg-type]  # every limit is a number
        return fetchers.fetch(FetchJob(url, tmp_path, ("127.0.0.0/8",), limits))

    return run


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    moment = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - datetime.timedelta(hours=1))
        .not_valid_after(moment + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def trusted(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = make_ssl_context(verify=True)
    context.load_verify_locations(authority)
    monkeypatch.setattr(ArchiveRH, "shared_tls_context", staticmethod(lambda: context))
    monkeypatch.setattr(socket, "getaddrinfo", _loopback_only)


def _loopback_only(_host: str, port: int, *_rest: Any) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
