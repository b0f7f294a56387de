"""The pool: one process per acquisition, ended from outside, and never doing finished work twice."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.capture import pool
from archiver.capture.job import FetchJob, FetchResult, Progress
from archiver.capture.pool import Fetchers
from archiver.model import Outcome
from tests.capture.hostile_server import LIMITS, HostileServer
from tests.capture.raw_server import serving_raw
from tests.capture.warc_reader import read

ROOT = Path(__file__).parents[2]
LOOPBACK = ("127.0.0.0/8",)


def children_of(pid: int) -> list[int]:
    """Those that run: one that has ended may still wait to be collected."""
    found = [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in found if runs(child)]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def prepared_of(fetchers: Fetchers) -> int:
    assert fetchers._process is not None
    return fetchers._process.pid


def ended(handle: int) -> bool:
    return bool(select.select([handle], [], [], 20)[0])


def in_background(work: Callable[[], FetchResult]) -> tuple[threading.Thread, list[FetchResult]]:
    results: list[FetchResult] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def test_threads_fetch_at_the_same_time(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path, media: dict[str, bytes]
) -> None:
    jobs = [FetchJob(server.url(f"/media/clip.mp4?{number}"), tmp_path / str(number), LOOPBACK) for number in range(8)]
    results: list[FetchResult] = []
    for job in jobs:
        job.folder.mkdir()
    threads = [threading.Thread(target=lambda job=job: results.append(fetchers.fetch(job))) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.outcome for result in results] == [Outcome.SUCCESS] * 8
    assert all((job.folder / "00001.mp4.mp4").read_bytes() == media["clip.mp4"] for job in jobs)


def test_progress_is_told(server: HostileServer, fetchers: Fetchers, tmp_path: Path, media: dict[str, bytes]) -> None:
    told: list[Progress] = []
    fetchers.fetch(FetchJob(server.url("/slow"), tmp_path, LOOPBACK), told.append)
    assert told[0].phase == "looking"
    assert told[-1].phase == "storing"
    assert told[-1].downloaded_bytes == len(media["clip.mp4"])


def test_a_finished_download_is_not_repeated(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    job = FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK)
    first = fetchers.fetch(job)
    assert fetchers.fetch(job) == first
    assert server.asked == {"/media/clip.mp4": 1}


def test_what_an_interrupted_try_left_is_not_spliced_in(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path, media: dict[str, bytes]
) -> None:
    (tmp_path / "00001.mp4.mp4.part").write_bytes(b"other version" * 10)
    (tmp_path / "00001.mp4.mp4").write_bytes(b"half")
    (tmp_path / ".result.json.part").write_bytes(b"{")
    fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK))
    assert (tmp_path / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
    assert "Range" not in server.headers[0]


def test_a_cancelled_fetch_ends_and_says_what_it_did(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    result = fetchers.fetch(FetchJob(server.url("/hang"), tmp_path, LOOPBACK), cancelled=server.waiting.is_set)
    assert (result.outcome, result.reason, result.passing) == (Outcome.CANCELLED, "cancelled", False)
    assert result.exchange is not None
    assert children_of(prepared_of(fetchers)) == []


def test_a_fetcher_that_is_killed_has_a_reason(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    job = FetchJob(server.url("/hang"), tmp_path, LOOPBACK)
    thread, results = in_background(lambda: fetchers.fetch(job))
    assert server.waiting.wait(20)
    # The server may know of the request before it is put down.
    deadline = time.monotonic() + 20
    while b'"sent"' not in (tmp_path / "spool" / "journal").read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    (child,) = children_of(prepared_of(fetchers))
    os.kill(child, signal.SIGKILL)
    thread.join()
    assert (results[0].outcome, results[0].reason, results[0].passing) == (Outcome.FAILURE, "fetcher-died", True)
    assert results[0].exchange is not None
    assert [record.type for record in read(tmp_path / "exchange.warc")] == ["warcinfo", "request", "metadata"]


def test_what_a_killed_fetcher_had_received_is_evidence(fetchers: Fetchers, tmp_path: Path) -> None:
    page = b'<!doctype html><html><body><video src="/film"></video></body></html>'
    whole = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=hidden\r\nContent-Length: %d\r\n\r\n" % len(page)
        + page
    )
    half = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 9000\r\n\r\n\0\0\0\x18ftypisom" + bytes(500)
    with serving_raw({"/page": [whole], "/film": [half]}) as server:
        job = FetchJob(server.url("/page"), tmp_path, LOOPBACK)
        thread, results = in_background(lambda: fetchers.fetch(job))
        spooled = tmp_path / "spool" / "000002.body"
        while not (spooled.exists() and spooled.stat().st_size == 512):  # it waits for the other half
            assert thread.is_alive()
        (child,) = children_of(prepared_of(fetchers))
        os.kill(child, signal.SIGKILL)
        thread.join()
    assert results[0].reason == "fetcher-died"
    stored = read(tmp_path / "exchange.warc")
    assert [record.type for record in stored] == ["warcinfo", *("request", "response", "metadata") * 2]
    assert stored[2].block.endswith(page)
    assert (stored[5].block, stored[5].fields["warc-truncated"]) == (half, "unspecified")
    assert b"hidden" not in (tmp_path / "exchange.warc").read_bytes()
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize(("limit", "reason"), [("stall_seconds", "stalled"), ("fetch_seconds", "timed-out")])
def test_a_fetcher_that_hangs_is_killed_from_outside(
    server: HostileServer,
    fetchers: Fetchers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    reason: str,
) -> None:
    monkeypatch.setattr(pool, "_GRACE_SECONDS", 0.3)
    limits = LIMITS.__class__(**{limit: 1})
    job = FetchJob(server.url("/hang"), tmp_path, LOOPBACK, limits)
    thread, results = in_background(lambda: fetchers.fetch(job))
    assert server.waiting.wait(20)
    (child,) = children_of(prepared_of(fetchers))
    os.kill(child, signal.SIGSTOP)  # it can no longer watch its own limits
    thread.join()
    assert results[0].reason == reason
    assert not runs(child)


@pytest.mark.slow
def test_a_prepared_process_that_died_is_started_again(server: HostileServer, tmp_path: Path) -> None:
    with Fetchers() as fetchers:
        os.kill(prepared_of(fetchers), signal.SIGKILL)
        fetchers._process.wait()  # type: ignore[union-attr]  # it was started above
        result = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK))
    assert result.outcome is Outcome.SUCCESS


def test_a_folder_that_is_gone_is_an_error_of_ours(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    result = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path / "gone", LOOPBACK))
    assert (result.outcome, result.reason) == (Outcome.FAILURE, "internal-error")
    assert server.asked == {}


@pytest.mark.slow
def test_fetchers_die_with_their_owner(server: HostileServer, tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from archiver.capture.job import FetchJob
        from archiver.capture.pool import Fetchers
        fetchers = Fetchers()
        print(fetchers._process.pid, flush=True)
        fetchers.fetch(FetchJob({server.url("/hang")!r}, Path({str(tmp_path)!r}), {LOOPBACK!r}))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as owner:
        assert owner.stdout is not None
        prepared = int(owner.stdout.readline())
        assert server.waiting.wait(30)
        (child,) = children_of(prepared)
        handles = [os.pidfd_open(prepared), os.pidfd_open(child)]
        owner.kill()
    assert all(ended(handle) for handle in handles)
    for handle in handles:
        os.close(handle)


@pytest.mark.slow
def test_nothing_of_the_users_reaches_a_fetcher(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a proxy, nor a configuration file, nor a plugin, nor a Python start-up file."""
    home, folder, mark = tmp_path / "home", tmp_path / "job", tmp_path / "plugin-ran"
    folder.mkdir()
    plugins = home / ".config" / "yt-dlp" / "plugins" / "p" / "yt_dlp_plugins" / "extractor"
    plugins.mkdir(parents=True)
    (plugins / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (home / ".config" / "yt-dlp" / "config").write_text("--proxy http://10.0.0.1:3128\n-o /tmp/elsewhere.%(ext)s\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    with Fetchers() as fetchers:
        result = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), folder, LOOPBACK))
        environment = Path(f"/proc/{prepared_of(fetchers)}/environ").read_bytes()
    assert result.outcome is Outcome.SUCCESS
    assert not mark.exists()
    assert b"PROXY" not in environment.upper()
    assert str(home).encode() not in environment


