"""The durable workflow and its two queues, on DBOS: one attempt survives any crash and is run once.

Two queues because there are two scarce things: a host's patience (fetching, partitioned by host) and our processors
(examining). All policy is in `archive.db`; what lies in `engine.db` is disposable.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from archiver.capture import urls
from archiver.capture.job import Progress, read_result
from archiver.custody import acquisitions, queue
from archiver.engine import attempt, enginefile, events, leftovers, machine
from archiver.errors import ArchiverError, MachineError
from archiver.model import Acquisition, Outcome, Request, now

FETCHING, EXAMINING = "fetching", "examining"

#: The executor of the process that is `archiver run` itself.
FIRST_SLOT = "slot-0"

#: Downloads at once in one process: they wait for the network most of the time.
FETCHES_AT_ONCE = 8

#: How soon a free slot is filled. A look at a queue costs DBOS 3 ms of a processor; having a slot more than there are
#: processors keeps these busy in between.
POLL_SECONDS = 0.1

#: A workflow is taken up again after every crash: DBOS's own bound (100) would give up on a laptop that sleeps a lot.
RECOVERIES = 1_000_000

#: DBOS counts priorities from 1, the lowest number first; ours are higher first, within intake's bound.
_PRIORITY_MIDDLE = 100_000


@dataclass(slots=True)
class _Process:
    """What the workflow functions of this process work with: DBOS calls them by name, without arguments of ours."""

    hands: attempt.Hands | None = None
    tell: Callable[[events.Event], None] = lambda event: None
    stopping: threading.Event = field(default_factory=threading.Event)
    slots: int = 1


_process = _Process()


@contextmanager
def launched(
    folder: Path, executor: str, hands: attempt.Hands, tell: Callable[[events.Event], None], slots: int = 1
) -> Iterator[None]:
    """Run the engine in this process for the block, as the executor with this id, one of `slots` live ones.

    Only the first one fetches: of two processes on one SQLite file DBOS lets both count a host's running downloads
    before either adds its own (tried: 4 at a time where 2 were allowed). Fetchers are processes in any case.
    """
    _process.slots = slots
    enginefile.discard_if_unreadable(folder)
    _process.hands, _process.tell = hands, tell
    _process.stopping.clear()
    logging.getLogger("dbos").setLevel(logging.CRITICAL)  # what it would say is in our records, in our words
    DBOS(config=enginefile.config(folder, executor))
    if executor != FIRST_SLOT:
        DBOS.listen_queues([EXAMINING])
    DBOS.launch()
    # One more than there are processors: one of them is always waiting for the disk.
    examinations = ((os.cpu_count() or 1) + slots) // slots
    per_host = hands.vault.settings.limits.per_host
    DBOS.register_queue(
        FETCHING,
        partition_concurrency=per_host,
        worker_concurrency=FETCHES_AT_ONCE,
        polling_interval_sec=POLL_SECONDS,
        on_conflict="always_update",
    )
    DBOS.register_queue(
        EXAMINING, worker_concurrency=examinations, polling_interval_sec=POLL_SECONDS, on_conflict="always_update"
    )
    leftovers.adopt(_live())
    try:
        yield
    finally:
        DBOS.destroy()


def hand_over(request: Request) -> str:
    """Give the engine the next attempt at a request; handing over twice is handing over once. Returns its id."""
    number = request.attempts + 1
    name = attempt.acquisition_id(request.id, number)
    leftovers.forget_if_stuck((name, f"{name}.examining"), _live())
    with (
        SetWorkflowID(name),
        SetEnqueueOptions(
            queue_partition_key=urls.host_key(request.canonical_url), priority=_PRIORITY_MIDDLE - request.priority
        ),
    ):
        DBOS.enqueue_workflow(FETCHING, fetching, request.id, number)
    return name


def is_idle() -> bool:
    """Whether the engine has nothing queued and nothing under way, in any process."""
    return not DBOS.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False, load_output=False, limit=1)


def stop_abruptly() -> None:
    """Let no step of this process record anything any more: what is under way will be taken up by the next run."""
    _process.stopping.set()


@DBOS.workflow(name="fetching", max_recovery_attempts=RECOVERIES)
def fetching(request_id: str, number: int) -> None:
    """First half of an attempt: holds one of the host's slots."""
    with _halted_by_this_machine(request_id, number):
        if not fetch_step(request_id, number):
            return
        request = queue.get(_hands().vault, request_id)
        name = attempt.acquisition_id(request_id, number)
        with SetWorkflowID(f"{name}.examining"), SetEnqueueOptions(priority=_PRIORITY_MIDDLE - request.priority):
            DBOS.enqueue_workflow(EXAMINING, examining, request_id, number)


