"""From a browser's network events to a WACZ file: what a page says does not break it, and the same gives the same."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture.page import wacz
from archiver.capture.page.devtools import Frames, Gone
from archiver.capture.page.job import (
    FILE_NAME,
    RESULT_NAME,
    SnapshotJob,
    SnapshotResult,
    job_from_json,
    job_to_json,
    read_result,
    result_to_json,
)
from archiver.capture.page.recording import Loaded, Recording, headers_of
from archiver.capture.page.surt import surt
from archiver.capture.page.warcfile import WarcFile
from archiver.config import Limits

URL = "http://site.example/page"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class Browser:
    """Stands for the browser's answers to questions for bodies."""

    def __init__(self, **bodies: Mapping[str, Any] | None) -> None:
        self.bodies = bodies
        self.limits: list[str] = []
        self.urls: list[str] = []

    def recording(self, requests: int = 10, size: int = 1000) -> Recording:
        return Recording(self._ask, requests, size, self.limits.append, self.urls.append)

    def _ask(self, _session: str, key: str, then: Callable[[Mapping[str, Any] | None], None]) -> None:
        then(self.bodies.get(key))


def asked(key: str, url: str = URL, **more: Any) -> tuple[str, str, dict[str, Any]]:
    request = {"url": url, "method": "GET", "headers": {"Accept": "*/*"}}
    said = {"requestId": key, "request": request, "wallTime": 1_700_000_000.25, "type": "Document", **more}
    return "s", "Network.requestWillBeSent", said


def answered(key: str, status: int = 200, **more: Any) -> tuple[str, str, dict[str, Any]]:
    response = {"url": URL, "status": status, "statusText": "OK", "headers": {"Content-Type": "text/html"}, **more}
    return "s", "Network.responseReceived", {"requestId": key, "response": response}


def ended(key: str) -> tuple[str, str, dict[str, Any]]:
    return "s", "Network.loadingFinished", {"requestId": key, "encodedDataLength": 123}


def told_as_sent(key: str, status: int, head: str) -> tuple[str, str, dict[str, Any]]:
    said = {"requestId": key, "statusCode": status, "headers": {"A": "1\n2"}, "headersText": head}
    return "s", "Network.responseReceivedExtraInfo", said


def test_a_request_is_told_with_what_was_sent_and_what_came() -> None:
    browser = Browser(k={"body": "hello", "base64Encoded": False})
    recording = browser.recording()
    for event in (asked("k"), told_as_sent("k", 200, "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"), answered("k"), ended("k")):
        recording.event(*event)
    (one,) = recording.finish()
    assert (one.url, one.status, one.body, one.wire_bytes, one.lacks) == (URL, 200, b"hello", 123, [])
    assert one.response_headers == (("A", "1"), ("A", "2"))
    assert browser.urls == [URL]
    assert not recording.open


def test_a_redirect_keeps_both_answers_and_each_its_head() -> None:
    recording = Browser(k={"body": base64.b64encode(b"\x00\xff").decode(), "base64Encoded": True}).recording()
    moved = {"url": URL, "status": 302, "headers": {"Location": "/b"}}
    recording.event(*asked("k"))
    recording.event(*asked("k", "http://site.example/b", redirectResponse=moved))
    recording.event(*told_as_sent("k", 302, "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n"))
    recording.event(*told_as_sent("k", 200, "HTTP/1.1 200 Fine\r\nB: 2\r\n\r\n"))
    recording.event(*answered("k"))
    recording.event(*ended("k"))
    first, second = recording.finish()
    assert (first.status, first.redirected, first.head[:12]) == (302, True, "HTTP/1.1 302")
    assert (second.url, second.status, second.body) == ("http://site.example/b", 200, b"\x00\xff")
    assert second.head.startswith("HTTP/1.1 200 Fine")


def test_an_answer_that_told_no_head_does_not_get_anothers() -> None:
    recording = Browser().recording()
    recording.event(*asked("k"))
    recording.event(*asked("k", "http://site.example/b", redirectResponse={"status": 307, "headers": {}}))
    recording.event(*told_as_sent("k", 200, "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"))
    recording.event(*answered("k"))
    first, second = recording.finish()
    assert (first.head, "head-as-sent" in first.lacks) == ("", True)
    assert second.head


