"""The durable workflow and its queues, on DBOS: one attempt survives any crash and is run once.

A queue for each scarce thing: a host's patience (fetching, partitioned by host), our memory for browsers (visiting) and
our processors (examining). All policy is in `archive.db`; what lies in `engine.db` is disposable.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from archiver.capture import urls
from archiver.capture.job import Progress
from archiver.custody import acquisitions, queue
from archiver.engine import attempt, context, enginefile, events, leftovers
from archiver.model import Request

FETCHING, VISITING, EXAMINING = "fetching", "visiting", "examining"

#: The executor of the process that is `archiver run` itself.
FIRST_SLOT = "slot-0"

#: Downloads at once in one process: they wait for the network most of the time.
FETCHES_AT_ONCE = 8

#: Browsers at once: each takes half a gigabyte and, for a second, a whole processor.
VISITS_AT_ONCE = 2 if (os.cpu_count() or 1) > 2 else 1

#: A visit takes seconds, so that nobody notices how soon it begins.
VISIT_POLL_SECONDS = 0.25

#: How soon a free slot is filled. A look at a queue costs DBOS 3 ms of a processor; having a slot more than there are
#: processors keeps these busy in between.
POLL_SECONDS = 0.1

#: A workflow is taken up again after every crash: DBOS's own bound (100) would give up on a laptop that sleeps a lot.
RECOVERIES = 1_000_000

#: DBOS counts priorities from 1, the lowest number first; ours are higher first, within intake's bound.
_PRIORITY_MIDDLE = 100_000


@contextmanager
def launched(
    folder: Path, executor: str, hands: attempt.Hands, tell: Callable[[events.Event], None], slots: int = 1
) -> Iterator[None]:
    """Run the engine in this process for the block, as the executor with this id, one of `slots` live ones.

    Only the first one fetches: of two processes on one SQLite file DBOS lets both count a host's running downloads
    before either adds its own (tried: 4 at a time where 2 were allowed). Fetchers are processes in any case.
    """
    context.current.slots = slots
    enginefile.discard_if_unreadable(folder)
    context.current.hands, context.current.tell = hands, tell
    context.current.stopping.clear()
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
        VISITING,
        worker_concurrency=VISITS_AT_ONCE,
        polling_interval_sec=VISIT_POLL_SECONDS,
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
    leftovers.forget_if_stuck((name, f"{name}.visiting", f"{name}.examining"), _live())
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


@DBOS.workflow(name="fetching", max_recovery_attempts=RECOVERIES)
def fetching(request_id: str, number: int) -> None:
    """First half of an attempt: holds one of the host's slots."""
    with context.halted_by_this_machine(request_id, number):
        if not fetch_step(request_id, number):
            return
        request = queue.get(context.hands().vault, request_id)
        if attempt.wants_picture(context.hands(), request, number):
            with _next_stage(request, number, VISITING):
                DBOS.enqueue_workflow(VISITING, visiting, request_id, number)
        else:
            with _next_stage(request, number, EXAMINING):
                DBOS.enqueue_workflow(EXAMINING, examining, request_id, number)


@DBOS.workflow(name="visiting", max_recovery_attempts=RECOVERIES)
def visiting(request_id: str, number: int) -> None:
    """Between the two, for pages: holds a browser."""
    with context.halted_by_this_machine(request_id, number):
        visit_step(request_id, number)
        with _next_stage(queue.get(context.hands().vault, request_id), number, EXAMINING):
            DBOS.enqueue_workflow(EXAMINING, examining, request_id, number)


@DBOS.workflow(name="examining", max_recovery_attempts=RECOVERIES)
def examining(request_id: str, number: int) -> None:
    """Second half: holds a processor."""
    with context.halted_by_this_machine(request_id, number):
        settle_step(request_id, number)
        attempt.clear(context.hands().vault, attempt.acquisition_id(request_id, number))


@DBOS.step(name="fetch")
def fetch_step(request_id: str, number: int) -> bool:
    """Download. False where the request was cancelled before it began."""
    hands = context.hands()

    def on_progress(progress: Progress) -> None:
        context.current.tell(
            events.Progressed(request_id, progress.downloaded_bytes, progress.total_bytes or 0, progress.speed or 0.0)
        )

    with context.accounted_for(request_id, number):
        if not queue.mark_running(hands.vault, request_id):
            return False
        request = queue.get(hands.vault, request_id)
        context.current.tell(events.Started(request_id, request.url, number))
        result = attempt.fetch(hands, request, number, on_progress)
        context.halt_if_stopping()
        attempt.keep_result(hands, request, number, result)
    return True


@DBOS.step(name="visit")
def visit_step(request_id: str, number: int) -> None:
    """Have a browser visit the page. What comes of it lies in the attempt's folder."""
    hands = context.hands()
    context.halt_if_stopping()
    context.current.tell(events.Visiting(request_id))
    with context.accounted_for(request_id, number):
        attempt.take_picture(hands, queue.get(hands.vault, request_id), number)
        context.halt_if_stopping()


@DBOS.step(name="settle")
def settle_step(request_id: str, number: int) -> None:
    """Keep, examine and record, in one step: all of it may be done again, and recording happens once."""
    hands = context.hands()
    context.halt_if_stopping()
    if acquisitions.is_recorded(hands.vault, attempt.acquisition_id(request_id, number)):
        return
    context.current.tell(events.Examining(request_id))
    with context.accounted_for(request_id, number):
        request = queue.get(hands.vault, request_id)
        ended = attempt.settle(hands, request, number)
        context.current.tell(
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
def _next_stage(request: Request, number: int, stage: str) -> Iterator[None]:
    """What is enqueued inside is the attempt's next workflow; enqueueing it twice is enqueueing it once."""
    name = f"{attempt.acquisition_id(request.id, number)}.{stage}"
    with SetWorkflowID(name), SetEnqueueOptions(priority=_PRIORITY_MIDDLE - request.priority):
        yield


def _live() -> set[str]:
    return {f"slot-{number}" for number in range(context.current.slots)}
