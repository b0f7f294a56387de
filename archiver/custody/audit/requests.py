"""Requests against the ledger: what was asked, and the state that follows from what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archiver.custody.audit import told
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.told import Told
from archiver.model import EventType, Outcome, State

_WAITING = frozenset({State.QUEUED, State.RUNNING})
_ACTS = frozenset({EventType.REQUEST, EventType.CAPTURE, EventType.CANCELLATION, EventType.RETRY})
_COLUMNS = (
    "id, url, case_name, note, priority, requested_by, added_at, state, reason, attempts, next_attempt_at, limits"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request may stand after its acts. `states` has several where the ledger leaves it open."""

    states: frozenset[State]
    reason: str = ""
    attempts: int = 0
    retried: bool = False  # an attempt failed last, and the next may wait for its time


def check(connection: sqlite3.Connection, tally: Tally) -> None:
    """Check every row of `request`. Raises sqlite3.Error."""
    told.check_existence(connection, "request", tally)
    total = connection.execute("SELECT COUNT(*) FROM request").fetchone()[0]
    for row, found in told.rows_with_acts(connection, "request", _COLUMNS):
        acts = [one for one in found if one.entry["type"] in _ACTS]
        if not acts or acts[0].entry["type"] != EventType.REQUEST:
            tally.fault("request-untold", row[0], "no entry tells that somebody asked for it")
        else:
            for message in _differences(row, acts):
                tally.fault("request-altered", row[0], message)
        tally.count("requests")
        tally.progress(tally.counted("requests"), total, "requests")


def standing(acts: Sequence[Told]) -> Standing:
    """Where a request stands after these acts. Pure.

    After a failure the ledger does not tell whether another attempt will be made, so both states may be.
    """
    now = Standing(frozenset())
    for act in acts:
        kind, outcome, reason = act.entry["type"], act.entry["outcome"], act.entry.get("reason", "")
        if kind == EventType.REQUEST:
            states = frozenset({State.REFUSED}) if outcome == Outcome.REFUSAL else _WAITING
            now = Standing(states, reason)
        elif kind == EventType.CANCELLATION:
            now = Standing(frozenset({State.CANCELLED}), reason, now.attempts)
        elif kind == EventType.RETRY:
            now = Standing(_WAITING, attempts=now.attempts)
        elif outcome == Outcome.SUCCESS:
            now = Standing(frozenset({State.ARCHIVED}), reason, act.detail["attempt"])
        elif now.states == {State.CANCELLED}:
            now = Standing(now.states, reason, act.detail["attempt"], retried=outcome == Outcome.FAILURE)
        else:
            ended = {"refusal": State.REFUSED, "cancelled": State.CANCELLED}.get(outcome, State.FAILED)
            open_ended = outcome == Outcome.FAILURE
            states = _WAITING | {ended} if open_ended else frozenset({ended})
            now = Standing(states, reason, act.detail["attempt"], retried=open_ended)
    return now


def _differences(row: Sequence[str | int], acts: Sequence[Told]) -> Iterator[str]:
    _, url, case, note, priority, requested_by, added_at, state, reason, attempts, next_attempt_at, limits = row
    asked = acts[0]
    sealed = {"url": url, "case": case, "note": note, "requested_by": requested_by}
    for name, value in sealed.items():
        if not told.is_proved(str(value), name, asked):
            yield f"its {name} is not what entry {asked.seq} sealed"
    differing = told.differences(
        {
            "priority": (priority, asked.detail["priority"]),
            "limits": (told.parsed(str(limits)), asked.detail.get("limits", {})),
        }
    )
    if differing:
        yield f"{differing}: not what entry {asked.seq} tells"
    if not asked.is_timely(str(added_at)):
        yield f"its time is not that of entry {asked.seq}"
    now = standing(acts)
    if state not in now.states:
        yield f"its state is {state}, and the ledger gives {' or '.join(sorted(now.states))}"
    if (reason, attempts) != (now.reason, now.attempts):
        yield f"its reason or number of attempts is not what entry {acts[-1].seq} gives"
    if next_attempt_at and not now.retried:
        yield "it waits for a time although no failed attempt is its last act"
