"""A run: hands requests to the engine in order of their turn, watches, publishes, and ends when nothing is left."""

from __future__ import annotations

import queue as queues
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from archiver import sites
from archiver.custody import findings, queue
from archiver.custody.vault import Vault
from archiver.engine import context, events, locks, recovery
from archiver.errors import ArchiverError, MachineError
from archiver.model import FINISHED_STATES, Outcome, State

#: How often the queue is looked at: short against a download, long against a query of some microseconds.
TURN_SECONDS = 0.1

#: Checkpoints while a run goes on: what is lost to a reader of the ledger by a crash is at most this recent.
PUBLISH_SECONDS = 5.0

#: How long an empty engine has to stay empty before a run is over.
SETTLED_TURNS = 2


#: What a run that was interrupted held. Kept, because a collected context would wait for jobs that take hours.
_LEFT_TO_DIE: list[ExitStack] = []


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run did."""

    archived: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    retried: int = 0
    bytes: int = 0

    def plus(self, event: events.Finished) -> Totals:
        """These totals with one more attempt."""
        counted = {
            "archived": self.archived,
            "failed": self.failed,
            "refused": self.refused,
            "cancelled": self.cancelled,
            "retried": self.retried,
            "bytes": self.bytes + event.bytes,
        }
        counted[_column(event)] += 1
        return Totals(**counted)


def run(
    vault: Vault,
    *,
    workers: int = 1,
    watch: bool = False,
    snapshot: bool | None = None,
    observe: Callable[[events.Event], None] = lambda event: None,
    waiting: Callable[[int], None] = lambda left: None,
    stop: Callable[[], bool] = lambda: False,
) -> Totals:
    """Work off the queue. Raises BusyError beside another run, UsageError where sites.toml makes no sense,
    MachineError where this machine cannot go on.

    `snapshot` says whether a browser visits pages, instead of the vault's setting. `observe` is called with every event
    and `waiting` with the number of unfinished requests, both in this thread. It raises KeyboardInterrupt soon after
    `stop` says so, and the next run takes up what was under way; the process has to end then, because threads in the
    middle of a step, and the processes that they wait for, die with it.
    """
    from archiver.engine.matching import matching_beside
    from archiver.engine.worker import helpers, make_hands

    inbox: queues.SimpleQueue[events.Event] = queues.SimpleQueue()
    totals = Totals()
    with ExitStack() as stack:
        stack.enter_context(locks.the_run(vault.folder))
        sites.load(vault.folder)  # a file that makes no sense would fail every request
        slot = stack.enter_context(locks.slot(vault.folder, 0))
        recovery.take_up(vault)
        hands = stack.enter_context(make_hands(vault, vault.settings.snapshot if snapshot is None else snapshot))
        # Imported when the hands are getting ready in processes of their own, because it takes as long as they do.
        from archiver.engine import durable
        from archiver.engine.machine import explained

        try:
            stack.enter_context(durable.launched(vault.folder, slot, hands, inbox.put, slots=workers))
            stack.enter_context(helpers(vault.folder, workers - 1, inbox.put))
            stack.enter_context(matching_beside(vault, inbox.put))
            for event in _turns(vault, inbox, watch=watch, waiting=waiting, stop=stop):
                if isinstance(event, events.Finished):
                    totals = totals.plus(event)
                observe(event)
                if isinstance(event, events.Halted):
                    raise MachineError(f"the run stopped: {event.message}")
        except BaseException as error:
            context.stop_abruptly()
            _LEFT_TO_DIE.append(stack.pop_all())
            with suppress(ArchiverError, sqlite3.Error):  # on a full disk they stay "running" until the next run
                queue.release_running(vault)
            ours = explained(error)
            if ours is not None and ours is not error:
                raise ours from error
            raise
        finally:
            _publish(vault)
    return totals


def _turns(
    vault: Vault,
    inbox: queues.SimpleQueue[events.Event],
    *,
    watch: bool,
    waiting: Callable[[int], None],
    stop: Callable[[], bool],
) -> Iterator[events.Event]:
    from archiver.engine import durable

    held: dict[str, int] = {}  # request id -> number of the attempt that the engine holds
    published = time.monotonic()
    settled = 0
    while settled < SETTLED_TURNS:
        if stop():
            raise KeyboardInterrupt
        _release(vault, held)
        for request in queue.due(vault, vault.settings.limits.handed_over - len(held), held):
            durable.hand_over(request)
            held[request.id] = request.attempts + 1
        yield from _drain(inbox)
        left = queue.unfinished(vault)
        waiting(left)
        done = not (left or watch) and durable.is_idle() and not findings.unmatched(vault)
        settled = settled + 1 if done else 0
        if time.monotonic() - published > PUBLISH_SECONDS:
            vault.ledger.publish()
            published = time.monotonic()
    yield from _drain(inbox, wait=False)


def _drain(inbox: queues.SimpleQueue[events.Event], *, wait: bool = True) -> Iterator[events.Event]:
    deadline = time.monotonic() + TURN_SECONDS if wait else 0.0
    while True:
        try:
            yield inbox.get(timeout=max(0.0, deadline - time.monotonic())) if wait else inbox.get_nowait()
        except queues.Empty:
            return


def _release(vault: Vault, held: dict[str, int]) -> None:
    """Let go of requests whose attempt is on record, so that a next one can be handed over when its turn comes."""
    if not held:
        return
    marks = ",".join("?" * len(held))
    rows = vault.database.read().execute(
        f"SELECT id, attempts, state FROM request WHERE id IN ({marks})",  # noqa: S608  only question marks
        list(held),
    )
    for request_id, attempts, state in rows.fetchall():
        if attempts >= held[request_id] or State(state) in FINISHED_STATES:
            del held[request_id]


def _publish(vault: Vault) -> None:
    try:
        vault.ledger.publish()
    except (OSError, sqlite3.Error) as error:
        raise MachineError(
            f"the ledger's checkpoint could not be written: {error}",
            next_step="Make room; the next command that records anything writes it",
        ) from error


def _column(event: events.Finished) -> str:
    if event.retry_in:
        return "retried"
    return {
        Outcome.SUCCESS: "archived",
        Outcome.FAILURE: "failed",
        Outcome.REFUSAL: "refused",
        Outcome.CANCELLED: "cancelled",
    }[Outcome(event.outcome)]
