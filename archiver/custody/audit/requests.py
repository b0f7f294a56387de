"""Requests against the ledger: what was asked, and the state that follows from what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archiver.custody.audit import told
from archiver.custody.audit.crew import Piece
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.told import Told
from archiver.model import EventType, Outcome, State

_WAITING = frozenset({State.QUEUED, State.RUNNING})
_ACTS = frozenset({EventType.REQUEST, EventType.CAPTURE, EventType.CANCELLATION, EventType.RETRY})
_COLUMNS = (
    "id, url, canonical_url, case_name, note, priority, requested_by, added_at, state, reason, attempts,"
    " next_attempt_at, limits"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request may stand after its acts. `states` has several where the ledger leaves it open."""

    states: frozenset[State]
    reason: str = ""
    attempts: int = 0
    retried: bool = False  # an attempt failed last, and the next may wait for its time
    again_at: str | None = None  # which time that is; None where the ledger does not say


def check(connection: sqlite3.Connection, piece: Piece) -> Tally:
    """Check rows of `request`. Raises sqlite3.Error."""
    tally = Tally()
    for row, found in told.rows_with_acts(connection, "request", _COLUMNS, piece):
        acts = [one for one in found if one.entry["type"] in _ACTS]
        if not acts or acts[0].entry["type"] != EventType.REQUEST:
            tally.fault("request-untold", row[0], "no entry tells that somebody asked for it")
        else:
            for message in _differences(row, acts):
                tally.fault("request-altered", row[0], message)
        tally.count("requests")
    return tally


def standing(acts: Sequence[Told]) -> Standing:
    """Where a request stands after these acts. Pure.

    After a failure the entry tells when the next attempt is due. One of the first version does not, so that both
    states may be.
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
            again_at = act.detail.get("again_at")
            now = Standing(now.states, reason, act.detail["attempt"], outcome == Outcome.FAILURE, again_at)
        else:
            ended = {"refusal": State.REFUSED, "cancelled": State.CANCELLED}.get(outcome, State.FAILED)
            again_at = act.detail.get("again_at")
            open_ended = outcome == Outcome.FAILURE and again_at != ""
            states = (_WAITING if again_at else _WAITING | {ended}) if open_ended else frozenset({ended})
            now = Standing(states, reason, act.detail["attempt"], open_ended, again_at)
    return now


def _differences(row: Sequence[str | int], acts: Sequence[Told]) -> Iterator[str]:
    _, url, address, case, note, priority, requested_by, added_at, state, reason, attempts, next_attempt_at, limits = (
        row
    )
    asked = acts[0]
    sealed = {"url": url, "case": case, "note": note, "requested_by": requested_by}
    for name, value in sealed.items():
        if not told.is_proved(str(value), name, asked):
            yield f"its {name} is not what entry {asked.seq} sealed"
    if not _is_address(str(address), str(url), acts):
        yield "the address that is fetched is not the one that its entries tell"
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
    if now.again_at is not None and next_attempt_at != now.again_at:
        yield f"its next attempt is due at another time than entry {acts[-1].seq} gives"


def _is_address(address: str, url: str, acts: Sequence[Told]) -> bool:
    """Whether what is fetched is what the last entry about it tells; those of the first version tell nothing."""
    telling = [act for act in acts if "address" in act.detail]
    if not telling:
        return True
    last = telling[-1]
    kind = last.detail["address"]
    return address == ("" if kind == "none" else url if kind == "as-given" else last.opened.get("canonical_url", ""))
