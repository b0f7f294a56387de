"""Work on the records in pieces: every row once, in order, whatever the numbers are and wherever the work is done."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody.audit import crew, snapshot
from archiver.custody.audit.crew import Crew, Piece

_INTEGERS = st.integers(-(2**63), 2**63 - 1)


def _numbers(connection: sqlite3.Connection, piece: Piece) -> list[tuple[int, int]]:
    """Work: the numbers of the piece, each with the process that read it."""
    query = "SELECT number FROM it WHERE number BETWEEN ? AND ? ORDER BY number"
    return [(number, os.getpid()) for (number,) in connection.execute(query, (piece.first, piece.last))]


def _broken(connection: sqlite3.Connection, piece: Piece) -> None:
    connection.execute("SELECT * FROM nowhere")


@given(st.sets(_INTEGERS | st.integers(-3000, 3000), max_size=30), _INTEGERS)
def test_pieces_hold_every_row_once_and_no_piece_is_empty(numbers: set[int], first: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE it (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO it VALUES (?)", [(one,) for one in numbers])
    found = [_numbers(connection, piece) for piece in crew.pieces(connection, "it", "number", first)]
    assert [number for piece in found for number, _ in piece] == sorted(one for one in numbers if one >= first)
    assert all(found)
    connection.close()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    file = tmp_path / "some.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE it (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO it VALUES (?)", [(one,) for one in range(5000)])
    connection.commit()
    connection.close()
    connection = snapshot.connect(file, at_rest=True)
    yield file, connection
    connection.close()


@pytest.mark.parametrize(("alone", "here"), [(False, False), (False, True), (True, False)])
def test_results_come_in_order_from_other_processes_or_from_this_one(
    records: tuple[Path, sqlite3.Connection], alone: bool, here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", 100)
    file, connection = records
    with Crew(file, connection, alone=alone) as workers:
        pieces = crew.pieces(connection, "it", "number")
        found = [one for piece in workers.each(_numbers, pieces, 5000, here=here) for one in piece]
    assert [number for number, _ in found] == list(range(5000))
    assert ({process for _, process in found} == {os.getpid()}) == (alone or here)


def test_what_cannot_be_read_over_there_is_an_error_here(
    records: tuple[Path, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", 100)
    file, connection = records
    with Crew(file, connection, alone=False) as workers, pytest.raises(sqlite3.OperationalError):
        list(workers.each(_broken, crew.pieces(connection, "it", "number"), 5000))


def test_work_goes_on_here_where_no_process_can_start(
    records: tuple[Path, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", 100)
    file, connection = records
    with Crew(file.parent, connection, alone=False) as workers:  # a folder is no database
        done = list(workers.each(_numbers, crew.pieces(connection, "it", "number"), 5000))
    assert [number for piece in done for number, _ in piece] == list(range(5000))
