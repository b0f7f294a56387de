"""Who may work on a vault: one `run`, and in it numbered slots that no two live processes share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.errors import BusyError, MachineError

#: The kernel drops these locks with their process, so that a crash leaves nothing to clean up.
RUN_LOCK = "run.lock"


@contextmanager
def held(path: Path, what: str, next_step: str) -> Iterator[None]:
    """Hold a file lock for the block. Raises BusyError where another process holds it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MachineError(
            f"{path} cannot be opened: {error.strerror}", next_step="Check the folder's rights"
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(what, next_step=next_step) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def the_run(folder: Path) -> Iterator[None]:
    """Be the one `run` of the vault. Reading, `add`, `decide`, `ingest` and `verify` go on beside it."""
    with held(
        folder / RUN_LOCK,
        f"another `archiver run` works on {folder}",
        "Wait for it, or give it more processes with --workers",
    ):
        yield


@contextmanager
def slot(folder: Path, number: int) -> Iterator[str]:
    """Hold a numbered slot; its name is the executor's id. Two live processes with one id would run steps twice."""
    with held(folder / f"slot-{number}.lock", f"slot {number} of {folder} is taken", "Wait for the other process"):
        yield f"slot-{number}"
