"""A vault with real footage, two cases and everything that an export tells, and bundles exported from it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from PIL import Image

from archiver.custody import acquisitions, findings, queue
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create
from archiver.model import (
    Acquisition,
    ErrorRate,
    Examined,
    Finding,
    Holding,
    Item,
    Match,
    MatchKind,
    Outcome,
    Role,
    Ruling,
    Segment,
    StoredObject,
    Tool,
    now,
)
from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.report.export import export

ORIGIN = "office-a.example/archive"
CASE = "Square, 14 March"
TITLE = "Площадь \u202e4pm.exe <script>alert(1)</script>"
CREDITED = "present, signature holds, signer Camera \u202e7 (not judged)"
#: When the platform says that the film was posted: 14 March 2024, 16:00 UTC.
POSTED = 1_710_432_000
FILM, REPOST, PHOTO = "ifilm22222", "irepost222", "iphoto2222"
NEIGHBOUR, STRANGER = "ineighb222", "istranger2"

#: Words about items that are not exported. None may be in a bundle.
PLANTED = ("PLANTED-title", "PLANTED-note", "PLANTED-uploader", "PLANTED-url", "PLANTED-case", NEIGHBOUR, STRANGER)

#: Where an item was ingested from: a path of this machine, of which only the file name may be told.
PLANTED_PATH = "/home/PLANTED-user/private"


def film(seed: int, frames: int = 30, side: int = 96) -> bytes:
    """A short MP4 of moving shapes; the seed makes it another one."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        backdrop = np.random.default_rng(seed).integers(0, 120, (side // 8, side // 8, 3), np.uint8).repeat(8, 0)
        for number in range(frames):
            picture = backdrop.repeat(8, 1)
            picture[20:50, 2 * number : 2 * number + 30] = (240, 200, 60)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return made.getvalue()


def photo() -> bytes:
    """A small JPEG."""
    made = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)).save(made, "JPEG")
    return made.getvalue()


def certificate() -> str:
    """A server's certificate, as PEM."""
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "video.example")])
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "An authority")])
    made = x509.CertificateBuilder(
        issuer, name, key.public_key(), 7, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    ).sign(key, None)
    return made.public_bytes(Encoding.PEM).decode("ascii")


def held(vault: Vault, data: bytes, role: Role, media_type: str, name: str = "") -> Holding:
    """`data` as an object of the vault."""
    digests = vault.store.put(data)
    return Holding(StoredObject(digests.sha256, digests.sha512, digests.size, media_type), role, name)


def facts(frames: int) -> dict[str, Any]:
    """What examination says of `film`."""
    return {"width": 96, "height": 96, "frames": frames, "duration_ms": 100 * frames, "codec": "mpeg4"}


def item(vault: Vault, name: str, acquisition: str, data: bytes, media_type: str, **told: Any) -> Item:
    """An examined item with all of its objects."""
    metadata = {"of": name, "files": [{"facts": told.get("facts", {}), "exiftool": {}}]}
    return Item(
        id=name,
        acquisition_id=acquisition,
        case=told.get("case", CASE),
        url=told.get("url", ""),
        title=told.get("title", ""),
        acquired_at=now(),
        holdings=(
            held(vault, data, Role.ORIGINAL, media_type, f"{name}.bin"),
            held(vault, json.dumps({"id": name, **told.get("info", {})}).encode(), Role.INFO, "application/json"),
            held(vault, json.dumps(metadata).encode(), Role.METADATA, "application/json"),
            held(vault, b"print of " + name.encode(), Role.FINGERPRINT, "application/octet-stream", "test-1"),
        ),
        uploader=told.get("uploader", ""),
        note=told.get("note", ""),
        path=told.get("path", ""),
        source=told.get("source", ""),
        summary=told.get("summary", {"media_type": media_type, "duration_seconds": 3.0, "width": 96, "height": 96}),
        examined=Examined("bubblewrap", (Tool("exiftool", "12.57"),), ("truncated",), ("test-1",)),
    )