def test_a_confined_process_reaches_nothing_else(tmp_path: Path) -> None:
    script = f"""
        import os, socket, subprocess, sys
        from pathlib import Path
        from archiver.capture.job import FetchJob
        from archiver.capture.prepared import _confine
        from archiver.errors import RefusedError
        said = os.dup(1)
        _confine(FetchJob("http://example.com/", Path({str(tmp_path)!r})))
        def attempt(work):
            try:
                work()
                os.write(said, b"done ")
            except RefusedError:
                os.write(said, b"refused ")
            except PermissionError:
                os.write(said, b"forbidden ")
        for family, place in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_UNIX, "/run/x")):
            attempt(lambda: socket.socket(family).connect(place))
        attempt(lambda: subprocess.run(["true"]))
        attempt(lambda: os.system("true"))
        attempt(os.fork)
        os.write(said, os.getcwd().encode() + b" " + str(sorted(os.environ)).encode())
    """
    shown = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert shown == (
        f"refused refused forbidden forbidden forbidden {tmp_path} ['HOME', 'LANG', 'PATH', 'YTDLP_NO_PLUGINS']"
    )


def test_the_engines_side_imports_no_heavy_library() -> None:
    script = "import sys, archiver.capture.pool, archiver.capture.urls; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert not {"yt_dlp", "urllib3", "requests", "idna"} & set(loaded)
