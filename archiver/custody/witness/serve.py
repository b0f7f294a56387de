"""C2SP tlog-witness over HTTP: `POST /add-checkpoint` and nothing else, bounded in bytes, time and connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from archiver.custody.witness import notary
from archiver.custody.witness.folder import WitnessFolder
from archiver.custody.witness.notary import Answer
from archiver.custody.witness.request import MAX_BYTES, SIZE_TYPE
from archiver.errors import ArchiverError

PATH = "/add-checkpoint"

#: A witness of some hundred logs hears from a few at a time; each connection is a thread.
MAX_CONNECTIONS = 32

#: From accepting a connection to its end, kept alive or not: an answer takes milliseconds, and whoever sends one byte a
#: second must not hold a thread. The body is at most half a megabyte.
CONNECTION_SECONDS = 30.0

#: Told of every answer, with the address that asked.
Report = Callable[[str, Answer], None]


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness folder. `connection_seconds` is shorter in tests."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        folder: WitnessFolder,
        report: Report = lambda who, answer: None,
        connection_seconds: float = CONNECTION_SECONDS,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        self.folder = folder
        self.report = report
        self.connection_seconds = connection_seconds
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take the connection up if there is a place for it, else close it."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection until its time is over."""
        ending = threading.Timer(self.connection_seconds, _end, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut is nobody's business; nothing of it is printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # with keep-alive, as C2SP asks
    server_version = "archiver-witness"
    sys_version = ""
    server: WitnessServer

    def do_POST(self) -> None:
        """Answer `add-checkpoint`."""
        if self.path != PATH:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "say how long the request is")
            return
        if len(length) > 9 or int(length) > MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request is at most {MAX_BYTES} bytes long")
            return
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            self.close_connection = True
            return
        try:
            answer = notary.answer(self.server.folder, body)
        except (ArchiverError, OSError) as error:
            answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, reason="this witness cannot sign now", alarm=str(error))
        self.server.report(self.client_address[0], answer)
        self._send(answer)

    def do_GET(self) -> None:
        """There is nothing to read."""
        self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def log_message(self, format: str, *args: object) -> None:
        """Answers are told to `report`."""

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._send(Answer(status, reason=reason))

    def _send(self, answer: Answer) -> None:
        body, kind = answer.body, "text/plain; charset=utf-8"
        if answer.remembered is not None:
            body, kind = f"{answer.remembered}\n".encode("ascii"), SIZE_TYPE
        elif not body:
            body = f"{answer.reason}\n".encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it ended by itself
