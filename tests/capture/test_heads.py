"""Heads of answers that can be believed, and those that can be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture import heads
from archiver.errors import CaptureError


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([], None),
        ([("Content-Length", "0")], 0),
        ([("content-length", " 17 ")], 17),
        ([("Content-Length", "17"), ("Content-Length", "17")], 17),
        ([("Content-Length", "17, 17")], 17),
        ([("Transfer-Encoding", "Chunked"), ("Content-Length", "5")], None),
        ([("Content-Length", "9" * 40)], int("9" * 30)),
    ],
)
def test_the_length_is_the_one_that_is_told(headers: list[tuple[str, str]], length: int | None) -> None:
    assert heads.promised_length(headers) == length


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Content-Length", "5, 6")],
        [("Content-Length", "-1")],
        [("Content-Length", "+5")],
        [("Content-Length", "0x10")],
        [("Content-Length", "５")],
        [("Transfer-Encoding", "x-scrambled")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "chunked, chunked")],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    ],
)
def test_a_length_that_can_be_read_in_two_ways_is_not_believed(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(CaptureError) as caught:
        heads.promised_length(headers)
    assert (caught.value.code, caught.value.passing) == ("broken-answer", False)


@given(st.lists(st.tuples(st.sampled_from(["content-length", "Transfer-Encoding"]), st.text(max_size=20)), max_size=4))
def test_any_head_gives_a_length_or_a_failure_of_ours(headers: list[tuple[str, str]]) -> None:
    try:
        length = heads.promised_length(headers)
    except CaptureError:
        return
    assert length is None or length >= 0


def test_an_encoding_that_cannot_be_undone_is_not_stored_as_if_it_were_the_file() -> None:
    def known(coding: str) -> bool:
        return coding == "gzip"

    heads.judge_codings([("Content-Encoding", "GZIP")], known)
    heads.judge_codings([("Content-Encoding", "identity")], known)
    for value in ("br", "gzip, br", "gzip, gzip, gzip"):
        with pytest.raises(CaptureError) as caught:
            heads.judge_codings([("Content-Encoding", value)], known)
        assert caught.value.code == "broken-answer"


@pytest.mark.parametrize(
    ("asked", "status", "told", "segment"),
    [
        ("", 200, "", False),
        ("", 206, "bytes 0-99/100", False),
        ("bytes=10-", 206, "bytes 10-99/100", False),
        ("bytes=10-", 206, "bytes 10-99/*", False),
        ("bytes=10-19", 206, "bytes 10-19/100", True),
        ("bytes=10-19", 206, "BYTES 10-15/100", True),
        ("bytes=10-", 200, "", False),  # a server that does not resume sends the whole
        ("bytes=10-", 200, "", True),  # the resumption of a segment that is a file of its own
        ("bytes=10-", 416, "", False),
    ],
)
def test_a_part_that_was_asked_for_is_taken(asked: str, status: int, told: str, segment: bool) -> None:
    heads.judge_part(asked, status, [("Content-Range", told)], segment)


@pytest.mark.parametrize(
    ("asked", "status", "told", "segment", "passing"),
    [
        ("", 206, "bytes 0-49/100", False, False),
        ("", 206, "bytes 10-99/100", False, False),
        ("", 206, "bytes 0-99/*", False, False),
        ("", 206, "", False, False),
        ("bytes=10-", 206, "", False, True),
        ("bytes=10-", 206, "bytes 9-99/100", False, True),
        ("bytes=10-", 206, "bytes 0-99/100", False, True),
        ("bytes=10-19", 206, "bytes 10-29/100", True, True),
        ("bytes=10-19", 200, "", True, False),
        ("bytes=10-", 206, "bytes 10-20/100, bytes 40-50/100", False, True),
    ],
)
def test_another_part_is_not_spliced_in(asked: str, status: int, told: str, segment: bool, passing: bool) -> None:
    with pytest.raises(CaptureError) as caught:
        heads.judge_part(asked, status, [("Content-Range", told)], segment)
    assert (caught.value.code, caught.value.passing) == ("broken-answer", passing)
