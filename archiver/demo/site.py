"""A small video site on loopback: what the demo archives, with everything that goes wrong on real ones."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: An address that belongs to nobody's public network: the redirect there has to be refused before any packet leaves.
PRIVATE_ADDRESS = "http://10.11.12.13/internal.mp4"

_TYPES = {".mp4": "video/mp4", ".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".jpg": "image/jpeg"}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta property="og:title" content="{title}">
<meta property="og:site_name" content="Sample Video"></head>
<body><h1>{title}</h1><video controls src="{source}"></video></body></html>
"""


@dataclass(frozen=True, slots=True)
class Route:
    """What the site answers under a path: a file, a page with a player, or a status with a place to go.

    `modified` is when the site claims that the file was last changed, as HTTP spells times.
    """

    file: Path | None = None
    page: tuple[str, str] | None = None  # title, address of the footage
    status: int = 200
    location: str = ""
    modified: str = ""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no error here."""


@contextmanager
def serve(routes: dict[str, Route]) -> Iterator[str]:
    """Serve the routes on a free port of 127.0.0.1; gives the address without a trailing slash."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the archiver's own account is what counts."""

        def _answer(self, *, body: bool) -> None:
            route = routes.get(self.path, Route(status=404))
            content, media_type = b"", "text/plain"
            if route.file is not None:
                content, media_type = route.file.read_bytes(), _TYPES[route.file.suffix]
            elif route.page is not None:
                title, source = route.page
                content, media_type = _PAGE.format(title=title, source=source).encode(), "text/html; charset=utf-8"
            elif route.status == 404:
                content = b"not here any more"
            self.send_response(route.status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            if route.modified:
                self.send_header("Last-Modified", route.modified)
            if route.location:
                self.send_header("Location", route.location)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="sample site", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
