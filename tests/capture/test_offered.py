"""What a page offers beside its footage comes with it where it comes, and costs nothing where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError, UserNotLive

from archiver.capture import fetcher
from archiver.capture.downloader import Downloader
from archiver.capture.job import FetchedFile, FetchJob, FetchResult
from archiver.config import Wishes
from archiver.model import Outcome, Role
from tests.capture.hostile_server import LIMITS
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


def of_role(result: FetchResult, role: Role) -> list[FetchedFile]:
    return [file for item in result.items for file in item.files if file.role is role]


def test_subtitles_and_a_thumbnail_are_files_of_the_item(
    server: StreamServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/offers/media+photo.jpg//words+fa.vtt"))
    assert (result.outcome, result.failures) == (Outcome.SUCCESS, ())
    assert [file.role for file in result.items[0].files] == [
        Role.ORIGINAL,
        Role.SUBTITLES,
        Role.THUMBNAIL,
        Role.INFO,
    ]
    (subtitles,), (thumbnail,) = of_role(result, Role.SUBTITLES), of_role(result, Role.THUMBNAIL)
    assert "می‌خواهم" in (tmp_path / subtitles.name).read_text("utf-8")
    assert subtitles.label == "fa"
    assert (tmp_path / thumbnail.name).read_bytes() == media["photo.jpg"]
    assert sum(server.asked.values()) == 4


@pytest.mark.parametrize(
    ("poster", "subtitles", "failed"),
    [
        ("status/404/p.jpg", "words/fa.vtt", [("status/404/p.jpg", "not-found")]),
        ("called/image-jpeg/page.mp4", "words/fa.vtt", [("called/image-jpeg/page.mp4", "not-media")]),
        ("media/photo.jpg", "status/451/fa.vtt", [("status/451/fa.vtt", "legal-reasons")]),
        ("media/photo.jpg", "called/text-vtt/page.mp4", [("called/text-vtt/page.mp4", "not-media")]),
        ("huge", "words/fa.vtt", [("huge", "too-large")]),
        ("to/private", "to/file", [("to/file", "bad-scheme"), ("to/private", "address-not-global")]),
    ],
)
def test_what_does_not_come_is_on_record_and_costs_nothing(
    server: StreamServer, fetch: Fetch, poster: str, subtitles: str, failed: list[tuple[str, str]]
) -> None:
    result = fetch(server.url(f"/offers/{poster.replace('/', '+')}//{subtitles.replace('/', '+')}"))
    assert result.outcome is Outcome.SUCCESS
    assert len(of_role(result, Role.ORIGINAL)) == 1
    assert result.failures == tuple((server.url("/" + place), reason) for place, reason in failed)
    assert len(of_role(result, Role.THUMBNAIL)) + len(of_role(result, Role.SUBTITLES)) == 2 - len(failed)


def test_the_time_that_a_thumbnail_costs_does_not_cost_the_film(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/offers/hang//words+fa.vtt"), fetch_seconds=1.5)
    assert result.outcome is Outcome.SUCCESS
    assert len(of_role(result, Role.ORIGINAL)) == len(of_role(result, Role.SUBTITLES)) == 1
    assert "timed-out" in [reason for _, reason in result.failures]


class TellingIE(InfoExtractor):  # type: ignore[misc]  # yt-dlp has no types
    """An extractor whose answer the test chooses: `more` is added to it, comments come page by page."""

    _VALID_URL = r"telling:(?P<id>.+)"
    more: dict[str, Any]
    pages: int = 0

    def _real_extract(self, url: str) -> dict[str, Any]:
        place = self._match_id(url)
        return {
            "id": "one",
            "title": "One",
            "url": place,
            "ext": "mp4",
            "__post_extractor": self.extract_comments(place),
            **self.more,
        }

    def _get_comments(self, place: str) -> Iterator[dict[str, str]]:
        for number in range(self.pages):
            self._request_webpage(f"{place}?comments={number}", "one")
            yield {"id": str(number), "text": "a word"}


Tell = Callable[..., FetchResult]


@pytest.fixture
def tell(server: StreamServer, tmp_path: Path) -> Tell:
    """Fetch clip.mp4 through the telling extractor, in this process."""

    def run(
        more: dict[str, Any] | None = None, *, pages: int = 0, wishes: Wishes | None = None, **limits: float
    ) -> FetchResult:
        ydl = Downloader()
        extractor = TellingIE()
        extractor.more, extractor.pages = more or {}, pages
        ydl._ies = {"Telling": extractor}
        ydl._ies_instances["Telling"] = extractor
        extractor.set_downloader(ydl)
        url = "telling:" + server.url("/media/clip.mp4")
        chosen = replace(LIMITS, **limits)  # type: ignore[arg-type]  # every limit is a number
        job = FetchJob(url, tmp_path, ("127.0.0.0/8",), chosen, wishes=wishes or Wishes())
        return fetcher.fetch(job, lambda _progress: None, ydl)

    return run


def comments(result: FetchResult, folder: Path) -> list[Any]:
    (file,) = of_role(result, Role.COMMENTS)
    value: list[Any] = json.loads((folder / file.name).read_text())
    return value


def test_comments_that_came_with_the_page_are_kept(tell: Tell, tmp_path: Path) -> None:
    result = tell({"comments": [{"id": "1", "text": "first"}, {"id": "2", "text": "second"}]}, comments=1)
    assert comments(result, tmp_path) == [{"id": "1", "text": "first"}]
    info = json.loads((tmp_path / "info-00001.json").read_text())
    assert "comments" not in info
    assert info["comments_left_out"] == 1


def test_comments_are_asked_for_only_where_they_are_wanted(tell: Tell, server: StreamServer, tmp_path: Path) -> None:
    result = tell(pages=3)
    assert of_role(result, Role.COMMENTS) == []
    assert sum(server.asked.values()) == 1


def test_wanted_comments_come_before_the_film_and_end_at_their_limit(
    tell: Tell, server: StreamServer, tmp_path: Path
) -> None:
    result = tell(pages=50, wishes=Wishes(comments=True), comment_requests=4)
    assert result.outcome is Outcome.SUCCESS
    assert [one["id"] for one in comments(result, tmp_path)] == ["0", "1", "2", "3"]
    assert sum(server.asked.values()) == 5
    assert "comment_count" not in json.loads((tmp_path / "info-00001.json").read_text())  # nobody knows it


def test_comments_that_fail_are_on_record(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any, _place: str) -> Any:
        yield {"id": "1"}
        raise ValueError("the site has changed")

    monkeypatch.setattr(TellingIE, "_get_comments", broken)
    result = tell(wishes=Wishes(comments=True))
    assert result.outcome is Outcome.SUCCESS
    assert [reason for _, reason in result.failures] == ["extractor-failed"]


def test_automatic_subtitles_come_only_where_they_are_wanted(tell: Tell, server: StreamServer, tmp_path: Path) -> None:
    automatic = {"automatic_captions": {"en": [{"url": server.url("/words/en.vtt"), "ext": "vtt"}]}}
    assert of_role(tell(automatic), Role.SUBTITLES) == []
    (tmp_path / "result.json").unlink()
    wanted = tell(automatic, wishes=Wishes(automatic_subtitles=True))
    assert [file.label for file in of_role(wanted, Role.SUBTITLES)] == ["en"]


def test_languages_are_counted_and_names_are_harmless(tell: Tell, tmp_path: Path) -> None:
    languages = {f"../{name}\u202e": [{"data": name, "ext": "vtt/../x"}] for name in "abc"}
    result = tell({"subtitles": languages}, subtitles=2)
    found = of_role(result, Role.SUBTITLES)
    assert [(tmp_path / file.name).read_text() for file in found] == ["a", "b"]
    assert len({file.name for file in found}) == 2
    assert [reason for _, reason in result.failures] == ["too-many-files"]
    assert "\u202e" not in found[0].label
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


def test_the_best_thumbnail_that_loads_is_taken(
    tell: Tell, server: StreamServer, media: dict[str, bytes], tmp_path: Path
) -> None:
    places = ["/media/drawing.svg", "/media/photo.jpg", "/status/404/best.jpg"]
    result = tell({"thumbnails": [{"url": server.url(place), "preference": n} for n, place in enumerate(places)]})
    (thumbnail,) = of_role(result, Role.THUMBNAIL)
    assert (tmp_path / thumbnail.name).read_bytes() == media["photo.jpg"]
    assert result.failures == ()
    assert server.asked["/media/drawing.svg"] == 0


def test_a_site_cannot_have_a_hundred_thumbnails_tried(tell: Tell, server: StreamServer) -> None:
    tell({"thumbnails": [{"url": server.url(f"/status/404/{n}.jpg")} for n in range(100)]}, thumbnail_tries=2)
    assert sum(count for path, count in server.asked.items() if path.startswith("/status")) == 2


def test_a_format_cannot_take_the_name_of_a_thumbnail(
    tell: Tell, server: StreamServer, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = tell({"format_id": "thumbnail", "ext": "jpg", "thumbnails": [{"url": server.url("/media/photo.jpg")}]})
    (thumbnail,) = of_role(result, Role.THUMBNAIL)
    assert (tmp_path / thumbnail.name).read_bytes() == media["photo.jpg"]


def test_a_stream_that_was_only_announced_is_said_to_be_so(tell: Tell, server: StreamServer) -> None:
    result = tell({"live_status": "is_upcoming"})
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "live-stream")
    assert "has not begun" in result.message
    assert sum(server.asked.values()) == 0


@pytest.mark.parametrize(
    "error",
    [UserNotLive(video_id="one"), ExtractorError("This live event will begin in 2 hours.", expected=True)],
)
def test_a_stream_that_a_platform_only_announces_is_said_to_be_so(
    tell: Tell, monkeypatch: pytest.MonkeyPatch, error: ExtractorError
) -> None:
    def announce(_self: Any, _url: str) -> Any:
        raise error

    monkeypatch.setattr(TellingIE, "_real_extract", announce)
    result = tell()
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "live-stream", False)


def test_a_live_stream_over_plain_http_is_said_not_to_be_recorded(tell: Tell) -> None:
    result = tell({"live_status": "is_live", "is_live": True})
    assert (result.reason, result.items) == ("live-stream", ())
