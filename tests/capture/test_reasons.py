"""Reason codes: one table, generated into the documentation, and how errors are sorted into it."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture import reasons

ROOT = Path(__file__).parents[2]


def test_the_documented_table_is_the_one_in_the_code() -> None:
    assert (ROOT / "docs" / "reasons.md").read_text("utf-8") == reasons.markdown()


def test_every_reason_says_what_to_do() -> None:
    for code, reason in reasons.REASONS.items():
        assert code == code.lower()
        assert reason.words
        assert reason.next_step


@pytest.mark.parametrize(
    ("status", "code", "passing"),
    [
        (401, "unauthorized", False),
        (403, "forbidden", False),
        (404, "not-found", False),
        (410, "gone", False),
        (418, "http-error", False),
        (429, "rate-limited", True),
        (451, "legal-reasons", False),
        (500, "server-error", True),
        (503, "server-error", True),
        (304, "http-error", False),
    ],
)
def test_each_status_has_its_reason(status: int, code: str, passing: bool) -> None:
    error = reasons.from_status(status)
    assert (error.code, error.passing) == (code, passing)


def test_retry_after_is_seconds_or_a_date() -> None:
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert reasons.seconds_of("120") == 120
    assert reasons.seconds_of("Mon, 23 Nov 2026 12:01:00 GMT", moment) == 60
    assert reasons.seconds_of("Mon, 23 Nov 2026 11:00:00 GMT", moment) == 0
    assert reasons.seconds_of("soon") is None
    assert reasons.seconds_of("9" * 50) == 31 * 24 * 3600


@given(st.text())
def test_no_retry_after_breaks_it(text: str) -> None:
    wait = reasons.seconds_of(text)
    assert wait is None or wait >= 0


def test_a_full_disk_is_seen_however_deep_it_happened() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise ValueError("unable to write") from error
    except ValueError as outer:
        found = reasons.from_machine(outer)
    assert found is not None
    assert found.code == "disk-full"
    assert reasons.from_machine(ValueError("other")) is None


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = ValueError()
    error.__context__ = KeyError()
    error.__context__.__cause__ = error
    assert len(list(reasons.chain(error))) == 2
