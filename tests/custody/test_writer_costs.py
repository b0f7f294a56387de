"""What an append and a proof cost, counted and not timed: neither grows with the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.custody import keys, tilefiles
from archiver.custody.database import FILE_NAME, Database
from archiver.custody.ledger import Ledger
from archiver.model import CustodyEvent, EventType
from archiver.proof.log import merkle
from archiver.proof.log.tiles import Tile

ORIGIN = "office-a.example/archive"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    keys.create(tmp_path / "keys", ORIGIN)
    database = Database.create(tmp_path / FILE_NAME)
    yield Ledger(tmp_path, database, ORIGIN, "unnamed")
    database.close()


def _append(ledger: Ledger, count: int) -> None:
    events = [CustodyEvent(EventType.RETRY, request="r2") for _ in range(count)]
    with ledger.database.write() as transaction:
        ledger.append(transaction, events)


def _steps(ledger: Ledger) -> int:
    """Instructions of SQLite's machine that one append takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    connection = ledger.database.read()
    connection.set_progress_handler(step, 1)
    try:
        _append(ledger, 1)
    finally:
        connection.set_progress_handler(None, 1)
    return count


def test_an_append_costs_the_same_at_the_end_as_at_the_beginning(ledger: Ledger) -> None:
    _append(ledger, 10)
    ledger.publish()
    _append(ledger, 1)
    early = _steps(ledger)
    _append(ledger, 10_000)
    ledger.publish()
    _append(ledger, 1)
    late = _steps(ledger)
    assert 0 < late <= 1.2 * early


def test_proofs_are_made_from_tiles_and_no_entry_is_read(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    _append(ledger, 1_000)
    newest = ledger.publish()
    assert newest is not None
    leaf = merkle.leaf_hash(ledger.entry(123))
    read: list[Tile] = []
    real = tilefiles.read

    def counted(folder: Path, tile: Tile) -> bytes:
        read.append(tile)
        return real(folder, tile)

    monkeypatch.setattr(tilefiles, "read", counted)
    ledger.database.read().set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    proof = ledger.inclusion_proof(123, 1_000)
    consistency = ledger.consistency_proof(700, 1_000)
    merkle.check_inclusion(leaf, 123, newest.size, proof, newest.root)
    assert consistency
    assert all(tile.level >= 0 for tile in read), "bundles of entries are not needed"
    assert len(read) <= 12
