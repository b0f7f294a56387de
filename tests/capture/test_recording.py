"""The record of an acquisition holds what was sent and received, byte for byte, and says what it lacks."""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import itertools
import json
import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from archiver.capture import exchanges, fetcher
from archiver.capture.commitments import commitment
from archiver.capture.complete import complete
from archiver.capture.job import FetchedFile, FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from archiver.model import Outcome
from tests.capture.hostile_server import LIMITS, HostileServer
from tests.capture.raw_server import CUT, Answer, RawServer, serving_raw
from tests.capture.warc_reader import Record, payload, read

KEY = bytes(range(32))
FILM = b"\0\0\0\x18ftypisom" + os.urandom(200_000)
SEGMENTS = [b"G" + os.urandom(187) for _ in range(3)]


def fetched(url: str, folder: Path, pool: Fetchers | None = None, **changes: float) -> FetchResult:
    """Fetch it in this process, or in one of a pool's."""
    limits = replace(LIMITS, **changes)  # type: ignore[arg-type]  # every limit is a number
    job = FetchJob(url, folder, ("127.0.0.0/8",), limits, acquisition="rabc.1", commitment_key=KEY.hex())
    return pool.fetch(job) if pool is not None else fetcher.fetch(job, lambda _progress: None)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def film(body: bytes = FILM, *lines: str) -> bytes:
    return head("Content-Type: video/mp4", f"Content-Length: {len(body)}", *lines) + body


def chunks(body: bytes, sizes: Sequence[int]) -> bytes:
    made, at, turn = b"", 0, 0
    while at < len(body):
        part = body[at : at + sizes[turn % len(sizes)]]
        made += b"%X\r\n%s\r\n" % (len(part), part)
        at, turn = at + len(part), turn + 1
    return made


def the_rest(request: bytes) -> bytes:
    """The answer to a resumption."""
    start = int(request.partition(b"Range: bytes=")[2].partition(b"-")[0])
    lines = [f"Content-Range: bytes {start}-{len(FILM) - 1}/{len(FILM)}", f"Content-Length: {len(FILM) - start}"]
    return head(*lines, status="206 Partial Content") + FILM[start:]


def originals(result: FetchResult) -> list[FetchedFile]:
    return [file for item in result.items for file in item.files if file.sha256]


def completed(result: FetchResult, folder: Path) -> list[Record]:
    """The complete WARC, with the files in the role of the store's objects."""
    by_digest = {}
    for file in originals(result):
        assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256
        by_digest[file.sha256] = folder / file.name
    with (folder / "exchange.warc").open("rb") as source, (folder / "complete.warc").open("wb") as target:
        complete(source, lambda digest: by_digest[digest].open("rb"), target)
    return read(folder / "complete.warc")


def blocks(records: Sequence[Record], *kinds: str) -> list[bytes]:
    return [record.block for record in records if record.type in kinds]


