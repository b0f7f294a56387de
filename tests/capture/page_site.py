"""Pages on loopback that a browser visits, each hostile in its own way, and a listener that nobody may reach.

The pages are on 127.0.0.2, which the visits are allowed; the listener is on 127.0.0.1, which they are not.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ALLOWED = "127.0.0.2"

READY = "<script>document.body.append('ready')</script>"

#: The whole page is this text of a time without Unicode, so that a wrong encoding shows.
CYRILLIC = "Площадь, вечер"


class Forbidden:
    """A TCP and a UDP port that count who comes. `port` is of both."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.port))
        self.datagrams.setblocking(False)
        self.visitors: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    client.settimeout(1)
                    with contextlib.suppress(OSError):
                        self.visitors.append(client.recv(1000))
                        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")

    @property
    def received(self) -> int:
        """Datagrams so far."""
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.datagrams.recv(2000)
                count += 1
        return count

    def close(self) -> None:
        self.listener.close()
        self.datagrams.close()


@dataclass
class Pages(ThreadingHTTPServer):
    """The site. `asked` is every path in order; `cookies` what came with it."""

    forbidden: Forbidden
    asked: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    daemon_threads = True
    block_on_close = False

    def __post_init__(self) -> None:
        super().__init__((ALLOWED, 0), _Handler)

    __hash__ = object.__hash__

    def url(self, path: str) -> str:
        return f"http://{ALLOWED}:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers hang up."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Pages]:
    """The site, running."""
    forbidden = Forbidden()
    pages = Pages(forbidden)
    if tls is not None:
        pages.socket = tls.wrap_socket(pages.socket, server_side=True)
    thread = threading.Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield pages
    finally:
        pages.closing.set()
        pages.shutdown()
        pages.server_close()
        forbidden.close()
        thread.join()


def _lazy() -> str:
    blocks = "".join(
        f'<div style="height:900px"><img loading="lazy" src="/drawing/{number}.svg" width="300" height="200"></div>'
        for number in range(6)
    )
    return f"<!doctype html><title>The march</title><h1>A march</h1>{blocks}{READY}"


def _reaching(port: int) -> str:
    """Every way that a page has of asking for something, all towards the listener."""
    there = f"127.0.0.1:{port}"
    return f"""<!doctype html><title>reaching</title>
<link rel="dns-prefetch" href="http://localhost:{port}/"><link rel="preconnect" href="http://{there}/">
<link rel="prefetch" href="http://{there}/prefetch"><link rel="stylesheet" href="http://{there}/style.css">
<img src="http://{there}/image"><img src="/away"><iframe src="http://{there}/frame"></iframe>
<img src="http://localhost:{port}/by-name"><img src="http://[::ffff:127.0.0.1]:{port}/mapped">
<img src="http://2130706433:{port}/number"><img src="http://0:{port}/zero"><video src="http://{there}/video"></video>
<script>
for (const place of ["169.254.169.254", "10.0.0.1", "{there}"]) fetch("http://" + place + "/fetched").catch(() => 0);
navigator.sendBeacon("http://{there}/beacon", "x");
new WebSocket("ws://{there}/socket");
new EventSource("http://{there}/events");
new Worker(URL.createObjectURL(new Blob(["fetch('http://{there}/worker').catch(() => 0)"])));
const peer = new RTCPeerConnection({{iceServers: [{{urls: "stun:{there}"}},
  {{urls: "turn:{there}?transport=tcp", username: "u", credential: "c"}}]}});
peer.createDataChannel("d");
peer.onicecandidate = event => {{
  if (event.candidate) document.body.append("candidate " + event.candidate.candidate);
}};
peer.createOffer().then(offer => peer.setLocalDescription(offer));
open("http://{there}/window");
</script>"""


_PAGES = {
    "/plain": "<!doctype html><title>Plain</title><h1>Plain</h1>",
    "/alerts": "<!doctype html><title>Alerts</title><h1>Shown</h1><script>while (true) alert('again')</script>",
    "/busy": "<!doctype html><title>Busy</title><h1>Shown</h1>"
    "<script>onload = () => setTimeout(() => { for (;;); }, 50)</script>",
    "/many": "<!doctype html><title>Many</title>"
    "<script>for (let i = 0; i < 10000; i++) fetch('/drawing/' + i)</script>",
    "/waits": "<!doctype html><title>Waits</title><h1>Here</h1><script src='/endless'></script>",
    "/rude": "<!doctype html><title>Rude</title><h1>Rude</h1><script>document.cookie = 'seen=1';"
    "open('/plain'); location.href = '/download'; Notification.requestPermission();"
    "navigator.geolocation.getCurrentPosition(() => document.title = 'located', () => document.title = 'not located');"
    "</script>",
    "/tall": "<!doctype html><title>Tall</title><div style='height:40000px;background:teal'></div>",
    "/posting": "<!doctype html><title>Posting</title><script>fetch('/plain', {method: 'POST', body: 'a=1'})</script>",
    "/no-media": "<!doctype html><html><head><title>Nothing to see</title></head><body><p>Words only</p></body></html>",
}


class _Handler(BaseHTTPRequestHandler):
    server: Pages
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.cookies.append(self.headers.get("Cookie", ""))
        with contextlib.suppress(OSError):
            self._answer(self.path)

    def _answer(self, path: str) -> None:
        if path in ("/moved", "/round", "/away"):
            target = {
                "/moved": "/lazy",
                "/round": "/round?",
                "/away": f"http://127.0.0.1:{self.server.forbidden.port}/x",
            }
            self._send(302, b"", "text/plain", {"Location": target[path]})
        elif path.startswith("/round?"):
            self._send(302, b"", "text/plain", {"Location": path + "x"})
        elif path == "/lazy":
            self._send(200, _lazy().encode(), "text/html; charset=utf-8")
        elif path == "/reaching":
            self._send(200, _reaching(self.server.forbidden.port).encode(), "text/html")
        elif path == "/old":
            page = f"<!doctype html><title>{CYRILLIC}</title><h1>{CYRILLIC}</h1>".encode("windows-1251")
            self._send(200, page, "text/html; charset=windows-1251")
        elif path == "/download":
            self._send(200, b"x" * 1000, "application/x-thing", {"Content-Disposition": "attachment"})
        elif path.startswith("/drawing/"):
            text = f"<svg xmlns='http://www.w3.org/2000/svg'><rect width='300' height='200' fill='green'/>{path}</svg>"
            self._send(200, text.encode(), "image/svg+xml")
        elif path in ("/endless", "/endless.html"):
            self._endless(
                "text/html" if path.endswith("html") else "text/javascript",
                b"<p>more " if path.endswith("html") else b"// more\n",
            )
        elif path == "/flood":
            self._endless("text/html", b"<p>" + b"x" * 65_000)
        elif path in _PAGES:
            self._send(200, _PAGES[path].encode(), "text/html; charset=utf-8")
        else:
            self._send(404, b"nothing", "text/plain")

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": kind, "Content-Length": str(len(body)), "Set-Cookie": "case=one", **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _endless(self, kind: str, block: bytes = b"<p>more ") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.close_connection = True
        while not self.server.closing.wait(0.0 if len(block) > 1000 else 0.1):
            self.wfile.write(block)
