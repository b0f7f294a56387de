"""TLS with verification on: what is accepted, what is not, and that a handshake cannot take for ever."""

from __future__ import annotations

from pathlib import Path

from tests.capture.hostile.tls import handshakes, make_authority, trusting
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
