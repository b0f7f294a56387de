"""The folder in which a sandbox sees its inputs, at fixed names, through a read-only mount.

Inputs are hard links, so that nothing is copied and nothing else of the vault is in sight. A descriptor handed in from
outside would be simpler and wrong: whoever owns the file may change its mode and reopen it for writing through such a
descriptor, and a parser that an attacker has taken over runs as the owner. Through a read-only mount both are refused
by the kernel. Where a link is not possible (other file system, other owner) the input is copied.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from archiver.sandbox.failure import Failure, SandboxError

_PREFIX = "archiver-inbox-"  # also in the system's temporary folder, where others have theirs


class Inbox:
    """A folder of our own under `parent`, locked while we live, so that what a killed process left can be removed."""

    def __init__(self, parent: Path | None) -> None:
        self._parent = Path(tempfile.gettempdir()) if parent is None else parent
        self._parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(self._parent)
        self.folder, self._lock = _make(self._parent)

    def put(self, files: Sequence[Path | BinaryIO]) -> list[str]:
        """Lay out `files` and return their names in the folder: "0", "1" ... Raises SandboxError."""
        self.clear()
        names = [str(number) for number in range(len(files))]
        for name, file in zip(names, files, strict=True):
            target = self.folder / name
            if isinstance(file, Path):
                _place(file, target)
            else:
                with target.open("xb") as copy:
                    shutil.copyfileobj(file, copy)
        return names

    def clear(self) -> None:
        """Remove the inputs of the last job. The files that they were links to are not touched."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                os.unlink(entry.path)

    def close(self) -> None:
        """Remove the folder. May be called twice."""
        if self._lock >= 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def _place(file: Path, target: Path) -> None:
    try:
        real = os.path.realpath(file, strict=True)
        found = os.lstat(real)
    except OSError as error:
        raise SandboxError(Failure.FAILED, f"an input cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise SandboxError(Failure.FAILED, "an input is not a regular file")
    # Inside there are no privileges: what only root's powers open out here would not open in there.
    readable = found.st_mode & stat.S_IROTH or (found.st_uid == os.geteuid() and found.st_mode & stat.S_IRUSR)
    if readable:
        try:
            os.link(real, target)
        except OSError:  # another file system, another owner, too many links: a copy serves as well
            pass
        else:
            return
    try:
        shutil.copyfile(real, target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise SandboxError(Failure.FAILED, f"an input cannot be laid out: {error.strerror}") from error


def _make(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # another process has swept it away before it was locked
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(folder):
            return folder, lock
        os.close(lock)


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(_PREFIX + "*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # in use
        finally:
            os.close(lock)
