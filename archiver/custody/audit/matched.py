"""Matches and people's rulings on them against the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from archiver.custody.audit import told
from archiver.custody.audit.crew import Piece
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.told import Told
from archiver.custody.findings import transform_texts
from archiver.model import EventType

#: Rows hold seconds to the hundredth, entries whole milliseconds.
_ROUNDING_SECONDS = 0.0056

_MATCH = "id, a, b, kind, finding, score, algorithm, segments, transform, found_at, error_rate"


def check(connection: sqlite3.Connection, piece: Piece) -> Tally:
    """Check rows of `match`, and the rulings on them. Raises sqlite3.Error."""
    tally = Tally()
    for row, acts in told.rows_with_acts(connection, "match", _MATCH, piece):
        found = next((act for act in acts if act.entry["type"] == EventType.MATCH), None)
        if found is None:
            tally.fault("match-untold", row[0], "no entry tells of this match")
        else:
            _check_match(row, found, tally)
        rulings = {act.seq: act for act in acts if act.entry["type"] == EventType.DECISION}
        _check_decisions(connection, row[0], rulings, tally)
        tally.count("matches")
    return tally


def check_orphans(connection: sqlite3.Connection, tally: Tally) -> None:
    """Note rulings on what is no match. Raises sqlite3.Error."""
    for (name,) in connection.execute(
        "SELECT DISTINCT match_id FROM decision WHERE match_id NOT IN (SELECT id FROM match) ORDER BY 1"
    ):
        tally.fault("decision-untold", name, "there is a ruling on a match that is not on record")


def _check_match(row: Sequence[Any], found: Told, tally: Tally) -> None:
    name, a, b, kind, finding, score, algorithm, segments, transform, found_at, error_rate = row
    detail = found.detail
    pairs: dict[str, tuple[Any, Any]] = {
        "a": (a, detail["a"]),
        "b": (b, detail["b"]),
        "kind": (kind, detail["kind"]),
        "finding": (finding, detail["finding"]),
        "score": (abs(score * 1_000_000 - detail["score_ppm"]) < 1, True),
        "algorithm": (algorithm, detail["algorithm"]),
        "segments": (_are_segments(told.parsed(segments), detail["segments_ms"]), True),
        "transform": (_is_transform(told.parsed(transform), detail.get("transform")), True),
        "error rate": (told.parsed(error_rate) if error_rate else None, detail.get("error_rate")),
        "time": (found.is_timely(found_at), True),
    }
    differing = told.differences(pairs)
    if differing:
        tally.fault("match-altered", name, f"{differing}: not what entry {found.seq} tells")


def _is_transform(found: Any, expected: Mapping[str, str] | None) -> bool:
    """Whether a row says what the entry does; one of the first version says nothing of it."""
    if expected is None:
        return isinstance(found, dict)
    return isinstance(found, dict) and transform_texts(found) == expected


def _are_segments(found: object, expected: Sequence[Sequence[int]]) -> bool:
    if not isinstance(found, list) or len(found) != len(expected):
        return False
    for one, milliseconds in zip(found, expected, strict=True):
        if not isinstance(one, dict) or one.keys() != {"a", "b"}:
            return False
        if not all(isinstance(side, list) and len(side) == 2 for side in one.values()):
            return False
        for second, millisecond in zip([*one["a"], *one["b"]], milliseconds, strict=True):
            # A NaN compares false here as it should.
            if not isinstance(second, int | float) or not abs(second - millisecond / 1000) < _ROUNDING_SECONDS:
                return False
    return True


def _check_decisions(connection: sqlite3.Connection, match: str, rulings: Mapping[int, Told], tally: Tally) -> None:
    seen = set()
    latest = 0
    for ruling, by, note, decided_at, entry in connection.execute(
        "SELECT ruling, by_whom, note, decided_at, entry FROM decision WHERE match_id = ? ORDER BY id", (match,)
    ):
        act = rulings.get(entry)
        if act is None or entry in seen:
            tally.fault("decision-untold", match, f"no entry tells of the ruling {ruling!r} (entry {entry} is named)")
            continue
        if entry < latest:
            tally.fault("decision-altered", match, f"the ruling of entry {entry} does not stand in its order")
        seen.add(entry)
        latest = max(latest, entry)
        wrong = told.differences(
            {
                "ruling": (ruling, act.detail["ruling"]),
                "by": (told.is_proved(by, "agent", act), True),
                "note": (told.is_proved(note, "note", act), True),
                "time": (act.is_timely(decided_at), True),
            }
        )
        if wrong:
            tally.fault("decision-altered", match, f"{wrong}: not what entry {entry} tells")
    for seq in sorted(rulings.keys() - seen):
        tally.fault("decision-missing", match, f"entry {seq} tells of a ruling that is not on record")
