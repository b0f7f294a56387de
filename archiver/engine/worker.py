"""The hands of a run: fetchers and sandbox of one process, and further processes that have their own."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.custody.vault import Vault, open_vault
from archiver.engine import context, events, locks
from archiver.engine.attempt import Hands
from archiver.sandbox.failure import SandboxError

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner

#: How long a helper may take to stop before it is killed; what it had under way is taken up by the next run.
STOP_SECONDS = 5.0


@contextmanager
def make_hands(vault: Vault, snapshot: bool = False) -> Iterator[Hands]:
    """Prepare what attempts are made with. Started before the engine's threads, because fetchers are forked."""
    from archiver.capture.page import browser
    from archiver.capture.pool import Fetchers
    from archiver.examine.examiner import Examiner

    with ExitStack() as stack:
        fetchers = stack.enter_context(Fetchers())
        examiner = stack.enter_context(
            Examiner(working=vault.working, limits=vault.settings.limits, slots=os.cpu_count() or 1)
        )
        threading.Thread(target=_warm_up, args=(examiner,), daemon=True).start()
        yield Hands(vault, fetchers, examiner, browser.find(vault.settings.browser) if snapshot else None)


def _warm_up(examiner: Examiner) -> None:
    with contextlib.suppress(SandboxError):  # the first job says it better
        examiner.start()


@contextmanager
def helpers(folder: Path, count: int, tell: Callable[[events.Event], None]) -> Iterator[None]:
    """Start `count` further processes that work on the same vault, and stop them at the end of the block."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "archiver.engine.worker", str(folder), str(number), str(count + 1)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for number in range(1, count + 1)
    ]
    readers = [threading.Thread(target=_relay, args=(process, tell), daemon=True) for process in processes]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()  # a helper stops when its standard input ends, so also when we are killed
        for process, reader in zip(processes, readers, strict=True):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join(STOP_SECONDS)
            if process.stdout is not None:
                process.stdout.close()


def _relay(process: subprocess.Popen[str], tell: Callable[[events.Event], None]) -> None:
    for line in process.stdout or ():
        try:
            tell(events.from_line(line))
        except ValueError:
            continue  # a stray line of a library on standard output is no event


def main() -> None:
    """One helper process: `python -m archiver.engine.worker VAULT SLOT SLOTS`, until its standard input ends."""
    from archiver.engine import durable

    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("slot", type=int)
    parser.add_argument("slots", type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides what follows
    turn = threading.Lock()

    def tell(event: events.Event) -> None:
        with turn:
            sys.stdout.write(events.to_line(event) + "\n")
            sys.stdout.flush()

    vault = open_vault(arguments.vault)
    with locks.slot(vault.folder, arguments.slot) as slot, make_hands(vault) as hands:
        with durable.launched(vault.folder, slot, hands, tell, slots=arguments.slots):
            sys.stdin.read()
            context.stop_abruptly()
        hands.fetchers.close()
        hands.examiner.close()
        os._exit(0)  # steps that wait for the end hold their threads


if __name__ == "__main__":
    main()
