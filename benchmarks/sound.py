"""The same sound: recall by attack, false pairs, overlap and offsets of segments; and what standard fingerprints cost.

    python benchmarks/sound.py [--copies FOLDER] [--json FILE] [--calibrate]

Over ../shared/footage: copies are made by its attacks.py (five minutes), or taken from FOLDER, where an earlier run
left them with their truth.csv. Pairs that are no copies: every copy against the other clips, parts of one clip that
share no second, and synthetic noises, hums, chords, tunes and loops against each other and the clips. Nothing is
fitted here: the thresholds are those of archiver/match/sound.py.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import ne
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archiver.examine import container, frames, sound
from archiver.examine.chromaprint import Chromaprint
from archiver.examine.standards import Watcher
from archiver.match.soundindex import SoundIndex
from archiver.standard import SOUND_RATE, SoundPrint

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "footage"
#: Clips by what of them is compared with what: no second is in both.
PARTS = (((0.0, 0.45), (0.55, 1.0)), ((0.0, 0.3), (0.35, 0.65)), ((0.35, 0.65), (0.7, 1.0)), ((0.0, 0.3), (0.7, 1.0)))
RATE = Path(__file__).resolve().parents[1] / "archiver" / "match" / "soundrate.py"
DATA = "sounds of 7 short clips, their copies and parts, and 32 synthetic sounds"
SECONDS = 30
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=Path, help="folder of copies with truth.csv, made before")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--calibrate", action="store_true", help="write the error rate into archiver/match/soundrate.py"
    )
    chosen = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.copies or Path(made)
        if not chosen.copies:
            script = [sys.executable, SHARED / "attacks.py", SHARED / "dev", folder]
            subprocess.run(script, check=True)
        figures = measure(folder)
    if chosen.calibrate:
        _calibrate(figures)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path) -> dict[str, object]:
    """Everything, printed and returned."""
    clips = {clip.name: made for clip in sorted((SHARED / "dev").glob("*.mp4")) if (made := heard(clip)) is not None}
    index = SoundIndex()
    for name, made in clips.items():
        index.add(name, made)
    found: dict[str, list[bool]] = defaultdict(list)
    overlaps, offsets, false = [], [], []
    pairs = 0
    with (folder / "truth.csv").open() as file:
        for row in csv.DictReader(file):
            made = heard(folder / row["copy"])
            if made is None or row["source"] not in clips:
                continue
            answers = {one.item_id: one for one in index.query(made)}
            own = answers.pop(row["source"], None)
            pairs += len(clips) - 1
            false += [(row["copy"], other) for other in answers]
            if len(set(clips[row["source"]].fingerprint)) < 2:  # a silent clip has nothing to find
                pairs += 1
                false += [(row["copy"], row["source"])] if own else []
                continue
            found[row["attack"]].append(own is not None)
            if own is not None:
                longest = max(own.segments, key=lambda segment: segment.b_end - segment.b_start)
                true = [float(row[name]) for name in ("src_start", "src_end", "copy_start", "copy_end")]
                sides = (longest.a_start, longest.a_end, longest.b_start, longest.b_end)
                overlaps.append((_overlap(*sides[:2], *true[:2]) + _overlap(*sides[2:], *true[2:])) / 2)
                offsets.append(abs((sides[0] - sides[2]) - (true[0] - true[2])))
    for attack, each in found.items():
        print(f"{attack:12}{sum(each):4} of {len(each)}")
    total = [one for each in found.values() for one in each]
    negatives, called = _negatives(clips)
    figures: dict[str, object] = {
        "recall": [sum(total), len(total)],
        "false_pairs": [len(false), pairs],
        "negatives": [called, negatives],
        "mean_iou": round(statistics.mean(overlaps), 3),
        "offset_seconds_median_p95": [round(float(np.percentile(offsets, p)), 3) for p in (50, 95)],
        "cost_to_decode": _cost(),
    }
    for name, value in figures.items():
        print(f"{name}: {value}")
    print(*false)
    return figures


def heard(path: Path) -> SoundPrint | None:
    """The print of a file's sound, without a decode of its pictures."""
    with container.open_media(str(path)) as opened:
        listener = sound.listener(opened)
        if listener is None:
            return None
        for packet in opened.demux(listener.stream):
            listener.hear(packet)
        return listener.finish(0.0, 0)


def _negatives(clips: dict[str, SoundPrint]) -> tuple[int, int]:
    """How many pairs of what is no copy were compared, and how many were called the same sound."""
    made = {name: _print(samples) for name, samples in _synthetic()} | clips
    index = SoundIndex()
    for name, one in made.items():
        index.add(name, one)
    pairs = called = 0
    for name, one in made.items():
        pairs += len(made) - 1
        called += len(index.query(one, partial(ne, name)))
        for first, second in PARTS:
            # A sub-fingerprint is of 20 frames: those of the first part's end are cut, as they hear what comes after.
            part = _part(one, first, cut=20)
            if len(part.fingerprint) >= 12:
                alone = SoundIndex()
                alone.add("part", part)
                pairs += 1
                called += len(alone.query(_part(one, second)))
    return pairs, called


