"""A loopback server that speaks with each client as the behaviour named in the path does."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.capture.hostile.line import Line
from tests.media import encode

Speaks = Callable[[Line], None]
#: What is said on a connection before, or instead of, a request.
Greets = Callable[["HostileSite", socket.socket], None]


class HostileSite(socketserver.ThreadingTCPServer):
    """Serves `media` (name to bytes) under /media and misbehaves on the other paths. `closing` ends what waits."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        media: dict[str, bytes],
        routes: Mapping[str, Speaks],
        place: tuple[str, int] = ("127.0.0.1", 0),
        tls: ssl.SSLContext | None = None,
        greets: Greets | None = None,
    ) -> None:
        super().__init__(place, _Connection)
        self.media, self.routes, self.tls = media, {**routes, "media": _media}, tls
        self.greets = greets
        self.asked: Counter[str] = Counter()
        self.turn = threading.Lock()
        self.closing = threading.Event()
        self.name = "127.0.0.1"  # under which it is reached

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.name}:{self.server_address[1]}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


@contextmanager
def running(site: HostileSite) -> Iterator[HostileSite]:
    """`site`, until the block ends."""
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        site.shutdown()
        site.server_close()
        thread.join()


def make_media(folder: Path) -> dict[str, bytes]:
    """Two seconds of footage, whole as `clip.mp4` and in segments as `hls.m3u8` and `dash.mpd`, by name."""
    encode(folder / "clip.mp4", options={"movflags": "+faststart"})
    segments = {"hls_time": "0.4", "hls_list_size": "0", "hls_segment_filename": str(folder / "hls%d.ts")}
    encode(folder / "hls.m3u8", container="hls", options=segments, key_every=4)
    encode(folder / "dash.mpd", container="dash", options={"seg_duration": "1"})
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _media(line: Line) -> None:
    kinds = {"mp4": "video/mp4", "m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t"}
    kinds |= {"mpd": "application/dash+xml", "m4s": "video/iso.segment"}
    body = line.site.media.get(line.rest)
    if body is None:
        line.answer(b"nothing", "text/plain", status="404 Not Found")
    else:
        line.answer(body, kinds.get(line.rest.rpartition(".")[2], "application/octet-stream"), 'ETag: "one"')


class _Connection(socketserver.BaseRequestHandler):
    """Reads request after request, and lets the behaviour answer."""

    server: HostileSite

    def handle(self) -> None:
        channel = self.request
        with contextlib.suppress(OSError):
            if self.server.greets is not None:
                self.server.greets(self.server, channel)
                return
            if self.server.tls is not None:
                channel = self.server.tls.wrap_socket(channel, server_side=True)
            while self._one(channel):
                pass
        with contextlib.suppress(OSError):
            channel.close()

    def _one(self, channel: Any) -> bool:
        """Answer one request; whether another may come on this connection."""
        raw = bytearray()
        while b"\r\n\r\n" not in raw:
            data = channel.recv(65536)
            if not data:
                return False
            raw += data
        first, *fields = bytes(raw).split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        path = first.split(" ")[1] if first.count(" ") else "/"
        headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        with self.server.turn:
            self.server.asked[path] += 1
            count = self.server.asked[path]
        name = path.lstrip("/").partition("?")[0].partition("/")[0]
        line = Line(self.server, channel, path, headers, count)
        speaks = self.server.routes.get(name)
        if speaks is None:
            line.answer(b"nothing", "text/plain", status="404 Not Found")
        else:
            speaks(line)
        return not line.closed
