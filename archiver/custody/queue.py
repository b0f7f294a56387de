"""What people asked for: requests, their states, and when each is to be tried again. All scheduling policy is here.

Every act is one transaction that holds the rows and their ledger entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import (
    FINISHED_STATES,
    CustodyEvent,
    EventType,
    Outcome,
    Request,
    State,
    now,
)
from archiver.naming import random_id

_COLUMNS = (
    "id, url, canonical_url, case_name, note, priority, requested_by, added_at, state, reason, attempts, "
    "next_attempt_at, message, attempts_allowed, limits"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One row that somebody wants queued. `refusal` is the reason why it cannot be, with its words in `message`."""

    url: str
    canonical_url: str
    case: str = ""
    note: str = ""
    priority: int = 0
    requested_by: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    refusal: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row: "queued", "duplicate" (of `request_id`) or "refused" (`request_id` records it)."""

    asked: Asked
    request_id: str
    outcome: str
    reason: str = ""
    message: str = ""


def add(vault: Vault, rows: Sequence[Asked], *, again: bool = False) -> list[Answer]:
    """Queue rows, all in one transaction; the same address twice in one case is a duplicate unless `again`."""
    answers: list[Answer] = []
    with vault.database.write() as transaction:
        execute = transaction.execute
        known: dict[tuple[str, str], tuple[str, str]] = {}
        if not again and rows:
            known = _known(execute, rows)
        fresh: list[tuple[Any, ...]] = []
        events: list[CustodyEvent] = []
        added_at = now()
        for row in rows:
            key = (row.canonical_url, row.case)
            if not row.refusal and not again and key in known:
                request_id, state = known[key]
                message = f"asked for before, {state}; --again archives it anew"
                if state in (State.FAILED, State.REFUSED, State.CANCELLED):
                    message = f"asked for before, {state}: `archiver retry {request_id}` tries it again"
                answers.append(Answer(row, request_id, "duplicate", "already-requested", message))
                continue
            request_id = random_id("r")
            if not row.refusal:
                known[key] = (request_id, State.QUEUED)
            new_state = State.REFUSED if row.refusal else State.QUEUED
            fresh.append(
                (
                    request_id, row.url, row.canonical_url, row.case, row.note, row.priority, row.requested_by,
                    added_at, new_state, row.refusal, row.message, vault.settings.limits.attempts,
                    json.dumps(dict(row.limits)),
                )
            )  # fmt: skip
            events.append(_asked_event(request_id, row))
            outcome = "refused" if row.refusal else "queued"
            answers.append(Answer(row, request_id, outcome, row.refusal, row.message))
        transaction.executemany(
            "INSERT INTO request (id, url, canonical_url, case_name, note, priority, requested_by, added_at, state,"
            " reason, message, attempts_allowed, limits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fresh,
        )
        if events:
            vault.ledger.append(transaction, events)
    return answers


def get(vault: Vault, request_id: str) -> Request:
    """One request. Raises UsageError for an id that is not there."""
    for request in _select(vault, "id = ?", (request_id,)):
        return request
    raise UsageError(f"there is no request {request_id}", next_step="`archiver requests` lists them")


def listing(vault: Vault, *, state: str = "", case: str | None = None) -> list[Request]:
    """Requests in the order in which they came."""
    conditions, values = ["1"], []
    if state:
        conditions.append("state = ?")
        values.append(state)
    if case is not None:
        conditions.append("case_name = ?")
        values.append(case)
    return list(_select(vault, " AND ".join(conditions), tuple(values), "ORDER BY rowid"))


def due(vault: Vault, limit: int, holding: Iterable[str] = ()) -> list[Request]:
    """Up to `limit` requests whose turn it is and that are not among those that the caller is `holding` already.

    Requests left running by a process that died come first: they are nobody's.
    """
    skipped = set(holding)
    rows = _select(
        vault,
        "state IN ('queued', 'running') AND next_attempt_at <= ?",
        (now(),),
        "ORDER BY state = 'running' DESC, priority DESC, next_attempt_at, rowid LIMIT ?",
        (limit + len(skipped),),
    )
    return [request for request in rows if request.id not in skipped][:limit]


def unfinished(vault: Vault) -> int:
    """How many requests are queued, waiting or running."""
    row = vault.database.read().execute("SELECT COUNT(*) FROM request WHERE state IN ('queued', 'running')")
    return int(row.fetchone()[0])


def mark_running(vault: Vault, request_id: str) -> bool:
    """Say that an attempt is under way. False where the request was finished or cancelled meanwhile."""
    with vault.database.write() as transaction:
        cursor = transaction.execute(
            "UPDATE request SET state = 'running' WHERE id = ? AND state IN ('queued', 'running')", (request_id,)
        )
        return bool(cursor.rowcount)


def release_running(vault: Vault) -> None:
    """Put back in the queue what was under way: a run that stops says so."""
    with vault.database.write() as transaction:
        transaction.execute("UPDATE request SET state = 'queued' WHERE state = 'running'")


def is_cancelled(vault: Vault, request_id: str) -> bool:
    """Whether somebody cancelled the request."""
    row = vault.database.read().execute("SELECT state = 'cancelled' FROM request WHERE id = ?", (request_id,))
    return bool((row.fetchone() or (False,))[0])


def cancel(vault: Vault, request_ids: Sequence[str]) -> list[str]:
    """Cancel what is queued or running; a running download notices and stops. Returns the ids that were cancelled."""
    return _change(vault, request_ids, EventType.CANCELLATION, State.CANCELLED, lambda request: request.state
                   not in FINISHED_STATES, reason="cancelled")  # fmt: skip


def retry(vault: Vault, request_ids: Sequence[str], addresses: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Queue again what failed, was refused or was cancelled and has an address. Returns the ids that were queued.

    `addresses` gives rows that were refused the address that they have under today's rules.
    """
    again = {State.FAILED, State.REFUSED, State.CANCELLED}
    return _change(vault, request_ids, EventType.RETRY, State.QUEUED, lambda request: request.state in again
                   and bool(request.canonical_url), addresses=addresses)  # fmt: skip


