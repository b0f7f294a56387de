"""WARC records are written as the standard says, and whatever lies in a file ends in rows or in one error."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.capture import complete as completing
from archiver.capture import exchanges, warc
from archiver.capture.complete import complete
from archiver.errors import EvidenceError
from tests.capture.warc_reader import parse

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
DATE = "2026-01-01T00:00:00.000000Z"
DIGEST = "1" * 64


def fields(kind: str, number: int = 0, **more: str) -> list[tuple[str, str]]:
    made = [("WARC-Type", kind), ("WARC-Record-ID", warc.record_id(kind, number)), ("WARC-Date", DATE)]
    return [*made, *((name.replace("_", "-"), value) for name, value in more.items())]


def written(*records: tuple[list[tuple[str, str]], bytes]) -> io.BytesIO:
    file = io.BytesIO()
    writer = warc.Writer(file)
    for given_fields, block in records:
        writer.write(given_fields, len(block), [block])
    file.seek(0)
    return file


@given(blocks=st.lists(st.binary(max_size=300), max_size=5), cut=st.integers(1, 300), start=st.integers(0, 300))
@settings(deadline=None)
def test_what_is_written_is_read_back_by_ours_and_by_another(blocks: list[bytes], cut: int, start: int) -> None:
    file = io.BytesIO()
    writer = warc.Writer(file)
    for number, block in enumerate(blocks):
        pieces = [block[at : at + cut] for at in range(0, len(block), cut)]
        writer.write(fields("response", number), len(block), pieces, min(start, len(block)))
    read = list(warc.records(io.BytesIO(file.getvalue())))
    assert [b"".join(warc.block(io.BytesIO(file.getvalue()), one)) for one in read] == blocks
    assert [one.fields["warc-record-id"] for one in read] == [warc.record_id("response", n) for n in range(len(blocks))]
    data = file.getvalue()
    for one, block in zip(read, blocks, strict=True):
        assert data[one.block : one.block + one.length] == block


def test_digests_are_of_the_block_and_of_what_follows_the_head() -> None:
    file = io.BytesIO()
    warc.Writer(file).write(fields("response"), len(HEAD) + 4, [HEAD[:5], HEAD[5:] + b"bo", b"dy"], len(HEAD))
    (record,) = parse(file.getvalue())
    assert record.block == HEAD + b"body"
    assert record.fields["warc-payload-digest"].startswith("sha256:230d8358dc8e8890b4c58deeb62912ee")


def test_a_block_of_another_length_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="announced"):
        warc.Writer(io.BytesIO()).write(fields("response"), 5, [b"four"])


def test_no_url_ends_a_line() -> None:
    assert warc.uri("http://a.example/\r\nWARC-Type: x\u202e\ud800") == (
        "http://a.example/%0D%0AWARC-Type:%20x%E2%80%AE%ED%A0%80"
    )


@pytest.mark.parametrize(
    ("head", "is_plain"),
    [
        (HEAD, True),
        (b"HTTP/1.1 200\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\n\n", False),
        (b"HTTP/1.1 200 OK\r\n \r\nA: 1\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", False),
    ],
)
def test_a_payload_digest_is_given_only_where_all_readers_agree_on_the_head(head: bytes, is_plain: bool) -> None:
    assert warc.is_plain_head(head) == is_plain


def exchange(number: int, metadata: Any, head: bytes = HEAD, kind: str = "response", **more: str) -> list[Any]:
    return [
        (fields("request", number), b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"),
        (fields(kind, number, WARC_Concurrent_To=warc.record_id("request", number), **more), head),
        (fields("metadata", number, WARC_Target_URI="http://a/"), json.dumps(metadata).encode()),
    ]


def test_rows_are_told_as_reports_take_them() -> None:
    facts = {"number": 3, "peer": {"address": "192.0.2.1", "port": 443, "tls": {"version": "TLSv1.3", "cipher": "C"}}}
    listed = exchanges.listing(written(*exchange(1, facts), *exchange(2, {}, b"", WARC_Truncated="time")))
    first, second = listed["exchanges"]
    assert (first["number"], first["method"], first["url"], first["address"]) == (
        3,
        "GET",
        "http://a/",
        "192.0.2.1 443",
    )
    assert (first["status"], first["status_text"], first["tls"]) == (200, "OK", "TLSv1.3 C")
    assert first["response_headers"] == [["Content-Length", "4"]]
    assert first["request_headers"] == [["Host", "a"]]
    assert (second["status"], second["truncated"], second["address"]) == (0, "time", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["peer", "tls", "port", "x"]), inner),
    max_leaves=8,
)


@given(value=JSON, head=st.binary(max_size=100))
@settings(deadline=None)
def test_metadata_of_any_shape_gives_rows_of_one_shape(value: Any, head: bytes) -> None:
    (row,) = exchanges.listing(written(*exchange(1, value, head)))["exchanges"]
    (good,) = exchanges.listing(written(*exchange(1, {})))["exchanges"]
    assert {name: type(part) for name, part in row.items()} == {name: type(part) for name, part in good.items()}


@given(data=st.binary(max_size=200), at=st.integers(0, 2000), whole=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_rows_or_one_error(data: bytes, at: int, whole: bool) -> None:
    good = written(*exchange(1, {"number": 1}), *exchange(2, {"number": 2})).getvalue()
    spoiled = data if whole else good[: at % len(good)] + data + good[at % len(good) + len(data) :]
    for use in (lambda file: exchanges.listing(file), lambda file: complete(file, nothing, io.BytesIO())):
        with contextlib.suppress(EvidenceError):
            use(io.BytesIO(spoiled))


def nothing(digest: str) -> io.BytesIO:
    raise EvidenceError(f"object {digest} is missing", code="object-missing")


def test_a_list_of_rows_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "MOST", 2)
    file = written(*(record for number in range(5) for record in exchange(number, {})))
    assert len(exchanges.listing(file)["exchanges"]) == 2
    monkeypatch.setattr(exchanges, "_CHARACTERS", 20)
    assert exchanges.listing(file)["exchanges"][1]["response_headers"] == []


# Making a WARC complete

FILM = b"abcdefgh"
FILM_DIGEST = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def revisit(head: bytes, metadata: Any = None, digest: str = FILM_DIGEST, **more: str) -> io.BytesIO:
    place = {
        "Archiver_Object": f"sha256:{DIGEST}",
        "Archiver_Object_Offset": "0",
        "Archiver_Object_Length": "8",
        **more,
    }
    place["WARC_Payload_Digest"] = f"sha256:{digest}"
    return written(*exchange(1, metadata or {}, head, "revisit", **place))


def made_complete(source: io.BytesIO, give: Callable[[str], Any] = lambda _digest: io.BytesIO(FILM)) -> list[Any]:
    target = io.BytesIO()
    complete(source, give, target)
    return parse(target.getvalue())


def test_a_payload_is_put_back_and_its_record_gets_a_name_of_its_own() -> None:
    file = revisit(HEAD)
    request, answer, _ = made_complete(file)
    assert (answer.type, answer.block) == ("response", HEAD + FILM)
    assert answer.fields["warc-record-id"] not in file.getvalue().decode()
    assert answer.fields["warc-concurrent-to"] == request.fields["warc-record-id"]
    assert "warc-profile" not in answer.fields


def test_chunks_are_put_back_as_they_came() -> None:
    runs = [[0, "Mw0K", 1], [3, "DQozDQo=", 1], [3, "DQoyDQo=", 1], [2, "DQowDQoNCg==", 1]]
    _, answer, _ = made_complete(revisit(CHUNKED, {"framing": {"runs": runs}}))
    assert answer.block == CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n2\r\ngh\r\n0\r\n\r\n"
    assert "warc-payload-digest" not in answer.fields


def test_chunks_that_were_too_many_become_one() -> None:
    _, answer, _ = made_complete(revisit(CHUNKED, {"framing": {"runs": None}}))
    assert answer.block == CHUNKED + b"8\r\nabcdefgh\r\n0\r\n\r\n"


def test_an_object_that_is_gone_leaves_the_revisit() -> None:
    target = io.BytesIO()
    done = complete(revisit(HEAD), nothing, target)
    assert (done.restored, done.left) == (0, 1)
    assert target.getvalue() == revisit(HEAD).getvalue()


@pytest.mark.parametrize(
    "source",
    [
        revisit(HEAD, digest=DIGEST),
        revisit(HEAD, Archiver_Object_Offset="1"),
        revisit(HEAD, Archiver_Object_Length="900"),
        revisit(HEAD, Archiver_Object_Length="many"),
        revisit(CHUNKED, {"framing": {"runs": [[5, "YQ==", 10**15]]}}),
        revisit(CHUNKED, {"framing": {"runs": [[0, "YQ==", 10**15]]}}),
    ],
    ids=["digest", "offset", "length", "no number", "payload", "endless"],
)
def test_a_record_that_does_not_fit_its_object_is_an_error(source: io.BytesIO) -> None:
    with pytest.raises(EvidenceError):
        made_complete(source)


def test_a_damaged_object_is_no_answer() -> None:
    with pytest.raises(EvidenceError, match="not what was received"):
        made_complete(revisit(HEAD), lambda _digest: io.BytesIO(FILM[::-1]))


def test_a_head_that_is_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "_HEAD_BYTES", 5)
    with pytest.raises(EvidenceError):
        made_complete(revisit(HEAD))
