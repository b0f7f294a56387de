"""What the ledger tells of a row: the entries about it with their opened fields, and comparing both."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archiver.custody.audit.tally import Tally

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


def about(connection: sqlite3.Connection, subject: str) -> list[Told]:
    """The valid entries about a request, acquisition, item or match, in order."""
    rows = connection.execute(
        "SELECT entry.seq, body FROM subject JOIN entry USING (seq)"
        " WHERE subject.id = ? AND entry.seq NOT IN invalid ORDER BY entry.seq",
        (subject,),
    )
    return [Told(seq, json.loads(body), _opened(connection, seq)) for seq, body in rows]


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
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return UNREADABLE


def check_existence(connection: sqlite3.Connection, kind: str, tally: Tally) -> None:
    """Note every id that entries tell of and that has no row in the table of that name."""
    for subject, seq in connection.execute(
        f"SELECT id, seq FROM told WHERE kind = ? AND id NOT IN (SELECT id FROM {kind}) ORDER BY seq",  # noqa: S608  a name of ours
        (kind,),
    ):
        tally.fault(f"{kind}-missing", subject, f"entry {seq} tells of this {kind}, and it is not on record")


def _moment(text: str) -> datetime:
    """As `model.moment`, in a tenth of the time: a vault of 100,000 requests asks 200,000 times."""
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _opened(connection: sqlite3.Connection, seq: int) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM disclosure WHERE seq = ?", (seq,)))
