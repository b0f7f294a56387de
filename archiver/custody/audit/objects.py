"""Every object digested anew, and every file of the store accounted for.

Two threads read at a time: hashlib lets go of the interpreter's lock, so both cores are used.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from archiver.custody import store
from archiver.custody.audit.tally import Tally
from archiver.custody.store import Digests

#: Files read at once; more threads than cores only compete for the disk.
_READERS = max(2, min(8, os.cpu_count() or 2))

#: Objects asked for ahead of the one that is waited for, so that memory does not grow with the vault.
_AHEAD = 64

_NAME_CHARACTERS = frozenset("0123456789abcdef")
_TEMPORARY = ".new-"  # as the store names what it has not finished writing


@dataclass(frozen=True, slots=True)
class _Wrong:
    code: str
    message: str


def check(connection: sqlite3.Connection, folder: Path, tally: Tally, *, told: bool = False) -> None:
    """Check the objects of the table `object`: all, or those of the table `told_object`.

    `folder` is the vault's `objects`.
    """
    which = "object WHERE sha256 IN (SELECT sha256 FROM told_object)" if told else "object"
    total = connection.execute(f"SELECT COUNT(*) FROM {which}").fetchone()[0]  # noqa: S608  names of ours
    rows = connection.execute(f"SELECT sha256, sha512, size FROM {which} ORDER BY sha256")  # noqa: S608  names of ours
    with ThreadPoolExecutor(_READERS) as pool:
        waiting: deque[tuple[Digests, Future[Digests | _Wrong]]] = deque()
        for row in rows:
            recorded = Digests(*row)
            if not is_digest(recorded.sha256):
                tally.fault("object-row-altered", recorded.sha256[:80], "a row of the objects bears no SHA-256 digest")
                continue
            waiting.append((recorded, pool.submit(_digest, folder, recorded.sha256)))
            if len(waiting) > _AHEAD:
                _judge(connection, *waiting.popleft(), tally, total)
        while waiting:
            _judge(connection, *waiting.popleft(), tally, total)


def is_digest(name: str) -> bool:
    """Whether `name` is spelt as a SHA-256 digest is."""
    return len(name) == 64 and _NAME_CHARACTERS.issuperset(name)


def _judge(
    connection: sqlite3.Connection, told: Digests, pending: Future[Digests | _Wrong], tally: Tally, total: int
) -> None:
    found = pending.result()
    if isinstance(found, _Wrong):
        tally.fault(found.code, told.sha256, found.message + _concerns(connection, told.sha256))
    else:
        tally.count("bytes", found.size)
        if found.sha256 != told.sha256:
            message = f"its bytes are not those that were recorded ({found.size} bytes, {told.size} on record)"
            tally.fault("object-altered", told.sha256, message + _concerns(connection, told.sha256))
        elif found != told:
            tally.fault("object-row-altered", told.sha256, "its row names another size or SHA-512 than its bytes have")
    tally.count("objects")
    tally.progress(tally.counted("objects"), total, "objects")


def _digest(folder: Path, sha256: str) -> Digests | _Wrong:
    """The object's digests. No link is followed on the way to it, and nothing but a regular file is read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        shelf = os.open(folder / sha256[:2], flags | os.O_DIRECTORY)
        try:
            handle = os.open(sha256[2:], flags, dir_fd=shelf)
        finally:
            os.close(shelf)
        with os.fdopen(handle, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return _Wrong("object-altered", "no regular file lies in its place")
            return store.digest(stream)
    except (FileNotFoundError, NotADirectoryError):
        if (folder / sha256[:2]).is_symlink():
            return _Wrong("object-is-link", "the folder in which it should lie is a link")
        return _Wrong("object-missing", "it is recorded and not there")
    except OSError as error:
        if (folder / sha256[:2] / sha256[2:]).is_symlink():
            return _Wrong("object-is-link", "a link lies in its place")
        if _is_other(folder / sha256[:2] / sha256[2:]):
            return _Wrong("object-altered", "no regular file lies in its place")
        return _Wrong("store-unreachable", f"it cannot be read: {error.strerror}")


def _is_other(path: Path) -> bool:
    """Whether something that is no regular file lies there."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _came_after(path: Path, began_ns: int) -> bool:
    """Whether the file came after the audit began, or is gone again: it is of an act that is recorded later."""
    try:
        return os.lstat(path).st_ctime_ns > began_ns
    except FileNotFoundError:
        return True


def _concerns(connection: sqlite3.Connection, sha256: str) -> str:
    """Whose object it is, for people."""
    try:
        rows = connection.execute(
            "SELECT role, CASE item_id WHEN '' THEN acquisition_id ELSE item_id END FROM holding WHERE sha256 = ?"
            " ORDER BY item_id LIMIT 5",
            (sha256,),
        ).fetchall()
    except sqlite3.Error:  # the table of holdings is damaged too, which is a fault of its own
        return ""
    return "; it is " + ", ".join(f"the {role} of {holder}" for role, holder in rows) if rows else ""


def unrecorded(connection: sqlite3.Connection, folder: Path, began_ns: int, tally: Tally) -> Iterator[str]:
    """Digests of whole files that no row mentions; what else lies there is noted.

    Files that came after `began_ns` are of a vault in use: left out.
    """
    try:
        shelves = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        tally.fault("store-unreachable", folder.name, f"the objects' folder cannot be read: {error.strerror}")
        return
    for shelf in shelves:
        place = f"{folder.name}/{shelf.name}"
        if shelf.is_symlink():
            tally.fault("object-is-link", place, "a link lies among the objects")
        elif shelf.is_dir(follow_symlinks=False):
            yield from _on_shelf(connection, Path(shelf.path), place, began_ns, tally)
        elif shelf.name.startswith(_TEMPORARY) and shelf.is_file(follow_symlinks=False):
            if not _came_after(Path(shelf.path), began_ns):
                tally.fault("unrecorded-object", place, "an interrupted write left it; the next run clears it away")
        else:
            tally.fault("stray-object", place, "it is no object and does not belong here")


def _on_shelf(connection: sqlite3.Connection, shelf: Path, place: str, began_ns: int, tally: Tally) -> Iterator[str]:
    try:
        names = sorted(os.listdir(shelf))
    except OSError as error:
        tally.fault("store-unreachable", place, f"the folder cannot be read: {error.strerror}")
        return
    for name in names:
        sha256 = shelf.name + name
        subject = sha256 if is_digest(sha256) else f"{place}/{name}"
        if is_digest(sha256) and connection.execute("SELECT 1 FROM object WHERE sha256 = ?", (sha256,)).fetchone():
            continue
        found = _digest(shelf.parent, sha256) if is_digest(sha256) else None
        if isinstance(found, Digests) and found.sha256 == sha256:
            if not _came_after(shelf / name, began_ns):
                yield sha256
        elif isinstance(found, _Wrong) and found.code == "object-missing":
            continue  # gone again: it was not finished
        elif isinstance(found, _Wrong) and found.code in ("object-is-link", "store-unreachable"):
            tally.fault(found.code, subject, f"{found.message}; no record mentions it")
        else:
            tally.fault("stray-object", subject, "no record mentions it, and its bytes are not those of its name")