def told(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [json.loads(block) for block in blocks(records, "metadata")]


@contextmanager
def plain(**answers: Answer | list[Answer]) -> Iterator[RawServer]:
    listed = {f"/{path}": given if isinstance(given, list) else [given] for path, given in answers.items()}
    with serving_raw(listed) as server:
        yield server


@pytest.mark.parametrize(
    "answer",
    [
        film(),
        head("Content-Type: video/mp4") + FILM + CUT,
        head("Content-Type: video/mp4", "Transfer-Encoding: chunked") + chunks(FILM, [4096]) + b"0\r\n\r\n",
        head("Content-Type: video/mp4", "Transfer-Encoding: chunked")
        + chunks(FILM, [1, 70_000, 333])
        + b"000;ext=1\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n".replace(b"103 Early Hints", b"100 Continue") + film(),
        film(FILM, "X-Strange: \xe9\xff", "x-twice: 1", "X-Twice: 2"),
        film().replace(b"\r\n", b"\n", 3),
    ],
    ids=["length", "close", "chunked", "uneven chunks", "interim", "headers", "bare line feeds"],
)
def test_a_file_is_stored_once_and_its_answer_given_back_byte_for_byte(answer: bytes, tmp_path: Path) -> None:
    with plain(film=answer) as server:
        result = fetched(server.url("/film"), tmp_path)
    (file,) = originals(result)
    assert (tmp_path / file.name).read_bytes() == FILM
    stored = read(tmp_path / "exchange.warc")
    assert [record.type for record in stored] == ["warcinfo", "request", "revisit", "metadata"]
    assert (tmp_path / "exchange.warc").stat().st_size < 20_000
    assert stored[2].fields["warc-payload-digest"] == f"sha256:{hashlib.sha256(FILM).hexdigest()}"
    (given_back,) = blocks(completed(result, tmp_path), "response")
    assert given_back == answer.removeprefix(head(status="100 Continue")).removesuffix(CUT)
    assert blocks(stored, "request") == server.asked
    assert len(server.asked) == 1
    assert told(stored)[0]["framing"]["complete"]
    assert not {record.fields.get("warc-truncated") for record in stored} - {None}


def test_who_answered_and_when_is_in_the_record(tmp_path: Path) -> None:
    with plain(film=film()) as server:
        fetched(server.url("/film"), tmp_path)
    info, request, answer, metadata = read(tmp_path / "exchange.warc")
    assert b"acquisition: rabc.1\r\n" in info.block
    assert b"tool: yt-dlp " in info.block
    for record in (request, answer, metadata):
        assert record.fields["warc-target-uri"] == server.url("/film")
        assert record.fields["warc-ip-address"] == "127.0.0.1"
    facts = json.loads(metadata.block)
    assert facts["peer"] == {"address": "127.0.0.1", "port": server.port}
    assert (facts["body_bytes"], facts["wire_bytes"]) == (len(FILM), len(film()))
    assert facts["via"] == {}


def test_the_same_spool_gives_the_same_record(tmp_path: Path) -> None:
    with plain(page=head("Content-Length: 2") + b"no") as server:
        fetched(server.url("/page"), tmp_path)
    ids = [record.fields["warc-record-id"] for record in read(tmp_path / "exchange.warc")]
    again = fetcher.fetch(FetchJob("http://127.0.0.1:1/", tmp_path), lambda _progress: None)
    assert again.exchange is not None
    assert ids == [record.fields["warc-record-id"] for record in read(tmp_path / "exchange.warc")]


@pytest.mark.parametrize("path", ["/media/hls.m3u8", "/media/dash.mpd"])
def test_segments_are_places_in_one_object(
    server: HostileServer, media: dict[str, bytes], tmp_path: Path, path: str
) -> None:
    result = fetched(server.url(path), tmp_path)
    stored = read(tmp_path / "exchange.warc")
    places = [one["place"] for one in told(stored) if one.get("place")]
    for file in originals(result):
        spans = sorted((one["offset"], one["length"]) for one in places if one["sha256"] == file.sha256)
        assert sum(length for _, length in spans) == file.size
        assert all(first[0] + first[1] == second[0] for first, second in itertools.pairwise(spans))
    bodies = [payload(block) for block in blocks(completed(result, tmp_path), "response")]
    assert len(bodies) == len(told(stored)) == sum(server.asked.values())
    assert set(media.values()) >= set(bodies)


def test_a_resumed_file_is_two_places(tmp_path: Path) -> None:
    half = len(FILM) // 2
    first = film().replace(FILM, FILM[:half]) + CUT
    with plain(film=[first, the_rest]) as server:
        result = fetched(server.url("/film"), tmp_path)
    stored = read(tmp_path / "exchange.warc")
    places = [(one["place"]["offset"], one["place"]["length"]) for one in told(stored)]
    assert places[0] == (0, half)
    assert places[1][0] <= half
    assert sum(places[1]) == len(FILM)
    assert [one.fields.get("warc-truncated") for one in stored if one.type == "revisit"] == ["disconnect", None]
    assert blocks(completed(result, tmp_path), "response") == [first.removesuffix(CUT), the_rest(server.asked[1])]


def test_a_page_is_kept_whole_and_its_film_is_not(tmp_path: Path) -> None:
    page = b'<!doctype html><html><body><video src="/film"></video></body></html>'
    answer = head("Content-Type: text/html", "Transfer-Encoding: chunked") + chunks(page, [7]) + b"0\r\n\r\n"
    with plain(page=answer, film=film()) as server:
        fetched(server.url("/page"), tmp_path)
    stored = read(tmp_path / "exchange.warc")
    assert blocks(stored, "response") == [answer]
    assert len(blocks(stored, "revisit")) == 1
    # Readers differ on the payload of chunks: no digest of it in the record, and the standard's in the metadata.
    assert [one.fields.get("warc-payload-digest") for one in stored if one.type == "response"] == [None]
    assert told(stored)[0]["payload_sha256"] == hashlib.sha256(page).hexdigest()


def test_a_file_that_was_begun_anew_is_accounted_for(tmp_path: Path) -> None:
    half = len(FILM) // 2
    first = film().replace(FILM, FILM[:half]) + CUT
    with plain(film=[first, film()]) as server:
        result = fetched(server.url("/film"), tmp_path)
    assert result.failures == ()
    places = [(one["place"]["offset"], one["place"]["length"]) for one in told(read(tmp_path / "exchange.warc"))]
    assert places[0] == (0, half)
    assert places[-1] == (0, len(FILM))
    assert {offset for offset, _ in places} == {0}


def test_an_encoded_file_is_in_the_record_as_it_was_sent(tmp_path: Path) -> None:
    body = gzip.compress(FILM)
    answer = film(body, "Content-Encoding: gzip")
    with plain(film=answer) as server:
        result = fetched(server.url("/film"), tmp_path, partial_bytes=100)
    assert result.outcome is Outcome.SUCCESS
    assert result.failures == ()
    assert blocks(read(tmp_path / "exchange.warc"), "response") == [answer]


def test_an_encrypted_stream_is_in_the_record_as_it_was_sent(tmp_path: Path) -> None:
    key = bytes(16)
    sealed = []
    for number, segment in enumerate(SEGMENTS):
        padder, cipher = (
            PKCS7(128).padder(),
            Cipher(algorithms.AES(key), modes.CBC(number.to_bytes(16, "big"))).encryptor(),
        )
        sealed.append(cipher.update(padder.update(segment) + padder.finalize()) + cipher.finalize())
    listed = "".join(f"#EXTINF:1,\n/s{number}\n" for number in range(3))
    text = f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="/key"\n{listed}#EXT-X-ENDLIST\n'.encode()
    answers = {f"s{number}": film(body) for number, body in enumerate(sealed)}
    kind = "Content-Type: application/vnd.apple.mpegurl"
    playlist = head(kind, f"Content-Length: {len(text)}") + text
    with plain(list=playlist, key=head("Content-Length: 16") + key, **answers) as server:
        result = fetched(server.url("/list"), tmp_path, partial_bytes=100)
    assert (result.outcome, result.failures) == (Outcome.SUCCESS, ())
    (name,) = (file.name for file in result.items[0].files if file.role == "original")
    assert (tmp_path / name).read_bytes() == b"".join(SEGMENTS)
    stored = read(tmp_path / "exchange.warc")
    assert blocks(stored, "revisit") == []
    assert [payload(block) for block in blocks(stored, "response") if payload(block) in sealed] == sealed
    assert all("warc-truncated" not in record.fields for record in stored)


@pytest.mark.parametrize(
    ("answer", "reason", "why"),
    [
        (film().replace(FILM, FILM[:1000]) + CUT, "connection-cut", "disconnect"),
        (head("Content-Type: video/mp4", "Content-Length: 9000000") + FILM, "too-large", "length"),
        (film().replace(FILM, FILM[:1000]), "stalled", "time"),
    ],
)
def test_what_came_of_a_file_that_did_not_is_evidence(
    answer: bytes, reason: str, why: str, tmp_path: Path, fetchers: Fetchers
) -> None:
    with plain(film=answer) as server:
        assert fetched(server.url("/film"), tmp_path, fetchers, stall_seconds=0.5).reason == reason
    last = [record for record in read(tmp_path / "exchange.warc") if record.type == "response"][-1]
    assert answer.removesuffix(CUT).startswith(last.block)
    assert len(last.block) > len(answer.partition(b"\r\n\r\n")[0]) + 4
    assert last.fields["warc-truncated"] == why
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exchange.warc", "result.json"]


def test_of_failed_files_only_so_much_is_kept(tmp_path: Path) -> None:
    with plain(film=film()[:-1] + CUT) as server:
        assert fetched(server.url("/film"), tmp_path, partial_bytes=150_000).reason == "connection-cut"
    stored = read(tmp_path / "exchange.warc")
    kept = [payload(block) for block in blocks(stored, "response")]
    assert len(kept) > 1
    assert kept[0] == FILM[:150_000]
    assert sum(map(len, kept)) == 150_000
    assert told(stored)[0]["payload_sha256"] == hashlib.sha256(FILM[:-1]).hexdigest()
    assert {record.fields["warc-truncated"] for record in stored if record.type == "response"} == {"length"}


def test_segments_of_a_stream_that_fails_late_do_not_fill_the_disk(tmp_path: Path, fetchers: Fetchers) -> None:
    listed = "".join(f"#EXTINF:1,\n/s{number}\n" for number in range(4))
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{listed}#EXT-X-ENDLIST\n".encode()
    answers = {f"s{number}": film(SEGMENTS[number]) for number in range(3)}
    kind = "Content-Type: application/vnd.apple.mpegurl"
    playlist = head(kind, f"Content-Length: {len(text)}") + text
    with plain(list=playlist, s3=head("Content-Length: 0", status="404 Not Found"), **answers) as server:
        assert fetched(server.url("/list"), tmp_path, fetchers, partial_bytes=400).reason == "fragment-missing"
    kept = [payload(block) for block in blocks(read(tmp_path / "exchange.warc"), "response")]
    assert kept == [text, b"", SEGMENTS[1], SEGMENTS[2], b""]


def test_a_record_that_grows_too_large_ends_the_acquisition(tmp_path: Path) -> None:
    with plain(page=head("Content-Type: text/html") + b"<p>" * 30_000 + CUT) as server:
        result = fetched(server.url("/page"), tmp_path, record_bytes=20_000)
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "too-large")
    read(tmp_path / "exchange.warc")
    assert (tmp_path / "exchange.warc").stat().st_size < 10_000 + 150_000


