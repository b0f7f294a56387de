"""Fetchers for the engine: one process per acquisition, watched from outside.

    with Fetchers() as fetchers:
        result = fetchers.fetch(job, on_progress=show, cancelled=lambda: False)

Light to import: yt-dlp lives in the prepared process only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import archiver
from archiver.capture import messages, reasons
from archiver.capture.job import (
    EXCHANGE_NAME,
    FetchedFile,
    FetchJob,
    FetchResult,
    Progress,
    job_to_json,
    read_result,
)
from archiver.capture.sealing import seal
from archiver.errors import CaptureError, MachineError
from archiver.model import Outcome, Role, now

_BOOT = "import sys; sys.path[:] = sys.argv[2:]; from archiver.capture.prepared import main; main(int(sys.argv[1]))"
# The child enforces its limits itself; these are for one that hangs where it cannot.
_GRACE_SECONDS = 10.0
# From SIGTERM, on which the child writes down what it did, to SIGKILL.
_LAST_WORDS_SECONDS = 2.0
_POLL_SECONDS = 0.25
# Importing yt-dlp and its 1,500 extractors takes 3 to 5 s; a loaded machine takes some times that.
_START_SECONDS = 120.0


@dataclass(slots=True)
class _Child:
    """A running fetcher: `handle` is its pidfd, which never names another process."""

    pid: int
    handle: int

    def ended(self) -> bool:
        return bool(select.select([self.handle], [], [], 0)[0])

    def kill(self) -> None:
        """End it and what it started, if it still runs."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            select.select([self.handle], [], [], _GRACE_SECONDS)

    def ask_to_end(self) -> None:
        """Let it write down what it did; then end it."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGTERM)
        select.select([self.handle], [], [], _LAST_WORDS_SECONDS)
        self.kill()


class Fetchers:
    """The prepared process and the jobs that it forks. Threads may call `fetch` at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        with self._lock:
            self._launch()

    def __enter__(self) -> Fetchers:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def fetch(
        self,
        job: FetchJob,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> FetchResult:
        """Fetch `job.url` into `job.folder`; a result that already lies there is given again without the network.

        Never raises for what a server does. Raises MachineError where no fetcher can be started.
        """
        if (before := read_result(job.folder)) is not None:
            return before
        started = now()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self._submit(job_to_json(job), theirs)
            child = _greet(ours, cancelled)
            if child is None:
                error = reasons.failure("cancelled" if cancelled() else "fetcher-died")
                return _without_child(job, started, error)
            try:
                failure = _watch(ours, child, job, on_progress, cancelled)
            finally:
                child.kill()
                os.close(child.handle)
        # A result that was finished in time counts, whatever came in between.
        return read_result(job.folder) or _without_child(job, started, failure)

    def close(self) -> None:
        """End the prepared process and with it every fetcher."""
        with self._lock:
            self._stop()

    def _submit(self, message: bytes, line: socket.socket) -> None:
        """Hand a job over; a prepared process that is gone is started again, once."""
        with self._lock:
            for last_try in (False, True):
                if self._process is None or self._process.poll() is not None:
                    self._stop()
                    self._launch()
                assert self._control is not None
                try:
                    socket.send_fds(self._control, [message], [line.fileno()])
                    return
                except OSError as error:
                    self._stop()
                    if last_try:
                        raise MachineError(f"no fetcher can be started: {error}") from error

    def _launch(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(archiver.__file__).resolve().parent.parent)
        paths = [root, *(os.path.abspath(path) for path in sys.path if path)]
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-c", _BOOT, str(theirs.fileno()), *paths],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"LANG": "C.UTF-8", "PATH": "/nonexistent", "HOME": "/nonexistent", "YTDLP_NO_PLUGINS": "1"},
                    cwd="/",
                    start_new_session=True,  # Ctrl-C reaches the engine, which cancels in its own way
                )
            except OSError as error:
                ours.close()
                raise MachineError(f"no fetcher can be started: {error}") from error
        self._control = ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _greet(line: socket.socket, cancelled: Callable[[], bool]) -> _Child | None:
    """The child, as the prepared process introduces it before the child can say anything itself."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and not cancelled():
        if select.select([line], [], [], _POLL_SECONDS)[0]:
            try:
                message, descriptors, _, _ = socket.recv_fds(line, 64, 1)
            except OSError:
                return None
            return _Child(int(message), descriptors[0]) if message and descriptors else None
    return None


def _watch(
    line: socket.socket,
    child: _Child,
    job: FetchJob,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> CaptureError:
    """Follow the child to its end, or end it. What is returned counts only if it left no result."""
    limits = job.limits
    deadline = time.monotonic() + limits.fetch_seconds + _GRACE_SECONDS
    quiet_since, storing = time.monotonic(), False
    failure = reasons.failure("fetcher-died")
    while True:
        if select.select([line], [], [], _POLL_SECONDS)[0]:
            try:
                packet = line.recv(messages.MESSAGE_BYTES)
            except OSError:
                packet = b""
            if not packet:
                return failure
            said = messages.decode(packet)
            if isinstance(said, CaptureError):
                failure = said
            elif said is not None:
                quiet_since, storing = time.monotonic(), said.phase == "storing"
                on_progress(said)
        if cancelled():
            child.ask_to_end()
            return reasons.failure("cancelled")
        moment = time.monotonic()
        if moment > deadline:
            return reasons.failure("timed-out")
        # Writing 4 GiB to a slow disk is silent for minutes; only the deadline counts then.
        if not storing and moment > quiet_since + limits.stall_seconds + _GRACE_SECONDS:
            return reasons.failure("stalled", "the download process made no progress")


def _without_child(job: FetchJob, started: str, error: CaptureError) -> FetchResult:
    """The result of a fetch whose process left none, with the record of what it did until then."""
    exchange = None
    # A disk that is full, or a spool that a hijacked process spoiled: the outcome is told all the same.
    with contextlib.suppress(OSError, ValueError):
        if seal(job.folder):
            exchange = FetchedFile(EXCHANGE_NAME, Role.EXCHANGE, "", (job.folder / EXCHANGE_NAME).stat().st_size)
    return FetchResult(
        outcome=Outcome.CANCELLED if error.code == "cancelled" else Outcome.FAILURE,
        reason=error.code,
        message=error.what,
        passing=error.passing,
        retry_after=None,
        started=started,
        ended=now(),
        bytes=0,
        http_status=0,
        final_url=job.url,
        exchange=exchange,
    )
