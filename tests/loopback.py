"""A small site on loopback that counts what it is asked, in which order, and how many at a time."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: How long a held answer waits for a companion: long enough for a busy machine, and paid once.
COMPANION_SECONDS = 0.4


@dataclass
class Page:
    """What a path answers: `first` are statuses (with headers) before the body comes, one a request."""

    body: bytes
    kind: str = "video/mp4"
    first: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    held: bool = False  # answers after COMPANION_SECONDS, so that requests at a time can be counted
    drips: bool = False  # never ends
    cut_at: int = 0  # only so many bytes come, without a Content-Length, as if they were all


class Site(ThreadingHTTPServer):
    """The site. `order` is every path that was asked for; `most` is the largest number of held answers at a time."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.order: list[str] = []
        self.heads: list[tuple[str, Mapping[str, str]]] = []  # of each request: path and headers
        self.turn = threading.Lock()
        self.now = self.most = 0
        self.dripping = threading.Event()  # set when a page that never ends was reached
        self.closing = threading.Event()

    def put(self, path: str, body: bytes = b"", **more: Any) -> str:
        """Serve `body` at `path`; gives the URL."""
        self.pages[path] = Page(body, **more)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    @property
    def asked(self) -> Counter[str]:
        return Counter(self.order)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


@contextmanager
def serving() -> Iterator[Site]:
    """The site, running."""
    site = Site()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        site.shutdown()
        site.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        with contextlib.suppress(OSError):
            self._answer()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self) -> None:
        site = self.server
        with site.turn:
            site.order.append(self.path)
            site.heads.append((self.path, dict(self.headers.items())))
            page = site.pages.get(self.path)
            early = page.first.pop(0) if page is not None and page.first else None
        if page is None or early is not None:
            status, headers = early or (404, {})
            self._head(status, "text/plain", 0, headers)
            return
        if page.held:
            self._hold()
        if page.cut_at:
            self.send_response(200)
            self.send_header("Content-Type", page.kind)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(page.body[: page.cut_at] if self.command == "GET" else b"")
            self.close_connection = True
            return
        self._head(200, page.kind, 10_000_000 if page.drips else len(page.body), {})
        if self.command == "HEAD":
            return
        if page.drips:
            site.dripping.set()
            while not site.closing.wait(0.02):
                self.wfile.write(bytes(512))
        self.wfile.write(page.body)

    def _head(self, status: int, kind: str, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _hold(self) -> None:
        site = self.server
        with site.turn:
            site.now += 1
            site.most = max(site.most, site.now)
        site.closing.wait(COMPANION_SECONDS)
        with site.turn:
            site.now -= 1
