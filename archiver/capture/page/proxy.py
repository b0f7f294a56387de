"""The browser's only way out: a proxy that resolves a name once, judges it as every download does, and counts.

It speaks CONNECT and absolute-form requests (RFC 9110 section 9.3.6, RFC 9112 section 3.2). TLS stays between
the page's server and the browser. An address that may not be reached is refused before any packet leaves, whatever
asked for it: a script, an image, a redirect, a WebSocket. A host keeps the address that its first connection was made
to, so that what the record says of an answer's origin is what happened, and no second look-up can say something else.

Nothing goes out that the page did not ask for: a host counts once the browser's network events have named it
(`announce`). What the browser wants for itself (its maker's servers, guesses at what comes next) waits in vain.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archiver.capture import guard, reasons
from archiver.capture.page.ask import Ask, parse
from archiver.config import Network
from archiver.errors import CaptureError, RefusedError

# Browsers end at some kilobytes of request head; servers at 8 to 64.
_HEAD_BYTES = 64 * 1024
_BLOCK_BYTES = 64 * 1024
# Chromium opens 32 connections to a proxy at a time, so more is not Chromium.
_AT_ONCE = 64
# An event is on its way for milliseconds; on a machine that does much else, for some hundred.
_ANNOUNCED_SECONDS = 3.0
# Refusals that are told by name; a page can ask for thousands.
_TOLD = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one visit may use: bytes both ways, connections in all, seconds."""

    bytes: int
    connections: int
    seconds: float
    stall_seconds: float
    connect_seconds: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection that was not made, and the code of the reason."""

    host: str
    port: int
    code: str


@dataclass(slots=True)
class GuardedProxy:
    """Serves one browser on `listener` from `start` to `close`. Other threads may read its fields."""

    listener: socket.socket
    bounds: Bounds
    allow_net: Sequence[Network] = ()
    carried: int = 0  # bytes, both ways
    connections: int = 0
    exceeded: str = ""  # the limit that ended it
    addresses: dict[tuple[str, int], str] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    uninvited: set[tuple[str, int]] = field(default_factory=set)  # what no request of the page's named
    _announced: set[tuple[str, int]] = field(default_factory=set)
    _endpoints: dict[tuple[str, int], list[guard.Endpoint]] = field(default_factory=dict)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _deadline: float = 0.0
    _closed: bool = False

    def start(self) -> None:
        """Begin to serve; the time runs from now."""
        self._deadline = time.monotonic() + self.bounds.seconds
        threading.Thread(target=self._serve, name="way out", daemon=True).start()

    def announce(self, host: str, port: int) -> None:
        """The page asks for something of this host, in the spelling of a URL."""
        with self._lock:
            self._announced.add((host.strip("[]").lower(), port))
            self._lock.notify_all()

    def close(self, exceeded: str = "") -> None:
        """End every connection and make no other; `exceeded` names the limit that is the reason."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            self.exceeded = self.exceeded or exceeded
            ended, self._open = self._open, set()
        for one in (*ended, self.listener):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                refuse = self._closed or len(self._open) >= 2 * _AT_ONCE
                many = self.connections > self.bounds.connections
            if many:
                self.close("connections")
            if refuse or many:
                client.close()
                continue
            threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def _serve_one(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, self._held(client):
            client.settimeout(self.bounds.stall_seconds)
            head = self._head(client)
            ask = parse(head) if head is not None else None
            if ask is None:
                return
            upstream = self._dial(ask)
            if upstream is None:
                # A refused plain request gets no answer: one of ours would pass for the server's in the record.
                if ask.tunnel:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with upstream, self._held(upstream):
                upstream.settimeout(self.bounds.stall_seconds)
                if ask.tunnel:
                    client.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
                self._send(upstream, ask.forward)
                self._carry(client, upstream, ask)

    def _head(self, client: socket.socket) -> bytes | None:
        """A request's head with what came after it, or None if it never ends."""
        head = b""
        while b"\r\n\r\n" not in head:
            block = client.recv(_BLOCK_BYTES)
            if not block or len(head) + len(block) > _HEAD_BYTES:
                return None
            head += block
        return head

    def _dial(self, ask: Ask) -> socket.socket | None:
        """A connection to an address that was judged, or None; the reason is then among the refusals."""
        key = (ask.host, ask.port)
        with self._lock:
            if not self._lock.wait_for(lambda: self._closed or key in self._announced, _ANNOUNCED_SECONDS):
                if len(self.uninvited) < _TOLD:
                    self.uninvited.add(key)
                return None
        try:
            with self._lock:
                endpoints = self._endpoints.get(key)
            if endpoints is None:
                endpoints = guard.resolve(ask.host, ask.port, self.allow_net)
            return self._connect(key, endpoints)
        except (RefusedError, CaptureError) as error:
            with self._lock:
                if len(self.refusals) < _TOLD:
                    self.refusals.append(Refusal(ask.host[:255], ask.port, error.code))
            return None

    def _connect(self, key: tuple[str, int], endpoints: Sequence[guard.Endpoint]) -> socket.socket:
        deadline = min(time.monotonic() + self.bounds.connect_seconds, self._deadline)
        for family, place in endpoints:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            channel = socket.socket(family, socket.SOCK_STREAM)
            channel.settimeout(left)
            with self._lock:
                pinned = self._endpoints.get(key, [(family, place)])
            if (family, place) not in pinned:
                channel.close()
                continue
            try:
                channel.connect(place)
                channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                channel.close()
                continue
            with self._lock:
                first = self._endpoints.setdefault(key, [(family, place)])
                self.addresses.setdefault(key, str(place[0]))
            if first == [(family, place)]:
                return channel
            channel.close()  # another connection was quicker, by another address: that one is the host's now
            return self._connect(key, first)
        raise reasons.failure("connection-refused")

    def _carry(self, client: socket.socket, upstream: socket.socket, ask: Ask) -> None:
        """Bytes both ways until one side is done, nothing comes for too long, or a limit is reached."""
        body_left = ask.body_left
        readable = [client, upstream]
        while upstream in readable:
            wait = min(self.bounds.stall_seconds, self._deadline - time.monotonic())
            ready = select.select(readable, [], [], max(0.0, wait))[0]
            if not ready:
                return
            if client in ready:
                block = client.recv(_BLOCK_BYTES)
                if not block:
                    readable.remove(client)
                    if ask.tunnel:
                        upstream.shutdown(socket.SHUT_WR)
                elif ask.tunnel:
                    self._send(upstream, block)
                elif len(block) > body_left:
                    # A second request on this connection, perhaps to another host. The browser makes it anew.
                    return
                else:
                    body_left -= len(block)
                    self._send(upstream, block)
            if upstream in ready:
                block = upstream.recv(_BLOCK_BYTES)
                if not block:
                    return
                self._send(client, block)

    def _send(self, target: socket.socket, block: bytes) -> None:
        target.sendall(block)
        with self._lock:
            self.carried += len(block)
            over = self.carried > self.bounds.bytes
        if over:
            self.close("bytes")

    @contextlib.contextmanager
    def _held(self, one: socket.socket) -> Iterator[None]:
        with self._lock:
            closed = self._closed
            self._open.add(one)
        try:
            if closed:
                raise OSError("the way out is closed")
            yield
        finally:
            with self._lock:
                self._open.discard(one)
