"""Recall by attack, false pairs, overlap of segments and fingerprint time, over ../shared/footage.

    python benchmarks/matching.py [--only reencode,mirror] [--copies FOLDER] [--json FILE]

Copies are made by ../shared/footage/attacks.py into a temporary folder (about five minutes for all 17 attacks), or
taken from FOLDER, where an earlier run left them with their truth.csv. Nothing is fitted here: the thresholds are those
of archiver/match/finding.py.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from archiver.examine.fingerprint import fingerprint
from archiver.fingerprint import Fingerprint, decode, pack
from archiver.match.index import Found, Index
from archiver.model import Finding, Segment

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "footage"
ATTACKS = "reencode,scale240,letterbox,mirror,logobar,bright,grey,speed11,fps12,excerpt5,crop10,compil"
#: Parts of one clip that share no frame: the issue's halves, and shorter ones, where chance does more.
PARTS = (
    ((0.0, 0.45), (0.55, 1.0)),
    ((0.0, 0.3), (0.35, 0.65), (0.7, 1.0)),
    ((0.0, 0.22), (0.26, 0.48), (0.52, 0.74), (0.78, 1.0)),
)

Row = dict[str, str]


@dataclass
class Tally:
    """What was found of one attack's copies."""

    copies: int = 0
    recordings: int = 0
    scenes: int = 0
    overlaps: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=ATTACKS, help="attacks to run, with commas between; `all` for every one")
    parser.add_argument("--copies", type=Path, help="folder of copies with truth.csv, made before")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.copies or _attack(Path(made), chosen.only)
        figures = measure(folder, None if chosen.only == "all" else set(chosen.only.split(",")))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, only: set[str] | None) -> dict[str, object]:
    """Everything, printed and returned."""
    with (folder / "truth.csv").open() as file:
        truth = [row for row in csv.DictReader(file) if only is None or row["attack"] in only]
    clips = sorted((SHARED / "dev").glob("*.mp4"))
    files = clips + [folder / row["copy"] for row in truth]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the processes below share the cores already
    with ProcessPoolExecutor() as hands:
        prints = dict(zip((file.name for file in files), hands.map(_fingerprint, files), strict=True))
        originals = {clip.name: prints[clip.name] for clip in clips}
        jobs = [(prints[row["copy"]], originals) for row in truth]
        answers = list(hands.map(_answer, jobs, chunksize=4))
        parts = list(itertools.chain.from_iterable(hands.map(_parts, originals.values())))
    figures = _report(truth, [found for found, _ in answers], len(originals))
    figures["query_seconds"] = round(float(np.mean([seconds for _, seconds in answers])), 3)
    figures["parts"] = {
        "pairs": len(parts),
        "same_recording": sum(each is Finding.SAME_RECORDING for each in parts),
        "same_scene": sum(each is Finding.SAME_SCENE for each in parts),
    }
    size = sum(len(each.to_bytes()) for each in originals.values())
    figures["bytes_per_second"] = round(size / sum(each.duration_ms / 1000 for each in originals.values()))
    figures["fingerprint_to_decode"] = _cost(clips)
    for name in ("query_seconds", "parts", "bytes_per_second", "fingerprint_to_decode"):
        print(f"{name}: {figures[name]}")
    return figures


