"""A server, small media and one pool of fetchers for all tests of capture."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from tests.capture.hostile_server import LIMITS, HostileServer, load_media, serving


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """clip.mp4, an HLS stream of segments, a DASH stream with separate sound, a JPEG and an SVG."""
    folder = tmp_path_factory.mktemp("media")
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error"]
    sources = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=2", "-f", "lavfi", "-i", "sine=d=2"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    for output in (
        ["-movflags", "+faststart", "clip.mp4"],
        ["-f", "hls", "-hls_time", "0.5", "-hls_list_size", "0", "-hls_segment_filename", "hls%d.ts", "hls.m3u8"],
        ["-f", "dash", "-seg_duration", "1", "dash.mpd"],
        ["-an", "-frames:v", "1", "-update", "1", "photo.jpg"],
    ):
        subprocess.run([*quiet, *sources, *([] if "photo.jpg" in output else codecs), *output], cwd=folder, check=True)
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    return load_media(folder)


@pytest.fixture(scope="session")
def running(media: dict[str, bytes]) -> Iterator[HostileServer]:
    with serving(media) as server:
        yield server


@pytest.fixture
def server(running: HostileServer) -> HostileServer:
    running.asked.clear()
    running.headers.clear()
    running.cuts.clear()
    running.waiting.clear()
    return running


@pytest.fixture(scope="session")
def fetchers() -> Iterator[Fetchers]:
    with Fetchers() as pool:
        yield pool


@pytest.fixture
def fetch(fetchers: Fetchers, tmp_path: Path) -> Callable[..., FetchResult]:
    """Fetch a URL through the real pool into a folder of its own; keyword arguments change limits."""

    def run(url: str, **changes: float) -> FetchResult:
        limits = replace(LIMITS, **changes)  # type: ignore[arg-type]  # every limit is a number
        return fetchers.fetch(FetchJob(url, tmp_path, ("127.0.0.0/8",), limits))

    return run
