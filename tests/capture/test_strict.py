"""Answers read byte by byte: what `http.client` would take for an answer, and is none."""

from __future__ import annotations

import http.client
import io
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture.strict import BadFramingError, StrictAnswer


class _Channel:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, *_arguments: Any) -> io.BytesIO:
        return io.BytesIO(self.data)


def answer(data: bytes) -> tuple[int, bytes]:
    """Status and body of what a server sent."""
    read = StrictAnswer(cast(Any, _Channel(data)), method="GET")
    read.begin()
    return read.status, read.read()


HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_interim_answers_are_no_answers() -> None:
    assert answer(WHOLE) == (200, b"body")
    assert answer(HINTS + b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE) == (200, b"body")
    assert answer(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, b"")


@pytest.mark.parametrize("data", [HINTS * 50 + WHOLE, b"HTTP/1.1 101 Switching\r\n\r\n" + WHOLE, b"SSH-2.0-x\r\n"])
def test_a_flood_of_them_and_other_protocols_are_none_either(data: bytes) -> None:
    with pytest.raises(http.client.BadStatusLine):
        answer(data)


@pytest.mark.parametrize("cut", range(len("HTTP/1.1 200 OK\r\n"), len(WHOLE) - len("body") - 1))
def test_a_head_that_is_cut_is_no_head(cut: int) -> None:
    """Otherwise the answer would be a whole one without a body."""
    line_ended = WHOLE[:cut].endswith(b"\r\n\r\n")
    assert not line_ended
    with pytest.raises(ConnectionResetError):
        answer(WHOLE[:cut])


def test_chunks_are_joined() -> None:
    assert answer(CHUNKED + b"3;name=value\r\nbod\r\n1\r\ny\r\n0\r\n\r\n") == (200, b"body")


@pytest.mark.parametrize("size", [b"zz", b"-5", b"+5", b"0x5", b"1_0", b"f" * 50, b" ", b"5;" + b"x" * 70_000])
def test_what_is_no_chunk_size_is_not_guessed_at(size: bytes) -> None:
    with pytest.raises(BadFramingError):
        answer(CHUNKED + size + b"\r\n12345678901234567890\r\n0\r\n\r\n")


def test_chunks_that_end_with_the_connection_are_cut() -> None:
    with pytest.raises(http.client.IncompleteRead):
        answer(CHUNKED + b"3\r\nbod\r\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_an_error_of_http(data: bytes) -> None:
    for begin in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED):
        try:
            answer(begin + data)
        except (http.client.HTTPException, ConnectionError):
            continue
