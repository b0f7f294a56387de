"""The connection itself, in this process: one look-up, the checked address, TLS for the name, bounded handshakes."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.capture import fetcher
from archiver.capture.diagnose import typed_failure
from archiver.capture.downloader import Downloader
from archiver.capture.info import choose_formats, info_json
from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.wire import Wire
from archiver.config import parse_networks
from archiver.model import Outcome
from tests.capture.hostile_server import LIMITS, HostileServer, serving


def fetch_here(url: str, folder: Path, **changes: float) -> FetchResult:
    limits = replace(LIMITS, **changes)  # type: ignore[arg-type]  # every limit is a number
    return fetcher.fetch(FetchJob(url, folder, ("127.0.0.0/8",), limits), lambda _progress: None)


def test_a_rebinding_name_is_looked_up_once_and_the_checked_address_is_used(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fake(host: str, port: int, *_rest: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    result = fetch_here(f"http://rebind.example:{server.server_port}/media/clip.mp4", tmp_path)
    assert result.outcome is Outcome.SUCCESS
    assert asked == ["rebind.example"]


def test_a_name_that_turns_private_is_refused_at_its_next_connection(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fake(host: str, port: int, *_rest: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    # The first connection is cut, so that the resumption has to look the name up again.
    result = fetch_here(f"http://rebind.example:{server.server_port}/cut/resumable", tmp_path)
    assert (result.outcome, result.reason) == (Outcome.REFUSAL, "address-not-global")
    assert len(asked) == 2


@contextmanager
def serving_tls(media: dict[str, bytes], certificate: Path) -> Iterator[HostileServer]:
    with serving(media) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        yield server


@pytest.mark.usefixtures("trusted")
def test_tls_is_verified_for_the_name_and_metered(media: dict[str, bytes], authority: Path, tmp_path: Path) -> None:
    with serving_tls(media, authority) as server:
        result = fetch_here(f"https://localhost:{server.server_port}/cut/resumable", tmp_path)
        assert (tmp_path / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
        assert result.bytes > len(media["clip.mp4"])
        (tmp_path / "result.json").unlink()
        assert (
            fetch_here(f"https://localhost:{server.server_port}/drip", tmp_path, stall_seconds=0.5).reason == "stalled"
        )


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_not_accepted(
    media: dict[str, bytes], authority: Path, tmp_path: Path
) -> None:
    with serving_tls(media, authority) as server:
        result = fetch_here(f"https://other.example:{server.server_port}/media/clip.mp4", tmp_path)
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "tls-failed", False)


def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    media: dict[str, bytes], authority: Path, tmp_path: Path
) -> None:
    with serving_tls(media, authority) as server:
        result = fetch_here(f"https://127.0.0.1:{server.server_port}/media/clip.mp4", tmp_path)
    assert result.reason == "tls-failed"


def test_a_handshake_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        result = fetch_here(f"https://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, connect_seconds=0.5)
    assert (result.reason, result.passing) == ("timed-out", True)


def test_the_second_of_two_addresses_is_tried(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(_host: str, port: int, *_rest: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    result = fetch_here(f"http://two.example:{server.server_port}/media/clip.mp4", tmp_path)
    assert result.outcome is Outcome.SUCCESS


def test_a_full_disk_is_a_reason_and_not_a_traceback(server: HostileServer, tmp_path: Path) -> None:
    (tmp_path / "00001.mp4.mp4.part").symlink_to("/dev/full")
    ydl = Downloader()
    wire = Wire(LIMITS, parse_networks("127.0.0.0/8"))
    ydl.begin(wire, tmp_path, lambda _status: None)
    with pytest.raises(Exception) as caught:  # whichever exception yt-dlp wraps it in
        ydl.extract_info(server.url("/media/clip.mp4"))
    assert typed_failure(caught.value, wire).code == "disk-full"
    wire.close()


def test_a_result_that_cannot_be_written_is_not_hidden(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetcher, "write_durably", full)
    with pytest.raises(OSError, match="No space"):
        fetch_here(server.url("/media/clip.mp4"), tmp_path)


def test_the_picture_is_chosen_even_where_only_sound_comes_alone() -> None:
    muxed = {"format_id": "m", "vcodec": "h264", "acodec": "aac"}
    silent = {"format_id": "v", "vcodec": "h264", "acodec": "none"}
    sound = {"format_id": "a", "vcodec": "none", "acodec": "aac"}
    board = {"format_id": "s", "vcodec": "none", "acodec": "none", "ext": "mhtml"}
    unknown = {"format_id": "u"}

    def chosen(*formats: dict[str, str]) -> str:
        return "".join(str(one["format_id"]) for one in choose_formats({"formats": list(formats)}))

    assert chosen(sound, muxed) == "m"
    assert chosen(board, sound, muxed, silent) == "va"
    assert chosen(silent) == "v"
    assert chosen(board, sound) == "a"
    assert chosen(unknown) == "u"
    assert chosen(board) == ""


def test_an_enormous_info_keeps_what_describes_the_item() -> None:
    info = {"title": "t", "comments": ["long" * 100] * 100, "http_headers": {"Cookie": "k", "Referer": "r"}}
    whole, small = json.loads(info_json(info)), json.loads(info_json(info, most=5000))
    assert whole["http_headers"] == {"Referer": "r"}
    assert small["title"] == "t"
    assert {"comments", "http_headers"} <= set(small["_left_out"])


def test_the_loopback_of_these_tests_is_not_reachable_by_default(server: HostileServer, tmp_path: Path) -> None:
    job = FetchJob(server.url("/media/clip.mp4"), tmp_path, (), LIMITS)
    assert fetcher.fetch(job, lambda _progress: None).reason == "address-not-global"
    assert not server.asked


def test_a_question_is_answered_again_only_while_its_answer_is_unread(server: HostileServer, tmp_path: Path) -> None:
    ydl = Downloader()
    wire = Wire(LIMITS, parse_networks("127.0.0.0/8"))
    ydl.begin(wire, tmp_path, lambda _status: None)
    url = server.url("/page")
    whole = ydl.urlopen(url).read()
    assert ydl.urlopen(url).read(5) == whole[:5]
    assert server.asked["/page"] == 2  # an extractor that waits for a change sees it
    assert ydl.urlopen(url).read() == whole
    assert server.asked["/page"] == 2
    wire.close()


def test_a_body_of_which_much_was_read_is_asked_for_again(server: HostileServer, tmp_path: Path) -> None:
    ydl = Downloader()
    wire = Wire(LIMITS, parse_networks("127.0.0.0/8"))
    ydl.begin(wire, tmp_path, lambda _status: None)
    url = server.url("/endless")
    ydl.urlopen(url).read(300_000)
    assert len(ydl.urlopen(url).read(100)) > 0
    assert server.asked["/endless"] == 2
    wire.close()
