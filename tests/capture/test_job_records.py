"""Records that cross the process border: what a fetcher left is believed only after it was checked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.capture import messages, plain
from archiver.capture.job import (
    FetchedFile,
    FetchedItem,
    FetchJob,
    FetchResult,
    Progress,
    job_from_json,
    job_to_json,
    read_result,
    result_to_json,
    write_durably,
)
from archiver.config import Limits
from archiver.errors import CaptureError
from archiver.model import Outcome, Role, Tool


@pytest.fixture
def left(tmp_path: Path) -> FetchResult:
    """A result with its files, as a fetcher leaves it."""
    (tmp_path / "00001.mp4.mp4").write_bytes(b"film")
    (tmp_path / "00001.info.json").write_bytes(b"{}")
    (tmp_path / "exchange.warc").write_bytes(b"{}")
    files = (
        FetchedFile("00001.mp4.mp4", Role.ORIGINAL, "mp4", 4),
        FetchedFile("00001.info.json", Role.INFO, "", 2),
    )
    result = FetchResult(
        outcome=Outcome.SUCCESS,
        reason="",
        message="1 file",
        passing=False,
        retry_after=None,
        started="2026-11-23T12:00:00.000000Z",
        ended="2026-11-23T12:00:01.000000Z",
        bytes=100,
        http_status=200,
        final_url="http://example.com/",
        tools=(Tool("yt-dlp", "1"),),
        exchange=FetchedFile("exchange.warc", Role.EXCHANGE, "", 2),
        items=(FetchedItem("http://example.com/", "http://example.com/", "Title", "", files),),
        failures=(("http://example.com/2", "not-found"),),
    )
    write_durably(tmp_path, "result.json", result_to_json(result))
    return result


def test_a_result_reads_back_as_it_was(left: FetchResult, tmp_path: Path) -> None:
    assert read_result(tmp_path) == left


def test_a_job_reads_back_as_it_was(tmp_path: Path) -> None:
    job = FetchJob("http://example.com/", tmp_path, ("127.0.0.0/8",), Limits(file_bytes=5))
    assert job_from_json(job_to_json(job)) == job


def test_there_is_no_result_in_an_empty_folder(tmp_path: Path) -> None:
    assert read_result(tmp_path) is None


def _name(value: dict[str, Any], name: Any) -> None:
    value["items"][0]["files"][0]["name"] = name


@pytest.mark.parametrize(
    "change",
    [
        lambda value: _name(value, "../../etc/passwd"),
        lambda value: _name(value, "/etc/passwd"),
        lambda value: _name(value, "."),
        lambda value: _name(value, ".hidden"),
        lambda value: _name(value, "a/b"),
        lambda value: _name(value, "line\nbreak"),
        lambda value: _name(value, ""),
        lambda value: _name(value, 7),
        lambda value: _name(value, "missing.mp4"),
        lambda value: _name(value, "link.mp4"),
        lambda value: _name(value, "pipe.mp4"),
        lambda value: value["items"][0]["files"][0].update(size=5),
        lambda value: value["items"][0]["files"][0].update(role="king"),
        lambda value: value.update(outcome="splendid"),
        lambda value: value.update(bytes=-1),
        lambda value: value.update(bytes=True),
        lambda value: value.update(retry_after="later"),
        lambda value: value.update(message="x" * 100_000),
        lambda value: value.update(message="\ud800"),
        lambda value: value.update(items={}),
        lambda value: value.update(items=[[]] * 20_000),
        lambda value: value.update(failures=[["one"]]),
        lambda value: value.pop("tools"),
    ],
)
def test_a_result_that_lies_is_not_believed(
    left: FetchResult, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    (tmp_path / "link.mp4").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.mp4")
    value = json.loads(result_to_json(left))
    change(value)
    (tmp_path / "result.json").write_text(json.dumps(value))
    assert read_result(tmp_path) is None


def test_a_result_that_is_no_plain_file_is_not_read(left: FetchResult, tmp_path: Path) -> None:
    os.rename(tmp_path / "result.json", tmp_path / "elsewhere.json")
    (tmp_path / "result.json").symlink_to("elsewhere.json")
    assert read_result(tmp_path) is None
    os.unlink(tmp_path / "result.json")
    os.mkfifo(tmp_path / "result.json")
    assert read_result(tmp_path) is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 100_000, b"null", b" " * (9 * 1024**2)])
def test_a_result_that_is_no_json_is_not_believed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "result.json").write_bytes(data)
    assert read_result(tmp_path) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=10,
)


@given(value=JSON, field=st.sampled_from(["outcome", "exchange", "items", "tools", "failures", "retry_after", "bytes"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_breaks_the_reader(left: FetchResult, tmp_path: Path, value: Any, field: str) -> None:
    for whole in (value, {**json.loads(result_to_json(left)), field: value}):
        (tmp_path / "result.json").write_text(json.dumps(whole))
        found = read_result(tmp_path)
        assert found is None or isinstance(found, FetchResult)


def test_progress_reads_back_as_it_was() -> None:
    progress = Progress("downloading", 10, 100, 2.5, "00001.mp4.mp4")
    assert messages.decode(messages.encode_progress(progress)) == progress
    assert len(messages.encode_progress(replace(progress, name="\U0001f600" * 5000))) <= messages.MESSAGE_BYTES


def test_a_last_word_names_a_known_reason_or_none() -> None:
    said = messages.decode(messages.encode_failure("disk-full", "no room"))
    assert isinstance(said, CaptureError)
    assert said.code == "disk-full"
    assert messages.decode(messages.encode_failure("made-up", "x")) is None


@given(JSON | st.lists(JSON, min_size=5, max_size=5), st.sampled_from(["progress", "failure"]))
def test_no_message_breaks_the_owner(value: Any, kind: str) -> None:
    for packet in (json.dumps(value), json.dumps({kind: value})):
        assert isinstance(messages.decode(packet.encode()), Progress | CaptureError | None)
    assert messages.decode(b"\xff\x00") is None


@given(st.text(), st.integers(1, 50))
def test_plain_text_is_one_harmless_line(text: str, most: int) -> None:
    line = plain.text(text, most)
    assert len(line) <= most
    assert not set(line) & {"\n", "\r", "\x1b", "\x00", "\u202e", "\u2066", "\u2028"}
    line.encode("utf-8")


def test_joiners_that_languages_need_stay() -> None:
    assert plain.text("می\u200cخواهم", 50) == "می\u200cخواهم"
    assert plain.text(None, 50) == ""


@given(st.text(), st.text())
def test_a_file_name_is_plain_whatever_the_source_says(label: str, extension: str) -> None:
    name = plain.file_name(1, label, extension)
    assert name.startswith("00001.")
    assert len(name) < 100
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


@pytest.mark.parametrize(("claim", "is_believed"), [("a" * 64, True), ("", True), ("A" * 64, False), ("../x", False)])
def test_what_a_file_is_said_to_be_is_a_digest(
    left: FetchResult, tmp_path: Path, claim: str, is_believed: bool
) -> None:
    (item,) = left.items
    changed = replace(item, files=(replace(item.files[0], sha256=claim),))
    write_durably(tmp_path, "result.json", result_to_json(replace(left, items=(changed,))))
    assert (read_result(tmp_path) is not None) == is_believed
