"""What a process of a run works with, and what becomes of a step that goes wrong: a recorded failure, or a halt.

DBOS calls the workflow functions by name, without arguments of ours, so what they need lies here, one set a process.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from archiver.capture.job import read_result
from archiver.custody import acquisitions, queue
from archiver.engine import attempt, events, machine
from archiver.errors import ArchiverError, MachineError
from archiver.model import Acquisition, Outcome, now


@dataclass(slots=True)
class Process:
    """What its steps have at hand, and whom they tell what happens; `slots` counts the processes of the run."""

    hands: attempt.Hands | None = None
    tell: Callable[[events.Event], None] = lambda event: None
    stopping: threading.Event = field(default_factory=threading.Event)
    slots: int = 1


current = Process()


def stop_abruptly() -> None:
    """Let no step of this process record anything any more: what is under way will be taken up by the next run."""
    current.stopping.set()


@contextmanager
def accounted_for(request_id: str, number: int) -> Iterator[None]:
    """Turn what went wrong on our side into a recorded failure; what is this machine's halts the run."""
    began = now()
    try:
        yield
    except Exception as error:  # noqa: BLE001  any defect of ours has to end as a recorded failure, never as a lost row
        halt_if_stopping()
        ours = machine.explained(error)
        if ours is not None:
            _halt(request_id, number, began, ours)
        known = error if isinstance(error, ArchiverError) else None
        message = known.line() if known else f"{type(error).__name__}: {error}"[:300]
        reason = known.code if known and known.code else "internal-error"
        try:
            url = _record_failure(request_id, number, began, reason, message, retry_in=None)
            if not url:  # it is on record how the attempt ended: this defect comes after that
                current.tell(events.Halted(message))
                wait_for_the_end()
        except (ArchiverError, sqlite3.Error, OSError) as second:
            current.tell(events.Halted(f"{message}; and this could not be recorded: {second}"))
            wait_for_the_end()
        current.tell(events.Finished(request_id, url, "failure", reason, message, 0.0, 0, 0))


@contextmanager
def halted_by_this_machine(request_id: str, number: int) -> Iterator[None]:
    """Halt the run where the engine cannot write down what a step did; its own exceptions are its own business."""
    began = now()
    try:
        yield
    except Exception as error:
        ours = machine.explained(error)
        if ours is None:
            raise
        halt_if_stopping()
        _halt(request_id, number, began, ours)


def _halt(request_id: str, number: int, began: str, error: ArchiverError) -> NoReturn:
    """End the run: the request stays in the queue. A download that is complete stays, so that it is not repeated."""
    stop_abruptly()
    name = attempt.acquisition_id(request_id, number)
    if read_result(attempt.folder_of(hands().vault, name)) is None:
        with contextlib.suppress(ArchiverError, sqlite3.Error, OSError):  # recorded where there is room for it
            _record_failure(request_id, number, began, error.code or "machine-failed", error.line(), retry_in=0.0)
    current.tell(events.Halted(error.line()))
    wait_for_the_end()


def _record_failure(request_id: str, number: int, began: str, reason: str, message: str, retry_in: float | None) -> str:
    vault = hands().vault
    request = queue.get(vault, request_id)
    name = attempt.acquisition_id(request_id, number)
    failure = Acquisition(
        name, "download", request_id, number, request.canonical_url, began, now(), Outcome.FAILURE, reason, message
    )
    detail = {"bytes": 0, "http_status": 0}
    fresh = acquisitions.record(vault, failure, request=request, retry_in=retry_in, detail=detail)
    return request.url if fresh else ""


def hands() -> attempt.Hands:
    """What attempts are made with. Raises MachineError where the engine was not launched by us."""
    if current.hands is None:
        raise MachineError("the engine runs in no process of ours", code="internal-error")
    return current.hands


def halt_if_stopping() -> None:
    """Never return where the run is over."""
    if current.stopping.is_set():
        wait_for_the_end()


def wait_for_the_end() -> NoReturn:
    """Hold this thread until the process ends."""
    # The process is about to exit; a step that returned or raised here would be taken for finished by the engine.
    while True:
        threading.Event().wait()
