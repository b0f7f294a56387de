"""The legal export of 20 exhibits, whole process, against `cp` and `sha256sum` of its bytes; and what the PDF costs.

    python benchmarks/report.py [--rounds 5] [--large 1000]

Both take turns in one run, because machines are noisy; the ratio is taken round by round. `--large` also sets the
report of so many exhibits on paper, made up from one of the 20.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from loopback import FOOTAGE, Ran, timed

from archiver.report.paper import report
from archiver.report.paper.typesetting import Typesetter

EXHIBITS = 20
TITLES = ("Площадь, 14 марта", "ساحة التحرير", "天安門 广场", "כיכר הבימה", "March for the river")

#: The goal: one and a half times the copying, and five seconds for the PDF.
GOAL = (1.5, 5.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=Path, default=FOOTAGE)
    parser.add_argument("--large", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = {**os.environ, "ARCHIVER_VAULT": str(folder / "vault")}
        _fill(folder, arguments.clips, environment)
        copied, ours = [], []
        for number in range(arguments.rounds + 1):
            bundle = folder / f"bundle-{number}"
            second = timed([*_archiver(), "export", "--case", "square", "--to", str(bundle)], environment, folder)
            first = _copy(bundle / "data" / "exhibits", folder / f"copy-{number}", folder)
            if number:  # the first round warms caches up
                copied.append(first)
                ours.append(second)
        _report(bundle, copied, ours)
        if arguments.large:
            _large(bundle, arguments.large)


def _report(bundle: Path, copied: list[Ran], ours: list[Ran]) -> None:
    allowed = [one.seconds * GOAL[0] + GOAL[1] for one in copied]
    pdf = bundle / "data" / "report.pdf"
    told = json.loads((bundle / "data" / "report.json").read_bytes())
    setting = _set(told, {})
    figures = {
        "exhibits": len(told["exhibits"]),
        "rounds": len(ours),
        "bytes": sum(path.stat().st_size for path in (bundle / "data" / "exhibits").rglob("*") if path.is_file()),
        "copy_seconds": round(statistics.median(run.seconds for run in copied), 2),
        "export_seconds": round(statistics.median(run.seconds for run in ours), 2),
        "ratio_median": round(statistics.median(b.seconds / a.seconds for a, b in zip(copied, ours, strict=True)), 2),
        "within_goal": sum(run.seconds <= limit for run, limit in zip(ours, allowed, strict=True)),
        "peak_mib": round(max(run.peak_bytes for run in ours) / 2**20),
        "setting_seconds": round(setting, 2),
        "pdf_bytes": pdf.stat().st_size,
    }
    print(f"{figures['exhibits']} exhibits of {figures['bytes'] / 1e6:.0f} MB, {len(ours)} rounds, medians")
    print(f"cp + sha256sum            {figures['copy_seconds']:>7} s")
    print(f"archiver export           {figures['export_seconds']:>7} s   {figures['peak_mib']:>5} MiB")
    print(f"ratio                     {figures['ratio_median']:>7} x")
    print(f"within {GOAL[0]} x + {GOAL[1]:.0f} s        {figures['within_goal']:>4} of {len(ours)}")
    print(f"setting report.pdf        {figures['setting_seconds']:>7} s   {figures['pdf_bytes'] / 1e6:.1f} MB")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "report.json").write_text(json.dumps(figures, indent=2) + "\n")


def _large(bundle: Path, exhibits: int) -> None:
    told = json.loads((bundle / "data" / "report.json").read_bytes())
    first = told["exhibits"][0]
    told["exhibits"] = [{**copy.deepcopy(first), "number": number} for number in range(1, exhibits + 1)]
    told["matches"] = []
    seconds = _set(told, {})
    print(f"{exhibits} exhibits on paper     {seconds:>7.1f} s   in {len(report.compose(told, {}))} files")


def _set(told: dict[str, Any], missing: dict[int, str]) -> float:
    """Seconds to set a report on paper, without pictures, with the sandbox already up."""
    with Typesetter() as typesetter:
        documents = report.compose(told, missing)
        typesetter.set(documents[0], {})
        started = time.perf_counter()
        for document in documents:
            typesetter.set(document, {})
        return time.perf_counter() - started


def _copy(exhibits: Path, target: Path, folder: Path) -> Ran:
    script = f'cp -r "{exhibits}" "{target}" && find "{target}" -type f -exec sha256sum {{}} +'
    return timed(["sh", "-c", script], dict(os.environ), folder)


def _archiver() -> list[str]:
    return [sys.executable, "-c", "from archiver.cli import main; main()"]


def _fill(folder: Path, clips: Path, environment: dict[str, str]) -> None:
    """A vault with EXHIBITS clips under titles of several scripts."""
    given = folder / "given"
    given.mkdir()
    sources = sorted(clips.glob("*.mp4")) if clips.is_dir() else _made(folder / "clips")
    for number in range(EXHIBITS):
        data = sources[number % len(sources)].read_bytes()
        if number >= len(sources):
            data += b"\x00\x00\x00\x0cfree" + number.to_bytes(4, "big")  # another file of the same film
        (given / f"{TITLES[number % len(TITLES)]} {number + 1}.mp4").write_bytes(data)
    for arguments in (["init"], ["ingest", str(given), "--case", "square"]):
        done = subprocess.run([*_archiver(), *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, arguments


def _made(folder: Path) -> list[Path]:
    """Footage of our own, where the shared clips are not at hand."""
    from archiver.demo import footage

    folder.mkdir()
    scenes = list(footage.SCENES)
    return [
        footage.scene(folder / f"clip-{number}.mp4", scenes[number % len(scenes)], seconds=10 + number)
        for number in range(10)
    ]


if __name__ == "__main__":
    main()
