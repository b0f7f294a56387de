from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.config import Limits
from archiver.custody import queue
from archiver.custody.vault import open_vault
from archiver.engine import intake
from archiver.errors import UsageError
from archiver.model import State
from tests.calling import Archiver

EMPTY = intake.Row("", "")
DEFAULTS = intake.Row("", "", case="c", note="n", priority=3, requested_by="who")


def urls(data: bytes) -> list[str]:
    return [row.url for row in intake.parse(data, EMPTY)]


def test_a_bom_crlf_and_unknown_columns_do_no_harm() -> None:
    data = b"\xef\xbb\xbfURL, Case ,colour,Note\r\nhttp://a.example/,one,red,first\r\nhttp://b.example/,two\r\n"
    first, second = intake.parse(data, DEFAULTS)
    assert (first.url, first.case, first.note, first.priority) == ("http://a.example/", "one", "first", 3)
    assert (second.url, second.case, second.note, second.requested_by) == ("http://b.example/", "two", "n", "who")


def test_empty_lines_are_no_rows_also_before_the_header() -> None:
    assert urls(b"\r\n\n url,case\n\nhttp://a.example/,x\n,,\n  \nhttp://b.example/,y\n\n") == [
        "http://a.example/",
        "http://b.example/",
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"url\n", b"url,case,note", b"\xef\xbb\xbfurl\r\n"])
def test_a_file_without_rows_gives_none(data: bytes) -> None:
    assert intake.parse(data, EMPTY) == []


def test_without_a_header_every_line_is_a_url() -> None:
    assert urls(b"http://a.example/x,y\nnot a url\n  http://b.example/ \n") == [
        "http://a.example/x,y",
        "not a url",
        "http://b.example/",
    ]


def test_a_header_without_a_url_column_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no url column"):
        intake.parse(b"link,case\nhttp://a.example/,x\n", EMPTY)


def test_columns_apart_by_semicolons_are_understood() -> None:
    rows = intake.parse(b'url;case;note\nhttp://a.example/;one;"a; b"\n', EMPTY)
    assert [(row.url, row.case, row.note) for row in rows] == [("http://a.example/", "one", "a; b")]


def test_a_row_that_is_not_utf8_is_refused_and_the_others_are_read() -> None:
    good, bad, last = intake.parse(
        b"url,note\nhttp://a.example/,ok\nhttp://b.example/,\xff\nhttp://c.example/,\n", EMPTY
    )
    assert good.defect is None
    assert last.defect is None
    assert bad.defect is not None
    assert bad.defect[0] == "not-utf8"
    assert bad.note == "\\xff"


def test_a_quoted_note_may_have_several_lines() -> None:
    rows = intake.parse(b'url,note\nhttp://a.example/,"one\r\ntwo, ""three""\n\nfour"\nhttp://b.example/,\n', EMPTY)
    assert [row.note for row in rows] == ['one\ntwo, "three"\n\nfour', ""]


@pytest.mark.parametrize(
    "data",
    [
        b'url,note\nhttp://a.example/,"never closed\nhttp://b.example/,x\nhttp://c.example/,y\n',
        b'url,note\nhttp://a.example/,5" pipe\nhttp://b.example/,x\nhttp://c.example/,6" pipe\n',
        b'url,note\nhttp://a.example/,"open\nhttp://b.example/,x\nhttp://c.example/,"open too\n',
    ],
)
def test_a_stray_quote_swallows_no_other_row(data: bytes) -> None:
    assert urls(data) == ["http://a.example/", "http://b.example/", "http://c.example/"]


def test_separators_of_other_alphabets_end_no_row() -> None:
    (row,) = intake.parse("url,note,case\nhttp://a.example/,x\u2028y\x0bz\x85w,last\n".encode(), EMPTY)
    assert (row.note, row.case) == ("x\u2028y\x0bz\x85w", "last")


@pytest.mark.parametrize(("text", "priority"), [("", 0), ("7", 7), ("-3", -3), (" 12 ", 12)])
def test_a_priority_is_a_whole_number(text: str, priority: int) -> None:
    (row,) = intake.parse(f"url,priority\nhttp://a.example/,{text}\n".encode(), EMPTY)
    assert (row.priority, row.defect) == (priority, None)


