"""Real visits with a real browser: what is kept of a page, and that a hostile one ends in time and reaches nobody."""

from __future__ import annotations

import gzip
import io
import json
import os
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from archiver.capture.page import browser, cage
from archiver.capture.page.job import FILE_NAME, SnapshotJob, SnapshotResult, read_result
from archiver.capture.page.worker import make
from archiver.config import Limits
from tests.capture.page_site import CYRILLIC, Pages, serving

PROGRAM = browser.find()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no browser is installed"),
    pytest.mark.skipif(not cage.ladder(), reason="no browser can be confined here"),
]

#: Enough on a busy machine for what ends by itself; what does not is given less.
LIMITS = Limits(snapshot_seconds=30)
_COMMANDS = {"wacz": "wacz.main", "warcio": "warcio.cli"}
SHORT = replace(LIMITS, snapshot_seconds=9)


@dataclass
class Kept:
    """A visit's result, and its WARC as an independent reader sees it."""

    result: SnapshotResult
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / FILE_NAME

    def part(self, name: str) -> bytes:
        with zipfile.ZipFile(self.file) as archive:
            return archive.read(name)

    def records(self, kind: str) -> list[tuple[str, Any, bytes]]:
        """Records of a type: URL, the reader's record, body."""
        from warcio.archiveiterator import ArchiveIterator

        found = []
        for record in ArchiveIterator(io.BytesIO(self.part("archive/data.warc.gz"))):
            body = record.content_stream().read()
            if record.rec_type == kind:
                found.append((record.rec_headers.get_header("WARC-Target-URI") or "", record, body))
        return found

    def taken(self, kind: str) -> bytes:
        """The picture, PDF or document."""
        return next(body for url, _, body in self.records("resource") if url.startswith(f"urn:{kind}:"))

    @property
    def about(self) -> dict[str, Any]:
        """What the record says of the visit as a whole."""
        told = next(body for url, _, body in self.records("metadata") if url.startswith("urn:snapshot:"))
        return dict(json.loads(told))


Visit = Callable[..., Kept]


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    """Visit a URL in a folder of its own."""
    count = iter(range(100))

    def run(url: str, limits: Limits = LIMITS, allow: str = "127.0.0.2/32", more: tuple[str, ...] = ()) -> Kept:
        assert PROGRAM is not None
        folder = tmp_path / f"visit {next(count)}"
        folder.mkdir()
        result = make(SnapshotJob(url, folder, PROGRAM, (allow,), limits), more)
        assert read_result(folder) == result
        assert {path.name for path in folder.iterdir()} <= {"snapshot.json", FILE_NAME}
        return Kept(result, folder)

    return run


@pytest.fixture
def pages() -> Iterator[Pages]:
    with serving() as running:
        yield running