def test_text_is_written_again_in_its_encoding_or_the_record_says_that_it_is_not() -> None:
    bodies = {"a": "Площадь", "b": "Площадь", "c": "broken \ufffd"}
    recording = Browser(**{key: {"body": text, "base64Encoded": False} for key, text in bodies.items()}).recording()
    for key, charset in (("a", "windows-1251"), ("b", "no-such-charset"), ("c", "utf-8")):
        recording.event(*asked(key))
        recording.event(*answered(key, charset=charset))
        recording.event(*ended(key))
    first, second, third = recording.finish()
    assert first.body == "Площадь".encode("windows-1251")
    assert second.body == "Площадь".encode()
    assert ("encoding-as-sent" in second.lacks, "bytes-as-sent" in third.lacks) == (True, True)


def test_limits_are_told_and_kept() -> None:
    browser = Browser(a={"body": "x" * 700}, b={"body": "x" * 700})
    recording = browser.recording(requests=2)
    for key in ("a", "b", "c"):
        recording.event(*asked(key))
    for key in ("a", "b"):
        recording.event(*answered(key))
        recording.event(*ended(key))
    first, second = recording.finish()
    assert (len(first.body), len(second.body), "body" in second.lacks) == (700, 0, True)
    assert browser.limits == ["requests", "bytes"]
    assert recording.left_out == 1


@given(st.lists(st.tuples(st.sampled_from([
    "Network.requestWillBeSent", "Network.requestWillBeSentExtraInfo", "Network.responseReceivedExtraInfo",
    "Network.responseReceived", "Network.loadingFinished", "Network.loadingFailed", "Network.requestServedFromCache",
    "Network.webSocketCreated", "Page.loadEventFired",
]), st.fixed_dictionaries({}, optional={
    "requestId": JSON | st.just("k"), "request": JSON | st.fixed_dictionaries({"url": st.just(URL), "method": JSON}),
    "response": JSON | st.fixed_dictionaries({"status": JSON, "headers": JSON, "charset": JSON}),
    "redirectResponse": JSON, "wallTime": JSON, "headers": JSON, "statusCode": JSON, "url": JSON,
})), max_size=12))  # fmt: skip
def test_no_event_breaks_the_recording_or_the_file(events: list[tuple[str, dict[str, Any]]]) -> None:
    recording = Browser(k={"body": "x"}).recording()
    for method, said in events:
        recording.event("s", method, said)
    warc = WarcFile()
    for one in recording.finish():
        warc.exchange(one, "")
    _read(warc)


@pytest.mark.filterwarnings("ignore")  # of the reader's own
def _read(warc: WarcFile) -> list[tuple[str, Mapping[str, str], bytes, Any]]:
    from warcio.archiveiterator import ArchiveIterator

    found: list[tuple[str, Mapping[str, str], bytes, Any]] = []
    for record in ArchiveIterator(io.BytesIO(warc.data), check_digests="raise"):
        fields = dict(record.rec_headers.headers)
        found.append((record.rec_type, fields, record.content_stream().read(), record.http_headers))
    return found


LOADED = Loaded(
    url=URL,
    method="GET",
    started=1_700_000_000.25,
    kind="Document",
    request_headers=(("Accept", "*/*"),),
    status=200,
    head="HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n",
    body=b"decoded",
    security={"protocol": "TLS 1.3", "subjectName": "site.example"},
)


def test_an_exchange_becomes_records_that_another_reader_checks() -> None:
    warc = WarcFile()
    warc.exchange(LOADED, "192.0.2.1")
    answer, request, about = _read(warc)
    assert answer[1]["WARC-IP-Address"] == "192.0.2.1"
    assert answer[1]["WARC-Date"] == "2023-11-14T22:13:20.250000Z"
    assert answer[2] == b"decoded"
    headers = answer[3].headers
    assert ("x-orig-Content-Encoding", "br") in headers
    assert ("x-orig-Content-Length", "3") in headers
    assert ("Content-Length", "7") in headers
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert request[1]["WARC-Concurrent-To"] == answer[1]["WARC-Record-ID"]
    assert ("Host", "site.example") in request[3].headers
    assert json.loads(about[2])["tls"]["protocol"] == "TLS 1.3"


def test_a_request_without_answer_is_on_record_as_well() -> None:
    warc = WarcFile()
    warc.exchange(replace(LOADED, status=0, failed="net::ERR_EMPTY_RESPONSE", lacks=[]), "")
    kinds = [kind for kind, *_ in _read(warc)]
    assert kinds == ["request", "metadata"]
    assert warc.lines == []


def test_no_header_ends_a_line_too_early() -> None:
    warc = WarcFile()
    evil = (("Good", "a\r\nInjected: b\r\n\r\n<html>"), ("Bad name", "x"), ("", "y"))
    warc.exchange(replace(LOADED, head="", response_headers=evil, lacks=[]), "")
    headers = _read(warc)[0][3].headers
    assert [name for name, _ in headers] == ["Good", "Content-Length"]


