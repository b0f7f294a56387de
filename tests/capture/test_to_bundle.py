"""From streams and pages to an exported bundle: what was captured is shown, handed out, verified and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.calling import Archiver
from tests.capture.stream_server import StreamServer, streaming

pytestmark = pytest.mark.slow


class Day:
    """One run over streams of several kinds."""

    def __init__(self, archiver: Archiver, server: StreamServer) -> None:
        self.archiver, self.server = archiver, server
        self.requests = {one["url"]: one for one in archiver("requests", "--json").json}

    def item(self, path: str) -> dict[str, Any]:
        (item,) = self.requests[self.server.url(path)]["item_ids"]
        value: dict[str, Any] = self.archiver("show", item, "--json").json
        return value

    def ended(self, path: str) -> tuple[str, str]:
        request = self.requests[self.server.url(path)]
        return request["state"], request["reason"]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, media: dict[str, bytes]) -> Iterator[Day]:
    archiver = Archiver(tmp_path_factory.mktemp("day") / "vault")
    archiver("init")
    with streaming(media) as server:
        paths = [
            "/offers/media+photo.jpg//words+fa.vtt",
            "/offers/status+404+p.jpg//words+fa.vtt",
            "/media/hls.m3u8",
            "/media/dash.mpd",
            "/version/if-range/clip.mp4",
            "/called/video-mp4/page.mp4",
            "/gappy/page/list.m3u8",
        ]
        archiver("add", *(server.url(path) for path in paths), "--case", "square")
        live = server.url("/live/for-ever/list.m3u8")
        archiver("add", live, "--case", "square", "--note", "The march.", "--limit", "live_seconds=1")
        archiver.process("run", code=1)
        yield Day(archiver, server)


def roles(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["role"], one["media_type"]) for one in item["objects"]]


def test_each_ended_as_it_should(day: Day) -> None:
    assert day.ended("/called/video-mp4/page.mp4") == ("failed", "not-media")
    assert day.ended("/gappy/page/list.m3u8") == ("failed", "fragment-missing")
    for path in ("/media/hls.m3u8", "/media/dash.mpd", "/version/if-range/clip.mp4", "/live/for-ever/list.m3u8"):
        assert day.ended(path) == ("archived", "")


def test_what_was_offered_is_shown_with_its_kind(day: Day) -> None:
    item = day.item("/offers/media+photo.jpg//words+fa.vtt")
    assert roles(item)[:4] == [
        ("original", "video/mp4"),
        ("subtitles", "text/vtt"),
        ("thumbnail", "image/jpeg"),
        ("info", "application/json"),
    ]
    ingestion = next(one["body"] for one in item["custody"] if one["type"] == "ingestion")
    assert [one["role"] for one in ingestion["objects"]] == ["original", "info", "subtitles", "thumbnail"]


def test_a_failed_thumbnail_and_a_changed_file_are_signed_facts(day: Day) -> None:
    for path, reason in (
        ("/offers/status+404+p.jpg//words+fa.vtt", "not-found"),
        ("/version/if-range/clip.mp4", "content-changed"),
    ):
        assert day.ended(path) == ("archived", "")
        custody = day.item(path)["custody"]
        assert (reason, "failure") in [(one["body"].get("reason"), one["outcome"]) for one in custody]


def test_a_recording_says_that_it_is_one(day: Day) -> None:
    item = day.item("/live/for-ever/list.m3u8")
    assert item["note"].startswith("The march. Recording of a live stream from 2")
    assert item["note"].endswith("the time for it was over.")


@pytest.mark.parametrize("path", ["/media/hls.m3u8", "/media/dash.mpd", "/live/for-ever/list.m3u8"])
def test_every_stream_can_be_watched(day: Day, tmp_path: Path, path: str) -> None:
    (told,) = day.archiver("get", day.item(path)["item_id"], "--to", str(tmp_path), "--playable", "--json").json
    with av.open(told["path"]) as made:
        assert [stream.type for stream in made.streams] == ["video", "audio"]
        assert sum(1 for _ in made.decode(video=0)) >= 10


def test_files_are_handed_out_under_names_that_programs_know(day: Day, tmp_path: Path) -> None:
    item = day.item("/offers/media+photo.jpg//words+fa.vtt")
    written = day.archiver("get", item["item_id"], "--to", str(tmp_path), "--json").json
    names = {one["role"]: Path(one["path"]).name for one in written}
    assert names["subtitles"].endswith(".subtitles.vtt")
    assert names["thumbnail"].endswith(".thumbnail.jpg")


def test_all_of_it_is_verified_and_exported(day: Day, tmp_path: Path) -> None:
    assert day.archiver("verify", "--json").json["verdict"] == "VERIFIED"
    bundle = tmp_path / "bundle"
    day.archiver("export", "--case", "square", "--to", str(bundle))
    assert day.archiver("verify", str(bundle), "--json").json["verdict"] == "VERIFIED"
    listed = [path.name for path in bundle.rglob("*") if path.is_file()]
    assert listed.count("subtitles.vtt") == 2
    assert listed.count("thumbnail.jpg") == 1
    report = json.loads(next(bundle.rglob("report.json")).read_text())
    assert report
