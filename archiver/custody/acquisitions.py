"""Recording an acquisition: its rows and its ledger entries in one transaction, once, however often it is called."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from archiver.custody.vault import Vault
from archiver.model import (
    CAPTURED_ROLES,
    Acquisition,
    CustodyEvent,
    EventType,
    Examined,
    Holding,
    Item,
    Outcome,
    Request,
    Role,
    State,
    timestamp,
)

#: A playlist's names, one after another, have to leave room in an entry of 65,535 bytes.
NAMES_CHARACTERS = 1000

_STATE_OF_OUTCOME = {
    Outcome.SUCCESS: State.ARCHIVED,
    Outcome.FAILURE: State.FAILED,
    Outcome.REFUSAL: State.REFUSED,
    Outcome.CANCELLED: State.CANCELLED,
}


def is_recorded(vault: Vault, acquisition_id: str) -> bool:
    """Whether this acquisition stands in the records already."""
    row = vault.database.read().execute("SELECT 1 FROM acquisition WHERE id = ?", (acquisition_id,)).fetchone()
    return row is not None


def record(
    vault: Vault,
    acquisition: Acquisition,
    *,
    request: Request | None = None,
    retry_in: float | None = None,
    detail: Mapping[str, Any] | None = None,
    final_url: str = "",
    further: Sequence[CustodyEvent] = (),
) -> bool:
    """Record it with its items, and move its request on. False where it was recorded before.

    `retry_in` (seconds) asks for another attempt; `detail` is the capture event's (`bytes`, `http_status`). `further`
    events belong to the same act.
    """
    with vault.database.write() as transaction:
        if is_recorded(vault, acquisition.id):
            return False
        conn = transaction
        conn.execute(
            "INSERT INTO acquisition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                acquisition.id, acquisition.kind, acquisition.request_id, acquisition.attempt, acquisition.source,
                acquisition.started_at, acquisition.ended_at, acquisition.outcome, acquisition.reason,
                acquisition.message, json.dumps([{"name": t.name, "version": t.version} for t in acquisition.tools]),
            ),
        )  # fmt: skip
        _hold(conn, acquisition.id, "", acquisition.holdings)
        for item in acquisition.items:
            conn.execute(
                "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item.id, acquisition.id, item.case, item.url, item.title, item.uploader, item.note,
                    item.path, item.source, item.acquired_at, json.dumps(dict(item.summary), ensure_ascii=False),
                ),
            )  # fmt: skip
            _hold(conn, acquisition.id, item.id, item.holdings)
        again_at = timestamp(datetime.now(UTC) + timedelta(seconds=retry_in)) if retry_in is not None else ""
        told = {**(detail or {}), "again_at": again_at}
        vault.ledger.append(transaction, [*_events(acquisition, request, told, final_url), *further])
        if request is not None:
            _move_on(conn, request, acquisition, again_at)
    return True


def add_fingerprints(vault: Vault, item: Item, made: tuple[Holding, ...], examined: Examined) -> tuple[Holding, ...]:
    """Record fingerprints that were made later of an item's originals, and that it is to be matched again.

    Gives those that were not on record before: of the others nothing is recorded.
    """
    with vault.database.write() as transaction:
        known = {
            row[0]
            for row in transaction.execute(
                "SELECT sha256 FROM holding WHERE item_id = ? AND role = ?", (item.id, Role.FINGERPRINT)
            )
        }
        fresh = tuple(one for one in made if one.object.sha256 not in known)
        if not fresh:
            return ()
        hold_more(transaction, item, fresh)
        event = CustodyEvent(
            EventType.FINGERPRINT,
            acquisition=item.acquisition_id,
            item=item.id,
            holdings=fresh,
            tools=examined.tools,
            detail={"algorithms": list(dict.fromkeys(one.name for one in fresh))},
        )
        vault.ledger.append(transaction, [event])
        transaction.execute("UPDATE acquisition SET matched = 0 WHERE id = ?", (item.acquisition_id,))
    return fresh


def hold_more(transaction: sqlite3.Connection, item: Item, holdings: tuple[Holding, ...]) -> None:
    """Add holdings to those of an item on record, inside `database.write()`; the caller's entry tells of them."""
    (last,) = transaction.execute(
        "SELECT COALESCE(MAX(position), -1) FROM holding WHERE acquisition_id = ? AND item_id = ?",
        (item.acquisition_id, item.id),
    ).fetchone()
    _hold(transaction, item.acquisition_id, item.id, holdings, last + 1)


