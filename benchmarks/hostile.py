"""Every hostile behaviour through the real fetcher: how each ended, how soon, and what it left on the disk.

    python benchmarks/hostile.py [NAME ...]

Then every trick to reach a private address, in a network where each address is a canary. Ends with 1 where something
did not end as `tests/capture/hostile` says it has to, or where a trick passed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for the table, which the tests share

from archiver.capture.pool import Fetchers
from tests.capture.hostile import BEHAVIOURS, enclosure
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.tls import Handshake, handshakes, make_authority, trusting
from tests.capture.hostile.trials import Trial, greet, run


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    print(f"{'behaviour':<26} {'outcome':<8} {'reason':<20} {'seconds':>7} {'bytes on disk':>13}")
    trials = []
    with tempfile.TemporaryDirectory() as scratch:
        for trial in _trials(Path(scratch), names):
            trials.append(trial)
            print(_row(trial), flush=True)
    wrong = [trial for trial in trials if trial.faults and not trial.pending]
    pending = sum(bool(trial.faults) for trial in trials) - len(wrong)
    codes = Counter(trial.result.reason or "archived" for trial in trials)
    print(
        f"behaviours {len(trials)}, reasons {len(codes)}; longest {max(trial.seconds for trial in trials):.1f} s, "
        f"most on disk {max(trial.disk_bytes for trial in trials):,} bytes; "
        f"as they have to end {len(trials) - len(wrong) - pending}, pending {pending}, otherwise {len(wrong)}"
    )
    passed = 0 if names else _addresses()
    return 1 if wrong or passed else 0


def _trials(scratch: Path, names: list[str]) -> Iterator[Trial]:
    folders = [scratch / name for name in ("media", "results", "tls")]
    for folder in folders:
        folder.mkdir()
    media = make_media(folders[0])
    routes = {one.name: one.speaks for one in BEHAVIOURS.values()}
    with Fetchers() as fetchers, running(HostileSite(media, routes)) as site:
        chosen = [one for one in BEHAVIOURS.values() if not names or one.name in names]
        yield from run(chosen, site, fetchers, folders[1])
    root, authority = make_authority(folders[2])
    rows: list[Handshake] = [one for one in handshakes(root, folders[2]) if not names or one.name in names]
    with trusting(authority):
        yield from (greet(row, media, folders[1]) for row in rows)


def _addresses() -> int:
    """Print how many tricks were tried, and how many connections to addresses that nobody may reach came of them."""
    if lacks := enclosure.missing():
        print(f"tricks to reach a private address: not tried, because {lacks}")
        return 0
    guarded, unguarded = enclosure.tricks(), enclosure.tricks("--open")
    ways = Counter(way for way, _, _ in guarded["rows"])
    print(f"tricks tried {guarded['tried']}, passed {len(guarded['reached'])}; ", end="")
    print(", ".join(f"{way} {count}" for way, count in ways.items()), end="; ")
    print(f"with the guard switched off, {len(unguarded['reached'])} connections arrive")
    return len(guarded["reached"])


def _row(trial: Trial) -> str:
    result = trial.result
    row = f"{trial.name:<26} {result.outcome:<8} {result.reason or '-':<20} "
    row += f"{trial.seconds:>7.2f} {trial.disk_bytes:>13,}"
    return f"\n    {f'pending ({trial.pending})' if trial.pending else 'WRONG'}: ".join([row, *trial.faults])


if __name__ == "__main__":
    sys.exit(main())
