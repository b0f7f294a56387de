"""TLS with verification on: what is accepted, what is not, and that a handshake cannot take for ever."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from archiver.capture import fetcher
from archiver.capture.job import FetchJob, FetchResult
from tests.capture.hostile.table import LIMITS
from tests.capture.hostile.tls import handshakes, make_authority, trusting, written
from tests.capture.hostile.trials import greet


def test_every_handshake_ends_as_the_table_says(media: dict[str, bytes], tmp_path: Path) -> None:
    root, authority = make_authority(tmp_path)
    rows = handshakes(root, tmp_path)
    with trusting(authority):
        trials = [greet(row, media, tmp_path) for row in rows]
    assert {trial.name: trial.faults for trial in trials if trial.faults} == {}
    assert {trial.result.reason for trial in trials} == {"", "tls-failed", "timed-out", "connection-cut"}
    assert len(trials) >= 20


def test_the_authority_of_the_tests_is_trusted_nowhere_else(media: dict[str, bytes], tmp_path: Path) -> None:
    root, authority = make_authority(tmp_path)
    good = handshakes(root, tmp_path)[0]
    with trusting(authority):
        pass
    assert greet(good, media, tmp_path).result.reason == "tls-failed"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_a_server_may_renegotiate_and_is_verified_again(tmp_path: Path) -> None:
    """`openssl s_server` shakes hands anew (TLS 1.2) between the request and its answer."""
    root, authority = make_authority(tmp_path)
    certificate = written(root.issue("server"), tmp_path)
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert", str(certificate), "-naccept", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        said = iter(server.stdout.readline, b"")
        port = int(next(line for line in said if line.startswith(b"ACCEPT")).rpartition(b":")[2])
        result: list[FetchResult] = []
        job = FetchJob(f"https://127.0.0.1:{port}/clip.mp4", tmp_path / "job", ("127.0.0.1/32",), LIMITS)
        job.folder.mkdir()
        with trusting(authority):
            asking = threading.Thread(target=lambda: result.append(fetcher.fetch(job, lambda _progress: None)))
            asking.start()
            assert any(line.startswith(b"GET ") for line in said)
            server.stdin.write(b"R\n")
            server.stdin.flush()
            # Its word that the new handshake began: the answer must not come in the same breath as the command.
            assert any(b"SSL_do_handshake" in line for line in said)
            server.stdin.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 4\r\n\r\nfilm")
            server.stdin.flush()
            asking.join()
        server.kill()
    assert [file.size for item in result[0].items for file in item.files if file.name.startswith("0")] == [4], result