@pytest.mark.parametrize("text", ["high", "1.5", "1e3", "--1", "9" * 30 + "x"])
def test_a_priority_that_is_no_number_refuses_its_row(text: str) -> None:
    (row,) = intake.parse(f"url,priority\nhttp://a.example/,{text}\n".encode(), EMPTY)
    assert row.defect is not None
    assert row.defect[0] == "bad-priority"


@pytest.mark.parametrize("head", ["", "url\n"])
def test_a_line_longer_than_any_cell_is_a_row(head: str) -> None:
    rows = intake.parse(f"{head}http://a.example/{'x' * 200_000}\nhttp://b.example/\n".encode(), EMPTY)
    assert len(rows) == 2
    assert rows[1].url == "http://b.example/"


_LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30), max_size=12)
_ODD = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "\x00", "http://a.example/", "é", " "]), max_size=40)


@given(data=st.one_of(st.binary(max_size=300), _ODD.map(lambda parts: "".join(parts).encode())), header=st.booleans())
def test_no_bytes_raise_anything_but_a_usage_error(data: bytes, header: bool) -> None:
    try:
        rows = intake.parse(b"url,note\n" + data if header else data, EMPTY)
    except UsageError:
        assert not header
        return
    for row in rows:
        row.input.encode()
        row.url.encode()


@given(lines=_LINES)
def test_without_a_header_no_line_vanishes(lines: list[str]) -> None:
    data = "\n".join(["http://first.example/", *lines]).encode()
    assert [row.input for row in intake.parse(data, EMPTY)][1:] == [line for line in lines if line.strip()]


@given(notes=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20), max_size=8))
def test_what_a_csv_writer_wrote_is_read_back(notes: list[str]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["url", "note", "case"])
    for number, note in enumerate(notes):
        writer.writerow([f"http://{number}.example/", note, "last"])
    rows = intake.parse(stream.getvalue().encode(), EMPTY)
    assert [(row.url, row.note, row.case) for row in rows] == [
        (f"http://{number}.example/", note.strip(), "last") for number, note in enumerate(notes)
    ]


@given(cells=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12), max_size=12))
def test_rows_with_stray_quotes_are_all_answered_for(cells: list[str]) -> None:
    """Only a well-formed quoted cell may join lines, so that no URL is lost in a note that nobody closed."""
    lines = [f'http://{number}.example/,{cell}"x' for number, cell in enumerate(cells)]
    data = "\n".join(["url,note", *lines]).encode()
    found = "\n".join(row.input for row in intake.parse(data, EMPTY))
    assert all(f"http://{number}.example/" in found for number in range(len(cells)))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (intake.Row("", "nonsense"), "bad-url"),
        (intake.Row("", "file:///etc/passwd"), "bad-scheme"),
        (intake.Row("", "javascript:alert(1)"), "bad-scheme"),
        (intake.Row("", "http://10.0.0.1/"), "address-not-global"),
        (intake.Row("", "http://a.example/" + "x" * 10_000), "url-too-long"),
        (intake.Row("", "http://a.example/", note="x" * 5_000), "note-too-long"),
        (intake.Row("", "http://a.example/", priority=10**30), "bad-priority"),
        (intake.Row("", "http://a.example/", case="x" * 10_000), "case-too-long"),
        (intake.Row("", "http://a.example/", requested_by="x" * 10_000), "name-too-long"),
    ],
)
def test_a_refused_row_is_a_recorded_request(archiver: Archiver, row: intake.Row, reason: str) -> None:
    vault = open_vault(archiver.vault, {})
    (answer,) = intake.add(vault, [replace(row, input=row.url)])
    assert (answer.outcome, answer.reason) == ("refused", reason)
    request = queue.get(vault, answer.request_id)
    assert (request.state, request.reason) == (State.REFUSED, reason)
    assert request.message
    assert len(request.url) <= Limits().url_characters
