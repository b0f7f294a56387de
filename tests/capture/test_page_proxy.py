"""The browser's only way out: what it takes for a request, where it goes and where it does not, and when it ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture.page.ask import Ask, parse
from archiver.capture.page.proxy import Bounds, GuardedProxy
from archiver.config import parse_networks

BOUNDS = Bounds(bytes=100_000, connections=100, seconds=20, stall_seconds=5, connect_seconds=5)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Echo:
    """A server on 127.0.0.2 that keeps what it was sent and answers, leaving the connection open."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.2", 0))
        self.port = self.listener.getsockname()[1]
        self.got: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.got.append(data)
                client.sendall(ANSWER)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.listener.close()


Way = Callable[..., GuardedProxy]


@pytest.fixture
def way() -> Iterator[Way]:
    made: list[GuardedProxy] = []

    def make(allow: str = "127.0.0.2/32", bounds: Bounds = BOUNDS, announced: Any = ()) -> GuardedProxy:
        proxy = GuardedProxy(socket.create_server(("127.0.0.1", 0)), bounds, parse_networks(allow))
        for host, port in announced:
            proxy.announce(host, port)
        proxy.start()
        made.append(proxy)
        return proxy

    yield make
    for proxy in made:
        proxy.close()


def client(proxy: GuardedProxy) -> socket.socket:
    channel = socket.socket()
    channel.settimeout(10)
    try:
        channel.connect(proxy.listener.getsockname())  # looks up no name: some tests answer for that themselves
    except OSError:
        channel.close()
        raise
    return channel


