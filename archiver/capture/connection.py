"""The one place where a name is resolved, judged and connected to, and where bytes come in.

urllib3 connections whose socket is wrapped: every read is counted, every wait is bounded. A server that sends a byte a
second, in the headers or in the body, is stopped by a floor under its rate and by the time of the whole acquisition.
`MeteredSocket` is also the tee: what it sends and receives is what the record holds.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

from archiver.capture import peer, reasons, route, tunnel
from archiver.capture.exchange import Exchange
from archiver.capture.strict import StrictAnswer
from archiver.capture.wire import Wire
from archiver.errors import CaptureError, RefusedError

# Most that one read takes: a limit is overshot by no more than this.
_BUFFER_BYTES = 128 * 1024
_SHORTEST_WAIT = 0.001  # seconds; a timeout of 0 would mean not to wait at all


class MeteredSocket:
    """A connected socket that tells the wire of every byte and waits no longer than the limits allow."""

    def __init__(self, inner: socket.socket, wire: Wire) -> None:
        self.inner = self._inner = inner
        self._wire = wire
        self.exchange: Exchange | None = None
        self._waited = 0.0
        self._came = 0

    def start(self, exchange: Exchange) -> None:
        """What comes from now on belongs to `exchange`."""
        self.exchange = exchange
        self._waited, self._came = 0.0, 0

    def receive_into(self, buffer: Any) -> int:
        """Read what is there into `buffer`; 0 at the end. Raises Stop at a limit and OSError if the line breaks."""
        assert self.exchange is not None
        wire, stall = self._wire, self._wire.limits.stall_seconds
        while True:
            self._inner.settimeout(max(_SHORTEST_WAIT, min(stall - self._waited, wire.time_left())))
            begun = wire.clock()
            try:
                count = self._inner.recv_into(memoryview(buffer)[:_BUFFER_BYTES])
            except TimeoutError:
                count = -1
            self._waited += wire.clock() - begun
            self._came += max(0, count)
            if self._waited >= stall and count != 0:
                if self._came < wire.limits.stall_bytes:
                    raise wire.stop(reasons.failure("stalled"))
                self._waited, self._came = 0.0, 0
            if count >= 0:
                wire.came(self.exchange, bytes(memoryview(buffer)[:count]))
                wire.received(self.exchange, count)
                return count

    def makefile(self, *_arguments: Any, **_options: Any) -> io.BufferedReader:
        """What `http.client` reads answers from."""
        return io.BufferedReader(_Meter(self, self._inner), _BUFFER_BYTES)

    def sendall(self, data: Any) -> None:
        """Send a request; a server that does not take it for stall_seconds is stalled."""
        self._inner.settimeout(min(self._wire.limits.stall_seconds, self._wire.time_left()))
        try:
            self._inner.sendall(data)
        except TimeoutError:
            raise self._wire.stop(reasons.failure("stalled")) from None
        if self.exchange is not None:
            self._wire.sent(self.exchange, bytes(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # close, fileno, shutdown, settimeout, getpeercert ...


class _Meter(io.RawIOBase):
    """The raw file under a response: keeps the socket open until it is closed itself, as `socket.makefile` does."""

    def __init__(self, metered: MeteredSocket, inner: socket.socket) -> None:
        self._metered = metered
        self._hold = inner.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._metered.receive_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._hold.close()
        super().close()


class GuardedHTTPConnection(HTTPConnection):
    """http, through the guard."""

    wire: Wire
    response_class = StrictAnswer
    _address = ""
    _facts: tuple[Mapping[str, Any], str] | None = None
    _via: Mapping[str, str] = MappingProxyType({})

    def connect(self) -> None:
        """Connect, with TLS where a subclass adds it, and put the meter on."""
        try:
            super().connect()
        except TimeoutError as error:
            failure = reasons.failure("timed-out", f"{self.host} did not finish the TLS handshake in time")
            self.wire.note(failure)
            raise NewConnectionError(self, failure.what) from error
        except (ssl.SSLError, urllib3.exceptions.SSLError) as error:
            self.wire.note(reasons.failure("tls-failed", f"TLS with {self.host} failed: {error}"))
            raise
        inner = cast(socket.socket, self.sock)
        self._facts = None
        self.wire.opened.add(inner)
        self.sock = cast(socket.socket, MeteredSocket(inner, self.wire))

    def putrequest(self, *arguments: Any, **options: Any) -> None:
        """A request goes out: what comes in from now on belongs to its exchange."""
        if self.sock is None:
            self.connect()
        exchange = self.wire.exchanges[-1]
        exchange.address, exchange.via = self._address, self._via
        metered = cast(MeteredSocket, self.sock)
        metered.start(exchange)
        self.wire.met(exchange, *self._peer(metered))
        super().putrequest(*arguments, **options)

    def _peer(self, metered: MeteredSocket) -> tuple[Mapping[str, Any], str]:
        """The facts of this connection, looked up once."""
        if self._facts is None:
            address, _, port = self._address.rpartition(" ")
            self._facts = peer.facts(metered.inner, address, port)
        return self._facts

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3 itself
        """The head of the answer came in."""
        response = super().getresponse()
        headers = [(str(name), str(value)) for name, value in response.headers.iteritems()]
        self.wire.answered(self.wire.exchanges[-1], response.status, response.reason or "", headers)
        return response

    def _new_conn(self) -> socket.socket:
        """A socket to an address that was judged: exactly that address. Raises Stop or a urllib3 error."""
        wire = self.wire
        try:
            way = wire.routes.find(self._dns_host, self.port, wire.allow_net)
        except RefusedError as error:
            raise wire.stop(error) from None
        except CaptureError as error:
            raise self._failed(error, error) from error
        deadline = wire.clock() + min(wire.limits.connect_seconds, wire.time_left())
        last: OSError | None = None
        for family, place in way.endpoints:
            left = deadline - wire.clock()
            if left <= 0:
                break
            channel = socket.socket(family, socket.SOCK_STREAM)
            wire.opened.add(channel)
            try:
                channel.settimeout(left)
                channel.connect(place)
                channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                channel.close()
                last = error
                continue
            self._address, self._via = f"{place[0]} {place[1]}", way.said
            if way.proxy is not None:
                channel = self._through(channel, way)
            # What is left of the time to connect is for the TLS handshake; the ssl module counts it as a whole.
            channel.settimeout(max(_SHORTEST_WAIT, deadline - wire.clock()))
            return channel
        if way.proxy is not None:
            raise self._failed(route.failed(way.proxy, str(last or "no answer in time")), last)
        # No route and the like: nothing answers there either.
        code = "timed-out" if last is None or isinstance(last, TimeoutError) else "connection-refused"
        raise self._failed(reasons.failure(code, f"{self.host} cannot be reached: {last or 'no answer in time'}"), last)

    def _through(self, channel: socket.socket, way: route.Way) -> socket.socket:
        self._address = way.address
        try:
            inner = tunnel.enter(channel, way, self.wire)
        except CaptureError as error:
            channel.close()
            raise self._failed(error, error) from error
        self.wire.opened.add(inner)
        return inner

    def _failed(self, error: CaptureError, cause: Exception | None) -> NewConnectionError:
        self.wire.note(error)
        failed = NewConnectionError(self, error.what)
        failed.__cause__ = cause
        return failed


class GuardedHTTPSConnection(GuardedHTTPConnection, HTTPSConnection):
    """https, through the guard; the certificate is checked for the name in the URL, not for the address."""


def pools(wire: Wire) -> Mapping[str, Callable[..., Any]]:
    """Pool classes by scheme, for a `PoolManager`, whose connections all belong to `wire`."""
    http = type("HTTPConnectionOfWire", (GuardedHTTPConnection,), {"wire": wire})
    https = type("HTTPSConnectionOfWire", (GuardedHTTPSConnection,), {"wire": wire})
    return {
        "http": type("HTTPPoolOfWire", (urllib3.HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("HTTPSPoolOfWire", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": https}),
    }