def _hold(conn: Any, acquisition_id: str, item_id: str, holdings: tuple[Holding, ...], first: int = 0) -> None:
    conn.executemany(
        "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?)",
        [(h.object.sha256, h.object.sha512, h.object.size, h.object.media_type) for h in holdings],
    )
    conn.executemany(
        "INSERT INTO holding VALUES (?, ?, ?, ?, ?, ?)",
        [(acquisition_id, item_id, i, h.object.sha256, h.role, h.name) for i, h in enumerate(holdings, first)],
    )


def _move_on(conn: Any, request: Request, acquisition: Acquisition, again_at: str) -> None:
    state = State.QUEUED if again_at else _STATE_OF_OUTCOME[acquisition.outcome]
    # What somebody cancelled stays cancelled, unless the footage was there already.
    conn.execute(
        "UPDATE request SET attempts = ?, reason = ?, message = ?, next_attempt_at = ?,"
        " state = CASE WHEN state = 'cancelled' AND ? <> 'archived' THEN 'cancelled' ELSE ? END WHERE id = ?",
        (acquisition.attempt, acquisition.reason, acquisition.message, again_at, state, state, request.id),
    )


def _events(
    acquisition: Acquisition, request: Request | None, detail: dict[str, Any], final_url: str
) -> Iterator[CustodyEvent]:
    span = {"started": acquisition.started_at, "ended": acquisition.ended_at}
    # What every entry about this acquisition has in common.
    about = CustodyEvent(
        EventType.INGESTION,
        request=acquisition.request_id,
        acquisition=acquisition.id,
        tools=acquisition.tools,
        detail=span,
    )
    ended = replace(about, outcome=acquisition.outcome, reason=acquisition.reason)
    if request is not None:
        yield replace(
            ended,
            type=EventType.CAPTURE,
            holdings=acquisition.holdings,
            detail={"attempt": acquisition.attempt, **span, **detail},
            sealed={
                "url": request.url,
                "final_url": final_url,
                "case": request.case,
                "requested_by": request.requested_by,
            },
        )
    elif acquisition.outcome is not Outcome.SUCCESS:
        yield replace(ended, sealed={"path": acquisition.source})
    for url, reason in acquisition.failures:
        yield replace(about, outcome=Outcome.FAILURE, reason=reason, sealed={"url": url})
    for item in acquisition.items:
        yield from _item_events(item, replace(about, item=item.id))


def _item_events(item: Item, about: CustodyEvent) -> Iterator[CustodyEvent]:
    originals = item.of_role(Role.ORIGINAL)
    names = ", ".join(holding.name for holding in originals if holding.name)
    yield replace(
        about,
        holdings=originals + tuple(held for role in CAPTURED_ROLES for held in item.of_role(role)),
        sealed={
            "title": item.title,
            "uploader": item.uploader,
            "url": item.url,
            "case": item.case,
            "note": item.note,
            "path": item.path,
            "file_name": names[:NAMES_CHARACTERS],
            "source": item.source,
        },
    )
    if originals:  # of a received item they may be withheld
        yield replace(about, type=EventType.DIGEST, holdings=originals, tools=(), detail={})
    examined = item.examined
    if examined is None:
        return
    metadata = item.of_role(Role.METADATA)
    yield replace(
        about,
        type=EventType.METADATA,
        outcome=Outcome.SUCCESS if metadata else Outcome.FAILURE,
        holdings=metadata,
        tools=examined.tools,
        detail={"sandbox": examined.sandbox, "warnings": list(examined.warnings)},
    )
    if examined.algorithms:
        yield replace(
            about,
            type=EventType.FINGERPRINT,
            holdings=item.of_role(Role.FINGERPRINT),
            tools=examined.tools,
            detail={"algorithms": list(examined.algorithms)},
        )
