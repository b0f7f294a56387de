from __future__ import annotations

import pytest

from archiver.config import Limits
from archiver.engine.outcome import NextStep, after_failure

LIMITS = Limits(attempts=3, retry_seconds=2, retry_after_seconds=30)


def after(attempt: int, *, passing: bool = True, allowed: int = 3, retry_after: float | None = None) -> NextStep:
    return after_failure(LIMITS, passing=passing, attempt=attempt, attempts_allowed=allowed, retry_after=retry_after)


def test_what_cannot_pass_ends_at_once() -> None:
    assert after(1, passing=False) == NextStep(None)


def test_waits_double_until_the_attempts_are_used_up() -> None:
    assert [after(attempt).retry_in for attempt in (1, 2, 3)] == [2, 4, None]
    assert "3 attempts" in after(3).message


def test_a_retry_by_a_person_begins_with_the_short_wait_again() -> None:
    assert [after(attempt, allowed=6).retry_in for attempt in (4, 5, 6)] == [2, 4, None]


@pytest.mark.parametrize(("wish", "wait"), [(0.0, 2), (1.0, 2), (7.0, 7), (30.0, 30)])
def test_a_server_is_not_asked_sooner_than_it_wishes(wish: float, wait: float) -> None:
    assert after(1, retry_after=wish).retry_in == wait


@pytest.mark.parametrize(("wish", "words"), [(31.0, "31 s"), (3600.0, "60 min"), (86400.0, "24 h")])
def test_a_server_that_wants_too_long_ends_it_and_the_words_say_how_long(wish: float, words: str) -> None:
    step = after(1, retry_after=wish)
    assert step.retry_in is None
    assert words in step.message
    assert "archiver retry" in step.message