def until_end(channel: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while block := channel.recv(65536):
            data += block
    return data


def get(host: str, port: int, path: str = "/a") -> bytes:
    headers = f"Host: {host}:{port}\r\nProxy-Connection: keep-alive"
    return f"GET http://{host}:{port}{path} HTTP/1.1\r\n{headers}\r\n\r\n".encode()


def test_a_tunnel_carries_both_ways_and_its_address_is_told(echo: Echo, way: Way) -> None:
    proxy = way(announced=[("127.0.0.2", echo.port)])
    with client(proxy) as channel:
        channel.sendall(f"CONNECT 127.0.0.2:{echo.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert channel.recv(1000).startswith(b"HTTP/1.1 200")
        for _ in range(2):
            channel.sendall(b"bytes of the browser's own")
            assert channel.recv(1000) == ANSWER
    assert proxy.addresses == {("127.0.0.2", echo.port): "127.0.0.2"}
    assert proxy.carried > 2 * len(ANSWER)


def test_a_plain_request_is_sent_as_a_server_expects_it(echo: Echo, way: Way) -> None:
    with client(way(announced=[("127.0.0.2", echo.port)])) as channel:
        channel.sendall(get("127.0.0.2", echo.port, "/a?b=c"))
        assert channel.recv(1000) == ANSWER
    assert echo.got == [f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.2:{echo.port}\r\nConnection: close\r\n\r\n".encode()]


def test_a_second_request_on_a_connection_goes_nowhere(echo: Echo, way: Way) -> None:
    """It may be meant for another host: sent on, it would be told to this one and recorded as answered by it."""
    with client(way(announced=[("127.0.0.2", echo.port)])) as channel:
        channel.sendall(get("127.0.0.2", echo.port))
        assert channel.recv(1000) == ANSWER
        channel.sendall(get("other.example", 80, "/secret"))
        assert until_end(channel) == b""
    assert b"secret" not in b"".join(echo.got)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]
)
def test_an_address_that_is_not_public_is_refused(way: Way, host: str) -> None:
    proxy = way(announced=[(host, 9)])
    with client(proxy) as channel:
        channel.sendall(f"CONNECT {host}:9 HTTP/1.1\r\n\r\n".encode())
        assert until_end(channel).startswith(b"HTTP/1.1 403")
    with client(proxy) as channel:
        channel.sendall(get(host, 9))
        assert until_end(channel) == b""  # an answer of ours would pass for the server's
    assert [one.code for one in proxy.refusals] == ["address-not-global"] * 2


def test_a_name_cannot_change_its_address_between_two_connections(
    echo: Echo, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: first the allowed address, then one inside."""
    answers = iter(["127.0.0.2", "127.0.0.1", "127.0.0.1"])
    monkeypatch.setattr(
        "archiver.capture.guard.socket.getaddrinfo",
        lambda host, port, *_rest: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))],
    )
    proxy = way(announced=[("site.example", echo.port)])
    for _ in range(3):
        with client(proxy) as channel:
            channel.sendall(get("site.example", echo.port))
            assert channel.recv(1000) == ANSWER
    assert proxy.addresses == {("site.example", echo.port): "127.0.0.2"}
    assert next(answers) == "127.0.0.1"  # it was asked once


def test_a_name_with_one_address_inside_is_refused(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "archiver.capture.guard.socket.getaddrinfo",
        lambda host, port, *_rest: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "10.0.0.1")
        ],
    )
    proxy = way(announced=[("site.example", 80)])
    with client(proxy) as channel:
        channel.sendall(get("site.example", 80))
        assert until_end(channel) == b""
    assert [one.code for one in proxy.refusals] == ["address-not-global"]


def test_what_the_page_did_not_ask_for_waits_in_vain(echo: Echo, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.capture.page.proxy._ANNOUNCED_SECONDS", 0.05)
    proxy = way()
    with client(proxy) as channel:
        channel.sendall(f"CONNECT 127.0.0.2:{echo.port} HTTP/1.1\r\n\r\n".encode())
        assert until_end(channel).startswith(b"HTTP/1.1 403")
    assert proxy.uninvited == {("127.0.0.2", echo.port)}
    assert (proxy.refusals, echo.got) == ([], [])


def test_an_announcement_that_comes_late_lets_it_through(echo: Echo, way: Way) -> None:
    proxy = way()
    with client(proxy) as channel:
        channel.sendall(get("127.0.0.2", echo.port))
        proxy.announce("127.0.0.2", echo.port)
        assert channel.recv(1000) == ANSWER


def test_bytes_end_at_their_limit(echo: Echo, way: Way) -> None:
    bounds = Bounds(bytes=5_000, connections=100, seconds=20, stall_seconds=5, connect_seconds=5)
    proxy = way(bounds=bounds, announced=[("127.0.0.2", echo.port)])
    with client(proxy) as channel:
        channel.sendall(f"CONNECT 127.0.0.2:{echo.port} HTTP/1.1\r\n\r\n".encode())
        channel.recv(1000)
        with contextlib.suppress(OSError):
            channel.sendall(b"x" * 20_000)
        until_end(channel)
    assert proxy.exceeded == "bytes"
    assert proxy.carried < 5_000 + 64 * 1024 + 1


def test_connections_end_at_their_limit(way: Way) -> None:
    proxy = way(bounds=Bounds(bytes=5_000, connections=3, seconds=20, stall_seconds=5, connect_seconds=5))
    with contextlib.suppress(OSError):
        for _ in range(5):
            client(proxy).close()
    with contextlib.suppress(OSError), client(proxy) as channel:
        until_end(channel)
    assert proxy.exceeded == "connections"


def test_silence_ends(way: Way, echo: Echo) -> None:
    bounds = Bounds(bytes=5_000, connections=3, seconds=20, stall_seconds=0.1, connect_seconds=5)
    proxy = way(bounds=bounds, announced=[("127.0.0.2", echo.port)])
    with client(proxy) as channel:
        channel.sendall(f"CONNECT 127.0.0.2:{echo.port} HTTP/1.1\r\n\r\n".encode())
        assert until_end(channel).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"GET https://a.example/ HTTP/1.1",
        b"GET http://a@b.example/ HTTP/1.1",
        b"GET http://a.example:0/ HTTP/1.1",
        b"GET http://a.example:65536/ HTTP/1.1",
        b"CONNECT a.example HTTP/1.1",
        b"CONNECT a.example:99999 HTTP/1.1",
        b"GET http://a.example/ HTTP/1.0",
        b"GET  http://a.example/ HTTP/1.1",
        b"POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked",
        b"POST http://a.example/ HTTP/1.1\r\nContent-Length: +5",
        b"GET http://a.example/ HTTP/1.1\r\nno header",
    ],
)
def test_what_no_browser_sends_is_no_request(line: bytes) -> None:
    assert parse(line + b"\r\n\r\n") is None


def test_a_body_belongs_to_its_request_up_to_its_length() -> None:
    asked = parse(b"POST http://a.example/p HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc")
    assert asked == Ask(
        False, "a.example", 80, b"POST /p HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabc", 2
    )


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_of_requests(data: bytes) -> None:
    asked = parse(data)
    assert asked is None or (asked.host and 0 < asked.port < 65_536)


@given(st.from_regex(r"[a-z0-9.-]{1,30}", fullmatch=True), st.integers(1, 65_535), st.text("/abc?&=%", max_size=20))
def test_a_browsers_request_is_read_as_meant(host: str, port: int, path: str) -> None:
    asked = parse(f"GET http://{host}:{port}/{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert asked is not None
    assert (asked.host, asked.port, asked.tunnel, asked.body_left) == (host, port, False, 0)
    assert asked.forward.startswith(f"GET /{path} HTTP/1.1\r\n".encode())
