"""What the ledger tells of a row: the entries about it with their opened fields, and comparing both."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from archiver.custody.audit.crew import Piece

#: A row's time and its entry's are read from the clock one after the other within one act; the longest, an `add` of
#: 100,000 rows on a slow disk, takes less than this.
ACT = timedelta(minutes=10)

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)

#: What stands for JSON that cannot be read: equal to nothing that was recorded.
UNREADABLE = object()


@dataclass(frozen=True, slots=True)
class Told:
    """One entry about a row: its number, what it says in the clear, and the sealed fields that the vault can open."""

    seq: int
    entry: Mapping[str, Any]
    opened: Mapping[str, str]

    @property
    def detail(self) -> Mapping[str, Any]:
        """The entry's `detail`, empty where it has none."""
        found: Mapping[str, Any] = self.entry.get("detail", {})
        return found

    def objects(self) -> list[tuple[str, str]]:
        """(SHA-256, role) of the objects that it names."""
        return [(one["sha256"], one["role"]) for one in self.entry.get("objects", ())]

    def is_timely(self, time: str, since: str = "") -> bool:
        """Whether a row's time is that of the act, or lies between `since` and it; each give or take `ACT`."""
        try:
            acted = _moment(self.entry["time"]) - timedelta(milliseconds=self.entry.get("clock_behind_ms", 0))
            earliest = _moment(since) if since else acted
            return earliest - ACT <= _moment(time) <= acted + ACT
        except (ValueError, OverflowError):
            return False


def rows_with_acts(
    connection: sqlite3.Connection, table: str, columns: str, piece: Piece
) -> Iterator[tuple[tuple[Any, ...], list[Told]]]:
    """The rows of a piece of a table of ours, each with the valid entries about its `id`, both in order.

    Three queries run beside one another, because one for each row costs more than all that is done with it.
    """
    bounds = (piece.first, piece.last)
    within = f"{table}.rowid BETWEEN ? AND ?"
    rows = connection.execute(f"SELECT rowid, {columns} FROM {table} WHERE {within} ORDER BY rowid", bounds)  # noqa: S608  names of ours
    # CROSS JOIN keeps SQLite to this order of loops, which gives the order of the rows without sorting them.
    about = f"FROM {table} CROSS JOIN subject ON subject.id = {table}.id CROSS JOIN"
    order = f"ORDER BY {table}.rowid, subject.seq"
    acts = connection.execute(
        f"SELECT {table}.rowid, entry.seq, body {about} entry ON entry.seq = subject.seq"
        f" WHERE {within} AND entry.seq NOT IN invalid {order}",
        bounds,
    )
    openings = connection.execute(
        f"SELECT {table}.rowid, subject.seq, disclosure.name, disclosure.value"
        f" {about} disclosure ON disclosure.seq = subject.seq WHERE {within} {order}",
        bounds,
    )
    opened = _Groups(groupby(openings, key=itemgetter(0, 1)))
    told = _Groups(groupby(acts, key=itemgetter(0)))
    for rowid, *row in rows:
        yield (
            tuple(row),
            [
                Told(seq, orjson.loads(body), {name: value for *_, name, value in opened.of((rowid, seq))})
                for _, seq, body in told.of(rowid)
            ],
        )


class _Groups:
    """Groups of rows in ascending order, asked for in ascending order."""

    def __init__(self, groups: Iterator[tuple[Any, Iterator[Any]]]) -> None:
        self._groups = groups
        self._next = next(groups, None)

    def of(self, key: Any) -> Sequence[Any]:
        """The group with this key, empty where there is none."""
        while self._next is not None and self._next[0] < key:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != key:
            return ()
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def is_proved(value: str, name: str, told: Told) -> bool:
    """Whether a row may say `value`: it is what the entry sealed, or nothing where that is forgotten.

    A value that no disclosure opens any more proves nothing, so that a row must not go on showing one.
    """
    return value == told.opened.get(name, "")


def differences(pairs: Mapping[str, tuple[Any, Any]]) -> str:
    """Names of the columns whose (found, told) differ, for people."""
    return ", ".join(name for name, (found, expected) in pairs.items() if found != expected)


def parsed(text: str) -> Any:
    """JSON of a row, or UNREADABLE."""
    if text == "{}":  # what most rows say
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return UNREADABLE


def _moment(text: str) -> datetime:
    """As `model.moment`, in a tenth of the time: a vault of 100,000 requests asks 200,000 times."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)
