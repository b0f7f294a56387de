"""`archive.db`: one act is one transaction, writers take turns, and the ledger's table refuses to be changed."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.custody import database
from archiver.custody.database import Database
from archiver.errors import BusyError, UsageError


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    made = Database.create(tmp_path / "archive.db")
    yield made
    made.close()


def _append(records: Database, seq: int) -> None:
    with records.write() as transaction:
        transaction.execute("INSERT INTO entry VALUES (?, x'00', x'00')", (seq,))


def _append_next(path: Path, times: int) -> None:
    records = Database(path)
    for _ in range(times):
        with records.write() as transaction:
            (seq,) = transaction.execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
            transaction.execute("INSERT INTO entry VALUES (?, x'00', x'00')", (seq,))
    records.close()


def _count(records: Database) -> int:
    return int(records.read().execute("SELECT COUNT(*) FROM entry").fetchone()[0])


def test_an_act_that_raises_leaves_nothing(records: Database) -> None:
    def act() -> None:
        with records.write() as transaction:
            transaction.execute("INSERT INTO entry VALUES (0, x'00', x'00')")
            raise KeyError

    with pytest.raises(KeyError):
        act()
    assert _count(records) == 0
    _append(records, 0)
    assert _count(records) == 1


@pytest.mark.parametrize(
    "change", ["UPDATE entry SET body = x'01'", "DELETE FROM entry", "INSERT INTO entry VALUES (5, x'', x'')"]
)
def test_entries_are_neither_changed_nor_deleted_nor_out_of_order(records: Database, change: str) -> None:
    _append(records, 0)
    with pytest.raises(sqlite3.IntegrityError), records.write() as transaction:
        transaction.execute(change)
    assert records.read().execute("SELECT seq, body FROM entry").fetchall() == [(0, b"\x00")]


def test_an_entry_is_not_replaced(records: Database) -> None:
    _append(records, 0)
    with pytest.raises(sqlite3.IntegrityError), records.write() as transaction:
        transaction.execute("REPLACE INTO entry VALUES (0, x'01', x'01')")
    assert records.read().execute("SELECT body FROM entry").fetchall() == [(b"\x00",)]


def test_two_processes_that_read_before_they_write_wait_for_each_other(records: Database) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_next, args=(records.path, 25)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert _count(records) == 50


def test_threads_of_one_process_take_turns(records: Database) -> None:
    threads = [threading.Thread(target=_append_next, args=(records.path, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(records) == 40


def test_a_writer_that_waits_in_vain_says_so(records: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    other = Database(records.path)
    with records.write(), pytest.raises(BusyError), other.write():
        pass
    other.close()


def test_every_commit_is_on_the_disk(records: Database) -> None:
    assert records.read().execute("PRAGMA synchronous").fetchone() == (2,)
    assert records.read().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert records.read().execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_missing_file_is_no_vault(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        Database(tmp_path / "archive.db")
    assert not (tmp_path / "archive.db").exists()


@pytest.mark.parametrize(("version", "words"), [(99, "newer"), (0, "init")])
def test_another_schema_version_is_refused_and_left_alone(tmp_path: Path, version: int, words: str) -> None:
    path = tmp_path / "archive.db"
    Database.create(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(UsageError) as caught:
        Database(path)
    assert words in caught.value.line()


def test_what_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"not a database at all " * 100)
    with pytest.raises(UsageError, match="not a database"):
        Database(tmp_path / "archive.db")


def test_a_copy_is_whole_while_another_act_is_under_way(records: Database, tmp_path: Path) -> None:
    _append(records, 0)
    other = Database(records.path)
    with other.write() as transaction:
        transaction.execute("INSERT INTO entry VALUES (1, x'00', x'00')")
        records.backup(tmp_path / "copy.db")
    other.close()
    copy = Database(tmp_path / "copy.db")
    assert _count(copy) == 1
    copy.close()
