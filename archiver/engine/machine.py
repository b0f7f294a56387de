"""Errors that are this machine's, such as a full disk: a run halts for them and fails no request."""

from __future__ import annotations

import errno
import sqlite3

from archiver.errors import ArchiverError, BusyError, MachineError

#: No request is to blame for these, and the next one would end the same way.
_OURS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}


def full_disk() -> MachineError:
    """What is said where there is no room."""
    return MachineError(
        "the disk of the vault is full",
        code="disk-full",
        next_step="Make room; nothing that was recorded is lost, and the next run goes on",
    )


def explained(error: BaseException | None) -> ArchiverError | None:
    """The error of this machine that `error` is, or None where it is something else."""
    from sqlalchemy.exc import DBAPIError

    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, (MachineError, BusyError)):
        return cause
    if isinstance(cause, OSError) and cause.errno in _OURS:
        return full_disk() if cause.errno in (errno.ENOSPC, errno.EDQUOT) else _other(cause)
    if isinstance(cause, sqlite3.OperationalError):
        return full_disk() if "full" in str(cause) else _other(cause)
    return None


def _other(cause: Exception) -> MachineError:
    return MachineError(f"this machine cannot go on: {cause}", code="machine-failed", next_step="Mend that; then run")
