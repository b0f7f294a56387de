"""What was received from other offices: each accession's history holds by itself, and is the one that it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from archiver.custody.audit.covered import Kind
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally
from archiver.proof.bundle import history, layout, received
from archiver.proof.bundle.bag import Faults, TooManyFaults
from archiver.proof.bundle.history import History
from archiver.proof.faults import ProofError

_KIND = Kind("accession", history.MISSING, history.INVALID, history.OTHER, layout.MAX_HISTORY_BYTES)


def check(seen: Snapshot, tally: Tally) -> None:
    """Note every fault. Raises sqlite3.Error."""
    shelf = _Shelf(seen, tally)
    rows = seen.connection.execute(
        "SELECT DISTINCT entry.seq, body FROM told_subject JOIN entry USING (seq)"
        " WHERE id >= 'received.' AND id < 'received/' AND entry.seq NOT IN invalid ORDER BY entry.seq"
    ).fetchall()
    for seq, body in rows:
        entry = json.loads(body)
        try:
            if "opens" in entry["detail"]:
                _check_opened(seen, shelf, entry)
            else:
                _check_bundle(seen, shelf, seq, entry)
        except ProofError as error:
            tally.fault(error.code, f"entry {seq}", error.message)
        except OSError as error:
            tally.fault(history.MISSING, f"entry {seq}", f"the history cannot be read: {error}")


class _Shelf:
    """Histories as they are asked for; the last is kept, because the items of a bundle share one."""

    def __init__(self, seen: Snapshot, tally: Tally) -> None:
        self._seen, self._tally = seen, tally
        self._last: tuple[str, History | None] = ("", None)

    def read(self, sha256: str) -> History:
        """A history, whose faults are noted. Raises ProofError where it cannot be read, and OSError."""
        if self._last[0] != sha256:
            data = _KIND.object(self._seen, sha256)
            faults = Faults()
            found = None
            with suppress(TooManyFaults):
                found = received.read(data, f"object {sha256}", faults)
            for fault in faults.found:
                self._tally.fault(fault.code, fault.subject, fault.message)
            self._last = (sha256, found)
            self._tally.count("histories")
        if self._last[1] is None:
            raise ProofError(history.INVALID, f"nothing can be read of the history in object {sha256}")
        return self._last[1]


def _check_bundle(seen: Snapshot, shelf: _Shelf, seq: int, entry: dict[str, Any]) -> None:
    found = shelf.read(_file(entry))
    opened = seen.connection.execute("SELECT value FROM disclosure WHERE seq = ? AND name = 'source'", (seq,))
    (key,) = opened.fetchone() or (None,)
    history.check_told(found, entry["detail"], key)
    held = [
        (one["role"], one["sha256"], one["sha512"], one["size"])
        for _, about in _about(seen, entry["item"])
        if about["type"] == "ingestion"
        for one in about.get("objects", ())
    ]
    history.check_objects(found, entry["detail"]["item"], held)


def _check_opened(seen: Snapshot, shelf: _Shelf, entry: dict[str, Any]) -> None:
    files = [
        _file(about)
        for _, about in _about(seen, entry["item"])
        if about["type"] == history.TYPE and "export" in about["detail"]
    ]
    data = _KIND.object(seen, _file(entry))
    received.check_opened(data, entry["detail"], [shelf.read(one) for one in dict.fromkeys(files)])


def _about(seen: Snapshot, item: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Entries about an item, those of before a check's beginning too."""
    for seq, body in seen.connection.execute(
        "SELECT entry.seq, body FROM subject JOIN entry USING (seq)"
        " WHERE id = ? AND entry.seq NOT IN invalid ORDER BY entry.seq",
        (item,),
    ).fetchall():
        yield seq, json.loads(body)


def _file(entry: dict[str, Any]) -> str:
    """The object that an accession is about."""
    found = [str(one["sha256"]) for one in entry["objects"] if history.is_file(one["media_type"])]
    if len(found) != 1:
        raise ProofError(history.OTHER, "the entry does not name one history")
    return found[0]
