"""The engine's own state: how DBOS is set up, and why nothing that lies in `engine.db` can do harm.

The file is disposable. Its values are portable JSON: DBOS would unpickle, which is to run, what a stranger wrote into
it, so a file with anything else in it is thrown away before DBOS sees it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from dbos import DBOSConfig
from dbos._serialization import DBOSPortableJSON

FILE_NAME = "engine.db"

#: The pipeline's own version, pinned: a workflow that was begun by an earlier release of the same pipeline goes on.
PIPELINE = "1"


def discard_if_unreadable(folder: Path) -> None:
    """Delete a vault's `engine.db` that is damaged or holds values that we did not write."""
    path = folder / FILE_NAME
    if not path.exists():
        return
    connection = sqlite3.connect(path)
    try:
        made = connection.execute("SELECT type, name FROM sqlite_master WHERE type <> 'index'").fetchall()
        # DBOS makes tables only: a view or a trigger would change what it reads after this look.
        good = all(kind == "table" and _is_portable(connection, name) for kind, name in made)
    except sqlite3.DatabaseError:
        good = False
    finally:
        connection.close()
    if not good:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}{suffix}")


def _is_portable(connection: sqlite3.Connection, table: str) -> bool:
    columns = [row[1] for row in connection.execute("SELECT * FROM pragma_table_info(?)", (table,))]
    if "serialization" not in columns:
        return True
    odd = connection.execute(
        f'SELECT COUNT(*) FROM "{table}" WHERE serialization IS NOT NULL AND serialization <> ?',  # noqa: S608  a name of DBOS
        (DBOSPortableJSON.name(),),
    ).fetchone()
    return int(odd[0]) == 0


class _Quick(sqlite3.Connection):
    """A connection to `engine.db` that does not wait for the disk: after a power cut it may tell of an earlier moment.

    All that is asked of it then is that it is no mixture of two moments, which WAL gives; the records do the rest.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA journal_mode = WAL")
        self.execute("PRAGMA synchronous = NORMAL")


def config(folder: Path, executor: str) -> DBOSConfig:
    """DBOS on the vault's own file, or on the server that ARCHIVER_DATABASE_URL names; it tells nobody anything."""
    server = os.environ.get("ARCHIVER_DATABASE_URL")
    return {
        "name": "archiver",
        "system_database_url": server or f"sqlite:///{folder / FILE_NAME}",
        "db_engine_kwargs": {} if server else {"connect_args": {"factory": _Quick}},
        "application_version": PIPELINE,
        "executor_id": executor,
        "serializer": DBOSPortableJSON,
        "enable_otlp": False,
        "use_listen_notify": False,
        "log_level": "CRITICAL",
    }