def _synthetic() -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    rng = np.random.default_rng(5)
    at = np.arange(SECONDS * SOUND_RATE) / SOUND_RATE
    frequencies = np.maximum(np.fft.rfftfreq(len(at), 1 / SOUND_RATE), 1 / SECONDS)
    for slope in (0, 0.5, 1):
        for number in range(4):
            noise = np.fft.irfft(np.fft.rfft(rng.normal(size=len(at))) / frequencies**slope, len(at))
            yield f"noise {slope} {number}", noise / np.abs(noise).max() * 12_000
    for number in range(4):
        hum = sum(np.sin(2 * np.pi * 50 * n * at + rng.uniform(0, 6)) * 6_000 / n for n in range(1, 8))
        yield f"hum {number}", hum + rng.normal(size=len(at)) * 5 * 8**number / 8
        chord = sum(np.sin(2 * np.pi * hertz * at + rng.uniform(0, 6)) * 4_000 for hertz in (220, 277.2, 329.6))
        yield f"chord {number}", chord * (1 + 0.3 * np.sin(0.6 * at + number))
        yield f"loop {number}", _notes(np.tile(rng.choice([0, 3, 5, 7], 8), 15), 4)
    for number in range(8):
        yield f"tune {number}", _notes(rng.choice([0, 2, 4, 5, 7, 9, 11, 12], SECONDS * 3), 3)


def _notes(notes: npt.NDArray[np.int64], per_second: int) -> npt.NDArray[np.float64]:
    at = np.arange(SOUND_RATE // per_second) / SOUND_RATE
    hertz = 110 * 2 ** (notes[:, None] / 12)
    waves = sum(np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 5))
    return np.asarray(waves * np.exp(-3 * at) * 8_000, np.float64).ravel()


def _print(samples: npt.NDArray[np.float64]) -> SoundPrint:
    made = Chromaprint()
    made.feed(np.clip(samples, -32_000, 32_000).astype(np.int16))
    return SoundPrint(SECONDS * 1000, 0, tuple(made.finish().tolist()), {}, {})


def _part(one: SoundPrint, span: tuple[float, float], cut: int = 0) -> SoundPrint:
    count = len(one.fingerprint)
    values = one.fingerprint[int(span[0] * count) : max(0, int(span[1] * count) - cut)]
    return SoundPrint(one.duration_ms, 0, values, {}, {})


def _overlap(start: float, end: float, true_start: float, true_end: float) -> float:
    return max(0.0, min(end, true_end) - max(start, true_start)) / (max(end, true_end) - min(start, true_start))


def _calibrate(figures: Mapping[str, Any]) -> None:
    """Write down how often what is no copy was called the same, with the upper bound of the rate at 95 %."""
    errors, negatives = (a + b for a, b in zip(figures["false_pairs"], figures["negatives"], strict=True))
    if errors:
        sys.exit("sounds that are no copies were called the same: mend that first, there is no rate to be proud of")
    ppm = math.ceil((1 - 0.05 ** (1 / negatives)) * 1_000_000)  # as none of so many was (Clopper and Pearson)
    RATE.write_text(
        f'''"""How often sounds that are no copies were called the same; written by benchmarks/sound.py --calibrate."""

from __future__ import annotations

from typing import Final

from archiver.model import ErrorRate

RATE: Final = ErrorRate(
    ppm={ppm:_},
    errors=0,
    negatives={negatives:_},
    data="{DATA}",
)
'''
    )


def _cost() -> dict[str, float]:
    """Our fingerprint alone, and with the standard ones, against a bare decode by ffmpeg: medians within one run."""
    clips = [str(clip) for clip in sorted((SHARED / "dev").glob("*.mp4"))]
    ways: dict[str, Callable[[str], object]] = {
        "decode": lambda clip: subprocess.run(
            ["ffmpeg", "-v", "error", "-threads", "2", "-i", clip, "-f", "null", "-"], check=True
        ),
        "ours": frames.sample,
        "with_standard_ones": lambda clip: frames.sample(clip, watch=Watcher),
    }
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(RUNS):
        for name, way in ways.items():
            begin = time.perf_counter()
            for clip in clips:
                way(clip)
            spent[name].append(time.perf_counter() - begin)
    decode = statistics.median(spent.pop("decode"))
    return {name: round(statistics.median(times) / decode, 2) for name, times in spent.items()}


if __name__ == "__main__":
    main()