def test_the_same_visit_gives_the_same_bytes() -> None:
    def made() -> bytes:
        warc = WarcFile()
        warc.info("2026-11-23T12:00:00.000000Z", {"software": "x"})
        warc.exchange(LOADED, "192.0.2.1")
        warc.resource(f"urn:fullPage:{URL}", "2026-11-23T12:00:01.000000Z", "image/png", b"PNG")
        return wacz.write(warc, wacz.Page(URL, "Title", "2026-11-23T12:00:00.000000Z"), "us", "words")

    first = made()
    assert first == made()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist()[-1] == "datapackage-digest.json"
        package = json.loads(archive.read("datapackage.json"))
        assert {one["path"] for one in package["resources"]} == set(archive.namelist()[:-2])


def test_an_index_of_many_lines_is_cut_into_blocks_that_its_table_finds() -> None:
    warc = WarcFile()
    for number in range(1_500):
        warc.exchange(replace(LOADED, url=f"http://s{number}.example/", body=b"", lacks=[]), "")
    blocks, table = wacz.index(warc.lines)
    _meta, *rows = table.decode().splitlines()
    places = [json.loads("{" + row.partition("{")[2]) for row in rows]
    read = [gzip.decompress(blocks[one["offset"] : one["offset"] + one["length"]]).decode() for one in places]
    assert len(rows) == 2
    assert "".join(read).count("\n") == 1_500
    assert [text.partition(" {")[0] for text in read] == [row.partition(" {")[0] for row in rows]


SAMPLES = [
    "http://example.com",
    "https://www.example.com/",
    "https://example.com:443/A/b/",
    "http://example.com:8080/?b=2&a=1",
    "http://www2.sub.example.co.uk//a//b?Q=1",
    "http://127.0.0.1:8000/x",
    "urn:fullPage:http://example.com/A",
    "http://example.com/?",
    "http://example.com/x?&a=&b",
]


@pytest.mark.filterwarnings("ignore")  # of the other program's modules
@pytest.mark.parametrize("url", SAMPLES)
def test_keys_are_those_of_the_internet_archive(url: str) -> None:
    import surt as other

    assert surt(url) == other.surt(url)


@given(st.text(max_size=80))
def test_a_key_has_no_spaces_and_no_line_ends(text: str) -> None:
    for url in (text, f"http://a.example/{text}", f"http://{text}/"):
        assert not set(surt(url)) & set(" \n\r\t")


@given(st.lists(JSON, max_size=5), st.integers(1, 7))
def test_messages_come_out_of_any_pieces_of_a_stream(messages: list[Any], size: int) -> None:
    stream = b"".join(json.dumps(message).encode() + b"\0" for message in messages)
    frames, got = Frames(), []
    for start in range(0, len(stream), size):
        got += frames.feed(stream[start : start + size])
    assert got == messages


@pytest.mark.parametrize("stream", [b"{]\0", b"[" * 100_000 + b"\0", b"\xff\0", b"x" * 2_000])
def test_a_browser_that_says_what_none_says_is_gone(stream: bytes) -> None:
    with pytest.raises(Gone):
        Frames(1_000).feed(stream)


@given(JSON)
def test_no_table_of_headers_breaks_the_reader(value: Any) -> None:
    for name, line in headers_of(value):
        assert isinstance(name, str)
        assert "\n" not in line


def test_a_job_crosses_the_border_unchanged(tmp_path: Path) -> None:
    job = SnapshotJob(URL, tmp_path, Path("/usr/bin/chromium"), ("127.0.0.0/8",), Limits(snapshot_seconds=3))
    assert job_from_json(job_to_json(job)) == job


@pytest.mark.parametrize(
    "change", [{"size": 6}, {"size": -1}, {"reason": 5}, {"title": "\ud800"}, {"url": "x" * 30_000}]
)
def test_a_result_that_cannot_be_believed_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    good = json.loads(result_to_json(SnapshotResult("", "", size=5, url=URL)))
    (tmp_path / FILE_NAME).write_bytes(b"12345")
    (tmp_path / RESULT_NAME).write_text(json.dumps(good))
    assert read_result(tmp_path) is not None
    (tmp_path / RESULT_NAME).write_text(json.dumps(good | change))
    assert read_result(tmp_path) is None
    (tmp_path / RESULT_NAME).unlink()
    (tmp_path / RESULT_NAME).symlink_to(tmp_path / FILE_NAME)
    assert read_result(tmp_path) is None
