"""kill -9 at random moments of a 30-URL run, then the run again: what was lost, repeated or doubled.

    python benchmarks/crash.py [--kills 20] [--seed 1]

Each trial has a vault of its own. A download counts as finished when its result is durable or its acquisition recorded
at the moment of the kill; it must not be asked for again. Afterwards the vault has to verify.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from loopback import FOOTAGE, Site, serve

URLS = 30
RUN = [sys.executable, "-c", "from archiver.cli import main; main()"]
#: Kills are spread over this span of the run; the last ones fall after its end on a fast machine, which is fine.
SPAN_SECONDS = (0.5, 9.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One kill: when, how much was finished then, and what went wrong afterwards."""

    second: float
    finished: int
    lost: int
    repeated: int
    doubled: int
    verdict: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    clips = sorted(FOOTAGE.glob("*.mp4"), key=lambda path: path.stat().st_size)[:10]
    if not clips:
        sys.exit("the shared clips are not at hand")
    print(f"{'killed at':>10} {'finished':>9} {'lost':>5} {'repeated':>9} {'doubled':>8}  verdict")
    trials = []
    with serve(FOOTAGE) as site:
        addresses = [f"{site.address}/{clips[i % len(clips)].name}?n={i}" for i in range(URLS)]
        for _ in range(arguments.kills):
            with tempfile.TemporaryDirectory() as scratch:
                trial = _trial(Path(scratch) / "vault", addresses, site, chance.uniform(*SPAN_SECONDS))
            trials.append(trial)
            print(
                f"{trial.second:>8.2f} s {trial.finished:>9} {trial.lost:>5} {trial.repeated:>9} {trial.doubled:>8}"
                f"  {trial.verdict}",
                flush=True,
            )
    print(
        f"{len(trials)} kills: requests lost {sum(t.lost for t in trials)}, "
        f"finished downloads repeated {sum(t.repeated for t in trials)}, "
        f"ledger entries doubled {sum(t.doubled for t in trials)}, "
        f"VERIFIED {sum(t.verdict == 'VERIFIED' for t in trials)}"
    )


def _trial(vault: Path, addresses: list[str], site: Site, second: float) -> Trial:
    environment = {**os.environ, "ARCHIVER_VAULT": str(vault), "ARCHIVER_ALLOW_NET": "127.0.0.0/8"}
    _archiver(environment, "init")
    _archiver(environment, "add", *addresses)
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen([*RUN, "run"], env=environment, stdout=nowhere, stderr=nowhere)
    time.sleep(second)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = _finished(vault)
    before = Counter(site.asked)
    _archiver(environment, "run")
    again = Counter(site.asked) - before
    repeated = sum(again[address.removeprefix(site.address)] > 0 for address in finished)
    requests = json.loads(_archiver(environment, "requests", "--json"))
    lost = len(addresses) - sum(request["state"] == "archived" for request in requests)
    verdict = json.loads(_archiver(environment, "verify", "--json"))["verdict"]
    return Trial(second, len(finished), lost, repeated, _doubled(vault), verdict)


def _finished(vault: Path) -> set[str]:
    """Addresses whose download was durable or recorded."""
    connection = sqlite3.connect(vault / "archive.db")
    try:
        urls = dict(connection.execute("SELECT id, url FROM request"))
        done = {urls[row[0]] for row in connection.execute("SELECT request_id FROM acquisition")}
    finally:
        connection.close()
    for result in (vault / "working" / "attempts").glob("*/result.json"):
        done.add(urls[result.parent.name.rsplit(".", 1)[0]])
    return done


def _doubled(vault: Path) -> int:
    """Entries that tell what another entry tells already: same type, acquisition, item and match."""
    connection = sqlite3.connect(vault / "archive.db")
    try:
        told: Counter[tuple[str, ...]] = Counter()
        for (body,) in connection.execute("SELECT body FROM entry"):
            entry = json.loads(body)
            if entry["type"] not in ("checkpoint issued", "recovery"):
                told[tuple(entry.get(k, "") for k in ("type", "request", "acquisition", "item", "match"))] += 1
    finally:
        connection.close()
    return sum(count - 1 for count in told.values())


def _archiver(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([*RUN, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"archiver {arguments[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
