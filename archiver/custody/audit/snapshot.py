"""One consistent look at a vault that others may be writing to: its checkpoint, key and records at one moment.

The checkpoint's file is read before and after the read transaction begins, until both are the same: entries are
committed before their checkpoint is written, so a snapshot that has fewer entries than its checkpoint lost them.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from archiver import config
from archiver.custody import cosigned, database, keys, publish, tilefiles
from archiver.custody.audit.tally import Tally
from archiver.errors import ArchiverError
from archiver.proof.faults import ProofError
from archiver.proof.log import logkeys
from archiver.proof.log import note as notes
from archiver.proof.log.logkeys import LogKeys

#: A publisher writes the checkpoint's file a few times a second at most; the two looks are microseconds apart.
LOOKS = 100

#: SQLite's page cache for the audit, in KiB: enough for the inner pages of a 10-million-entry table.
_CACHE_KIB = 64 * 1024


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A vault at one moment. `note` is None where there is no checkpoint, `keys` where none are at hand.

    `expected` is a key from outside, which the ledger has to know as one of its own, of today or of the past.
    """

    folder: Path
    connection: sqlite3.Connection
    note: bytes | None
    keys: LogKeys | None
    expected: notes.VerifierKey | None
    cosigned: tuple[str, ...]  # listed before the records were looked at, which are never behind it
    began_ns: int  # when the look began, by the clock of the files' times
    at_rest: bool  # opened in the belief that nobody writes, which is to be checked afterwards

    @property
    def ledger(self) -> Path:
        """The folder of what is published."""
        return self.folder / tilefiles.FOLDER_NAME


@contextmanager
def opened(
    folder: Path, tally: Tally, key: notes.VerifierKey | None = None, *, at_rest: bool
) -> Iterator[Snapshot | None]:
    """The vault's snapshot, or None (with the fault noted) where the records cannot be opened.

    A `key` from outside is used in place of the vault's own. With `at_rest` a vault that no process has open is read
    without leaving files beside it; `state_of` then tells whether somebody wrote in the meantime.
    """
    own = _keys(folder, tally) if key is None else None
    path = folder / database.FILE_NAME
    if path.is_symlink() or not path.is_file():
        tally.fault("database-missing", path.name, "the records are missing, or a link or folder lies in their place")
        yield None
        return
    began_ns = time.time_ns()
    kept = cosigned.names(folder)
    at_rest = at_rest and not _is_open(path)
    try:
        connection = connect(path, at_rest=at_rest)
    except sqlite3.Error as error:
        tally.fault("database-unreadable", path.name, f"the records cannot be opened: {error}")
        yield None
        return
    try:
        try:
            checkpoint = _begin(connection, folder)
        except (sqlite3.Error, OSError) as error:
            tally.fault("database-unreadable", path.name, f"the vault cannot be read: {error}")
            yield None
        else:
            yield Snapshot(folder, connection, checkpoint, own, key, kept, began_ns, at_rest)
    finally:
        connection.close()


def tolerant(data: bytes) -> str:
    """Text of the records: what is not UTF-8 must not end the reading; it is unequal to everything recorded."""
    return data.decode("utf-8", "surrogateescape")


def state_of(folder: Path) -> tuple[int, ...]:
    """What changes when somebody writes the records: two equal answers mean that they rested in between."""
    path = folder / database.FILE_NAME
    found: list[int] = []
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            state = os.lstat(name)
        except OSError:
            found.append(-1)
            continue
        found += (state.st_ino, state.st_size, state.st_mtime_ns)
    return tuple(found)


def read_plain(path: Path, most: int) -> bytes:
    """At most `most` + 1 bytes of a regular file; a link, a pipe or a device is not read. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no regular file")
        return stream.read(most + 1)


def _is_open(path: Path) -> bool:
    """Whether some process may have the database open, or did not close it: its write-ahead log holds something."""
    log = path.with_name(path.name + "-wal")
    return log.is_file() and log.stat().st_size > 0


def connect(path: Path, *, at_rest: bool) -> sqlite3.Connection:
    """A connection that cannot write and believes nothing. Raises sqlite3.Error."""
    # Read-only SQLite makes a -wal and a -shm file and leaves them there, unless it is told that nobody writes.
    mode = "immutable=1" if at_rest else "mode=ro"
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None, timeout=database.BUSY_SECONDS
    )
    connection.text_factory = tolerant
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _begin(connection: sqlite3.Connection, folder: Path) -> bytes | None:
    for _ in range(LOOKS):
        before = _checkpoint(folder)
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # the snapshot is taken by the first read
        if _checkpoint(folder) == before:
            return before
        connection.execute("ROLLBACK")
    raise OSError("the checkpoint changes faster than it can be read")


def _checkpoint(folder: Path) -> bytes | None:
    try:
        return read_plain(folder / tilefiles.FOLDER_NAME / tilefiles.CHECKPOINT_NAME, notes.MAX_BYTES)
    except OSError:
        return None  # what lies there in its place is reported with the ledger's other files


def _keys(folder: Path, tally: Tally) -> LogKeys | None:
    place = folder / publish.KEYS_NAME
    try:
        lines = [_line(place / keys.VERIFIER_NAME)]
        if os.path.lexists(place / keys.QUANTUM_VERIFIER_NAME):
            lines.append(_line(place / keys.QUANTUM_VERIFIER_NAME))
        found = logkeys.parse(lines)
    except FileNotFoundError:
        tally.fault(
            "key-absent", f"keys/{keys.VERIFIER_NAME}", "without the verifier key no checkpoint can be checked: give it"
        )
        return None
    except (OSError, UnicodeDecodeError, ProofError) as error:
        tally.fault("key-altered", f"keys/{keys.VERIFIER_NAME}", f"these are no verifier keys: {error}")
        return None
    try:
        origin = config.load(folder, {}).origin
    except (ArchiverError, OSError) as error:
        tally.fault("settings-unreadable", config.FILE_NAME, f"the settings cannot be read: {error}")
        return found
    if origin != found.name:
        tally.fault(
            "key-altered", f"keys/{keys.VERIFIER_NAME}", f"the key is of {found.name!r}, the settings name {origin!r}"
        )
    return found


def _line(path: Path) -> str:
    return read_plain(path, notes.MAX_BYTES).decode("utf-8").removesuffix("\n")
