"""Each behaviour of a server ends in files or in a reason of its own: real yt-dlp, real processes, a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from archiver.capture import exchanges
from archiver.capture.job import FetchResult
from archiver.model import Outcome, Role
from tests.capture.hostile_server import TRICKY_TITLE, HostileServer

Fetch = Callable[..., FetchResult]


def originals(result: FetchResult) -> list[str]:
    return [file.name for item in result.items for file in item.files if file.role is Role.ORIGINAL]


def test_a_plain_media_url_is_asked_for_once_and_stored_as_served(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/media/clip.mp4"))
    assert (result.outcome, result.reason, result.http_status) == (Outcome.SUCCESS, "", 200)
    assert result.final_url == server.url("/media/clip.mp4")
    (name,) = originals(result)
    assert (tmp_path / name).read_bytes() == media["clip.mp4"]
    assert sum(server.asked.values()) == 1
    assert server.headers[0]["Accept-Encoding"] == "identity"
    assert {tool.name for tool in result.tools} == {"yt-dlp", "requests", "urllib3", "openssl", "python"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00001.mp4.mp4",
        "exchange.warc",
        "info-00001.json",
        "result.json",
    ]


def test_a_body_of_unknown_type_is_asked_for_once(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/octets/clip.mp4"))
    assert (tmp_path / originals(result)[0]).read_bytes() == media["clip.mp4"]
    assert server.asked == {"/octets/clip.mp4": 1}


def test_the_exchange_record_has_every_hop(server: HostileServer, fetch: Fetch, tmp_path: Path) -> None:
    result = fetch(server.url("/moved"))
    assert result.final_url == server.url("/media/clip.mp4")
    assert result.exchange is not None
    with (tmp_path / result.exchange.name).open("rb") as file:
        first, second = exchanges.listing(file)["exchanges"]
    assert (first["method"], first["status"], first["url"]) == ("GET", 301, server.url("/moved"))
    assert (second["status"], second["address"]) == (200, f"127.0.0.1 {server.server_port}")
    assert second["body_bytes"] == len(server.media["clip.mp4"])
    assert second["wire_bytes"] > second["body_bytes"]
    assert second["for_file"] is True
    assert ["ETag", '"one"'] in second["response_headers"]
    assert result.bytes == first["wire_bytes"] + second["wire_bytes"]


@pytest.mark.parametrize("path", ["/page", "/graph"])
def test_a_page_with_a_player_gives_its_video(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path, path: str
) -> None:
    result = fetch(server.url(path))
    assert result.items[0].url == server.url(path)
    assert result.items[0].final_url == server.url("/media/clip.mp4")
    assert (tmp_path / originals(result)[0]).read_bytes() == media["clip.mp4"]
    assert server.asked == {path: 1, "/media/clip.mp4": 1}


def test_hls_is_its_segments_one_after_the_other(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/media/hls.m3u8"))
    segments = [name for name in media if name.startswith("hls") and name.endswith(".ts")]
    assert (tmp_path / originals(result)[0]).read_bytes() == b"".join(media[name] for name in segments)
    assert server.asked == {f"/media/{name}": 1 for name in ["hls.m3u8", *segments]}


def test_separate_picture_and_sound_stay_separate(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/media/dash.mpd"))
    (item,) = result.items
    contents = [(tmp_path / name).read_bytes() for name in originals(result)]
    parts = [
        sorted(name for name in media if name.endswith(f"stream{one}.m4s") or f"stream{one}-" in name) for one in "01"
    ]
    expected = [b"".join(media[name] for name in sorted(names, key=lambda n: "init" not in n)) for names in parts]
    assert contents == expected
    assert [file.role for file in item.files] == [Role.ORIGINAL, Role.ORIGINAL, Role.INFO]


@pytest.mark.parametrize(
    ("path", "name"), [("/media/photo.jpg", "photo.jpg"), ("/media/drawing.svg", "drawing.svg"), ("/pdf", "")]
)
def test_a_file_that_is_no_video_is_archived_as_it_is(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path, path: str, name: str
) -> None:
    result = fetch(server.url(path))
    assert result.outcome is Outcome.SUCCESS
    body = (tmp_path / originals(result)[0]).read_bytes()
    assert body == media[name] if name else body.startswith(b"%PDF")
    assert server.asked == {path: 1}


def test_a_title_is_made_harmless_and_kept_whole_in_the_info(
    server: HostileServer, fetch: Fetch, tmp_path: Path
) -> None:
    result = fetch(server.url("/title"))
    (item,) = result.items
    assert len(item.title) <= 500
    assert not set(item.title) & {"\x07", "\u202e", "\n"}
    info = json.loads((tmp_path / "info-00001.json").read_text())
    assert info["title"].count("long") == TRICKY_TITLE.count("long")
    assert "\u202e" in info["title"]
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


def test_a_cookie_is_in_no_record(server: HostileServer, fetch: Fetch, tmp_path: Path) -> None:
    assert fetch(server.url("/cookie")).outcome is Outcome.SUCCESS
    for path in tmp_path.glob("*.json"):
        assert b"secret-value" not in path.read_bytes()
    assert b"Set-Cookie: sha256-commitment:" in (tmp_path / "exchange.warc").read_bytes()


def test_no_path_of_this_machine_is_in_the_info(server: HostileServer, fetch: Fetch, tmp_path: Path) -> None:
    fetch(server.url("/media/clip.mp4"))
    assert str(tmp_path).encode() not in (tmp_path / "info-00001.json").read_bytes()


@pytest.mark.parametrize(
    ("path", "reason", "passing", "retry_after"),
    [
        ("/status/401", "unauthorized", False, None),
        ("/status/403", "forbidden", False, None),
        ("/status/404", "not-found", False, None),
        ("/status/410", "gone", False, None),
        ("/status/418", "http-error", False, None),
        ("/status/429", "rate-limited", True, 120.0),
        ("/status/451", "legal-reasons", False, None),
        ("/status/500", "server-error", True, None),
        ("/status/503", "server-error", True, 120.0),
    ],
)
def test_an_http_error_is_recorded_as_what_it_is(
    server: HostileServer, fetch: Fetch, path: str, reason: str, passing: bool, retry_after: float | None
) -> None:
    result = fetch(server.url(path))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, reason, passing)
    assert result.retry_after == retry_after
    assert result.http_status == int(path.rpartition("/")[2])
    assert result.exchange is not None
    assert sum(server.asked.values()) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/bare", "no-media"),
        ("/text", "no-media"),
        ("/empty", "empty-body"),
        ("/empty-page", "empty-body"),
        ("/loop", "redirect-loop"),
        ("/garbage", "broken-answer"),
        ("/gappy-list", "fragment-missing"),
        ("/to/unresolved", "name-not-resolved"),
        ("/cut/never", "connection-cut"),
        ("/cut/changed", "content-changed"),
        ("/endless", "too-large"),
        ("/endless/page", "too-large"),
        ("/bomb", "too-large"),
        ("/huge", "too-large"),
    ],
)
def test_what_goes_wrong_has_a_reason_of_its_own_and_leaves_no_file(
    server: HostileServer, fetch: Fetch, tmp_path: Path, path: str, reason: str
) -> None:
    result = fetch(server.url(path))
    assert (result.outcome, result.reason) == (Outcome.FAILURE, reason)
    assert result.items == ()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["exchange.warc", "result.json"]
    assert result.bytes < 3_500_000


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip/head"])
def test_a_server_that_stalls_or_drips_is_given_up(server: HostileServer, fetch: Fetch, path: str) -> None:
    result = fetch(server.url(path), stall_seconds=0.5)
    assert (result.reason, result.passing) == ("stalled", True)


def test_a_slow_server_above_the_floor_is_waited_for(server: HostileServer, fetch: Fetch) -> None:
    assert fetch(server.url("/slow")).outcome is Outcome.SUCCESS


def test_a_drip_above_the_floor_ends_with_the_time(server: HostileServer, fetch: Fetch) -> None:
    assert fetch(server.url("/drip"), fetch_seconds=1).reason == "timed-out"


def test_requests_are_counted(server: HostileServer, fetch: Fetch) -> None:
    result = fetch(server.url("/media/hls.m3u8"), requests=3)
    assert result.reason == "too-many-requests"
    assert sum(server.asked.values()) == 3


def test_a_cut_download_is_resumed_where_it_ended(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/cut/resumable"))
    assert (tmp_path / originals(result)[0]).read_bytes() == media["clip.mp4"]
    first, second = [headers.get("Range") for headers in server.headers]
    assert first is None
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= len(media["clip.mp4"]) // 2


def test_a_cut_that_stays_cut_says_how_much_came(server: HostileServer, fetch: Fetch, media: dict[str, bytes]) -> None:
    result = fetch(server.url("/cut/never"))
    assert result.passing
    assert "bytes" in result.message
    assert result.bytes >= len(media["clip.mp4"]) // 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/to/link-local", "address-not-global"),
        ("/to/private", "address-not-global"),
        ("/to/mapped", "address-not-global"),
        ("/to/decimal", "address-not-global"),
        ("/private-list", "address-not-global"),
        ("/to/file", "bad-scheme"),
        ("/to/ftp", "bad-scheme"),
    ],
)
def test_a_way_into_the_private_network_is_refused_on_every_hop(
    server: HostileServer, fetch: Fetch, path: str, reason: str
) -> None:
    result = fetch(server.url(path))
    assert (result.outcome, result.reason, result.passing) == (Outcome.REFUSAL, reason, False)
    assert server.asked == {path: 1}


def test_a_private_address_is_refused_without_a_request(fetch: Fetch) -> None:
    assert fetch("http://10.0.0.1/a.mp4").reason == "address-not-global"


def test_a_closed_port_is_told_from_a_private_address(fetch: Fetch) -> None:
    result = fetch("http://127.0.0.1:9/a.mp4")
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "connection-refused", True)


@pytest.mark.parametrize(
    ("path", "missing", "reason"),
    [
        ("/two", "/status/404/b.mp4", "not-found"),
        ("/two-one-private", "http://10.0.0.1/b.mp4", "address-not-global"),
    ],
)
def test_a_list_that_came_in_part_names_what_is_missing(
    server: HostileServer, fetch: Fetch, path: str, missing: str, reason: str
) -> None:
    result = fetch(server.url(path))
    assert result.outcome is Outcome.SUCCESS
    assert len(originals(result)) == 1
    assert result.failures == ((missing if "//" in missing else server.url(missing), reason),)


def test_a_long_list_is_cut_at_the_limit_and_says_so(server: HostileServer, fetch: Fetch) -> None:
    result = fetch(server.url("/many"))
    assert len(result.items) == 3
    assert [reason for _, reason in result.failures] == ["playlist-too-long"]
    assert server.asked["/media/clip.mp4"] == 3


def test_a_list_of_which_nothing_came_fails_with_the_first_reason(server: HostileServer, fetch: Fetch) -> None:
    result = fetch(server.url("/all-private"))
    assert (result.outcome, result.reason, result.items) == (Outcome.REFUSAL, "address-not-global", ())


def test_an_announced_size_above_the_limit_is_not_waited_for(server: HostileServer, fetch: Fetch) -> None:
    assert fetch(server.url("/huge")).bytes < 300_000


def test_one_lost_entry_does_not_cost_the_time_of_the_others(
    server: HostileServer, fetch: Fetch, media: dict[str, bytes], tmp_path: Path
) -> None:
    result = fetch(server.url("/one-drips"), stall_seconds=0.5)
    assert [(tmp_path / name).read_bytes() for name in originals(result)] == [media["clip.mp4"]]
    assert result.failures == ((server.url("/drip/a.mp4"), "stalled"),)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("http://[::1", "broken-answer"),
        ("http://a..b/", "broken-answer"),
        ("http://" + "a" * 300 + "/", "broken-answer"),
        ("http://127.0.0.1:99999/", "broken-answer"),
        ("http://\x00/", "broken-answer"),
        ("\xff\xfe", "broken-answer"),
        ("", "http-error"),
        ("https://user:word@10.0.0.1/", "address-not-global"),
        ("http://0x0a000001/", "address-not-global"),
        ("http://0xa.1/", "address-not-global"),
        ("http://012.0.0.1/", "address-not-global"),
        ("http://[::ffff:10.0.0.1]:80/", "address-not-global"),
        ("http://[64:ff9b::10.0.0.1]/", "address-not-global"),
        ("http://0/", "address-not-global"),
        ("javascript:alert(1)", "bad-scheme"),
        ("data:video/mp4;base64,AAAA", "bad-scheme"),
    ],
)
def test_a_redirect_to_anything_strange_ends_with_a_reason(
    server: HostileServer, fetch: Fetch, place: str, reason: str
) -> None:
    result = fetch(server.url("/redirect-to?" + quote(place.encode("latin-1"))))
    assert result.reason == reason
    assert sum(server.asked.values()) == 1
