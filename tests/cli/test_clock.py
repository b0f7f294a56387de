"""A clock that is set back: time in the ledger goes on forwards, and people are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archiver import model
from archiver.custody import queue
from tests.calling import Archiver


def test_a_clock_set_back_is_recorded_and_shown(archiver: Archiver, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = model.timestamp(datetime.now(UTC) + timedelta(hours=2))
    with monkeypatch.context() as patch:
        for owner in (model, queue):
            patch.setattr(owner, "now", lambda: ahead)
        archiver("add", "https://v.example/1")
    status = archiver("status", "--json").json
    assert 7_100_000 < status["clock_behind_ms"] <= 7_200_000
    assert "set it right" in archiver("status").out
    archiver("add", "https://v.example/2")
    verified = archiver("verify", "--json", code=3).json
    assert verified["checked"]["clock_set_back"] == 2, "the checkpoint's entry and the request's"
    assert {fault["code"] for fault in verified["faults"]} == {"time-ahead"}
    assert "clock that had been set back" in archiver("verify", code=3).out


def test_a_right_clock_is_not_mentioned(archiver: Archiver) -> None:
    archiver("add", "https://v.example/1")
    assert archiver("status", "--json").json["clock_behind_ms"] == 0
    assert "clock" not in archiver("status").out + archiver("verify").out
