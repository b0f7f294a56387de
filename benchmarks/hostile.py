"""Every hostile behaviour through the real fetcher: how each ended, how soon, and what it left on the disk.

    python benchmarks/hostile.py [NAME ...]

Ends with 1 where something did not end as `tests/capture/hostile` says it has to.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for the table, which the tests share

from archiver.capture.pool import Fetchers
from tests.capture.hostile import BEHAVIOURS
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.trials import Trial, run


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    chosen = [one for one in BEHAVIOURS.values() if not arguments.names or one.name in arguments.names]
    with tempfile.TemporaryDirectory() as scratch, Fetchers() as fetchers:
        media, results = Path(scratch) / "media", Path(scratch) / "results"
        media.mkdir()
        results.mkdir()
        routes = {one.name: one.speaks for one in BEHAVIOURS.values()}
        trials = []
        print(f"{'behaviour':<26} {'outcome':<8} {'reason':<20} {'seconds':>7} {'bytes on disk':>13}")
        with running(HostileSite(make_media(media), routes)) as site:
            for trial in run(chosen, site, fetchers, results):
                trials.append(trial)
                print(_row(trial), flush=True)
    wrong = [trial for trial in trials if trial.faults and not trial.behaviour.pending]
    pending = sum(bool(trial.faults) for trial in trials) - len(wrong)
    print(f"behaviours {len(trials)}, as they have to end {len(trials) - len(wrong) - pending}, ", end="")
    print(f"pending {pending}, otherwise {len(wrong)}")
    return 1 if wrong else 0


def _row(trial: Trial) -> str:
    result = trial.result
    row = f"{trial.behaviour.name:<26} {result.outcome:<8} {result.reason or '-':<20} "
    row += f"{trial.seconds:>7.2f} {trial.disk_bytes:>13,}"
    return "\n    WRONG: ".join([row, *trial.faults])


if __name__ == "__main__":
    sys.exit(main())
