"""Small real proxies on loopback: SOCKS5 (with and without a user name), CONNECT (plain and over TLS), bad ones.

They "resolve" every name to 127.0.0.1, as a proxy in another network would to what it sees there.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Speak = Callable[["Proxied", socket.socket], None]


@dataclass
class Proxied:
    """A running proxy: `asked` is what it was asked for, `users` who asked, `closing` is set at the end."""

    port: int
    asked: list[tuple[str, int]] = field(default_factory=list)
    users: list[tuple[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, scheme: str, user: str = "") -> str:
        return f"{scheme}://{user}127.0.0.1:{self.port}"


@contextmanager
def proxying(speak: Speak, context: ssl.SSLContext | None = None) -> Iterator[Proxied]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Proxied(listener.getsockname()[1])

        def one(channel: socket.socket) -> None:
            with contextlib.suppress(OSError, ValueError), channel:
                if context is None:
                    speak(running, channel)
                    return
                with context.wrap_socket(channel, server_side=True) as secured:
                    speak(running, secured)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    channel, _ = listener.accept()
                    threading.Thread(target=one, args=(channel,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.closing.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def socks5(running: Proxied, channel: socket.socket) -> None:
    """Prefers a user name where one is offered, as Tor does."""
    _, count = _exactly(channel, 2)
    methods = _exactly(channel, count)
    if 2 in methods:
        channel.sendall(b"\x05\x02")
        _, length = _exactly(channel, 2)
        user = _exactly(channel, length).decode()
        password = _exactly(channel, _exactly(channel, 1)[0]).decode()
        running.users.append((user, password))
        channel.sendall(b"\x01\x00" if password != "wrong" else b"\x01\x01")
        if password == "wrong":
            return
    else:
        channel.sendall(b"\x05\x00")
    kind = _exactly(channel, 4)[3]
    if kind == 3:
        host = _exactly(channel, _exactly(channel, 1)[0]).decode()
    else:
        size, family = (4, socket.AF_INET) if kind == 1 else (16, socket.AF_INET6)
        host = socket.inet_ntop(family, _exactly(channel, size))
    port = int.from_bytes(_exactly(channel, 2), "big")
    running.asked.append((host, port))
    try:
        target = socket.create_connection(("127.0.0.1", port))
    except OSError:
        channel.sendall(b"\x05\x05\x00\x01" + bytes(6))
        return
    channel.sendall(b"\x05\x00\x00\x03\x04name\x00\x00")  # an address of the third kind, which has to be skipped too
    _relay(channel, target)


def connect(running: Proxied, channel: socket.socket) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _exactly(channel, 1)
    running.heads.append(head.decode())
    host, _, port = head.split()[1].decode().rpartition(":")
    running.asked.append((host, int(port)))
    try:
        target = socket.create_connection(("127.0.0.1", int(port)))
    except OSError:
        channel.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return
    channel.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
    _relay(channel, target)


def drips(running: Proxied, channel: socket.socket) -> None:
    """A byte of an endless greeting now and then."""
    channel.sendall(b"H")
    while not running.closing.wait(0.05):
        channel.sendall(b"T")


def forbids(_running: Proxied, channel: socket.socket) -> None:
    channel.recv(1000)
    channel.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")


def babbles(_running: Proxied, channel: socket.socket) -> None:
    channel.recv(1000)
    channel.sendall(b"SSH-2.0-OpenSSH_9.9\r\n" * 2000)


def hangs_up(_running: Proxied, channel: socket.socket) -> None:
    channel.recv(1000)


def _exactly(channel: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = channel.recv(count - len(data))
        if not more:
            raise OSError("hung up")
        data += more
    return data


def _relay(one: socket.socket, other: socket.socket) -> None:
    with other:
        while True:
            pending = isinstance(one, ssl.SSLSocket) and one.pending()
            ready = [one] if pending else select.select([one, other], [], [])[0]
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                (other if source is one else one).sendall(data)
