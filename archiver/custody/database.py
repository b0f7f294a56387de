"""`archive.db`: connections, the one kind of write transaction, and the schema's version.

One act is one transaction, begun with BEGIN IMMEDIATE: with a plain BEGIN two writers that both read first end in
"database is locked".
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.custody import schema
from archiver.errors import BusyError, MachineError, RefusedError, UsageError

FILE_NAME = "archive.db"

#: How long a writer waits for another one: the longest act (a 100,000-row `add`) takes seconds.
BUSY_SECONDS = 60


class Database:
    """The vault's records. Connections belong to the thread that opened them; writers take turns."""

    def __init__(self, path: Path, *, older: bool = False) -> None:
        """Open what is there. Raises UsageError for a missing file or one of another schema version.

        `older` takes older versions as well, for `custody.upgrade`.
        """
        if not path.is_file():
            raise UsageError(f"{path} is missing", next_step="Is this a vault? `archiver init` makes one")
        self.path = path
        self._local = threading.local()
        self._turn = threading.RLock()
        self._check_version(older=older)

    @classmethod
    def create(cls, path: Path) -> Database:
        """Make the file with the newest schema."""
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            script = "".join(schema.MIGRATIONS)
            connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {schema.VERSION};COMMIT;")
        finally:
            connection.close()
        return cls(path)

    def read(self) -> sqlite3.Connection:
        """This thread's connection, for queries."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_SECONDS)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One act: commits when the block ends, takes everything back when it raises.

        Raises BusyError when other writers held the file for BUSY_SECONDS, MachineError when the disk is full, and
        RefusedError for text that UTF-8 cannot hold.
        """
        connection = self.read()
        with self._turn:
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, UnicodeEncodeError):
                    raise RefusedError("a text holds half a character (a lone surrogate)", code="not-unicode") from None
                if isinstance(error, sqlite3.OperationalError):
                    raise _explained(error) from error
                raise

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def backup(self, target: Path) -> None:
        """A consistent copy of the whole file, also while others write (SQLite's online backup)."""
        copy = sqlite3.connect(target)
        try:
            self.read().backup(copy)
        finally:
            copy.close()

    def _check_version(self, *, older: bool) -> None:
        try:
            (version,) = self.read().execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError as error:
            raise MachineError(
                f"{self.path} cannot be opened: {error}", next_step="Check the folder's rights and the room on its disk"
            ) from None
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{self.path} is not a database: {error}", next_step="Restore it from a copy") from None
        if version > schema.VERSION:
            raise UsageError(
                f"this vault is of schema version {version}, this program knows up to {schema.VERSION}",
                next_step="Use a newer archiver; nothing was changed",
            )
        if version < 1:
            raise UsageError(f"{self.path} holds no vault", next_step="`archiver init` makes one in an empty folder")
        if version < schema.VERSION and not older:
            raise UsageError(
                f"this vault is of schema version {version}, this program writes {schema.VERSION}",
                code="vault-older",
                next_step="Copy the vault's folder to a safe place, then `archiver upgrade`",
            )


def _begin(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise _explained(error) from error


def _explained(error: sqlite3.OperationalError) -> Exception:
    if "locked" in str(error):
        return BusyError("the vault's database is in use by another writer", next_step="Try again in a minute")
    if "full" in str(error) or "I/O" in str(error):
        return MachineError(f"the vault's database cannot be written: {error}", next_step="Make room on the disk")
    return error