def test_what_cannot_be_recorded_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full ends the acquisition, and is not taken for a cut line that is to be resumed."""
    from archiver.capture.journal import Journal

    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "body", full)
    with plain(film=film()) as server:
        result = fetched(server.url("/film"), tmp_path)
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "disk-full")
    assert len(server.asked) == 1
    assert result.items == ()


def test_what_is_no_http_is_in_the_metadata(tmp_path: Path) -> None:
    with plain(film=b"SSH-2.0-OpenSSH\r\nSet-Cookie: secret\r\n\r\n" + CUT) as server:
        assert fetched(server.url("/film"), tmp_path).reason == "broken-answer"
    stored = read(tmp_path / "exchange.warc")
    assert [record.type for record in stored] == ["warcinfo", "request", "metadata"]
    assert told(stored)[0]["not_http"].startswith("SSH-2.0-OpenSSH\r\nSet-Cookie: sha256-commitment:")


def test_a_server_that_says_nothing_leaves_its_request_on_record(tmp_path: Path) -> None:
    with plain(film=b"" + CUT) as server:
        assert fetched(server.url("/film"), tmp_path).reason == "connection-cut"
    stored = read(tmp_path / "exchange.warc")
    assert [record.type for record in stored] == ["warcinfo", "request", "metadata"]
    assert told(stored)[0]["framing"]["lacks"] == "head"


def test_secrets_are_in_no_byte_and_can_be_proved(tmp_path: Path) -> None:
    page = b'<!doctype html><html><body><video src="/film"></video></body></html>'
    first = head("Content-Type: text/html", "Set-Cookie: session=hidden-value; Path=/", f"Content-Length: {len(page)}")
    with plain(page=first + page, film=film()) as server:
        fetched(server.url("/page"), tmp_path)
    assert b"Cookie: session=hidden-value\r\n" in server.asked[1]
    for path in tmp_path.rglob("*"):
        assert b"hidden-value" not in path.read_bytes()
    stored = read(tmp_path / "exchange.warc")
    line = server.asked[1].split(b"\r\n").index(b"Cookie: session=hidden-value")
    sent = blocks(stored, "request")[1]
    assert sent == server.asked[1].replace(
        b"session=hidden-value", commitment(KEY, 2, "request", "cookie", line, b"session=hidden-value")
    )
    value = b"session=hidden-value; Path=/"
    assert blocks(stored, "response")[0] == (first + page).replace(
        value, commitment(KEY, 1, "response", "set-cookie", 2, value)
    )


def test_a_commitment_counts_the_lines_of_interim_heads_too(tmp_path: Path) -> None:
    hints = head("Set-Cookie: early-value", status="100 Continue")
    with plain(film=hints + film(FILM, "Set-Cookie: late-value")) as server:
        fetched(server.url("/film"), tmp_path)
    stored = read(tmp_path / "exchange.warc")
    early = commitment(KEY, 1, "response", "set-cookie", 1, b"early-value")
    late = commitment(KEY, 1, "response", "set-cookie", 6, b"late-value")
    assert told(stored)[0]["interim_heads"].encode() == hints.replace(b"early-value", early)
    assert late in blocks(stored, "revisit")[0]
    assert not any(b"-value" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_claim_that_does_not_hold_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something between the socket and the file changes a byte: the item stands, and so does the doubt."""
    from archiver.capture import keeping
    from archiver.capture.placing import place as real

    def spoiled(file: Any, path: Path, recorder: Any) -> Any:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        return real(file, path, recorder)

    monkeypatch.setattr(keeping, "place", spoiled)
    half = len(FILM) // 2
    first = film().replace(FILM, FILM[:half]) + CUT
    with plain(film=[first, the_rest]) as server:
        result = fetched(server.url("/film"), tmp_path)
    assert [code for _, code in result.failures] == ["record-incomplete"]
    stored = read(tmp_path / "exchange.warc")
    assert blocks(stored, "response") == [the_rest(server.asked[1])]  # what cannot be found in the file is kept itself
    assert len(blocks(stored, "revisit")) == 1


