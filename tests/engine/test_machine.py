from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from archiver.engine.machine import explained
from archiver.errors import BusyError, CaptureError, MachineError

FULL = sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk-full"),
        (FULL, "disk-full"),
        (OperationalError("INSERT", {}, FULL), "disk-full"),
        (OSError(errno.EIO, "Input/output error"), "machine-failed"),
        (OSError(errno.EMFILE, "Too many open files"), "machine-failed"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "machine-failed"),
        (MachineError("x", code="read-back-differs"), "read-back-differs"),
        (BusyError("x"), ""),
    ],
)
def test_what_is_this_machines_is_told_as_that(error: Exception, code: str) -> None:
    ours = explained(error)
    assert ours is not None
    assert ours.code == code


@pytest.mark.parametrize(
    "error", [None, ValueError("x"), OSError(errno.ENOENT, "x"), CaptureError("x", code="not-found"), KeyError("full")]
)
def test_what_a_request_did_is_not(error: Exception | None) -> None:
    assert explained(error) is None