def downloaded(vault: Vault, request: str, made: Item, attempt: int = 1, outcome: Outcome = Outcome.SUCCESS) -> None:
    """Record an attempt at a request that gave an item (unless it failed)."""
    url = queue.get(vault, request).url
    exchange = {
        "version": 1,
        "exchanges": [
            {"number": 1, "method": "GET", "url": url, "address": "192.0.2.7", "started": now(), "status": 200,
             "status_text": "OK", "tls": "TLSv1.3 TLS_AES_256_GCM_SHA384", "certificates_sha256": "c" * 64,
             "response_headers": [["Content-Type", "video/mp4"], ["Server", "\x1b[31mnginx"]]}
        ],
        "certificates": {"c" * 64: certificate()},
    }  # fmt: skip
    failed = outcome is not Outcome.SUCCESS
    acquisition = Acquisition(
        id=f"{request}.{attempt}", kind="download", request_id=request, attempt=attempt, source=url, started_at=now(),
        ended_at=now(), outcome=outcome, reason="server-error" if failed else "", message="",
        tools=(Tool("yt-dlp", "2026.10.26"),), items=() if failed else (made,),
        holdings=(held(vault, json.dumps(exchange).encode(), Role.EXCHANGE, "application/json"),),
    )  # fmt: skip
    acquisitions.record(
        vault,
        acquisition,
        request=queue.get(vault, request),
        retry_in=0.0 if failed else None,
        detail={"bytes": 9, "http_status": 503 if failed else 200},
        final_url=f"{url}?final",
    )


def ingested(vault: Vault, name: str, made: Item) -> None:
    """Record an ingest that gave an item."""
    acquisition = Acquisition(
        id=name, kind="ingest", request_id="", attempt=1, source=made.path, started_at=now(), ended_at=now(),
        outcome=Outcome.SUCCESS, reason="", message="", tools=(Tool("archiver", "0.1.0"),), items=(made,),
    )  # fmt: skip
    acquisitions.record(vault, acquisition)


def build(folder: Path) -> Vault:
    """The vault: case CASE with a film, its repost, a photo and a neighbour; another case with a stranger."""
    vault = create(folder, ORIGIN, "Office A", {"ARCHIVER_BY": "Nadia"})
    address = "https://video.example/watch?v=1"
    asked = [
        Asked(address, address, CASE, "as seen on the square", 0, "Omar"),
        Asked("https://v.example/PLANTED-url", "https://v.example/PLANTED-url", "PLANTED-case", "PLANTED-note"),
    ]
    wanted, other = [answer.request_id for answer in queue.add(vault, asked)]
    told = {
        "url": address, "title": TITLE, "uploader": "someone", "note": "loud\nscene",
        "info": {"timestamp": POSTED}, "facts": facts(30),
        "summary": {
            "media_type": "video/mp4", "duration_seconds": 3.0, "width": 96, "height": 96,
            "content_credentials": CREDITED,
        },
    }  # fmt: skip
    first = item(vault, FILM, f"{wanted}.2", film(1), "video/mp4", **told)
    downloaded(vault, wanted, first, 1, Outcome.FAILURE)
    downloaded(vault, wanted, first, 2)
    downloaded(vault, other, item(
        vault, STRANGER, f"{other}.1", film(2), "video/mp4", case="PLANTED-case", title="PLANTED-title",
        note="PLANTED-note", uploader="PLANTED-uploader", url="https://v.example/PLANTED-url",
    ))  # fmt: skip
    path = f"{PLANTED_PATH}/march.mp4"
    ingested(vault, "nfilm22222.1", item(
        vault, REPOST, "nfilm22222.1", film(1, 20), "video/mp4", title="march.mp4", path=path, source="Omar",
        info={"upload_date": "20240402"}, facts=facts(20),
    ))  # fmt: skip
    ingested(vault, "nphoto2222.1", item(
        vault, PHOTO, "nphoto2222.1", photo(), "image/jpeg", title="photo", path=f"{PLANTED_PATH}/p.jpg", summary={},
    ))  # fmt: skip
    ingested(vault, "nneighb222.1", item(
        vault, NEIGHBOUR, "nneighb222.1", b"no film", "application/octet-stream", title="PLANTED-title",
        note="PLANTED-note", path=f"{PLANTED_PATH}/n.bin", source="PLANTED-uploader", summary={},
    ))  # fmt: skip
    segments = (Segment(0.0, 2.0, 0.0, 2.0),)
    found = [
        Match(
            "mrepost222",
            FILM,
            REPOST,
            MatchKind.NEAR,
            Finding.SAME_RECORDING,
            0.97,
            "t-1",
            segments,
            {"mirror": True, "speed": 1.1},
            ErrorRate(584, 0, 5_130, "test films/1"),
        ),
        Match("mscene2222", REPOST, PHOTO, MatchKind.NEAR, Finding.SAME_SCENE, 0.5, "t-1", ()),
        Match("mneighb222", FILM, NEIGHBOUR, MatchKind.NEAR, Finding.SAME_SCENE, 0.6, "t-1", segments),
        Match("mstranger2", FILM, STRANGER, MatchKind.NEAR, Finding.SAME_RECORDING, 0.9, "t-1", segments),
    ]
    findings.record(vault, "nphoto2222.1", found)
    findings.decide(vault, "mrepost222", Ruling.UNSURE, by="Lina")
    findings.decide(vault, "mrepost222", Ruling.SAME, note="same banner", by="Lina")
    findings.decide(vault, "mstranger2", Ruling.DIFFERENT, note="PLANTED-note", by="Lina")
    vault.ledger.publish()
    return vault


