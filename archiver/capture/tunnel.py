"""Asking a proxy for a connection: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT (RFC 9110 section 9.3.6).

Written on a plain socket, with every read bounded in size and all of them together in time: a proxy is a stranger too.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import socket
import ssl
import time

import certifi

from archiver.capture import reasons, route, tlspump
from archiver.capture.wire import Wire
from archiver.errors import CaptureError
from archiver.proxies import Proxy

_VERSION = 5
_NO_AUTHENTICATION, _USER_AND_PASSWORD, _NO_METHOD = 0, 2, 0xFF
_AUTHENTICATION_VERSION = 1
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NAME_BYTES = 255
# RFC 1928 section 6, in our words; Tor's own 0xF0 to 0xF7 are told by their number.
_REPLIES = {
    1: "it failed",
    2: "its rules forbid it",
    3: "it cannot reach the network",
    4: "it cannot reach the host",
    5: "nothing answers at that address",
    6: "it took too long",
    7: "it does not connect",
    8: "it does not know that kind of address",
}
# Answers to CONNECT are a few lines; this is far above them and far below what would hurt.
_HEAD_BYTES = 16 * 1024
#: Answers that are about the target and not about the proxy.
_TARGET_REPLIES = (3, 4, 5, 6)
_TARGET_STATUS = ("502", "503", "504")


def enter(channel: socket.socket, way: route.Way, wire: Wire) -> socket.socket:
    """Go through the proxy at the other end of `channel`; gives the socket on which the target speaks.

    Raises CaptureError (`proxy-failed`, or `stalled` where the proxy does not answer in time); Stop at the time limit.
    """
    assert way.proxy is not None
    limit = min(wire.limits.stall_seconds, wire.time_left())
    talk = _Talk(channel, way.proxy, time.monotonic() + limit)
    try:
        if way.proxy.scheme == "https":
            channel.settimeout(limit)
            talk.channel = tls_context().wrap_socket(channel, server_hostname=way.proxy.host)
        if way.proxy.socks:
            _socks5(talk, way.proxy, *way.ask)
        else:
            _http_connect(talk, way.proxy, *way.ask)
    except TimeoutError:
        raise reasons.failure("stalled", f"the proxy {way.proxy.shown} did not answer in time") from None
    except (ssl.SSLError, OSError) as error:
        raise route.failed(way.proxy, str(error)) from None
    if not isinstance(talk.channel, ssl.SSLSocket):
        return channel
    wire.opened.add(talk.channel)
    return tlspump.plain(talk.channel)


class _Talk:
    """A bounded conversation. Raises TimeoutError after the deadline and CaptureError at an early end."""

    def __init__(self, channel: socket.socket, proxy: Proxy, deadline: float) -> None:
        self.channel = channel
        self._proxy = proxy
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        self._wait()
        self.channel.sendall(data)

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            self._wait()
            more = self.channel.recv(count - len(data))
            if not more:
                raise self.failed("it hung up")
            data += more
        return data

    def failed(self, why: str, *, target: bool = False) -> CaptureError:
        return route.failed(self._proxy, why, "connection-refused" if target else "proxy-failed")

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.channel.settimeout(left)


def _socks5(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    methods = [_NO_AUTHENTICATION, _USER_AND_PASSWORD] if proxy.user else [_NO_AUTHENTICATION]
    talk.send(bytes([_VERSION, len(methods), *methods]))
    version, method = talk.receive(2)
    if version != _VERSION:
        raise talk.failed("it does not speak SOCKS5")
    if method == _USER_AND_PASSWORD and proxy.user:
        user, password = proxy.user.encode(), proxy.password.encode()
        talk.send(bytes([_AUTHENTICATION_VERSION, len(user)]) + user + bytes([len(password)]) + password)
        if talk.receive(2)[1] != 0:
            raise talk.failed("it does not accept the user name and password")
    elif method != _NO_AUTHENTICATION:
        raise talk.failed("it wants a user name and password" if method == _NO_METHOD else "it asks for something else")
    talk.send(bytes([_VERSION, _CONNECT, 0]) + _place(talk, host) + port.to_bytes(2, "big"))
    version, reply, _reserved, kind = talk.receive(4)
    if version != _VERSION:
        raise talk.failed("it does not speak SOCKS5")
    if reply != 0:
        raise talk.failed(_REPLIES.get(reply, f"it answered with code {reply}"), target=reply in _TARGET_REPLIES)
    sizes = {_IPV4: 4, _IPV6: 16}
    if kind not in (*sizes, _NAME):
        raise talk.failed("it does not speak SOCKS5")
    talk.receive((talk.receive(1)[0] if kind == _NAME else sizes[kind]) + 2)


def _place(talk: _Talk, host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii", "replace")
        if not 0 < len(name) <= _NAME_BYTES:
            raise talk.failed("the name is too long for it") from None
        return bytes([_NAME, len(name)]) + name
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed


def _http_connect(talk: _Talk, proxy: Proxy, host: str, port: int) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.user:
        token = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    talk.send("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # a byte at a time: what follows belongs to the target
        head += talk.receive(1)
        if len(head) > _HEAD_BYTES:
            raise talk.failed("its answer does not end")
    version, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
        raise talk.failed("it does not speak HTTP")
    if status[0] != "2":
        raise talk.failed(f"it answered with status {status}", target=status in _TARGET_STATUS)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """For proxies that are spoken to over TLS."""
    return ssl.create_default_context(cafile=certifi.where())
