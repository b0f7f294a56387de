"""Recall by attack, false pairs, overlap, offset error and fingerprint time, over ../shared/footage.

    python benchmarks/matching.py [--only reencode,mirror] [--copies FOLDER]... [--half final] [--json FILE]

Copies are made by ../shared/footage/attacks.py (17 attacks, about five minutes) and benchmarks/copies.py (29 more,
longer) into a temporary folder, or taken from each FOLDER, where an earlier run left them with their truth.csv. Nothing
is fitted here: the thresholds are those of archiver/match/finding.py. Other tools are measured in the same run
(baselines.py), pairs without a common frame too (negatives.py).
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
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import baselines
import copies as further
import negatives
import numpy as np

from archiver.examine.fingerprint import fingerprint
from archiver.fingerprint import Fingerprint, decode
from archiver.match.index import Found, Index
from archiver.model import Finding, Segment

FOOTAGE = Path(__file__).resolve().parents[1] / ".." / "shared" / "footage"
#: The quick ones of both generators, for a run of some minutes.
QUICK = "reencode,letterbox,vertblur,crop25,mirror,logobar,speed11,excerpt5,compil,pip40,rotate5,recapturecrop"
#: Every second clip, from the first one: those whose misses were looked at; and the others.
HALVES = ("looking", "final")

Row = dict[str, str]


@dataclass
class Tally:
    """What was found of one attack's copies."""

    copies: int = 0
    recordings: int = 0
    scenes: int = 0
    overlaps: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=QUICK, help="attacks to run, with commas between; `all` for every one")
    parser.add_argument("--copies", type=Path, action="append", help="folder of copies with truth.csv, made before")
    parser.add_argument("--half", choices=HALVES, help="copies of every second clip only; see heldout.py")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    if not FOOTAGE.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    only = None if chosen.only == "all" else set(chosen.only.split(","))
    with tempfile.TemporaryDirectory() as made:
        figures = measure(chosen.copies or _attack(Path(made), only), only, chosen.half)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folders: Iterable[Path], only: set[str] | None, half: str | None = None) -> dict[str, Any]:
    """Everything, printed and returned."""
    clips = sorted((FOOTAGE / "dev").glob("*.mp4"))
    sources = {clip.name for clip in clips[HALVES.index(half) if half else 0 :: 2 if half else 1]}
    truth = [
        (folder, row)
        for folder in folders
        for row in truth_of(folder)
        if row["source"] in sources and (only is None or row["attack"] in only)
    ]
    rows = [row for _, row in truth]
    files = clips + [folder / row["copy"] for folder, row in truth]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the processes below share the cores already
    with ProcessPoolExecutor() as hands:
        prints = dict(zip((file.name for file in files), hands.map(fingerprint_of, files), strict=True))
        originals = {clip.name: prints[clip.name] for clip in clips}
        bits = dict(zip((file.name for file in files), hands.map(baselines.frames_bits, files), strict=True))
        others = baselines.recall([_pairing(row) for row in rows], bits, list(originals))
        without = {
            "parts of a clip": [pair for each in originals.values() for pair in negatives.parts(each, each)],
            "one room": [
                (originals[a], originals[b]) for a, b in itertools.permutations(negatives.ONE_ROOM, 2) if a in originals
            ],
        }
        called = {kind: list(hands.map(negatives.called, pairs)) for kind, pairs in without.items()}
    with ProcessPoolExecutor(initializer=_fill, initargs=(originals,)) as hands:
        answers = list(hands.map(_answer, [prints[row["copy"]] for row in rows], chunksize=4))
    figures = _report(rows, [found for found, _ in answers], others, len(originals))
    figures["query_seconds"] = round(float(np.mean([seconds for _, seconds in answers])), 3)
    for kind, findings in called.items():
        figures[kind] = {"pairs": len(findings)} | {
            each.value: sum(finding is each for finding in findings)
            for each in (Finding.SAME_RECORDING, Finding.SAME_SCENE)
        }
    size = sum(len(each.to_bytes()) for each in originals.values())
    figures["bytes_per_second"] = round(size / sum(each.duration_ms / 1000 for each in originals.values()))
    figures["fingerprint_to_decode"] = _costs(clips)
    for name in ("query_seconds", *called, "bytes_per_second", "fingerprint_to_decode"):
        print(f"{name}: {figures[name]}")
    return figures


def truth_of(folder: Path) -> list[Row]:
    """The rows of a folder's truth.csv."""
    with (folder / "truth.csv").open() as file:
        return list(csv.DictReader(file))


def fingerprint_of(path: Path) -> Fingerprint:
    """The fingerprint of a video file."""
    return decode(fingerprint(str(path), "video").blob)


def found_in(query: Fingerprint, originals: Mapping[str, Fingerprint]) -> list[Found]:
    """What is found of `query` through an index of `originals`."""
    index = Index()
    for name, each in originals.items():
        index.add(name, each)
    return index.query(query)


def offset_error(segments: tuple[Segment, ...], row: Row) -> float:
    """Seconds between where the middle of the longest segment lies in the source, and where it should."""
    longest = max(segments, key=lambda segment: segment.b_end - segment.b_start)
    start, end, source, source_end = (float(row[key]) for key in ("copy_start", "copy_end", "src_start", "src_end"))
    share = ((longest.b_start + longest.b_end) / 2 - start) / (end - start)
    if row["attack"] == "reverse":
        share = 1 - share
    return abs((longest.a_start + longest.a_end) / 2 - (source + share * (source_end - source)))


