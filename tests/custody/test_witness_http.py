"""The witness over real sockets on loopback: statuses and media types, and what hostile callers get."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from archiver.custody.witness import ask, request
from archiver.custody.witness.folder import WitnessFolder
from archiver.custody.witness.notary import Answer
from archiver.custody.witness.request import Request
from archiver.custody.witness.serve import MAX_CONNECTIONS, WitnessServer
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof.trust import cosignature
from tests.custody.test_witness_notary import LOG, TREE, Tree


@contextmanager
def serving(folder: WitnessFolder, seconds: float = 20.0) -> Iterator[tuple[WitnessServer, list[Answer]]]:
    told: list[Answer] = []
    with WitnessServer(("127.0.0.1", 0), folder, lambda who, answer: told.append(answer), seconds) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, told
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    made = WitnessFolder.create(tmp_path / "witness", "office-b.example/witness")
    made.trust(LOG)
    return made


@pytest.fixture
def server(folder: WitnessFolder) -> Iterator[WitnessServer]:
    with serving(folder) as (running, _):
        yield running


def url(server: WitnessServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def post(server: WitnessServer, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found


def raw(server: WitnessServer, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while block := connection.recv(65536):
            said += block
        return said


def test_statuses_and_bodies_are_those_of_the_specification(server: WitnessServer) -> None:
    status, _, body = post(server, TREE.body(0, 3))
    assert status == 200
    assert cosignature.check_line(TREE.signed(3).text, cosignature.parse_lines(body)[0], server.folder.key)
    assert post(server, TREE.body(1, 5)) == (409, "text/x.tlog.size", b"3\n")
    status, kind, _ = post(server, Tree(1).body(3, 3))
    assert (status, kind) == (409, "text/plain; charset=utf-8")
    assert post(server, Tree(1).body(3, 5))[0] == 422
    assert post(server, b"nonsense")[0] == 400
    assert post(server, TREE.body(3, 5).replace(b"office-a", b"office-x"))[0] == 404
    assert post(server, TREE.body(3, 5).replace(b"\n5\n", b"\n6\n"))[0] == 403
    assert post(server, TREE.body(3, 5), "/other")[0] == 404


def test_one_connection_serves_many_requests(server: WitnessServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    for old, size in ((0, 3), (3, 4), (4, 9)):
        connection.request("POST", "/add-checkpoint", TREE.body(old, size))
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: x\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b" 413 "),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (request.MAX_BYTES + 1), b" 413 "),
        (b"GET /add-checkpoint HTTP/1.1\r\n\r\n", b" 404 "),
        (b"DELETE /add-checkpoint HTTP/1.1\r\n\r\n", b" 501 "),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b" 414 "),
        (b"POST /add-checkpoint HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(200)) + b"\r\n", b" 431 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"Error code: 400"),
    ],
)
def test_hostile_requests_get_a_status_and_the_next_one_is_served(
    server: WitnessServer, data: bytes, status: bytes
) -> None:
    assert status in raw(server, data)
    assert post(server, TREE.body(0, 3))[0] == 200


def test_a_body_that_ends_early_is_not_judged(server: WitnessServer) -> None:
    body = TREE.body(0, 3)
    assert raw(server, b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + body) == b""
    assert post(server, b"old 3\n\n" + TREE.signed(3).encode())[:2] == (409, "text/x.tlog.size")


def test_a_caller_who_sends_nothing_is_cut_off_and_keeps_nobody_out(folder: WitnessFolder) -> None:
    with serving(folder, 0.3) as (server, _):
        idle = [
            socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20)
            for _ in range(MAX_CONNECTIONS)
        ]
        for connection in idle:
            connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Le")
        for connection in idle:
            assert connection.recv(100) == b""  # returns because the server ended it
            connection.close()
        status = None
        while status != 200:  # a place becomes free when its thread is done
            try:
                status = post(server, TREE.body(0, 3))[0]
            except (OSError, http.client.HTTPException):
                continue


def test_a_witness_that_cannot_write_cosigns_nothing_and_says_so(folder: WitnessFolder) -> None:
    (folder.path / "witness.pem").unlink()
    with serving(folder) as (server, told):
        status, _, body = post(server, TREE.body(0, 3))
        assert status == 500
        assert b"\xe2\x80\x94" not in body
        assert told[0].alarm


def test_the_log_asks_once_more_from_the_size_that_the_witness_names(server: WitnessServer) -> None:
    olds: list[int] = []

    def make(old: int) -> Request:
        olds.append(old)
        return request.parse(TREE.body(old, 9))

    assert post(server, TREE.body(0, 5))[0] == 200
    lines = ask.ask(url(server) + "/", 0, make)
    assert olds == [0, 5]
    assert cosignature.check_line(TREE.signed(9).text, cosignature.parse_lines(lines)[0], server.folder.key)


def test_the_log_is_told_of_its_own_rollback_and_fork(server: WitnessServer) -> None:
    assert post(server, TREE.body(0, 9))[0] == 200
    with pytest.raises(EvidenceError) as caught:
        ask.ask(url(server), 0, lambda old: request.parse(TREE.body(old, 5)))
    assert caught.value.code == "rolled-back"
    with pytest.raises(EvidenceError) as caught:
        ask.ask(url(server), 0, lambda old: request.parse(Tree(1).body(old, 9)))
    assert caught.value.code == "fork"


def test_what_answers_like_no_witness_is_one_error() -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"",
    ]
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reply() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # a close before all is read would reset what was sent
                        pass

        thread = threading.Thread(target=reply)
        thread.start()
        for answer in answers:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}/prefix"
            if answer.endswith(b"short"):  # what is missing of it is no signature line
                assert ask.ask(address, 0, lambda old: request.parse(TREE.body(old, 5)), 20) == b"short"
                continue
            with pytest.raises(MachineError) as caught:
                ask.ask(address, 0, lambda old: request.parse(TREE.body(old, 5)), 20)
            assert caught.value.code in ("witness-refused", "witness-unreachable")
        thread.join()


@pytest.mark.parametrize(
    "address", ["", "witness", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://[x"]
)
def test_what_is_no_address_is_asked_nothing(address: str) -> None:
    with pytest.raises(UsageError):
        ask.ask(address, 0, lambda old: request.parse(TREE.body(old, 5)))