@DBOS.workflow(name="examining", max_recovery_attempts=RECOVERIES)
def examining(request_id: str, number: int) -> None:
    """Second half: holds a processor."""
    with _halted_by_this_machine(request_id, number):
        settle_step(request_id, number)
        attempt.clear(_hands().vault, attempt.acquisition_id(request_id, number))


@DBOS.step(name="fetch")
def fetch_step(request_id: str, number: int) -> bool:
    """Download. False where the request was cancelled before it began."""
    hands = _hands()

    def on_progress(progress: Progress) -> None:
        _process.tell(
            events.Progressed(request_id, progress.downloaded_bytes, progress.total_bytes or 0, progress.speed or 0.0)
        )

    with _accounted_for(request_id, number):
        if not queue.mark_running(hands.vault, request_id):
            return False
        request = queue.get(hands.vault, request_id)
        _process.tell(events.Started(request_id, request.url, number))
        result = attempt.fetch(hands, request, number, on_progress)
        _halt_if_stopping()
        attempt.keep_result(hands, request, number, result)
    return True


@DBOS.step(name="settle")
def settle_step(request_id: str, number: int) -> None:
    """Keep, examine and record, in one step: all of it may be done again, and recording happens once."""
    hands = _hands()
    _halt_if_stopping()
    if acquisitions.is_recorded(hands.vault, attempt.acquisition_id(request_id, number)):
        return
    _process.tell(events.Examining(request_id))
    with _accounted_for(request_id, number):
        request = queue.get(hands.vault, request_id)
        ended = attempt.settle(hands, request, number)
        _process.tell(
            events.Finished(
                request_id,
                request.url,
                ended.outcome.value,
                ended.reason,
                ended.message,
                ended.retry_in or 0.0,
                ended.bytes,
                ended.items,
            )
        )


@contextmanager
def _accounted_for(request_id: str, number: int) -> Iterator[None]:
    """Turn what went wrong on our side into a recorded failure; what is this machine's halts the run."""
    began = now()
    try:
        yield
    except Exception as error:  # noqa: BLE001  any defect of ours has to end as a recorded failure, never as a lost row
        _halt_if_stopping()
        ours = machine.explained(error)
        if ours is not None:
            _halt(request_id, number, began, ours)
        known = error if isinstance(error, ArchiverError) else None
        message = known.line() if known else f"{type(error).__name__}: {error}"[:300]
        reason = known.code if known and known.code else "internal-error"
        try:
            url = _record_failure(request_id, number, began, reason, message, retry_in=None)
            if not url:  # it is on record how the attempt ended: this defect comes after that
                _process.tell(events.Halted(message))
                _wait_for_the_end()
        except (ArchiverError, sqlite3.Error, OSError) as second:
            _process.tell(events.Halted(f"{message}; and this could not be recorded: {second}"))
            _wait_for_the_end()
        _process.tell(events.Finished(request_id, url, "failure", reason, message, 0.0, 0, 0))


@contextmanager
def _halted_by_this_machine(request_id: str, number: int) -> Iterator[None]:
    """Halt the run where the engine cannot write down what a step did; its own exceptions are its own business."""
    began = now()
    try:
        yield
    except Exception as error:
        ours = machine.explained(error)
        if ours is None:
            raise
        _halt_if_stopping()
        _halt(request_id, number, began, ours)


def _halt(request_id: str, number: int, began: str, error: ArchiverError) -> NoReturn:
    """End the run: the request stays in the queue. A download that is complete stays, so that it is not repeated."""
    stop_abruptly()
    name = attempt.acquisition_id(request_id, number)
    if read_result(attempt.folder_of(_hands().vault, name)) is None:
        with contextlib.suppress(ArchiverError, sqlite3.Error, OSError):  # recorded where there is room for it
            _record_failure(request_id, number, began, error.code or "machine-failed", error.line(), retry_in=0.0)
    _process.tell(events.Halted(error.line()))
    _wait_for_the_end()


def _record_failure(request_id: str, number: int, began: str, reason: str, message: str, retry_in: float | None) -> str:
    vault = _hands().vault
    request = queue.get(vault, request_id)
    name = attempt.acquisition_id(request_id, number)
    failure = Acquisition(
        name, "download", request_id, number, request.canonical_url, began, now(), Outcome.FAILURE, reason, message
    )
    detail = {"bytes": 0, "http_status": 0}
    fresh = acquisitions.record(vault, failure, request=request, retry_in=retry_in, detail=detail)
    return request.url if fresh else ""


def _hands() -> attempt.Hands:
    if _process.hands is None:
        raise MachineError("the engine runs in no process of ours", code="internal-error")
    return _process.hands


def _halt_if_stopping() -> None:
    if _process.stopping.is_set():
        _wait_for_the_end()


def _wait_for_the_end() -> NoReturn:
    # The process is about to exit; a step that returned or raised here would be taken for finished by the engine.
    while True:
        threading.Event().wait()


def _live() -> set[str]:
    return {f"slot-{number}" for number in range(_process.slots)}
