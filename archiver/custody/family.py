"""What belongs together in the records: a request, its attempts and their items, and every entry about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_KINDS = ("request", "acquisition", "item", "match")


@dataclass(frozen=True, slots=True)
class Family:
    """Ids by kind, and the numbers of the entries about them."""

    requests: frozenset[str]
    acquisitions: frozenset[str]
    items: frozenset[str]
    matches: frozenset[str]
    entries: frozenset[int]


def of_entries(connection: sqlite3.Connection, entries: Mapping[int, Mapping[str, Any]]) -> Family:
    """The family of some entries, given as number and decoded value."""
    found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for value in entries.values():
        for kind in _KINDS:
            if kind in value:
                found[kind].add(value[kind])
    found["acquisition"] |= _column(connection, "SELECT acquisition_id FROM item WHERE id = ?", found["item"])
    found["request"] |= _column(connection, "SELECT request_id FROM acquisition WHERE id = ?", found["acquisition"]) - {
        ""
    }
    found["acquisition"] |= _column(connection, "SELECT id FROM acquisition WHERE request_id = ?", found["request"])
    found["item"] |= _column(connection, "SELECT id FROM item WHERE acquisition_id = ?", found["acquisition"])
    ids = {one for kind in _KINDS for one in found[kind]}
    told = _column(connection, "SELECT seq FROM subject WHERE id = ?", ids)
    return Family(
        requests=frozenset(found["request"]),
        acquisitions=frozenset(found["acquisition"]),
        items=frozenset(found["item"]),
        matches=frozenset(found["match"]),
        entries=frozenset({*entries, *told}),
    )


def _column(connection: sqlite3.Connection, query: str, values: Iterable[Any]) -> set[Any]:
    return {row[0] for value in values for row in connection.execute(query, (value,))}