class Bundle:
    """An exported bundle in the hands of somebody who can change every file of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes:
        """A file's bytes."""
        return (self.folder / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place of what is there."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(data)

    def json(self, path: str) -> Any:
        """A file's value."""
        return json.loads(self.read(path))

    def write_json(self, path: str, value: Any) -> None:
        """A value in canonical form."""
        self.write(path, canonical.encode(value))

    def entry_of(self, kind: str, **named: str) -> str:
        """The path of the first entry of a type with these fields."""
        for path in sorted((self.folder / layout.ENTRIES).iterdir()):
            value = json.loads(path.read_bytes())
            if value["type"] == kind and all(value.get(name) == one for name, one in named.items()):
                return f"{layout.ENTRIES}{path.name}"
        raise AssertionError(kind)

    def seal_again(self) -> None:
        """Make all manifests anew, as a careful forger would."""
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        payload = {path: data for path, data in files.items() if path.startswith("data/")}
        info = b"".join(line + b"\n" for line in files["bag-info.txt"].splitlines() if b"Oxum" not in line)
        info += f"Payload-Oxum: {sum(map(len, payload.values()))}.{len(payload)}\n".encode()
        self.write("bag-info.txt", info)
        tags = {"bagit.txt": files["bagit.txt"], "bag-info.txt": info}
        for algorithm in layout.ALGORITHMS:
            tags[f"manifest-{algorithm}.txt"] = _manifest(payload, algorithm)
            self.write(f"manifest-{algorithm}.txt", tags[f"manifest-{algorithm}.txt"])
        for algorithm in layout.ALGORITHMS:
            self.write(f"tagmanifest-{algorithm}.txt", _manifest(tags, algorithm))


def _manifest(files: Mapping[str, bytes], algorithm: str) -> bytes:
    lines = [f"{hashlib.new(algorithm, files[path]).hexdigest()}  {path}\n" for path in sorted(files)]
    return "".join(lines).encode()


@pytest.fixture(scope="session")
def exporting_vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """The vault, with one export already made, which gave the exhibits their numbers: tests may export again."""
    vault = build(tmp_path_factory.mktemp("exporting") / "vault")
    export(vault, [FILM, REPOST, PHOTO], CASE, vault.folder.parent / "bundle")
    return vault


@pytest.fixture(scope="session")
def exported_bundle(exporting_vault: Vault) -> Path:
    """A bundle of the film, its repost and the photo. Not to be changed: `bundle` is a copy."""
    return exporting_vault.folder.parent / "bundle"


@pytest.fixture
def bundle(exported_bundle: Path, tmp_path: Path) -> Bundle:
    """A copy of the bundle, to be tampered with."""
    shutil.copytree(exported_bundle, tmp_path / "bundle")
    for folder in (tmp_path / "bundle").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")