def _report(truth: list[Row], answers: list[list[Found]], originals: int) -> dict[str, object]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    false_pairs: list[tuple[str, str]] = []
    other_scenes = pairs = 0
    for row, answer in zip(truth, answers, strict=True):
        tally = tallies[row["attack"]]
        tally.copies += 1
        fillers = {f"{name}.mp4" for name in row["filler"].split("|") if name}
        pairs += originals - 1 - len(fillers)
        for found in answer:
            same = found.finding is Finding.SAME_RECORDING
            if found.item_id == row["source"]:
                tally.recordings += same
                tally.scenes += not same
                if same:
                    tally.overlaps.append(_overlap(found.segments, row))
            elif found.item_id not in fillers:
                other_scenes += not same
                if same:
                    false_pairs.append((row["copy"], found.item_id))
    print(f"{'attack':12}{'copies':>7}{'same recording':>16}{'same scene':>12}{'mean IoU':>10}{'least':>7}")
    for name, each in tallies.items():
        mean = float(np.mean(each.overlaps)) if each.overlaps else 0.0
        least = min(each.overlaps, default=0.0)
        print(f"{name:12}{each.copies:7}{each.recordings:16}{each.scenes:12}{mean:10.3f}{least:7.2f}")
    copies, found_all = sum(each.copies for each in tallies.values()), sum(each.recordings for each in tallies.values())
    overlaps = [value for each in tallies.values() for value in each.overlaps]
    iou = round(float(np.mean(overlaps)), 3) if overlaps else 0.0
    print(f"recall {found_all} of {copies} ({found_all / max(1, copies):.3f}), mean IoU {iou}")
    print(f"false pairs {len(false_pairs)} of {pairs}; other clips called the same scene: {other_scenes}", *false_pairs)
    return {
        "recall": {name: [each.recordings, each.copies] for name, each in tallies.items()},
        "mean_iou": iou,
        "false_pairs": [len(false_pairs), pairs],
        "same_scene_pairs": other_scenes,
    }


def _overlap(segments: tuple[Segment, ...], row: Row) -> float:
    """Mean of the intersection over union on both sides, of the longest segment."""
    longest = max(segments, key=lambda segment: segment.b_end - segment.b_start)
    sides = (
        (longest.a_start, longest.a_end, float(row["src_start"]), float(row["src_end"])),
        (longest.b_start, longest.b_end, float(row["copy_start"]), float(row["copy_end"])),
    )
    values = [
        max(0.0, min(end, true_end) - max(start, true_start)) / (max(end, true_end) - min(start, true_start))
        for start, end, true_start, true_end in sides
    ]
    return sum(values) / 2


def _fingerprint(path: Path) -> Fingerprint:
    return decode(fingerprint(str(path), "video").blob)


def _answer(job: tuple[Fingerprint, dict[str, Fingerprint]]) -> tuple[list[Found], float]:
    query, originals = job
    index = Index()
    for name, each in originals.items():
        index.add(name, each)
    start = time.perf_counter()
    return index.query(query), time.perf_counter() - start


def _parts(whole: Fingerprint) -> list[Finding | None]:
    """What each part of a clip is called against each other one."""
    findings: list[Finding | None] = []
    for cuts in PARTS:
        pieces = [each for each in (_cut(whole, *cut) for cut in cuts) if len(each.times_ms) >= 4]
        for one, other in itertools.permutations(pieces, 2):
            index = Index()
            index.add("part", one)
            found = index.query(other)
            findings.append(found[0].finding if found else None)
    return findings


def _cut(whole: Fingerprint, start: float, end: float) -> Fingerprint:
    times = np.array(whole.times_ms)
    kept = (times >= start * whole.duration_ms) & (times < end * whole.duration_ms)
    moved = times[kept] - times[kept][:1]
    length = round((end - start) * whole.duration_ms)
    return replace(whole, duration_ms=length, times_ms=tuple(moved.tolist()), blocks=pack(whole.pictures()[kept]))


def _cost(clips: list[Path]) -> dict[str, float]:
    """Fingerprinting all clips, with both cores, against `ffmpeg -f null` of the same, best of three each."""
    ours, theirs = [], []
    for _ in range(3):
        start = time.perf_counter()
        for clip in clips:
            fingerprint(str(clip), "video")
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        for clip in clips:
            command = ["ffmpeg", "-v", "error", "-threads", "2", "-i", str(clip), "-an", "-f", "null", "-"]
            subprocess.run(command, check=True)
        theirs.append(time.perf_counter() - start)
    return {
        "ours_s": round(min(ours), 2),
        "ffmpeg_s": round(min(theirs), 2),
        "ratio": round(min(ours) / min(theirs), 2),
    }


def _attack(folder: Path, only: str) -> Path:
    command = [sys.executable, str(SHARED / "attacks.py"), str(SHARED / "dev"), str(folder)]
    subprocess.run(command if only == "all" else [*command, "--only", only], check=True)
    return folder


if __name__ == "__main__":
    main()
