"""The 20-URL run, whole process: ours with everything on, against bare yt-dlp followed by sha256sum.

    python benchmarks/endtoend.py [--rounds 5]

Both take turns in one run, because machines are noisy; the ratio is taken round by round. The peer's figures on the
same kind of run are in the README of this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from loopback import FOOTAGE, Ran, serve, timed

URLS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=Path, default=FOOTAGE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        clips = arguments.clips if arguments.clips.is_dir() else _made(Path(scratch) / "clips")
        names = sorted(path.name for path in clips.glob("*.mp4"))
        with serve(clips) as site:
            addresses = [f"{site.address}/{names[i % len(names)]}?n={i}" for i in range(URLS)]
            bare, ours, per_url = [], [], []
            for number in range(arguments.rounds + 1):
                folder = Path(scratch) / f"round-{number}"
                folder.mkdir()
                first = _bare(folder, addresses)
                site.asked.clear()
                second = _ours(folder, addresses)
                if number:  # the first round warms caches up
                    bare.append(first)
                    ours.append(second)
                    per_url.append(max(site.asked.values()))
    _report(bare, ours, per_url)


def _report(bare: list[Ran], ours: list[Ran], per_url: list[int]) -> None:
    ratios = [b.seconds / a.seconds for a, b in zip(bare, ours, strict=True)]
    figures = {
        "urls": URLS,
        "rounds": len(bare),
        "bare_seconds": round(statistics.median(run.seconds for run in bare), 2),
        "ours_seconds": round(statistics.median(run.seconds for run in ours), 2),
        "ratio_median": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "requests_per_url": max(per_url),
        "peak_mib": round(max(run.peak_bytes for run in ours) / 2**20),
        "bare_peak_mib": round(max(run.peak_bytes for run in bare) / 2**20),
    }
    print(f"{URLS} URLs, {len(bare)} rounds, medians")
    print(f"bare yt-dlp + sha256sum   {figures['bare_seconds']:>7} s   {figures['bare_peak_mib']:>5} MiB")
    print(f"archiver, all stages      {figures['ours_seconds']:>7} s   {figures['peak_mib']:>5} MiB")
    print(f"ratio                     {figures['ratio_median']:>7} x   ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"requests per media URL    {figures['requests_per_url']:>7}")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "endtoend.json").write_text(json.dumps(figures, indent=2) + "\n")


def _bare(folder: Path, addresses: list[str]) -> Ran:
    """One yt-dlp for all URLs, then sha256sum over what it stored, as a shell user would do it."""
    script = (
        f'"{sys.executable}" -m yt_dlp --ignore-config --no-cache-dir --quiet --no-warnings '
        '-o "bare/%(autonumber)05d.%(ext)s" "$@" && sha256sum bare/*'
    )
    return timed(["sh", "-c", script, "sh", *addresses], dict(os.environ), folder)


def _ours(folder: Path, addresses: list[str]) -> Ran:
    (folder / "list.txt").write_text("\n".join(addresses) + "\n")
    environment = {**os.environ, "ARCHIVER_VAULT": str(folder / "vault"), "ARCHIVER_ALLOW_NET": "127.0.0.0/8"}
    archiver = f'"{sys.executable}" -c "from archiver.cli import main; main()"'
    subprocess.run(f"{archiver} init", shell=True, env=environment, check=True, stdout=subprocess.DEVNULL)
    script = f"{archiver} add --from list.txt && {archiver} run"
    return timed(["sh", "-c", script], environment, folder)


def _made(folder: Path) -> Path:
    """Footage of our own, where the shared clips are not at hand: ten clips of 10 to 19 s."""
    from archiver.demo import footage

    folder.mkdir()
    scenes = list(footage.SCENES)
    for number in range(10):
        footage.scene(folder / f"clip-{number}.mp4", scenes[number % len(scenes)], seconds=10 + number)
    return folder


if __name__ == "__main__":
    main()