def _report(
    rows: list[Row], answers: list[list[Found]], others: dict[str, tuple[float, list[bool]]], originals: int
) -> dict[str, Any]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    false_pairs: list[tuple[str, str]] = []
    other_scenes = pairs = 0
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        tally = tallies[row["attack"]]
        tally.copies += 1
        for name, (_, found_by) in others.items():
            tally.others[name] += found_by[number]
        _, source, fillers = _pairing(row)
        pairs += originals - 1 - len(fillers)
        for found in answer:
            same = found.finding is Finding.SAME_RECORDING
            if found.item_id == source:
                tally.recordings += same
                tally.scenes += not same
                if same:
                    tally.overlaps.append(_overlap(found.segments, row))
                    tally.errors.append(offset_error(found.segments, row))
            elif found.item_id not in fillers:
                other_scenes += not same
                if same:
                    false_pairs.append((row["copy"], found.item_id))
    total = Tally(
        copies=sum(each.copies for each in tallies.values()),
        recordings=sum(each.recordings for each in tallies.values()),
        scenes=sum(each.scenes for each in tallies.values()),
        overlaps=[value for each in tallies.values() for value in each.overlaps],
        errors=[value for each in tallies.values() for value in each.errors],
        others={name: sum(found_by) for name, (_, found_by) in others.items()},
    )
    print(f"{'attack':16}{'copies':>7}{'found':>7}{'scene':>7}{'IoU':>7}{'offset s':>10}", *(f"{n:>6}" for n in others))
    for name, each in (*tallies.items(), ("all", total)):
        iou, offset = (f"{np.mean(v):.3f}" if v else "-" for v in (each.overlaps, each.errors))
        line = f"{name:16}{each.copies:7}{each.recordings:7}{each.scenes:7}{iou:>7}{offset:>10}"
        print(line, *(f"{each.others[n]:6}" for n in others))
    print(
        f"recall {total.recordings / max(1, total.copies):.4f}; false pairs {len(false_pairs)} of {pairs}", *false_pairs
    )
    print(f"other clips called the same scene: {other_scenes}")
    for name, (share, found_by) in others.items():
        print(f"{name}: {np.mean(found_by):.3f} at no false pair (more than {share:.2f} of the frames alike)")
    print(*baselines.available()[1], sep="\n")
    median, high = np.quantile(total.errors or [0.0], [0.5, 0.95])
    print(f"offset error: median {median:.3f} s, 95 % within {high:.3f} s")
    return {
        "recall": {name: [each.recordings, each.copies] for name, each in tallies.items()},
        "others": {name: [int(sum(found_by)), round(share, 3)] for name, (share, found_by) in others.items()},
        "mean_iou": round(float(np.mean(total.overlaps or [0.0])), 3),
        "offset_error": [round(float(median), 3), round(float(high), 3)],
        "false_pairs": [len(false_pairs), pairs],
        "same_scene_pairs": other_scenes,
    }


def _pairing(row: Row) -> tuple[str, str, frozenset[str]]:
    return row["copy"], row["source"], frozenset(f"{name}.mp4" for name in row["filler"].split("|") if name)


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


_INDEX = Index()


def _fill(originals: Mapping[str, Fingerprint]) -> None:
    """Once in each process: an index of the originals."""
    for name, each in originals.items():
        _INDEX.add(name, each)


def _answer(query: Fingerprint) -> tuple[list[Found], float]:
    start = time.perf_counter()
    return _INDEX.query(query), time.perf_counter() - start


def _costs(clips: list[Path]) -> dict[str, dict[str, float]]:
    """Of the clips, and of one of them at 1080p."""
    with tempfile.TemporaryDirectory() as made:
        large = Path(made) / "1080p.mp4"
        command = ["ffmpeg", "-v", "error", "-stream_loop", "2", "-i", str(FOOTAGE / "dev" / "cv_box.mp4")]
        subprocess.run([*command, "-vf", "scale=1920:1080", "-an", "-preset", "fast", str(large)], check=True)
        return {"clips": _cost(clips), "1080p": _cost([large])}


def _cost(clips: list[Path]) -> dict[str, float]:
    """Fingerprinting the clips, with both cores, against `ffmpeg -f null` of the same, best of three each."""
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


def _attack(folder: Path, only: set[str] | None) -> list[Path]:
    """Both generators' copies, each in a folder of its own."""
    ours = [name for name in further.ATTACKS if only is None or name in only]
    theirs = None if only is None else ",".join(sorted(only - set(further.ATTACKS)))
    folders = []
    if theirs is None or theirs:
        folders.append(folder / "shared")
        command = [sys.executable, str(FOOTAGE / "attacks.py"), str(FOOTAGE / "dev"), str(folders[-1])]
        subprocess.run(command if theirs is None else [*command, "--only", theirs], check=True)
    if ours:
        folders.append(folder / "further")
        further.make(FOOTAGE / "dev", folders[-1], ours)
    return folders


if __name__ == "__main__":
    main()
