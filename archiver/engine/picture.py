"""The snapshot of an attempt's page: whether one is wanted, making it, and what of it goes on record.

A snapshot never changes how an attempt ends. What went wrong with it is a failure on record beside what was archived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver.capture import reasons
from archiver.capture.job import FetchResult, write_durably
from archiver.capture.page import snapshots
from archiver.capture.page.job import FILE_NAME, RESULT_NAME, SnapshotJob, SnapshotResult, read_result, result_to_json
from archiver.config import Limits
from archiver.custody.store import Store
from archiver.engine.keep import stored
from archiver.engine.machine import explained, full_disk
from archiver.model import Holding, Outcome, Role, Tool, now

MEDIA_TYPE = "application/wacz"
_MESSAGE_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Pictured:
    """What the records hold of a snapshot."""

    holdings: tuple[Holding, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    tools: tuple[Tool, ...] = ()
    confinement: str = ""
    message: str = ""


def is_wanted(browser: Path | None, result: FetchResult, *, again: bool) -> bool:
    """Whether the page is to be visited: once, with the last attempt, unless somebody cancelled or policy forbids."""
    ended = result.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    return browser is not None and result.page and ended and not again


def make(
    browser: Path,
    url: str,
    folder: Path,
    allow_net: tuple[str, ...],
    limits: Limits,
    cancelled: Callable[[], bool],
) -> SnapshotResult:
    """Visit the page into the attempt's folder, unless a finished snapshot lies there from before a crash.

    Raises MachineError where this machine cannot go on, such as on a full disk.
    """
    try:
        result = snapshots.make(SnapshotJob(url, folder, browser, allow_net, limits), cancelled)
    except Exception as error:  # a defect here must not cost the footage that was fetched
        ours = explained(error)
        if ours is not None:
            raise ours from error
        moment = now()
        message = f"{type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]
        result = SnapshotResult("internal-error", message, url=url, started=moment, ended=moment)
        write_durably(folder, RESULT_NAME, result_to_json(result))
    if result.reason == "disk-full":
        raise full_disk()
    return result


def leave_out(folder: Path, url: str) -> None:
    """Put down that the page is not visited: a browser of ours knows no proxy, and would show the site who asks."""
    if read_result(folder) is None:
        moment, reason = now(), "snapshot-proxied"
        result = SnapshotResult(reason, reasons.REASONS[reason].words, url=url, started=moment, ended=moment)
        write_durably(folder, RESULT_NAME, result_to_json(result))


def keep(store: Store, folder: Path, url: str) -> Pictured:
    """What the snapshot in `folder`, if there is one, adds to the record of the attempt at `url`."""
    result = read_result(folder)
    if result is None:
        return Pictured()
    holdings: tuple[Holding, ...] = ()
    if result.size:
        holdings = (Holding(stored(store.take(folder / FILE_NAME), MEDIA_TYPE), Role.SNAPSHOT),)
    name, _, version = result.browser.partition("/")
    return Pictured(
        holdings=holdings,
        failures=((url, result.reason),) if result.reason else (),
        tools=(Tool(name, version),) if version else (),
        confinement=result.confinement,
        message=_message(result),
    )


def _message(result: SnapshotResult) -> str:
    if not result.reason:
        return "a snapshot of the page is kept"
    return f"snapshot of the page{' is kept in part' if result.size else ' failed'}: {result.message}"
