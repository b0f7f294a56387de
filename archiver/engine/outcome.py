"""What follows from the outcome of an attempt: another attempt after a while, or the end. Pure policy."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.config import Limits


@dataclass(frozen=True, slots=True)
class NextStep:
    """`retry_in` is seconds until another attempt, or None for the end; `message` is added to the reason's words."""

    retry_in: float | None
    message: str = ""


def after_failure(
    limits: Limits, *, passing: bool, attempt: int, attempts_allowed: int, retry_after: float | None
) -> NextStep:
    """Design section 6: what can pass is tried `attempts` times, seconds apart, and no sooner than the server asks.

    A server that asks for longer than `retry_after_seconds` ends the request as failed, and the message says when a
    retry makes sense.
    """
    if not passing:
        return NextStep(None)
    if retry_after is not None and retry_after > limits.retry_after_seconds:
        return NextStep(None, f"the server asks to wait {_span(retry_after)}: `archiver retry` makes sense after that")
    if attempt >= attempts_allowed:
        return NextStep(None, f"given up after {attempt} attempts")
    first = attempts_allowed - limits.attempts  # attempts before the last `retry` do not count
    wait = limits.retry_seconds * 2 ** max(0, attempt - first - 1)
    return NextStep(max(wait, retry_after or 0.0))


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
