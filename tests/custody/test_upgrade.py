"""Vaults of older versions: brought up to date in one transaction that the ledger tells of, or left as they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archiver import config
from archiver.custody import database, keys, schema, schema_sql, upgrade
from archiver.custody.audit import verify
from archiver.custody.database import Database
from archiver.custody.store import Store
from archiver.custody.vault import open_vault
from archiver.errors import EvidenceError, UsageError
from archiver.proof import canonical
from archiver.proof.faults import INCOMPLETE
from tests.calling import Archiver
from tests.vault_story import ORIGIN

FIRST = (Path(__file__).parent / "vectors" / "version-1.sql").read_text("utf-8")

#: What a later version may do: another table, another column, a view and a trigger with a semicolon in it.
LATER = """
CREATE TABLE later (id TEXT PRIMARY KEY) STRICT;
ALTER TABLE item ADD COLUMN later TEXT NOT NULL DEFAULT '';
CREATE VIEW v_later AS SELECT id FROM later;
CREATE TRIGGER later_is_kept BEFORE DELETE ON later
BEGIN SELECT RAISE(ABORT, 'kept; always'); END;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A vault as the first version made it, but for its objects."""
    folder = tmp_path / "vault"
    folder.mkdir()
    keys.create(folder / "keys", ORIGIN)
    for name in (keys.QUANTUM_PRIVATE_NAME, keys.QUANTUM_VERIFIER_NAME):
        (folder / "keys" / name).unlink()
    config.save(folder, ORIGIN, "Office A")
    Store.create(folder / "objects")
    connection = sqlite3.connect(folder / database.FILE_NAME)
    connection.executescript(f"PRAGMA journal_mode = WAL; {FIRST}")
    connection.close()
    return folder


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> int:
    """A program of one version more."""
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, LATER))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    return schema.VERSION


def _entries(folder: Path) -> list[bytes]:
    connection = sqlite3.connect(folder / database.FILE_NAME)
    try:
        return [row[0] for row in connection.execute("SELECT body FROM entry ORDER BY seq")]
    finally:
        connection.close()


def test_a_file_of_the_first_version_is_the_first_migration() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(FIRST)
    assert schema_sql.of(connection) == schema_sql.fresh(1)
    connection.close()


def test_an_older_vault_is_brought_up_to_date_and_the_ledger_tells_it(old: Path, later: int) -> None:
    before = _entries(old)
    assert upgrade.upgrade(old, {}) == (1, later)
    entries = _entries(old)
    assert entries[: len(before)] == before
    told = [canonical.decode(body) for body in entries[len(before) :]]
    assert [(one["type"], one["detail"]) for one in told] == [("database migration", {"from": 1, "to": later})]
    vault = open_vault(old, {})
    assert schema_sql.of(vault.database.read()) == schema_sql.fresh()
    vault.database.close()
    verdict = verify(old)
    assert {fault.code for fault in verdict.faults} == {"object-missing", "checkpoint-missing"}, "not in the fixture"


def test_a_second_time_there_is_nothing_to_do(old: Path, later: int) -> None:
    upgrade.upgrade(old, {})
    entries = _entries(old)
    assert upgrade.upgrade(old, {}) == (later, later)
    assert _entries(old) == entries


def test_an_older_vault_says_what_to_do_and_is_left_alone(old: Path, later: int) -> None:
    with pytest.raises(UsageError) as caught:
        open_vault(old, {})
    assert caught.value.code == "vault-older"
    assert "archiver upgrade" in caught.value.line()
    verdict = verify(old)
    assert verdict.word == INCOMPLETE
    assert "schema-older" in {fault.code for fault in verdict.faults}


def test_an_older_vault_that_was_tampered_with_still_fails(old: Path, later: int) -> None:
    _sql(old, "CREATE VIEW sneaky AS SELECT 1")
    assert "schema-differs" in {fault.code for fault in verify(old).faults}
    before = (old / database.FILE_NAME).read_bytes()
    with pytest.raises(EvidenceError) as caught:
        upgrade.upgrade(old, {})
    assert caught.value.code == "schema-differs"
    assert (old / database.FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("broken", ["CREATE TABLE item (id TEXT);", "DELETE FROM acquisition;"])
def test_a_migration_that_fails_leaves_the_older_vault(
    old: Path, later: int, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], f"{LATER}{broken}\n"))
    entries = _entries(old)
    with pytest.raises((sqlite3.Error, EvidenceError)):
        upgrade.upgrade(old, {})
    assert _entries(old) == entries
    records = Database(old / database.FILE_NAME, older=True)
    assert records.read().execute("PRAGMA user_version").fetchone() == (1,)
    assert schema_sql.of(records.read()) == schema_sql.fresh(1)
    records.close()


def test_a_newer_vault_is_refused(old: Path) -> None:
    _sql(old, f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(UsageError, match="version"):
        upgrade.upgrade(old, {})


def test_the_command(old: Path, later: int) -> None:
    archiver = Archiver(old)
    assert "archiver upgrade" in archiver("status", code=2).err
    assert archiver("upgrade", "--json").json == {"from": 1, "to": later}
    assert "already" in archiver("upgrade").out
    assert archiver("status", "--json").json["entries"] == len(_entries(old))


def test_statements_are_taken_apart_at_their_ends() -> None:
    assert len(list(upgrade.statements(LATER))) == 4
    assert "".join(upgrade.statements(FIRST)).strip() == FIRST.strip()


def _sql(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / database.FILE_NAME)
    connection.execute(statement)
    connection.commit()
    connection.close()