@pytest.mark.filterwarnings("ignore")  # of the other programs' modules
def test_a_page_is_kept_whole_and_other_programs_read_it(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/moved"))
    assert (kept.result.reason, kept.result.title) == ("", "The march")
    assert kept.result.url == pages.url("/lazy")
    assert kept.result.confinement in ("bubblewrap and browser", "bubblewrap", "browser")
    answers = {url: record for url, record, _ in kept.records("response")}
    assert answers[pages.url("/moved")].http_headers.get_statuscode() == "302"
    assert answers[pages.url("/lazy")].rec_headers.get_header("WARC-IP-Address") == "127.0.0.2"
    assert {pages.url(f"/drawing/{number}.svg") for number in range(6)} <= set(answers)  # also those far below
    bodies = {url: body for url, _, body in kept.records("response")}
    assert b"<h1>A march</h1>" in bodies[pages.url("/lazy")]
    assert {"GET"} == {record.http_headers.protocol for _, record, _ in kept.records("request")}
    assert b"ready" in kept.taken("dom")  # what the page's script added
    assert kept.taken("pdf").startswith(b"%PDF-")
    picture = Image.open(io.BytesIO(kept.taken("fullPage")))
    assert picture.width == browser.WIDTH
    assert picture.height > 6 * 900
    assert picture.convert("RGB").getpixel((150, 5 * 900 + 150)) == (0, 128, 0)  # the last drawing, in its place
    _accepted_by_others(kept.file)
    _is_an_index_of_its_warc(kept)


def _accepted_by_others(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        archive.extract("archive/data.warc.gz", file.parent / "unpacked")
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
    warc = file.parent / "unpacked" / "archive" / "data.warc.gz"
    for module, arguments in (("wacz", ["validate", "-f", str(file)]), ("warcio", ["check", str(warc)])):
        program = f"import sys; from {_COMMANDS[module]} import main; sys.exit(main({arguments!r}))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def _is_an_index_of_its_warc(kept: Kept) -> None:
    """As a replay program uses it: a line of the table, its block, a line of that, the record at that place."""
    import surt
    from warcio.archiveiterator import ArchiveIterator

    _meta, *table = kept.part("indexes/index.idx").decode().splitlines()
    packed = kept.part("indexes/index.cdx.gz")
    lines: list[str] = []
    for row in table:
        place = json.loads("{" + row.partition("{")[2])
        lines += gzip.decompress(packed[place["offset"] : place["offset"] + place["length"]]).decode().splitlines()
    assert lines == sorted(lines)
    warc = kept.part("archive/data.warc.gz")
    for line in lines:
        key, stamp, text = line.split(" ", 2)
        told = json.loads(text)
        assert key == surt.surt(told["url"])
        offset, length = int(told["offset"]), int(told["length"])
        record = next(iter(ArchiveIterator(io.BytesIO(warc[offset : offset + length]))))
        assert record.rec_headers.get_header("WARC-Target-URI") == told["url"]
        assert record.rec_headers.get_header("WARC-Date")[:19].translate(str.maketrans("", "", "-:T")) == stamp
    _head, page = map(json.loads, kept.part("pages/pages.jsonl").decode().splitlines())
    assert page["url"] in {json.loads(line.split(" ", 2)[2])["url"] for line in lines}


def test_a_page_reaches_nobody_whom_the_guard_forbids(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/reaching"))
    assert pages.forbidden.visitors == []
    assert pages.forbidden.received == 0
    refused = {(one["host"], one["reason"]) for one in kept.about["refused"]}
    for host in ("169.254.169.254", "10.0.0.1", "127.0.0.1", "localhost"):
        assert (host, "address-not-global") in refused
    assert b"candidate candidate" not in kept.taken("dom")  # WebRTC found no way, and learnt no address of ours
    assert kept.about["websockets"] == [f"ws://127.0.0.1:{pages.forbidden.port}/socket"]
    assert pages.url("/away") in {url for url, _, _ in kept.records("response")}


def test_the_same_page_reaches_them_where_they_are_allowed(pages: Pages, visit: Visit) -> None:
    """Otherwise the test above would prove nothing."""
    visit(pages.url("/reaching"), allow="127.0.0.0/8")
    asked = b"".join(pages.forbidden.visitors)
    for way in (b"image", b"frame", b"fetched", b"socket", b"worker", b"by-name", b"beacon"):
        assert b"/" + way in asked


@pytest.mark.parametrize("path", ["/alerts", "/busy", "/endless.html", "/waits"])
def test_a_page_that_never_rests_is_kept_as_it_is(pages: Pages, visit: Visit, path: str) -> None:
    limits = LIMITS if path == "/alerts" else SHORT  # some hundred dialogs come before V8 looks up
    began = time.monotonic()
    kept = visit(pages.url(path), limits)
    assert kept.result.reason == "snapshot-timed-out"
    assert time.monotonic() - began < limits.snapshot_seconds + 10
    assert pages.url(path) in {url for url, _, _ in kept.records("response")}
    assert kept.taken("fullPage").startswith(b"\x89PNG")
    assert kept.taken("dom")


def test_a_flood_ends_at_its_limit(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/flood"), replace(SHORT, snapshot_bytes=3 * 1024**2))
    assert kept.result.reason == "snapshot-too-large"
    assert kept.result.bytes < 4 * 1024**2
    assert kept.file.stat().st_size < 12 * 1024**2


def test_a_page_of_ten_thousand_requests_ends_at_its_limit(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/many"), replace(LIMITS, snapshot_requests=50))
    assert kept.result.reason == "snapshot-too-large"
    assert kept.result.requests == 50
    assert len(pages.asked) < 1_000


def test_an_endless_redirect_is_kept_as_far_as_the_browser_went(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/round"))
    assert kept.result.reason == "snapshot-failed"
    assert 19 <= len(kept.records("response")) <= 21  # browsers go 20 steps


def test_a_rude_page_gets_no_window_no_file_and_no_permission(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/rude"))
    assert "/plain" not in pages.asked
    assert b"Rude" in kept.taken("dom")
    assert b"<title>located" not in kept.taken("dom")


def test_a_visit_knows_nothing_of_the_one_before(pages: Pages, visit: Visit) -> None:
    for _ in range(2):
        visit(pages.url("/plain"))
    first = [cookie for path, cookie in zip(pages.asked, pages.cookies, strict=True) if path == "/plain"]
    assert first == ["", ""]


def test_text_is_kept_in_the_bytes_that_were_sent(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/old"))
    assert kept.result.title == CYRILLIC
    body = next(body for url, _, body in kept.records("response") if url == pages.url("/old"))
    assert CYRILLIC.encode("windows-1251") in body
    assert CYRILLIC.encode() in kept.taken("dom")


def test_the_picture_of_a_tall_page_is_cut_and_says_so(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/tall"), replace(LIMITS, snapshot_height=3_000))
    assert Image.open(io.BytesIO(kept.taken("fullPage"))).height == 3_000
    assert any("40" in note and "3000" in note for note in kept.about["notes"])


def test_what_a_page_posts_is_in_the_record(pages: Pages, visit: Visit) -> None:
    kept = visit(pages.url("/posting"))
    assert [body for _, record, body in kept.records("request") if record.http_headers.protocol == "POST"] == [b"a=1"]


def test_a_dead_page_process_leaves_a_reason(visit: Visit) -> None:
    kept = visit("chrome://crash", SHORT)
    assert kept.result.reason in ("snapshot-crashed", "snapshot-failed")
    assert kept.result.size == 0


def test_where_nobody_answers_there_is_no_file(pages: Pages, visit: Visit) -> None:
    kept = visit(f"http://127.0.0.1:{pages.forbidden.port}/")
    assert kept.result.reason == "snapshot-failed"
    assert "address-not-global" in kept.result.message
    assert kept.result.size == 0
    assert pages.forbidden.visitors == []


def test_a_result_that_lies_there_is_given_again(pages: Pages, tmp_path: Path) -> None:
    assert PROGRAM is not None
    job = SnapshotJob(pages.url("/plain"), tmp_path, PROGRAM, ("127.0.0.2/32",), LIMITS)
    first = make(job)
    asked = len(pages.asked)
    assert make(replace(job, browser=Path("/nonexistent"))) == first
    assert len(pages.asked) == asked


def test_tls_reaches_from_the_browser_to_the_server(visit: Visit, tmp_path: Path) -> None:
    context, pin = _own_certificate(tmp_path)
    with serving(context) as pages:
        url = pages.url("/plain").replace("http:", "https:")
        refused = visit(url)
        assert refused.result.reason == "snapshot-failed"
        assert "CERT" in refused.result.message
        kept = visit(url, more=(f"--ignore-certificate-errors-spki-list={pin}",))
    assert kept.result.reason == ""
    assert b"<h1>Plain</h1>" in next(body for at, _, body in kept.records("response") if at == url)
    told = [json.loads(body) for at, _, body in kept.records("metadata") if at == url]
    assert told[0]["tls"]["subjectName"] == "archive.example"
    assert told[0]["tls"]["protocol"].startswith("TLS 1.")


def _own_certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's own certificate, and what makes a browser accept this one key."""
    import base64
    import hashlib
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "archive.example")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]), False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding
    private = key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + certificate.public_bytes(encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    public = key.public_key().public_bytes(encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return context, base64.b64encode(hashlib.sha256(public).digest()).decode()


def test_no_browser_outlives_its_visit(pages: Pages, visit: Visit) -> None:
    visit(pages.url("/plain"))
    left = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                command = Path(entry.path, "cmdline").read_bytes()
            except OSError:
                continue
            if b"visit-" in command and str(os.getpid()).encode() in Path(entry.path, "stat").read_bytes().split()[3:4]:
                left.append(command)
    assert left == []