def failed(vault: Vault) -> list[str]:
    """Ids of the requests that failed."""
    return [request.id for request in listing(vault, state=State.FAILED)]


def counts(vault: Vault) -> dict[str, int]:
    """How many requests stand in each state; every state is there."""
    found = dict(vault.database.read().execute("SELECT state, COUNT(*) FROM request GROUP BY state").fetchall())
    return {state.value: int(found.get(state.value, 0)) for state in State}


def item_ids(vault: Vault) -> dict[str, list[str]]:
    """Which items came of each request."""
    found: dict[str, list[str]] = {}
    for request_id, item_id in vault.database.read().execute(
        "SELECT request_id, item.id FROM acquisition JOIN item ON item.acquisition_id = acquisition.id"
        " WHERE request_id <> '' ORDER BY item.rowid"
    ):
        found.setdefault(request_id, []).append(item_id)
    return found


def _change(
    vault: Vault,
    request_ids: Sequence[str],
    event: EventType,
    state: State,
    eligible: Any,
    reason: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    changed = []
    with vault.database.write() as transaction:
        for request_id in request_ids:
            if request_id in addresses:
                transaction.execute(
                    "UPDATE request SET canonical_url = ? WHERE id = ? AND canonical_url = ''",
                    (addresses[request_id], request_id),
                )
            request = get(vault, request_id)
            if not eligible(request):
                continue
            transaction.execute(
                "UPDATE request SET state = ?, reason = ?, message = '', next_attempt_at = '',"
                " attempts_allowed = attempts + ? WHERE id = ?",
                (state, reason, vault.settings.limits.attempts, request_id),
            )
            changed.append(request)
        vault.ledger.append(transaction, [_changed_event(event, request, reason) for request in changed])
    return [request.id for request in changed]


def _changed_event(event: EventType, request: Request, reason: str) -> CustodyEvent:
    if event != EventType.RETRY:
        return CustodyEvent(event, request=request.id, reason=reason)
    kind, sealed = _address(request.url, request.canonical_url)
    return CustodyEvent(event, request=request.id, detail={"address": kind}, sealed={"canonical_url": sealed})


def _address(url: str, canonical_url: str) -> tuple[str, str]:
    """How an entry tells what is fetched: the word for it, and what has to be sealed beside the URL as given."""
    if not canonical_url:
        return "none", ""
    return ("as-given", "") if canonical_url == url else ("sealed", canonical_url)


def _asked_event(request_id: str, row: Asked) -> CustodyEvent:
    kind, canonical_url = _address(row.url, row.canonical_url)
    detail: dict[str, Any] = {"priority": row.priority, "address": kind}
    if row.limits:
        detail["limits"] = dict(row.limits)
    return CustodyEvent(
        EventType.REQUEST,
        outcome=Outcome.REFUSAL if row.refusal else Outcome.SUCCESS,
        reason=row.refusal,
        request=request_id,
        detail=detail,
        sealed={
            "url": row.url,
            "canonical_url": canonical_url,
            "case": row.case,
            "note": row.note,
            "requested_by": row.requested_by,
        },
    )


def _known(execute: Any, rows: Sequence[Asked]) -> dict[tuple[str, str], tuple[str, str]]:
    # A temporary table, because 100,000 single look-ups would take longer than everything else together.
    execute("CREATE TEMP TABLE IF NOT EXISTS asked (url TEXT, case_name TEXT)")
    execute("DELETE FROM asked")
    for row in rows:
        execute("INSERT INTO asked VALUES (?, ?)", (row.canonical_url, row.case))
    found = execute(
        "SELECT request.canonical_url, request.case_name, request.id, request.state FROM asked JOIN request"
        " ON request.canonical_url = asked.url AND request.case_name = asked.case_name"
        " WHERE request.canonical_url <> '' ORDER BY request.rowid DESC"
    ).fetchall()
    return {(url, case): (request_id, state) for url, case, request_id, state in found}


def _select(
    vault: Vault, where: str, values: tuple[Any, ...], tail: str = "", more: tuple[Any, ...] = ()
) -> Iterator[Request]:
    for row in vault.database.read().execute(
        f"SELECT {_COLUMNS} FROM request WHERE {where} {tail}",  # noqa: S608  the text is ours, values are bound
        (*values, *more),
    ):
        yield Request(
            id=row[0], url=row[1], canonical_url=row[2], case=row[3], note=row[4], priority=row[5],
            requested_by=row[6], added_at=row[7], state=State(row[8]), reason=row[9], attempts=row[10],
            next_attempt_at=row[11], message=row[12], attempts_allowed=row[13], limits=json.loads(row[14]),
        )  # fmt: skip
