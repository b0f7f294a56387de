"""An answer is taken apart without losing a byte, and as `http.client` reads it."""

from __future__ import annotations

import http.client
import io
import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.capture.framing import HEAD_BYTES, Framing, Part, Piece, headers, status_line


def taken_apart(data: bytes, cuts: Iterable[int] = (), method: str = "GET") -> tuple[Framing, list[Piece]]:
    framing = Framing(method)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [piece for start, end in itertools.pairwise(places) for piece in framing.feed(data[start:end])]
    return framing, pieces + framing.close()


def part(pieces: Iterable[Piece], wanted: Part) -> bytes:
    return b"".join(piece.data for piece in pieces if piece.part is wanted)


def as_the_client_reads(data: bytes, method: str = "GET") -> tuple[int, bytes]:
    class Channel:
        def makefile(self, *_arguments: Any) -> io.BytesIO:
            return io.BytesIO(data)

    response = http.client.HTTPResponse(Channel(), method=method)  # type: ignore[arg-type]  # it needs no more
    response.begin()
    return response.status, response.read()


def chunked(payload: bytes, sizes: list[int], extension: bytes, trailer: bytes) -> bytes:
    made, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(payload):
            break
        chunk = payload[at : at + size]
        made.append(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk))
        at += size
    return b"".join(made) + b"0\r\n" + trailer + b"\r\n"


EOLS = st.sampled_from([b"\r\n", b"\n"])
NAMES = st.sampled_from([b"Content-Type", b"X-Folded", b"Server", b"X-Empty"])
VALUES = st.sampled_from([b"video/mp4", b"a\r\n  b", b"", b"chunked", b"12", b"\xe2\x80\xae"])


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An answer as servers send it, and its payload."""
    payload = draw(st.binary(max_size=2000))
    kind = draw(st.sampled_from(["length", "chunked", "close"]))
    eol = draw(EOLS)
    lines = [b"HTTP/1.1 200 OK"] + [b"%s: %s" % pair for pair in draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))]
    body = payload
    if kind == "length":
        lines.append(b"content-length:  %d" % len(payload))
    elif kind == "chunked":
        lines.append(b"Transfer-Encoding: Chunked")
        sizes = draw(st.lists(st.integers(1, 700), min_size=1, max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b" "]))
        body = chunked(payload, sizes, extension, draw(st.sampled_from([b"", b"X-Trailer: 1\r\n"])))
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    return interim + eol.join([*lines, b"", b""]) + body, payload


@given(answer=answers(), cuts=st.lists(st.integers(0, 10_000), max_size=8))
@settings(max_examples=300, deadline=None)
def test_the_payload_is_the_clients_however_the_bytes_arrive(answer: tuple[bytes, bytes], cuts: list[int]) -> None:
    data, payload = answer
    framing, pieces = taken_apart(data, cuts)
    assert b"".join(piece.data for piece in pieces) == data
    assert part(pieces, Part.PAYLOAD) == payload == as_the_client_reads(data)[1]
    assert framing.complete
    assert framing.lacks == ""
    assert (framing.status, part(pieces, Part.SURPLUS)) == (200, b"")


@given(answer=answers(), cuts=st.lists(st.integers(0, 10_000), max_size=4), end=st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_an_answer_that_is_cut_off_says_what_it_lacks(answer: tuple[bytes, bytes], cuts: list[int], end: int) -> None:
    data = answer[0][: end % (len(answer[0]) + 1)]
    framing, pieces = taken_apart(data, cuts)
    assert b"".join(piece.data for piece in pieces) == data
    assert answer[1].startswith(part(pieces, Part.PAYLOAD))
    assert framing.complete == (framing.lacks == "")
    if len(data) < len(answer[0]) and framing.kind != "close":
        assert not framing.complete


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=4), http=st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_bytes_of_any_kind_are_lost_or_raise(data: bytes, cuts: list[int], http: bool) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" * http + data
    _, pieces = taken_apart(whole, cuts)
    assert b"".join(piece.data for piece in pieces) == whole


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_some_answers_have_no_body_whatever_they_announce(method: str, head: bytes) -> None:
    framing, pieces = taken_apart(head + b"extra", method=method)
    assert (framing.complete, framing.kind) == (True, "none")
    assert part(pieces, Part.SURPLUS) == b"extra"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: five\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"not a header\r\nContent-Length: 1\r\n",
        b"Content Length: 1\r\n",
        b"Content-Length : 1\r\n",
        b"X: 1\rContent-Length: 2\r\n",
        b"Content-Length: 3\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    ],
)
def test_rules_that_are_broken_are_broken_as_the_client_breaks_them(head: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"3\r\nabc\r\n0\r\n\r\n"
    _, pieces = taken_apart(data)
    assert part(pieces, Part.PAYLOAD) == as_the_client_reads(data)[1]


@pytest.mark.parametrize(
    "data", [b"<html>no HTTP</html>", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01"]
)
def test_what_is_no_http_is_told_apart(data: bytes) -> None:
    framing, pieces = taken_apart(data)
    assert part(pieces, Part.SURPLUS) == data
    assert (framing.status, framing.kind, framing.complete) == (0, "", False)


def test_a_head_without_end_is_given_up() -> None:
    framing = Framing("GET")
    assert framing.feed(b"HTTP/1.1 200 OK\r\n") == []
    pieces = framing.feed(b"X: " + b"a" * HEAD_BYTES)
    assert framing.fault == "no HTTP/1 answer"
    assert len(part(pieces, Part.SURPLUS)) > HEAD_BYTES


@pytest.mark.parametrize("line", [b"zz\r\n", b"-5\r\n", b"1" * 70_000])
def test_a_chunk_without_a_size_ends_the_payload(line: bytes) -> None:
    framing, pieces = taken_apart(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + line)
    assert part(pieces, Part.PAYLOAD) == b"a"
    assert not framing.complete
    assert "chunk" in framing.lacks


def test_early_hints_are_no_answer() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    framing, pieces = taken_apart(hints + hints + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert part(pieces, Part.INTERIM) == hints * 2
    assert (framing.status, part(pieces, Part.PAYLOAD)) == (200, b"x")


def test_headers_are_read_as_the_client_reads_them() -> None:
    head = b"HTTP/1.1 404 Not  Found\r\nA: 1\r\nB:2\r\n folded\r\nA: 3\nno header\r\nC: 4\r\n\r\n"
    assert status_line(head) == (404, "Not  Found")
    assert list(headers(head)) == [("A", "1"), ("B", "2 folded"), ("A", "3")]
    assert status_line(b"nothing") == (0, "")
