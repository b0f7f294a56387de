"""The command that works off the queue, and how people watch it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import click

from archiver.cli import common, timestamp
from archiver.engine import events
from archiver.errors import ArchiverError, UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.engine.run import Totals

#: What a progress line holds beside the address: the bar, bytes, share and speed.
_BESIDE_THE_NAME = 48

#: More processes than this do not help one machine, and each takes 200 MB.
MOST_WORKERS = 16


class Watcher(Protocol):
    """Shows a run to somebody."""

    def observe(self, event: events.Event) -> None:
        """Something happened."""

    def waiting(self, left: int) -> None:
        """`left` requests are unfinished."""


@click.command("run", help="Work off the queue.")
@click.option("--workers", default=1, metavar="N", help="Processes that work on it.")
@click.option("--watch", is_flag=True, help="Go on waiting for new requests.")
@click.option("--snapshot/--no-snapshot", default=None, help="Keep pages as a browser shows them, too.")
@common.json_option
def run_command(workers: int, watch: bool, snapshot: bool | None) -> int:
    """Download, keep, examine, record and match until nothing is left."""
    from archiver.engine.run import Totals

    if not 1 <= workers <= MOST_WORKERS:
        raise UsageError(f"--workers takes 1 to {MOST_WORKERS}")
    vault = common.the_vault()
    vault.ledger.unlock()  # the passphrase is asked for once, and before the work
    totals = run_watched(vault, workers=workers, watch=watch, snapshot=snapshot)
    timestamp.catch_up(vault)
    if common.wants_json():
        common.print_json({name: getattr(totals, name) for name in Totals.__slots__})
    else:
        click.echo(
            f"{totals.archived} archived, {totals.failed} failed, {totals.refused} refused"
            + (f", {totals.cancelled} cancelled" if totals.cancelled else "")
            + f" ({common.size(totals.bytes)} received)"
        )
    return 1 if totals.failed or totals.refused else 0


def run_watched(vault: Vault, *, workers: int = 1, watch: bool = False, snapshot: bool | None = None) -> Totals:
    """Run, with progress for whoever looks. Ends the process where the run was stopped."""
    from archiver.engine.run import run

    try:
        with _ctrl_c() as asked, _watcher() as watcher:
            return run(
                vault,
                workers=workers,
                watch=watch,
                snapshot=snapshot,
                observe=watcher.observe,
                waiting=watcher.waiting,
                stop=asked.is_set,
            )
    except (KeyboardInterrupt, ArchiverError) as error:
        _leave(error)


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets. Python's own way, an exception anywhere, is lost where it meets a destructor."""
    asked = threading.Event()

    def note(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who presses it twice means it

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(error: BaseException) -> NoReturn:
    """End the process now: engine threads that were stopped in the middle of a step never return."""
    if isinstance(error, ArchiverError):
        line, code = error.line(), error.exit_code
    else:
        line, code = "stopped; nothing that was recorded is lost, and the next run goes on", 130
    sys.stdout.flush()
    sys.stderr.write(f"archiver: {line}\n")
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def _watcher() -> Iterator[Watcher]:
    if common.wants_json() or not sys.stderr.isatty():
        yield PlainWatcher()
    else:
        with LiveWatcher() as live:
            yield live


class PlainWatcher:
    """One line an attempt, for logs."""

    def observe(self, event: events.Event) -> None:
        """Print what ended, and what else is worth a line."""
        line = result_line(event) if isinstance(event, events.Finished) else note_line(event)
        if line:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def waiting(self, left: int) -> None:
        """A log does not wait."""


class LiveWatcher:
    """One progress line a running download, and a total below them."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = common.console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[state]}", markup=False),
            console=self._console,
            transient=True,
            expand=False,
        )
        self._tasks: dict[str, Any] = {}
        self._urls: dict[str, str] = {}
        self._done = 0
        self._left = 0
        self._began = time.monotonic()

    def __enter__(self) -> LiveWatcher:
        self._progress.start()
        self._total = self._progress.add_task("", total=None, name="total", state="")
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def observe(self, event: events.Event) -> None:
        """Move the lines."""
        if isinstance(event, events.Started):
            name = short_address(common.safe(event.url), max(24, self._console.width - _BESIDE_THE_NAME))
            self._tasks[event.request_id] = self._progress.add_task(
                "", total=None, name=name, state="connecting", visible=True
            )
        elif isinstance(event, events.Progressed):
            share = f" {event.done / event.total:.0%}" if event.total else ""
            state = f"{common.size(event.done)}{share} {common.size(event.speed)}/s"
            self._update(event.request_id, completed=event.done, total=event.total or None, state=state)
        elif isinstance(event, events.Visiting):
            self._update(event.request_id, state="page in a browser")
        elif isinstance(event, events.Examining):
            self._update(event.request_id, state="examining")
        elif isinstance(event, events.Finished):
            task = self._tasks.pop(event.request_id, None)
            if task is not None:
                self._progress.remove_task(task)
            if not event.retry_in:
                self._done += 1
            from rich.text import Text

            style = {"success": "green", "failure": "red", "refusal": "yellow"}.get(event.outcome, "magenta")
            self._progress.console.print(Text(result_line(event), style=style), soft_wrap=False)
        elif isinstance(event, events.Indexing):
            self._index(event)
        elif line := note_line(event):
            self._progress.console.print(line, soft_wrap=False)
        self._show_total()

    def waiting(self, left: int) -> None:
        """Keep the total line true."""
        if left != self._left:
            self._left = left
            self._show_total()

    def _index(self, event: events.Indexing) -> None:
        if "index" not in self._tasks:
            self._tasks["index"] = self._progress.add_task(
                "", total=event.total, name="index of fingerprints", state=""
            )
        self._update("index", completed=event.done, state=f"{event.done} of {event.total}")
        if event.done == event.total:
            self._progress.remove_task(self._tasks.pop("index"))

    def _update(self, request_id: str, **fields: Any) -> None:
        if request_id in self._tasks:
            self._progress.update(self._tasks[request_id], **fields)

    def _show_total(self) -> None:
        self._progress.update(
            self._total,
            completed=self._done,
            total=self._done + self._left,
            state=f"{self._done} done, {self._left} left",
        )


def short_address(url: str, width: int) -> str:
    """As much of an address as tells it from others: its host, and the end of what follows."""
    name = url.partition("://")[2] or url
    if len(name) <= width:
        return name
    host = name.partition("/")[0][: width // 2]
    return f"{host}…{name[len(host) + 1 - width :]}"


def note_line(event: events.Event) -> str:
    """What is to be said beside attempts, in one line; "" where nothing is."""
    if isinstance(event, events.Noted):
        return event.message
    if isinstance(event, events.Indexing) and event.done == 0:
        return f"the index of fingerprints takes in {event.total}"
    return ""


def result_line(event: events.Finished) -> str:
    """One attempt in one line."""
    url = common.shortened(common.safe(event.url), 90)
    if event.outcome == "success":
        return f"archived   {url} ({common.size(event.bytes)})"
    word = {"failure": "failed", "refusal": "refused", "cancelled": "cancelled"}[event.outcome]
    if event.retry_in:
        word = "waiting"
    again = f"; again in {event.retry_in:.0f} s" if event.retry_in else ""
    why = " ".join(common.safe(event.message or event.reason).split())
    return f"{word:10} {url}: {why}{again}"
