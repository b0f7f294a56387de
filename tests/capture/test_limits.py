"""Every limit holds at the socket, and a refusal's page is read before the line is dropped."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archiver.capture import fetcher
from archiver.capture.job import FetchJob, FetchResult
from archiver.config import Limits
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


def test_all_that_comes_for_one_url_is_bounded(server: StreamServer, fetch: Fetch, media: dict[str, bytes]) -> None:
    size = len(media["clip.mp4"])
    result = fetch(server.url("/many"), acquisition_bytes=2 * size + 10_000)
    assert result.outcome is Outcome.SUCCESS
    assert len(result.items) == 2  # what had come is kept
    assert result.failures[0][1] == "too-much"
    assert result.bytes < 3 * size + 10_000


def test_all_that_comes_is_counted_as_decoded(server: StreamServer, fetch: Fetch) -> None:
    assert fetch(server.url("/bomb"), file_bytes=1 << 40, acquisition_bytes=1_000_000).reason == "too-much"


def test_files_are_counted(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/many"), files=2)
    assert len(result.items) == 2
    assert result.failures[0][1] == "too-many-files"
    assert server.asked["/media/clip.mp4"] == 2


def test_a_head_without_end_is_refused(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/long-head"), header_bytes=100_000)
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "broken-answer")
    assert result.bytes < 400_000


def test_a_page_is_bounded_by_a_setting(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/endless/page"), page_bytes=500_000)
    assert result.reason == "too-large"
    assert result.bytes < 800_000


def test_what_counts_as_a_drip_is_a_setting(server: StreamServer, fetch: Fetch) -> None:
    """10 bytes in half a second are enough for an office behind a very slow line, if it says so."""
    result = fetch(server.url("/drip"), stall_seconds=0.5, stall_bytes=1, fetch_seconds=2)
    assert result.reason == "timed-out"


def test_a_handshake_that_drips_is_given_up(tmp_path: Path) -> None:
    """A byte now and then, so that no single wait is too long."""
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        channel, _ = listener.accept()
        with channel:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(16_000):
                if over.wait(0.05):
                    return
                with contextlib.suppress(OSError):
                    channel.send(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        limits = replace(LIMITS, connect_seconds=0.5)
        job = FetchJob(f"https://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, ("127.0.0.0/8",), limits)
        result = fetcher.fetch(job, lambda _progress: None)
        over.set()
        thread.join()
    assert (result.reason, result.passing) == ("timed-out", True)


def body(folder: Path) -> bytes:
    """The last answer's body, as an independent reader finds it in the record."""
    with (folder / "exchange.warc").open("rb") as file:
        answers = [one.content_stream().read() for one in ArchiveIterator(file) if one.rec_type == "response"]
    return bytes(answers[-1])


@pytest.mark.parametrize(("status", "reason"), [(404, "not-found"), (410, "gone"), (451, "legal-reasons")])
def test_the_page_of_a_refusal_is_read(
    server: StreamServer, fetch: Fetch, tmp_path: Path, status: int, reason: str
) -> None:
    assert fetch(server.url(f"/status/{status}")).reason == reason
    assert body(tmp_path) == b"<html>no</html>"


def test_the_page_of_a_refusal_that_never_ends_is_read_so_far(
    server: StreamServer, fetch: Fetch, tmp_path: Path
) -> None:
    result = fetch(server.url("/long-refusal/410"), error_bytes=50_000)
    assert (result.reason, result.http_status) == ("gone", 410)
    assert 50_000 <= len(body(tmp_path)) < 400_000


def test_the_page_of_a_refusal_that_stays_away_changes_nothing(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/slow-refusal/451"), stall_seconds=0.5)
    assert (result.reason, result.http_status) == ("legal-reasons", 451)


def test_a_refusal_in_the_middle_of_a_stream_is_read_too(server: StreamServer, fetch: Fetch, tmp_path: Path) -> None:
    assert fetch(server.url("/gappy/451/list.m3u8")).reason == "legal-reasons"
    assert body(tmp_path) == b"<html>no</html>"


def test_a_title_is_cut_by_a_setting(server: StreamServer, fetch: Fetch) -> None:
    result = fetch(server.url("/title"), title_characters=50)
    assert len(result.items[0].title) <= 50
    assert [file.role for file in result.items[0].files] == [Role.ORIGINAL, Role.INFO]


def test_every_limit_has_its_reason_above_it() -> None:
    lines = Path(__file__).parents[2].joinpath("archiver", "config.py").read_text().splitlines()
    for limit in fields(Limits):
        place = next(n for n, line in enumerate(lines) if line.startswith(f"    {limit.name}: "))
        assert lines[place - 1].startswith("    # "), limit.name
