"""An authority over real sockets on loopback: what is sent, and what hostile servers get."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from archiver.custody.timestamps import ask
from archiver.errors import MachineError, UsageError
from archiver.proof.times import timestamp
from tests.authority import Answer, Authority, answering, stamping
from tests.proof.times.test_timestamp import query

REPLY = {"Content-Type": "application/timestamp-reply"}


def refused(answer: Answer) -> str:
    with answering(answer) as url, pytest.raises(MachineError) as caught:
        ask.ask(url, query(b"x"))
    assert caught.value.code == "timestamp-refused"
    return caught.value.what


def test_a_query_is_answered(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a")
    with answering(stamping(authority)) as url:
        timestamp.check(ask.ask(url, query(b"x")), query(b"x"), b"x")


def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    def elsewhere(body: bytes) -> tuple[int, dict[str, str], bytes]:
        asked.append(body)
        return 200, REPLY, b""

    with answering(elsewhere) as other:
        assert "nobody configured" in refused(lambda body: (302, {"Location": other}, b""))
    assert not asked


def test_a_reply_beyond_any_length_is_not_read() -> None:
    assert "more than" in refused(lambda body: (200, REPLY, bytes(timestamp.MAX_REPLY_BYTES + 1)))


def test_other_statuses_and_media_types_are_refused() -> None:
    assert "503" in refused(lambda body: (503, REPLY, b"\x30\x00"))
    assert "text/html" in refused(lambda body: (200, {"Content-Type": "text/html"}, b"<html>"))


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n\r\n", b""])
def test_a_server_that_drips_is_left(first: bytes) -> None:
    gone = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(first)
                while True:
                    connection.sendall(b"a")
                    time.sleep(0.01)
            except OSError:
                gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(MachineError, match="no whole answer") as caught:
            ask.ask(f"http://127.0.0.1:{listener.getsockname()[1]}/", query(b"x"), seconds=0.2)
        thread.join(20)
    assert caught.value.code == "timestamp-unreachable"
    assert gone.is_set()


def test_a_server_that_is_away_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MachineError) as caught:
        ask.ask(f"http://127.0.0.1:{port}/", query(b"x"))
    assert caught.value.code == "timestamp-unreachable"


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://", "x", "http://a b/", "http://u:p@a.example/", "http://a:b/", "http://a/\n"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        ask.ask(url, b"")
