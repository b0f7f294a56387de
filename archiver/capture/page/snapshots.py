"""Snapshots for the engine: one process per page, watched from outside.

result = snapshots.make(job, cancelled=lambda: False)
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import archiver
from archiver.capture import reasons
from archiver.capture.job import write_durably
from archiver.capture.page.job import (
    DISK_FULL,
    FILE_NAME,
    RESULT_NAME,
    SnapshotJob,
    SnapshotResult,
    job_to_json,
    read_result,
    result_to_json,
)
from archiver.model import now

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from archiver.capture.page.worker import main; main()"
# The process keeps to its time itself; this is for writing the file on a slow disk, and for one that hangs.
_GRACE_SECONDS = 20.0
_POLL_SECONDS = 0.25


def make(job: SnapshotJob, cancelled: Callable[[], bool] = lambda: False) -> SnapshotResult:
    """Visit `job.url` into `job.folder`; a result that already lies there is given again without a browser.

    Never raises for what a page or a browser does. The reason `disk-full` or `cancelled` leaves nothing behind.
    """
    if (before := read_result(job.folder)) is not None:
        return before
    for name in (FILE_NAME, RESULT_NAME):
        (job.folder / name).unlink(missing_ok=True)
    started = now()
    process = _started(job)
    handle = os.pidfd_open(process.pid)
    try:
        code = _watch(process, handle, time.monotonic() + job.limits.snapshot_seconds + _GRACE_SECONDS, cancelled)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(handle)
        _sweep(job.folder)
    result = read_result(job.folder)
    if result is None:
        reason = code or ("disk-full" if process.returncode == DISK_FULL else "snapshot-crashed")
        result = SnapshotResult(reason, reasons.REASONS[reason].words, url=job.url, started=started, ended=now())
        if reason not in ("disk-full", "cancelled"):
            _write(job.folder, result)
    return result


def _started(job: SnapshotJob) -> subprocess.Popen[bytes]:
    root = str(Path(archiver.__file__).resolve().parent.parent)
    paths = [root, *(os.path.abspath(path) for path in sys.path if path)]
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOT, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent"},
        cwd="/",
        start_new_session=True,  # Ctrl-C reaches the engine, which cancels in its own way
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(job_to_json(job))
    return process


def _watch(process: subprocess.Popen[bytes], handle: int, deadline: float, cancelled: Callable[[], bool]) -> str:
    """Wait for the process to end, or say why it has to."""
    while not select.select([handle], [], [], _POLL_SECONDS)[0]:
        if cancelled():
            return "cancelled"
        if time.monotonic() > deadline:
            return "snapshot-timed-out"
    process.wait()
    return ""


def _write(folder: Path, result: SnapshotResult) -> None:
    try:
        write_durably(folder, RESULT_NAME, result_to_json(result))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _sweep(folder: Path) -> None:
    """Remove profiles of browsers that were killed together with the process that would have."""
    for left in folder.glob("visit-*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
