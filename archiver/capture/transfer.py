"""A transfer of curl's that is read as a socket is: answer's head and body as bytes, metered, under the same limits.

libcurl pushes what comes; here it runs in a thread of its own that waits for its reader.
"""

from __future__ import annotations

import io
import queue
import threading
from typing import Any

from curl_cffi import Curl, CurlInfo, CurlOpt
from curl_cffi.const import CurlECode
from curl_cffi.curl import CurlError

from archiver.capture import peer, reasons
from archiver.capture.exchange import Exchange
from archiver.capture.wire import Wire
from archiver.errors import CaptureError

RECORDED = (
    "impersonated through curl: heads as curl reports them (those of HTTP/2 written as HTTP/1.1), "
    "body as it came inside the connection, no certificate chain and no facts of TLS"
)

# Pieces of a body that wait for their reader: 16 KiB each, as libcurl hands them over.
_WAITING = 64
# Longest head of an answer, as http.client's limits together would allow.
_HEAD_BYTES = 256 * 1024
_REQUEST_HEADER_TYPE = 2  # CURLINFO_HEADER_OUT
_GIVEN_UP = 0xFFFFFFFF  # CURL_WRITEFUNC_ERROR: the transfer ends
_WAIT_SECONDS = 0.2


class Transfer(io.RawIOBase):
    """A transfer in a thread of its own; reads like the body. Waits are bounded and bytes counted as on a socket."""

    def __init__(self, curl: Curl, wire: Wire, exchange: Exchange, body: bytes = b"") -> None:
        self._curl = curl
        self._wire = wire
        self._exchange = exchange
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._head = bytearray()
        self._request_head = b""
        self._request_body = body
        self._rest = memoryview(b"")
        self._error: CurlError | None = None
        self._ended = False
        self._abandoned = threading.Event()
        self._answered = False
        self._waited, self._came = 0.0, 0
        curl.setopt(CurlOpt.WRITEFUNCTION, self._on_body)
        curl.setopt(CurlOpt.HEADERFUNCTION, self._on_head)
        curl.setopt(CurlOpt.VERBOSE, 1)
        curl.setopt(CurlOpt.DEBUGFUNCTION, self._on_debug)
        self._thread = threading.Thread(target=self._perform, daemon=True)

    def begin(self) -> None:
        """Start, and wait for the head of the answer. Raises Stop, or OSError where there is none."""
        self._thread.start()
        first = self._next()
        address, _, port = self._exchange.address.rpartition(" ")
        self._wire.met(self._exchange, peer.facts(None, address, port)[0], "")
        self._wire.sent(self._exchange, self._request_head + self._request_body)
        self._exchange.request_headers = dict(self._wire.kept_headers(_headers(self._request_head)))
        if not self._answered:
            raise self._broken()
        self._rest = memoryview(first)

    def makefile(self, *_arguments: Any, **_options: Any) -> io.BufferedReader:
        """What `http.client` reads the answer from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and not self._ended:
            self._rest = memoryview(self._next())
        if not self._rest:
            if self._error is not None:
                raise self._broken()
            self._wire.came(self._exchange, b"")
            return 0
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._wire.came(self._exchange, bytes(view[:count]))
        self._wire.received(self._exchange, count)
        return count

    def close(self) -> None:
        self._abandoned.set()
        super().close()

    def _next(self) -> bytes:
        """The next piece; empty at the end. Raises Stop where next to nothing came for stall_seconds."""
        stall = self._wire.limits.stall_seconds
        while not self._ended:
            begun = self._wire.clock()
            try:
                piece = self._pieces.get(timeout=min(_WAIT_SECONDS, self._wire.time_left()))
            except queue.Empty:
                piece = b""
            self._waited += self._wire.clock() - begun
            if piece is None:
                self._ended = True
                break
            self._came += len(piece)
            if self._waited >= stall:
                if self._came < self._wire.limits.stall_bytes:
                    raise self._wire.stop(reasons.failure("stalled"))
                self._waited, self._came = 0.0, 0
            if piece:
                return piece
        return b""

    def _perform(self) -> None:
        try:
            self._curl.perform()
        except CurlError as error:
            self._error = error
        finally:
            self._curl.close()
            self._put(None)

    def _put(self, piece: bytes | None) -> bool:
        while not self._abandoned.is_set():
            try:
                self._pieces.put(piece, timeout=_WAIT_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def _on_debug(self, kind: int, data: bytes) -> None:
        if kind == _REQUEST_HEADER_TYPE and len(self._request_head) < _HEAD_BYTES:
            self._request_head += data

    def _on_head(self, line: bytes) -> int:
        if self._answered:
            return len(line)  # trailers
        if line.startswith(b"HTTP/"):
            self._head.clear()  # what came before was of an interim answer
        self._head += line
        if len(self._head) > _HEAD_BYTES:
            return _GIVEN_UP
        if line == b"\r\n" and not self._head.split(b" ", 2)[1].startswith(b"1"):
            self._answered = True
            self._exchange.via = {**self._exchange.via, "recorded": RECORDED}
            address, port = self._curl.getinfo(CurlInfo.PRIMARY_IP), self._curl.getinfo(CurlInfo.PRIMARY_PORT)
            if "proxy" not in self._exchange.via and isinstance(address, bytes) and isinstance(port, int):
                self._exchange.address = f"{address.decode()} {port}"
            return len(line) if self._put(_as_http_1(bytes(self._head))) else _GIVEN_UP
        return len(line)

    def _on_body(self, piece: bytes) -> int:
        return len(piece) if self._put(piece) else _GIVEN_UP

    def _broken(self) -> OSError:
        error = self._error
        code = error.code if error is not None else CurlECode.GOT_NOTHING
        failure = _typed(int(code), self._exchange, self._answered)
        self._wire.note(failure, self._exchange)
        return ConnectionError(failure.what)


def _as_http_1(head: bytes) -> bytes:
    """The head with a status line that every reader knows; HTTP/2 has none of its own."""
    version, _, rest = head.partition(b" ")
    return head if version.startswith(b"HTTP/1.") else b"HTTP/1.1 " + rest


def _headers(head: bytes) -> list[tuple[str, str]]:
    """Names and values of a request's head as curl reports it."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return [(name, value.strip()) for name, _, value in pairs]


_TLS = (CurlECode.SSL_CONNECT_ERROR, CurlECode.PEER_FAILED_VERIFICATION, CurlECode.SSL_CACERT_BADFILE)


def _typed(code: int, exchange: Exchange, answered: bool) -> CaptureError:
    if code in _TLS:
        return reasons.failure("tls-failed")
    if code in (CurlECode.PROXY, CurlECode.COULDNT_RESOLVE_PROXY):
        return reasons.failure("proxy-failed")
    if answered:
        return reasons.failure("connection-cut", f"{reasons.REASONS['connection-cut'].words} (curl {code})")
    if code == CurlECode.OPERATION_TIMEDOUT:
        return reasons.failure("timed-out")
    if code == CurlECode.COULDNT_CONNECT:
        return reasons.failure("proxy-failed" if "proxy" in exchange.via else "connection-refused")
    if code in (CurlECode.GOT_NOTHING, CurlECode.RECV_ERROR, CurlECode.SEND_ERROR):
        return reasons.failure("connection-cut")
    return reasons.failure("broken-answer", f"{reasons.REASONS['broken-answer'].words} (curl {code})")
