"""Live streams: recorded for a while as they are served, with their gaps on record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.capture.job import FetchResult
from archiver.model import Outcome, Role
from tests.capture.stream_server import StreamServer, streaming

Fetch = Callable[..., FetchResult]


@pytest.fixture(scope="module")
def running(media: dict[str, bytes]) -> Iterator[StreamServer]:
    with streaming(media) as server:
        yield server


@pytest.fixture
def server(running: StreamServer) -> StreamServer:
    for counter in (running.asked, running.cuts, running.polls):
        counter.clear()
    running.headers.clear()
    return running


def original(result: FetchResult, folder: Path) -> bytes:
    (name,) = [file.name for item in result.items for file in item.files if file.role is Role.ORIGINAL]
    return (folder / name).read_bytes()


def story(folder: Path) -> dict[str, Any]:
    (stream,) = json.loads((folder / "info-00001.json").read_text())["archiver"]["streams"]
    value: dict[str, Any] = stream["live"]
    return value


def test_a_stream_is_followed_to_its_end(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/live/ends/list.m3u8"))
    assert (result.outcome, result.failures) == (Outcome.SUCCESS, ())
    assert original(result, tmp_path) == b"".join(server.segments())
    assert all(server.asked[f"/piece/ends/{number}.ts"] == 1 for number in range(len(server.segments())))
    told = story(tmp_path)
    assert told["ended_by"] == "the stream ended"
    assert result.started <= told["from"] <= told["to"] <= result.ended
    assert result.items[0].note == (
        f"Recording of a live stream from {told['from']} to {told['to']}: the stream ended."
    )


def test_a_stream_without_end_is_recorded_for_its_time(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/live/for-ever/list.m3u8"), live_seconds=1.0)
    assert result.outcome is Outcome.SUCCESS
    assert story(tmp_path)["ended_by"] == "the time for it was over"
    whole, segments = original(result, tmp_path), server.segments()
    got = sum(count for path, count in server.asked.items() if path.startswith("/piece/"))
    assert got >= 2
    assert whole == b"".join(segments[number % len(segments)] for number in range(got))


def test_the_time_of_the_acquisition_bounds_the_recording(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/live/for-ever/list.m3u8"), fetch_seconds=2.0)
    assert result.outcome is Outcome.SUCCESS
    # On a busy machine the last request meets the limit itself.
    assert story(tmp_path)["ended_by"] in ("the time for it was over", "a limit was reached")


def test_a_segment_that_does_not_come_is_a_gap_on_record(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/live/lost/list.m3u8"), live_seconds=20)
    assert result.outcome is Outcome.SUCCESS
    assert result.failures == ((server.url("/piece/lost/1.ts"), "fragment-missing"),)
    segments = server.segments()
    whole = original(result, tmp_path)
    assert whole.startswith(segments[0] + segments[2])
    assert len(story(tmp_path)["gaps"]) == 1
    assert "1 gap" in result.items[0].note


def test_segments_that_were_gone_before_they_were_fetched_are_a_gap(
    server: StreamServer, fetch: Fetch, tmp_path: Path
) -> None:
    result = fetch(server.url("/live/gap/list.m3u8"))
    assert [reason for _, reason in result.failures] == ["fragment-missing"]
    (gap,) = story(tmp_path)["gaps"]
    assert gap == "segments 2 to 3 were gone before they were fetched"


def test_a_live_stream_can_be_encrypted(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/live/aes/list.m3u8"))
    assert result.outcome is Outcome.SUCCESS
    segments = server.segments()
    assert original(result, tmp_path).startswith(segments[0] + segments[1])


def test_a_stream_that_has_nothing_new_is_left_as_stalled(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    url = server.url("/live/stops/list.m3u8")
    result = fetch(url, stall_seconds=0.6)
    assert result.outcome is Outcome.SUCCESS
    assert result.failures == ((url, "stalled"),)
    assert original(result, tmp_path) == server.segments()[0]


def test_a_limit_ends_a_recording_and_keeps_it(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    most = len(server.segments()[0]) * 3
    result = fetch(server.url("/live/for-ever/list.m3u8"), file_bytes=most)
    assert result.outcome is Outcome.SUCCESS
    assert [reason for _, reason in result.failures] == ["too-large"]
    assert 0 < len(original(result, tmp_path)) <= most
    assert story(tmp_path)["ended_by"] == "a limit was reached"


def test_a_live_stream_of_which_nothing_comes_fails(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/live/nothing/list.m3u8"))
    assert (result.outcome, result.reason, result.items) == (Outcome.FAILURE, "fragment-missing", ())


def test_live_dash_is_said_not_to_be_recorded(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/dynamic/live.mpd"))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "live-stream", False)
    assert "cannot be recorded" in result.message
