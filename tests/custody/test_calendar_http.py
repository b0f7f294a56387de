"""A calendar over real sockets on loopback: what is sent, and what hostile servers get."""

from __future__ import annotations

import hashlib
import socket
import threading
import time

import pytest

from archiver.custody.timestamps import calendar
from archiver.errors import MachineError, UsageError
from archiver.proof.times import opentimestamps
from tests.calendar import Answer, running, serving

DIGEST = hashlib.sha256(b"x").digest()


def refused(answer: Answer, headers: dict[str, str] | None = None) -> str:
    said = []
    for ask in (calendar.submit, calendar.fetch):
        with serving(answer, headers) as url, pytest.raises(MachineError) as caught:
            ask(url, DIGEST)
        assert caught.value.code == "timestamp-refused"
        said.append(caught.value.what)
    assert said[0].partition(" answered ")[2] == said[1].partition(" answered ")[2]
    return said[0]


def test_a_digest_is_given_and_asked_for_later() -> None:
    with running() as asked:
        (path,) = opentimestamps.parse_reply(calendar.submit(asked.url, DIGEST), DIGEST)
        assert path.attestation.calendar == asked.url
        assert calendar.fetch(asked.url, path.message) is None, "not yet"
        asked.mine(9)
        further = calendar.fetch(f"{asked.url}/", path.message)
        assert further is not None
        assert [one.attestation.block for one in opentimestamps.parse_reply(further, path.message)] == [9]
        assert asked.asked == [DIGEST]


def test_paths_of_an_address_are_kept_and_nothing_more_is_told() -> None:
    seen = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        seen.append((method, path, body))
        return 200, b"x"

    with serving(answer) as url:
        assert calendar.submit(f"{url}/office", DIGEST) == b"x"
        assert calendar.fetch(f"{url}/office/", DIGEST) == b"x"
    assert seen == [("POST", "/office/digest", DIGEST), ("GET", f"/office/timestamp/{DIGEST.hex()}", b"")]


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def elsewhere(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        asked.append(path)
        return 200, b""

    with serving(elsewhere) as other:
        assert "nobody configured" in refused(lambda method, path, body: (302, b""), {"Location": other})
    assert not asked


def test_an_answer_beyond_any_length_is_not_read() -> None:
    assert "more than 10000" in refused(lambda method, path, body: (200, bytes(10_001)))


def test_other_statuses_are_refused() -> None:
    assert "503" in refused(lambda method, path, body: (503, b""))
    with serving(lambda method, path, body: (404, b"")) as url, pytest.raises(MachineError, match="404"):
        calendar.submit(url, DIGEST)


def test_a_server_that_drips_is_left() -> None:
    gone = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    connection.sendall(b"a")
                    time.sleep(0.01)
            except OSError:
                gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(MachineError, match=r"the calendar at .* no whole answer") as caught:
            calendar.fetch(f"http://127.0.0.1:{listener.getsockname()[1]}", DIGEST, seconds=0.2)
        thread.join(20)
    assert caught.value.code == "timestamp-unreachable"
    assert gone.is_set()


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://", "x", "http://a b/", "http://u:p@a.example/", "http://a:b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no calendar's address"):
        calendar.submit(url, DIGEST)
