"""What the leak check costs, and what it finds: bytes a second against `sha256sum`, and a count of planted secrets.

    python benchmarks/leaks.py [--megabytes 512] [--rounds 3]

The film is random bytes, as compressed footage is to a search. Speed is a ratio within one run, also in CPU seconds,
which others on the machine do not lengthen. Planted are secrets of each kind in each spelling: first in what a
withheld bundle leaves out, then in a file of it on purpose.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from archiver.report.export import export
from archiver.report.withholding.leaks import Check, Secret
from archiver.report.withholding.withheld import ask
from tests.report.spellings import SPELLINGS
from tests.report.withheld_story import CASE, SECRETS, build, planted

#: Exhibits whose titles, addresses and people are all withheld.
EXHIBITS = (1, 20, 200)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        figures |= _speed(folder, asked.megabytes, asked.rounds)
        figures |= _planted(folder)
    for name, value in figures.items():
        print(f"{name:<64} {value:>12}")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "leaks.json").write_text(json.dumps(figures, indent=2) + "\n")


def _speed(folder: Path, megabytes: int, rounds: int) -> dict[str, object]:
    film = folder / "film"
    with film.open("wb") as stream:
        for _ in range(megabytes):
            stream.write(os.urandom(1024**2))
    size = film.stat().st_size / 1e6
    figures: dict[str, object] = {}
    for count in EXHIBITS:
        begun = time.perf_counter()
        check = Check(_secrets(count))
        figures[f"{count} exhibits: seconds to prepare the search"] = round(time.perf_counter() - begun, 2)
        film.read_bytes()  # from here on it lies in memory: a disk is no part of what is compared
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_spent(lambda: subprocess.run(["sha256sum", film], stdout=subprocess.DEVNULL, check=True)))
            ours.append(_spent(partial(_search, check, folder)))
        for what, which in (("CPU ", 0), ("", 1)):
            ratio = statistics.median(one[which] / other[which] for one, other in zip(ours, theirs, strict=True))
            figures[f"{count} exhibits: times the {what}seconds of sha256sum"] = round(ratio, 2)
        figures[f"{count} exhibits: MB in a CPU second"] = round(size / statistics.median(one for one, _ in ours))
    figures["sha256sum: MB in a CPU second"] = round(size / statistics.median(one for one, _ in theirs))
    return figures


def _search(check: Check, folder: Path) -> None:
    assert list(check.file(folder, "film", footage=True)) == []


def _secrets(exhibits: int) -> list[Secret]:
    return [
        Secret(field, (number,), value.replace("0412", f"{number:04}").replace("dQw4", f"d{number:03}") + f" {number}")
        for number in range(exhibits)
        for field, value in SECRETS.items()
    ]


def _planted(folder: Path) -> dict[str, object]:
    vault = build(folder / "vault")
    withheld = ask(["all"], accepted=["original"])
    bundle = export(vault, [], CASE, folder / "bundle", withhold=withheld).bundle
    vault.database.close()
    whole = b"\n".join(path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file())
    secrets = planted()
    found = sum(data in whole for _, _, data in secrets)
    fired = 0
    for field, _, data in secrets:
        check = Check([Secret(field, (1,), SECRETS[field])])
        fired += any(True for _ in check.data(b"<p>" + data + b"</p>"))
    return {
        "spellings": len(SPELLINGS),
        "secrets planted in what a withheld bundle leaves out": len(secrets),
        "of these found in the bundle": found,
        "secrets planted in a file of it on purpose": len(secrets),
        "of these for which the check fires": fired,
    }


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of this process and of what it started, and seconds by the clock."""
    begun, cpu = time.perf_counter(), _cpu()
    work()
    return _cpu() - cpu, time.perf_counter() - begun


def _cpu() -> float:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


if __name__ == "__main__":
    main()
