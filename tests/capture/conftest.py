"""A server, small media and one pool of fetchers for all tests of capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from tests.capture.hostile_server import LIMITS, HostileServer, load_media, serving
from tests.media import encode


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """clip.mp4, an HLS stream of segments, a DASH stream with separate sound, a JPEG and an SVG."""
    folder = tmp_path_factory.mktemp("media")
    encode(folder / "clip.mp4", options={"movflags": "+faststart"})
    segments = {"hls_time": "0.5", "hls_list_size": "0", "hls_segment_filename": str(folder / "hls%d.ts")}
    encode(folder / "hls.m3u8", container="hls", options=segments)
    encode(folder / "dash.mpd", container="dash", options={"seg_duration": "1"})
    Image.effect_mandelbrot((160, 90), (-2, -1, 1, 1), 60).save(folder / "photo.jpg")
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
