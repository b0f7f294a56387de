"""A loopback server with a route for each behaviour that a capture must survive. It counts what it is asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from archiver.config import Limits

#: Short enough for tests on a busy machine, long enough that nothing honest meets them.
LIMITS = Limits(
    file_bytes=3_000_000, fetch_seconds=60, stall_seconds=15, connect_seconds=10, redirects=5, playlist_entries=3
)
TRICKY_TITLE = "../../etc/passwd\x07 ‮4pm.exe " + "long " * 2000


class HostileServer(ThreadingHTTPServer):
    """Serves `media` (name to bytes) and misbehaves on the other routes. `closing` ends handlers that wait."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, media: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.media = media
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.waiting = threading.Event()  # set when a route that never ends was reached
        self.closing = threading.Event()
        self.cuts: Counter[str] = Counter()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        return self.base + path

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


@contextmanager
def serving(media: dict[str, bytes]) -> Iterator[HostileServer]:
    """The server, running."""
    server = HostileServer(media)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def load_media(folder: Path) -> dict[str, bytes]:
    """Every file of `folder` by its name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class _Handler(BaseHTTPRequestHandler):
    server: HostileServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        self.server.headers.append(dict(self.headers.items()))
        first, _, rest = path.lstrip("/").partition("/")
        route: Callable[[str], None] | None = getattr(self, f"on_{first.replace('-', '_')}", None)
        with contextlib.suppress(OSError):
            (route or self.on_nothing)(rest)

    def answer(self, body: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def page(self, body: str, head: str = "<title>A page</title>") -> None:
        text = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
        self.answer(text.encode("utf-8", "surrogatepass"), "text/html; charset=utf-8")

    def redirect(self, place: str, status: int = 302) -> None:
        self.answer(b"", "text/plain", status, Location=place)

    # Well-behaved.

    def on_media(self, name: str) -> None:
        kinds = {"mp4": "video/mp4", "m4a": "audio/mp4", "m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t"}
        kinds |= {"mpd": "application/dash+xml", "jpg": "image/jpeg", "svg": "image/svg+xml"}
        body = self.server.media.get(name)
        if body is None:
            return self.on_nothing(name)
        return self.answer(body, kinds.get(name.rpartition(".")[2], "application/octet-stream"), ETag='"one"')

    def on_octets(self, name: str) -> None:
        self.answer(self.server.media[name], "application/octet-stream")

    def on_page(self, _rest: str) -> None:
        self.page('<video src="/media/clip.mp4"></video>')

    def on_graph(self, _rest: str) -> None:
        url = self.server.url("/media/clip.mp4")
        self.page("", f'<title>G</title><meta property="og:video" content="{url}">')

    def on_moved(self, rest: str) -> None:
        self.redirect(f"/media/{rest or 'clip.mp4'}", 301)

    def on_pdf(self, _rest: str) -> None:
        self.answer(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + b"x" * 500, "application/pdf")

    def on_cookie(self, _rest: str) -> None:
        self.answer(self.server.media["clip.mp4"], "video/mp4", Set_Cookie="session=secret-value; Path=/")

    def on_two(self, _rest: str) -> None:
        self.page('<video src="/media/clip.mp4"></video><video src="/status/404/b.mp4"></video>')

    def on_two_one_private(self, _rest: str) -> None:
        self.page('<video src="/media/clip.mp4"></video><video src="http://10.0.0.1/b.mp4"></video>')

    def on_many(self, _rest: str) -> None:
        self.page("".join(f'<video src="/media/clip.mp4?{number}"></video>' for number in range(5)))

    def on_all_private(self, _rest: str) -> None:
        self.page("".join(f'<video src="http://10.0.0.{number}/b.mp4"></video>' for number in range(2)))

    def on_one_drips(self, _rest: str) -> None:
        self.page('<video src="/drip/a.mp4"></video><video src="/media/clip.mp4"></video>')

    # Refusals and failures.

    def on_nothing(self, _rest: str) -> None:
        self.answer(b"nothing", "text/plain", 404)

    def on_status(self, rest: str) -> None:
        code = int(rest.partition("/")[0])
        headers = {"Retry_After": "120"} if code in (429, 503) else {}
        self.answer(b"<html>no</html>", "text/html", code, **headers)

    def on_bare(self, _rest: str) -> None:
        self.page("<p>Nothing to see.</p>")

    def on_text(self, _rest: str) -> None:
        self.answer(b"This is not the page you are looking for", "text/html")

    def on_empty(self, _rest: str) -> None:
        self.answer(b"", "video/mp4")

    def on_empty_page(self, _rest: str) -> None:
        self.answer(b"", "text/html")

    def on_loop(self, rest: str) -> None:
        self.redirect(f"/loop/{int(rest or 0) + 1}")

    def on_to(self, rest: str) -> None:
        places = {
            "link-local": "http://169.254.169.254/latest/meta-data/",
            "private": "http://10.0.0.1/a.mp4",
            "mapped": "http://[::ffff:10.0.0.1]/a.mp4",
            "decimal": "http://167772161/a.mp4",
            "file": "file:///etc/passwd",
            "ftp": "ftp://127.0.0.1/a.mp4",
            "unresolved": "http://no-such-name.invalid/a.mp4",
        }
        self.redirect(places[rest])

    def on_redirect_to(self, _rest: str) -> None:
        """To whatever the query says, as it is."""
        self.redirect(unquote_to_bytes(self.path.partition("?")[2]).decode("latin-1"))

    def on_title(self, _rest: str) -> None:
        self.page('<video src="/media/clip.mp4"></video>', f"<title>{TRICKY_TITLE}</title>")

    def on_private_list(self, _rest: str) -> None:
        text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://10.0.0.1/seg.ts\n#EXT-X-ENDLIST\n"
        self.answer(text.encode(), "application/vnd.apple.mpegurl")

    def on_gappy_list(self, _rest: str) -> None:
        text = (
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/media/hls0.ts\n#EXTINF:1,\n/status/404/gap.ts\n"
            "#EXTINF:1,\n/media/hls1.ts\n#EXT-X-ENDLIST\n"
        )
        self.answer(text.encode(), "application/vnd.apple.mpegurl")

    def on_live_list(self, _rest: str) -> None:
        self.answer(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/media/hls0.ts\n", "application/vnd.apple.mpegurl")

    # Hostile bodies.

    def head(self, length: int | None, kind: str = "video/mp4", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def hang_up(self) -> None:
        """End in the middle, as a broken line does."""
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def on_cut(self, rest: str) -> None:
        """The first answer ends half way. `resumable` honours Range, `changed` with another version."""
        body = self.server.media["clip.mp4"]
        key = self.path
        self.server.cuts[key] += 1
        begin = self.headers.get("Range", "")
        if begin and rest != "never":
            start = int(begin.removeprefix("bytes=").rstrip("-"))
            tag = '"two"' if rest == "changed" else '"one"'
            self.head(
                len(body) - start,
                status=206,
                ETag=tag,
                Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}",
            )
            self.wfile.write(body[start:])
            return
        self.head(len(body), ETag='"one"')
        self.wfile.write(body[: len(body) // 2])
        self.hang_up()

    def on_hang(self, _rest: str) -> None:
        """Takes the request and says nothing."""
        self.server.waiting.set()
        self.server.closing.wait()

    def on_drip(self, rest: str) -> None:
        """A byte now and then: in the body, or (`head`) before the headers are complete."""
        if rest != "head":
            self.head(2_000_000)
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.server.waiting.set()
        while not self.server.closing.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def on_endless(self, rest: str) -> None:
        self.head(None, "text/html" if rest == "page" else "video/mp4")
        self.wfile.write(b"<html>" if rest == "page" else b"\x00\x00\x00\x18ftyp")
        block = b"<p>more</p>" * 6000
        while not self.server.closing.is_set():
            self.wfile.write(block)

    def on_huge(self, _rest: str) -> None:
        self.head(10_000_000_000)
        self.wfile.write(bytes(1000))
        self.server.closing.wait()

    def on_bomb(self, _rest: str) -> None:
        """Zeros in gzip: a thousand times as large when decoded."""
        import gzip

        self.answer(gzip.compress(bytes(80_000_000), 6), "video/mp4", Content_Encoding="gzip")

    def on_garbage(self, _rest: str) -> None:
        self.wfile.write(b"\x00\xff this is not HTTP\r\n\r\n")
        self.close_connection = True

    def on_slow(self, _rest: str) -> None:
        """Slow but honest: above the floor all the time."""
        body = self.server.media["clip.mp4"]
        self.head(len(body))
        step = max(1, len(body) // 10)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            time.sleep(0.02)
