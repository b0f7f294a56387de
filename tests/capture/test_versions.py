"""A file that is cut, and what comes when the rest is asked for: one version of it, whole, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.capture.job import FetchResult
from archiver.model import Outcome, Role
from tests.capture.stream_server import StreamServer, other_version, streaming

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


@pytest.mark.parametrize(
    ("way", "second", "changed"),
    [
        ("if-range", True, True),  # 200 with another tag, where the rest of the first one was asked for
        ("tag", True, True),
        ("total", True, True),
        ("silent", True, True),  # nothing says that it is another one but its bytes
        ("same", False, False),
        ("silent-same", False, False),
        ("shifted", False, False),
        ("gone", False, True),
    ],
)
def test_two_versions_are_never_spliced(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path, way: str, second: bool, changed: bool
) -> None:
    url = server.url(f"/version/{way}/clip.mp4")
    result = fetch(url)
    assert result.outcome is Outcome.SUCCESS
    body = media["clip.mp4"]
    assert original(result, tmp_path) == (other_version(body) if second else body)
    assert result.failures == (((url, "content-changed"),) if changed else ())
    conditions = [headers.get("If-Range") for headers in server.headers]
    asked_anew = way in ("tag", "total", "shifted", "gone")  # the others are answered with the whole at once
    assert conditions == [None, None if way.startswith("silent") else '"one"', *([None] if asked_anew else [])]


def test_a_file_that_is_another_one_each_time_is_given_up(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/version/always/clip.mp4"))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "content-changed", True)
    assert server.asked["/version/always/clip.mp4"] <= 6


def test_cuts_that_make_progress_do_not_count(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    step = len(media["clip.mp4"]) // 8
    result = fetch(server.url(f"/lossy/{step}/clip.mp4"))
    assert result.outcome is Outcome.SUCCESS
    assert original(result, tmp_path) == media["clip.mp4"]
    assert sum(server.asked.values()) >= 8
    assert result.failures == ()


def test_cuts_without_progress_end_it(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/lossy/100/clip.mp4"))
    assert (result.reason, result.passing) == ("connection-cut", True)
    assert sum(server.asked.values()) == 4  # and three resumptions


def test_resumptions_are_a_setting(server: StreamServer, fetch: Fetch) -> None:
    fetch(server.url("/lossy/100/clip.mp4"), resumptions=1)
    assert sum(server.asked.values()) == 2


def test_an_encoding_that_nobody_asked_for_is_undone(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    assert original(fetch(server.url("/gzip/clip.mp4")), tmp_path) == media["clip.mp4"]


def test_an_encoded_file_that_is_cut_is_begun_again(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/gzip-cut/clip.mp4"))
    assert original(result, tmp_path) == media["clip.mp4"]
    assert [headers.get("Range") for headers in server.headers] == [None, None]
    assert result.failures == ()


@pytest.mark.parametrize(
    "place",
    ["video-mp4/page.mp4", "video-mp4/error.mp4", "video-mp4/list.mp4", "image-jpeg/page.mp4", "audio-mp4/xml.mp4"],
)
def test_a_page_that_is_called_media_is_none(server: StreamServer, fetch: Fetch, tmp_path: Path, place: str) -> None:
    result = fetch(server.url(f"/called/{place}"))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "not-media", False)
    assert result.exchange is not None
    assert result.items == ()
    assert not list(tmp_path.glob("0*"))


def test_a_page_where_a_player_wants_its_film_is_none(server: StreamServer, fetch: Fetch) -> None:
    assert fetch(server.url("/player/called/text-html/page.mp4")).reason == "not-media"


@pytest.mark.parametrize(
    "place", ["video-mp4/brace.mp4", "application-json/data.json", "application-octet-stream/data.json"]
)
def test_what_nobody_calls_a_film_is_kept_as_it_is(
    server: StreamServer, fetch: Fetch, tmp_path: Path, place: str
) -> None:
    result = fetch(server.url(f"/called/{place}"))
    assert result.outcome is Outcome.SUCCESS
    assert original(result, tmp_path)[:1] == b"{"
