"""The schema that people read is the one that a new vault gets."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from archiver.custody import schema_sql
from archiver.custody.database import Database

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_schema_is_the_one_of_a_fresh_database() -> None:
    advice = "run: python -m archiver.custody.schema_sql > schemas/database.sql"
    assert (ROOT / "schemas/database.sql").read_text("utf-8") == schema_sql.text(), advice


def test_the_generator_prints_it() -> None:
    command = [sys.executable, "-m", "archiver.custody.schema_sql"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == schema_sql.text()


def test_the_text_makes_the_same_schema_again() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema_sql.text())
    assert schema_sql.of(connection) == schema_sql.fresh()
    connection.close()


def test_a_new_vaults_database_has_it(tmp_path: Path) -> None:
    database = Database.create(tmp_path / "archive.db")
    assert schema_sql.of(database.read()) == schema_sql.fresh()
    database.close()