@pytest.mark.usefixtures("trusted")
def test_tls_is_in_the_record_with_the_certificates(authority: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    page = b'<!doctype html><html><body><video src="/film"></video></body></html>'
    first = head("Content-Type: text/html", f"Content-Length: {len(page)}") + page
    with serving_raw({"/page": [first + CUT], "/film": [film()]}, context) as server:
        result = fetched(server.url("/page", "localhost"), tmp_path)
    assert result.outcome is Outcome.SUCCESS
    stored = read(tmp_path / "exchange.warc")
    (chain,) = [record for record in stored if record.type == "resource"]  # two connections, one chain
    assert chain.fields["content-type"] == "application/pem-certificate-chain"
    certificate = ssl.PEM_cert_to_DER_cert(authority.read_text().partition("-----BEGIN PRIVATE")[0])
    assert ssl.PEM_cert_to_DER_cert(chain.block.decode()) == certificate
    with (tmp_path / "exchange.warc").open("rb") as file:
        listed = exchanges.listing(file)
    assert listed["certificates"] == {hashlib.sha256(chain.block).hexdigest(): chain.block.decode()}
    assert {row["certificates_sha256"] for row in listed["exchanges"]} == set(listed["certificates"])
    for one in told(stored):
        assert one["peer"]["certificates_sha256"] == hashlib.sha256(chain.block).hexdigest()
        assert one["peer"]["tls"]["version"] == "TLSv1.3"
        assert one["peer"]["tls"]["cipher"].startswith("TLS_")
        assert one["peer"]["tls"]["chain_is_whole"]
    assert blocks(completed(result, tmp_path), "response") == [first, film()]


def test_an_interrupted_try_stays_on_record_before_the_next(tmp_path: Path) -> None:
    """The machine stopped: the spool lies there, and the fetch is done again in the same folder."""
    from archiver.capture.recorder import Recorder

    lost = Recorder(tmp_path, LIMITS, {"acquisition": "rabc.1", "started": "2026-01-01T00:00:00.000000Z"}, KEY)
    lost.begin(1, "GET", "http://lost.example/", "2026-01-01T00:00:00.000000Z", placeable=False, segment=False)
    lost.sent(1, b"GET / HTTP/1.1\r\nCookie: hidden-value\r\n\r\n")
    lost.received(1, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    with plain(film=film()) as server:
        fetched(server.url("/film"), tmp_path)
    stored = read(tmp_path / "exchange.warc")
    assert [record.type for record in stored] == [
        *("warcinfo", "request", "response", "metadata"),
        *("warcinfo", "request", "revisit", "metadata"),
    ]
    assert payload(stored[2].block) == b"half"
    assert stored[2].fields["warc-truncated"] == "unspecified"
    assert b"hidden-value" not in (tmp_path / "exchange.warc").read_bytes()


def test_a_journal_that_somebody_spoiled_still_gives_a_record(tmp_path: Path) -> None:
    from archiver.capture.sealing import seal

    (tmp_path / "spool").mkdir()
    lines = [
        [0, "acquisition", {"acquisition": "a\r\nWARC-Type: response", "tools": 5}],
        [1, "begin", {"method": "GET", "url": "http://a.example/\r\nX: 1", "started": None}],
        [1, "peer", {"address": "1.2.3.4\r\nX: 1"}],
        [1, "sent", "!"],
        [1, "head", base64.b64encode(b"HTTP/1.1 200 OK\r\n\r\n").decode()],
        [1, "end", {"place": {"sha256": "\n", "offset": [], "length": "x"}, "is_whole": 0}],
        [2, "chain", 7],
        ["x"],
        {},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '[3, "begin", {"method": "unfin'
    (tmp_path / "spool" / "journal").write_text(text)
    (tmp_path / "spool" / "000002.body").symlink_to("/etc/passwd")
    assert seal(tmp_path)
    data = (tmp_path / "exchange.warc").read_bytes()
    assert b"\r\nX: 1" not in data
    assert b"root:" not in data

    assert data.count(b"WARC/1.1\r\n") == 4
