"""Streams in segments: every one as served, on record with its digest and place; or a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.capture import wire
from archiver.capture.job import FetchResult
from archiver.model import Outcome, Role
from tests.capture.stream_server import StreamServer, encrypted, streaming

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


def streams(folder: Path) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = json.loads((folder / "info-00001.json").read_text())["archiver"]["streams"]
    return value


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_record_says_what_an_hls_file_is_made_of(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/media/hls.m3u8"))
    whole = original(result, tmp_path)
    (stream,) = streams(tmp_path)
    playlist = media["hls.m3u8"]
    place = server.url("/media/hls.m3u8")
    assert stream["playlist"] == {"url": place, "sha256": sha256(playlist), "bytes": len(playlist)}
    assert [row["url"] for row in stream["segments"]] == [
        server.url(f"/media/hls{number}.ts") for number in range(len(server.segments()))
    ]
    for row, segment in zip(stream["segments"], server.segments(), strict=True):
        assert row["sha256"] == sha256(segment)
        assert whole[row["offset"] : row["offset"] + row["length"]] == segment
    assert sum(row["length"] for row in stream["segments"]) == len(whole)


def test_the_record_says_what_dash_files_are_made_of(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/dash/good/dash.mpd"))
    files = [file for file in result.items[0].files if file.role is Role.ORIGINAL]
    told = streams(tmp_path)
    assert [stream["file"] for stream in told] == [file.name for file in files]
    for stream in told:
        whole = (tmp_path / stream["file"]).read_bytes()
        assert b"".join(whole[row["offset"] :][: row["length"]] for row in stream["segments"]) == whole
        assert all(row["sha256"] == sha256(whole[row["offset"] :][: row["length"]]) for row in stream["segments"])


def test_an_encrypted_stream_is_kept_as_it_can_be_played(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/aes/list.m3u8"))
    assert original(result, tmp_path) == b"".join(server.segments())
    (stream,) = streams(tmp_path)
    assert [row["sha256"] for row in stream["segments"]] == [sha256(encrypted(one)) for one in server.segments()]
    assert [row["length"] for row in stream["segments"]] == [len(one) for one in server.segments()]


@pytest.mark.parametrize(
    ("path", "verbatim"), [("/aes/list.m3u8", False), ("/media/hls.m3u8", True), ("/media/clip.mp4", True)]
)
def test_the_wire_is_told_what_is_not_kept_as_it_came(
    server: StreamServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, verbatim: bool
) -> None:
    from archiver.capture import fetcher
    from archiver.capture.job import FetchJob
    from tests.capture.hostile_server import LIMITS

    told: list[bool] = []
    real = wire.Wire.file

    def listening(self: wire.Wire, segmented: bool = False, *, name: str = "", verbatim: bool = True) -> Any:
        told.append(verbatim)
        return real(self, segmented, name=name, verbatim=verbatim)

    monkeypatch.setattr(wire.Wire, "file", listening)
    fetcher.fetch(FetchJob(server.url(path), tmp_path, ("127.0.0.0/8",), LIMITS), lambda _progress: None)
    assert told == [verbatim]


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("404", "fragment-missing"),
        ("410", "fragment-missing"),
        ("403", "forbidden"),
        ("451", "legal-reasons"),
        ("500", "server-error"),
        ("429", "rate-limited"),
        ("page", "fragment-missing"),
        ("called", "fragment-missing"),
        ("error", "fragment-missing"),
        ("empty", "fragment-missing"),
        ("short", "connection-cut"),
    ],
)
@pytest.mark.parametrize("kind", ["gappy/{way}/list.m3u8", "dash/{way}/dash.mpd"])
def test_a_segment_that_is_missing_is_never_passed_over(
    server: StreamServer, fetch: Fetch, tmp_path: Path, kind: str, way: str, reason: str
) -> None:
    result = fetch(server.url("/" + kind.format(way=way)))
    assert (result.outcome, result.reason, result.items) == (Outcome.FAILURE, reason, ())
    assert not list(tmp_path.glob("0*"))
    assert result.retry_after == (120.0 if way == "429" else None)


def test_what_is_marked_as_advertisement_is_kept_too(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/advertised/list.m3u8"))
    assert original(result, tmp_path) == b"".join(server.segments()[:2])


def test_segments_can_be_ranges_of_one_file(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/ranges/list.m3u8"))
    assert original(result, tmp_path) == b"".join(server.segments()[:2])


def test_a_server_that_ignores_ranges_is_not_believed(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/ranges/deaf/list.m3u8"))
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "broken-answer")


def test_encryption_for_players_only_is_said_to_be_so(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/sample-aes/list.m3u8"))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "drm-protected", False)


def test_a_retry_after_is_handed_on_from_a_segment_and_from_a_page(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/limited/list.m3u8"))
    assert (result.reason, result.passing, result.retry_after) == ("rate-limited", True, 120.0)


def test_a_retry_after_is_handed_on_from_what_a_player_wants(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/limited/page"))
    assert (result.reason, result.passing, result.retry_after) == ("server-error", True, 120.0)
