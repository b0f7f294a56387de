"""Matches that the program found, and people's rulings on them: rows and entries in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import (
    CustodyEvent,
    Decision,
    ErrorRate,
    EventType,
    Finding,
    Match,
    MatchKind,
    Ruling,
    Segment,
    now,
)


def unmatched(vault: Vault) -> list[str]:
    """Acquisitions whose items were not compared yet, because something stopped in between."""
    rows = vault.database.read().execute(
        "SELECT id FROM acquisition WHERE NOT matched AND outcome = 'success' ORDER BY rowid"
    )
    return [row[0] for row in rows]


def record(vault: Vault, acquisition_id: str, matches: Sequence[Match]) -> list[Match]:
    """Record what comparing an acquisition's items found; a match that is there already stays, with its rulings."""
    with vault.database.write() as transaction:
        transaction.execute("UPDATE acquisition SET matched = 1 WHERE id = ?", (acquisition_id,))
        fresh = [match for match in matches if not _exists(transaction, match.id)]
        transaction.executemany(
            "INSERT INTO match VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [_row(match) for match in fresh]
        )
        if fresh:
            vault.ledger.append(transaction, [_event(match) for match in fresh])
    return fresh


def listing(vault: Vault, *, item: str = "") -> list[tuple[Match, Decision | None]]:
    """Matches, of one item or all, with the latest ruling on each, in the order in which they were found."""
    rows = vault.database.read().execute(
        "SELECT match.id, a, b, kind, finding, score, algorithm, segments, transform, error_rate,"
        " decision.ruling, decision.by_whom, decision.note, decision.decided_at, decision.entry"
        " FROM match LEFT JOIN decision ON decision.id ="
        " (SELECT MAX(id) FROM decision WHERE match_id = match.id)"
        " WHERE ?1 = '' OR a = ?1 OR b = ?1 ORDER BY match.rowid",
        (item,),
    )
    return [(_match(row), _decision(row)) for row in rows]


def entries(vault: Vault) -> dict[str, int]:
    """The number of the entry that tells of each match."""
    rows = vault.database.read().execute(
        "SELECT match.id, MIN(subject.seq) FROM match JOIN subject ON subject.id = match.id GROUP BY match.id"
    )
    return dict(rows.fetchall())


def decide(vault: Vault, match_id: str, ruling: Ruling, *, note: str = "", by: str = "") -> Decision:
    """Record a ruling. Earlier rulings stay; the latest counts. Raises UsageError for a match that is not there."""
    who = by or vault.settings.by
    with vault.database.write() as transaction:
        if not _exists(transaction, match_id):
            raise UsageError(f"there is no match {match_id}", next_step="`archiver matches` lists them")
        event = CustodyEvent(
            EventType.DECISION, match=match_id, detail={"ruling": ruling.value}, sealed={"note": note, "agent": who}
        )
        (entry,) = vault.ledger.append(transaction, [event])
        decision = Decision(match_id, ruling, who, note, now(), entry)
        transaction.execute(
            "INSERT INTO decision (match_id, ruling, by_whom, note, decided_at, entry) VALUES (?, ?, ?, ?, ?, ?)",
            (match_id, ruling.value, who, note, decision.decided_at, entry),
        )
    return decision


def segments_json(segments: Sequence[Segment]) -> list[dict[str, list[float]]]:
    """Segments as the command-line contract gives them, in seconds to the hundredth."""
    return [
        {"a": [round(s.a_start, 2), round(s.a_end, 2)], "b": [round(s.b_start, 2), round(s.b_end, 2)]} for s in segments
    ]


def transform_texts(transform: Mapping[str, Any]) -> dict[str, str]:
    """What was done to the copy as an entry holds it: each value as JSON text, as it may be no whole number."""
    return {name: json.dumps(value) for name, value in transform.items()}


def _exists(conn: Any, match_id: str) -> bool:
    return conn.execute("SELECT 1 FROM match WHERE id = ?", (match_id,)).fetchone() is not None


def _row(match: Match) -> tuple[Any, ...]:
    return (
        match.id, match.a, match.b, match.kind, match.finding, match.score, match.algorithm,
        json.dumps(segments_json(match.segments)), json.dumps(dict(match.transform)), now(),
        json.dumps(asdict(match.error_rate)) if match.error_rate else "",
    )  # fmt: skip


def _event(match: Match) -> CustodyEvent:
    # The ledger holds whole numbers only: canonical JSON has one spelling of an integer and several of a float.
    return CustodyEvent(
        EventType.MATCH,
        match=match.id,
        detail={
            "a": match.a,
            "b": match.b,
            "kind": match.kind.value,
            "finding": match.finding.value,
            "score_ppm": round(match.score * 1_000_000),
            "algorithm": match.algorithm,
            "segments_ms": [
                [round(1000 * second) for second in (s.a_start, s.a_end, s.b_start, s.b_end)] for s in match.segments
            ],
            "transform": transform_texts(match.transform),
            **({"error_rate": asdict(match.error_rate)} if match.error_rate else {}),
        },
    )


def _match(row: Sequence[Any]) -> Match:
    return Match(
        id=row[0], a=row[1], b=row[2], kind=MatchKind(row[3]), finding=Finding(row[4]), score=row[5], algorithm=row[6],
        segments=tuple(Segment(*s["a"], *s["b"]) for s in json.loads(row[7])), transform=json.loads(row[8]),
        error_rate=ErrorRate(**json.loads(row[9])) if row[9] else None,
    )  # fmt: skip


def _decision(row: Sequence[Any]) -> Decision | None:
    return Decision(row[0], Ruling(row[10]), *row[11:]) if row[10] else None
