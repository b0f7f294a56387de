"""Acquisitions, items, holdings and objects' rows against the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from archiver.custody.acquisitions import NAMES_CHARACTERS
from archiver.custody.audit import told
from archiver.custody.audit.crew import Piece
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.told import Told
from archiver.model import EventType, Role

_ACQUISITION = "id, kind, request_id, attempt, started_at, ended_at, outcome, reason, tools, source"
_ITEM = "id, acquisition_id, case_name, url, title, uploader, note, path, source, acquired_at"
_SEALED = ("case", "url", "title", "uploader", "note", "path", "source")

#: Entries that say which objects an item holds.
_HOLDING = frozenset({EventType.INGESTION, EventType.METADATA, EventType.FINGERPRINT, EventType.ACCESSION})


def check_acquisitions(connection: sqlite3.Connection, piece: Piece) -> Tally:
    """Check rows of `acquisition`, and what they hold. Raises sqlite3.Error."""
    tally = Tally()
    for row, acts in told.rows_with_acts(connection, "acquisition", _ACQUISITION, piece):
        _check_acquisition(connection, row, acts, tally)
        tally.count("acquisitions")
    return tally


def check_items(connection: sqlite3.Connection, piece: Piece) -> Tally:
    """Check rows of `item`, and what they hold. Raises sqlite3.Error."""
    tally = Tally()
    for row, acts in told.rows_with_acts(connection, "item", _ITEM, piece):
        _check_item(connection, row, acts, tally)
        tally.count("items")
    return tally


def check_orphans(connection: sqlite3.Connection, tally: Tally) -> None:
    """Note what is held by nothing. Raises sqlite3.Error."""
    for holder, sha256 in connection.execute(
        "SELECT CASE item_id WHEN '' THEN acquisition_id ELSE item_id END, sha256 FROM holding"
        " WHERE acquisition_id NOT IN (SELECT id FROM acquisition)"
        " OR (item_id <> '' AND item_id NOT IN (SELECT id FROM item))"
    ):
        tally.fault("holding-untold", holder, f"it is said to hold object {sha256}, and it is not on record")


def check_objects(connection: sqlite3.Connection, tally: Tally, *, every: bool) -> None:
    """Check the rows of `object` against what entries tell of them: all, or those that are told of.

    Raises sqlite3.Error.
    """
    for sha256, seq in connection.execute(
        "SELECT sha256, seq FROM told_object WHERE sha256 NOT IN (SELECT sha256 FROM object) ORDER BY seq"
    ):
        tally.fault("object-row-missing", sha256, f"entry {seq} tells of this object, and it is not on record")
    untold = "SELECT sha256 FROM object WHERE sha256 NOT IN (SELECT sha256 FROM told_object) ORDER BY sha256"
    for (sha256,) in connection.execute(untold) if every else ():
        tally.fault("object-untold", sha256, "no entry tells of this object")
    # The media type is the first telling's, where that is known: the same bytes may be taken for something else later.
    for sha256, seq in connection.execute(
        "SELECT sha256, seq FROM object JOIN told_object AS told USING (sha256)"
        " WHERE (object.sha512, object.size) IS NOT (told.sha512, told.size)"
        " OR (? AND object.media_type IS NOT told.media_type)",
        (every,),
    ):
        tally.fault("object-row-altered", sha256, f"its row names another size, type or SHA-512 than entry {seq}")


def _check_acquisition(connection: sqlite3.Connection, row: Sequence[Any], acts: Sequence[Told], tally: Tally) -> None:
    name, kind = row[0], row[1]
    taken_in = [act for act in acts if act.entry["type"] == EventType.INGESTION]
    main = next((act for act in acts if act.entry["type"] == EventType.CAPTURE), None)
    # Of an ingest, its first item; what failed of it has entries of its own, as one that failed altogether has.
    main = main or next((act for act in taken_in if "item" in act.entry), None) or next(iter(taken_in), None)
    if main is None:
        tally.fault("acquisition-untold", name, "no entry tells of this acquisition")
        return
    captured = main.entry["type"] == EventType.CAPTURE
    pairs: dict[str, tuple[Any, Any]] = {
        "kind": (kind, "download" if captured else "ingest"),
        "request": (row[2], main.entry.get("request", "")),
        "start": (row[4], main.detail.get("started")),
        "end": (row[5], main.detail.get("ended")),
        "outcome": (row[6], main.entry["outcome"]),
        "reason": (row[7], main.entry.get("reason", "")),
        "tools": (told.parsed(row[8]), main.entry.get("tools", [])),
    }
    if captured:
        pairs["attempt"] = (row[3], main.detail.get("attempt"))
    elif "item" not in main.entry:
        pairs["source"] = (row[9], main.opened.get("path", ""))
    differing = told.differences(pairs)
    if differing:
        tally.fault("acquisition-altered", name, f"{differing}: not what entry {main.seq} tells")
    expected = set(main.objects()) if captured else set()
    _compare_holdings(connection, name, "", name, expected, tally)


def _check_item(connection: sqlite3.Connection, row: Sequence[Any], about: Sequence[Told], tally: Tally) -> None:
    name, acquisition, acquired_at = row[0], row[1], row[9]
    acts = [act for act in about if act.entry.get("item") == name]
    main = next((act for act in acts if act.entry["type"] == EventType.INGESTION), None)
    if main is None:
        tally.fault("item-untold", name, "no entry tells that this item was taken in")
        return
    for message in _item_differences(connection, row, main):
        tally.fault("item-altered", name, message)
    if not main.is_timely(acquired_at, since=main.detail.get("started", "")):
        tally.fault("item-altered", name, f"its time is not that of entry {main.seq}")
    algorithms = {one for act in acts if act.entry["type"] == EventType.FINGERPRINT for one in act.detail["algorithms"]}
    for (algorithm,) in connection.execute(
        "SELECT DISTINCT name FROM holding WHERE acquisition_id = ? AND item_id = ? AND role = ?",
        (acquisition, name, Role.FINGERPRINT.value),
    ):
        if algorithm not in algorithms:
            tally.fault("item-altered", name, f"no entry tells of a fingerprint by {algorithm}")
    expected = {held for act in acts if act.entry["type"] in _HOLDING for held in act.objects()}
    _compare_holdings(connection, acquisition, name, name, expected, tally)


def _item_differences(connection: sqlite3.Connection, row: Sequence[Any], main: Told) -> Iterator[str]:
    if row[1] != main.entry.get("acquisition"):
        yield f"it is not of the acquisition that entry {main.seq} names"
    for name, value in zip(_SEALED, row[2:9], strict=True):
        if not told.is_proved(value, name, main):
            yield f"its {name} is not what entry {main.seq} sealed"
    names = ", ".join(
        name
        for (name,) in connection.execute(
            "SELECT name FROM holding WHERE acquisition_id = ? AND item_id = ? AND role = ? AND name <> ''"
            " ORDER BY position",
            (row[1], row[0], Role.ORIGINAL.value),
        )
    )
    if not told.is_proved(names[:NAMES_CHARACTERS], "file_name", main):
        yield f"the names of its files are not what entry {main.seq} sealed"


def _compare_holdings(
    connection: sqlite3.Connection,
    acquisition: str,
    item: str,
    subject: str,
    expected: set[tuple[str, str]],
    tally: Tally,
) -> None:
    found = set(
        connection.execute(
            "SELECT sha256, role FROM holding WHERE acquisition_id = ? AND item_id = ?", (acquisition, item)
        )
    )
    for sha256, role in sorted(expected - found):
        tally.fault(
            "holding-missing", subject, f"the ledger gives it object {sha256} as {role}, and it does not hold it"
        )
    for sha256, role in sorted(found - expected):
        tally.fault("holding-untold", subject, f"no entry gives it object {sha256} as {role}")
