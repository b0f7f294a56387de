"""The index: recall against an exhaustive scan, seconds of a query, building, size and opening, by number of frames.

    python benchmarks/index.py --copies FOLDER [--frames 10000,100000] [--distractors FOLDER] [--every N] [--json FILE]

The clips of ../shared/footage/dev lie among distractors (benchmarks/distractors.py says what they are) until the index
has the wanted number of frames, that is, of samples of films; a frame has 60 to 70 codes, of which two fifths are kept.
The copies are those of ../shared/footage/attacks.py with their truth.csv. Every N-th one is asked for, and so is a
query of 24 s. Distractors stay in their folder: a million frames take 20 minutes to draw once, and 2 GB. Seconds are of
one core, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core is what is measured

import numpy as np
from distractors import FILMS, SYMMETRIES, Distractors, symmetric
from matching import FOOTAGE, fingerprint_of
from negatives import cut

from archiver.custody.indexlist import VolumeFile
from archiver.engine import volumes
from archiver.engine.volumes import Named
from archiver.fingerprint import Fingerprint, decode
from archiver.match import align, index, lookup
from archiver.match.lookup import Hits, Volume
from archiver.match.sketch import Probes
from archiver.model import Finding

#: Beyond this the exhaustive scan takes minutes for one query.
SCANNED = 20_000
HOUR = 3 * 3600  # samples


class Shelf:
    """Volumes on the disk, and where the fingerprints of their films are."""

    def __init__(self, folder: Path, clips: dict[str, Fingerprint], distractors: Distractors) -> None:
        self.folder, self.clips, self._distractors = folder, clips, distractors
        self.files: list[VolumeFile] = []
        self.volumes: list[Volume] = []
        self.drawing = 0.0  # seconds that went into drawing films, which an archive reads
        self._names: list[str] = []

    def add(self, volume: Volume, names: list[str]) -> None:
        """As the engine does it. Names are told apart by their digests, so these are made to look like some."""
        named = [Named(volume, tuple(name.encode().hex().ljust(64, "0") for name in names))]
        old = volumes.to_merge(len(volume), self.files)
        file = volumes.saved(
            self.folder, [*(volumes.opened(self.folder, each, thorough=False) for each in old), *named]
        )
        self.files = [*(each for each in self.files if each not in old), file]
        for each in old:
            (self.folder / each.name).unlink()

    def open(self) -> float:
        """Milliseconds that it takes."""
        start = time.perf_counter()
        opened = [volumes.opened(self.folder, each, thorough=False) for each in self.files]
        self.volumes, self._names = [each.volume for each in opened], [name for each in opened for name in each.films]
        return (time.perf_counter() - start) * 1000

    def name(self, film: int) -> str:
        return bytes.fromhex(self._names[film]).rstrip(b"\0").decode()

    def fingerprint(self, film: int) -> Fingerprint:
        name, began = self.name(film), time.process_time()
        found = self.clips[name] if name in self.clips else self._distractors.fingerprint(*map(int, name.split(".")))
        blob = found.to_bytes()
        self.drawing += time.process_time() - began
        return decode(blob)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", default="10000,100000", help="sizes of the index, with commas between")
    parser.add_argument("--copies", type=Path, help="folder of copies with truth.csv, made before")
    parser.add_argument("--distractors", type=Path, help="folder for distractors that stays")
    parser.add_argument("--every", type=int, default=1, help="ask for every so many of the copies")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    if not FOOTAGE.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    with tempfile.TemporaryDirectory() as place:
        copies = chosen.copies or Path(place) / "copies"
        if not chosen.copies:
            subprocess.run([sys.executable, str(FOOTAGE / "attacks.py"), str(FOOTAGE / "dev"), str(copies)], check=True)
        folder = Path(place) / "index"
        folder.mkdir()
        sizes = sorted(int(size) for size in chosen.frames.split(","))
        figures = measure(folder, chosen.distractors or Path(place) / "distractors", copies, sizes, chosen.every)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, distractors: Path, copies: Path, sizes: list[int], every: int) -> list[dict[str, Any]]:
    """A row of figures for each size, printed as it comes."""
    with (copies / "truth.csv").open() as file:
        truth = list(csv.DictReader(file))[::every]
    paths = sorted((FOOTAGE / "dev").glob("*.mp4"))
    with ProcessPoolExecutor() as hands:
        clips = dict(zip((path.name for path in paths), hands.map(fingerprint_of, paths), strict=True))
        asked = list(hands.map(fingerprint_of, [copies / row["copy"] for row in truth]))
    long = max(asked, key=lambda each: each.duration_ms)
    clip = cut(long, 0, 24_000 / long.duration_ms)
    shelf = Shelf(folder, clips, made := Distractors(distractors, paths))
    began = time.process_time()
    shelf.add(index.volume_of(list(clips.values())), list(clips))
    frames = sum(len(each.times_ms) for each in clips.values())
    print(f"build, codes from fingerprints: {(time.process_time() - began) / frames * HOUR:.1f} s an hour of footage")
    more, figures, writing = _films(made), [], 0.0
    for size in sizes:
        while frames < size:
            volume, names, samples = next(more)
            began = time.process_time()
            shelf.add(volume, names)
            writing += time.process_time() - began
            frames += samples
        figures.append({"frames": frames, **_figures(shelf, frames, writing, truth, asked, clip)})
        print(json.dumps(figures[-1]), flush=True)
    return figures


def _figures(
    shelf: Shelf, frames: int, writing: float, truth: list[dict[str, str]], asked: list[Fingerprint], clip: Fingerprint
) -> dict[str, Any]:
    opening = statistics.median(shelf.open() for _ in range(5))
    size = sum(each.size for each in shelf.files)
    row: dict[str, Any] = {
        "codes": sum(map(len, shelf.volumes)),
        "files": len(shelf.files),
        "open_ms": round(opening, 1),
        "mb_an_hour": round(size / frames * HOUR / 1e6, 2),
        "write_s_an_hour": round(writing / frames * HOUR, 3),
        "lookup_24s": _timed(lambda: index.retrieve(clip, shelf, lambda name: True), 3),
        "query_24s": _timed(lambda: index.query(clip, shelf, lambda name: True), 3, shelf),
        "found": _found(shelf, truth, asked),
    }
    if frames <= SCANNED:
        codes = [np.column_stack((one.first, one.rest)) for one in shelf.volumes]
        with mock.patch.object(lookup, "hits", lambda held, asked: _all_hits(held, codes, asked)):
            row["scan_24s"] = _timed(lambda: index.retrieve(clip, shelf, lambda name: True), 1)
            row["found_by_scan"] = _found(shelf, truth, asked)
    return row


def _found(shelf: Shelf, truth: list[dict[str, str]], asked: list[Fingerprint]) -> dict[str, Any]:
    """Copies whose source is a candidate, and is called the same recording; seconds of looking up and of all."""
    recordings = candidates = false = 0
    looked_up, all_of_it, compared = [], [], []
    for row, query in zip(truth, asked, strict=True):
        began = time.process_time()
        retrieved = index.retrieve(query, shelf, lambda name: True)
        looked_up.append(time.process_time() - began)
        names = [shelf.name(each.film) for each in retrieved.candidates]
        compared.append(len(names))
        candidates += row["source"] in names
        began = time.process_time() - shelf.drawing
        answers = index.query(query, shelf, lambda name: True)
        all_of_it.append(time.process_time() - shelf.drawing - began)
        same = {found.item_id for found in answers if found.finding is Finding.SAME_RECORDING}
        recordings += row["source"] in same
        false += len(same - {row["source"]} - {f"{name}.mp4" for name in row["filler"].split("|")})
    return {
        "copies": len(truth), "candidates": candidates, "same_recording": recordings, "others": false,
        "lookup_s": _spread(looked_up), "query_s": _spread(all_of_it), "compared": _spread(compared),
    }  # fmt: skip


def _spread(values: list[float] | list[int]) -> list[float]:
    """Median and greatest."""
    return [round(statistics.median(values), 3), round(max(values), 3)]


def _all_hits(held: list[Volume], codes: list[Any], asked: Probes) -> Hits:
    """What `lookup.hits` would give if every code lay under every key."""
    found = []
    before = 0
    rows_before = 0
    for one, all_codes in zip(held, codes, strict=True):
        at_a_time = max(1, align.MANY_DISTANCES // max(1, len(one)))
        for start in range(0, len(asked.codes), at_a_time):
            bits = align.distances(asked.codes[start : start + at_a_time], all_codes)
            row, place = np.nonzero(bits <= align.NEAR_BITS)
            support = align.NEAR_BITS + 1 - bits[row, place].astype(np.int64)
            film, sample = one.film[place].astype(np.int64) + before, one.sample[place].astype(np.int64)
            found.append((row + start, film, sample, support, place + rows_before))
        before += one.films
        rows_before += len(one)
    return Hits(*(np.concatenate(each) for each in zip(*found, strict=True)))


def _timed(call: Callable[[], object], times: int, shelf: Shelf | None = None) -> float:
    seconds = []
    for _ in range(times):
        start, drawn = time.process_time(), shelf.drawing if shelf else 0.0
        call()
        seconds.append(time.process_time() - start - ((shelf.drawing if shelf else 0.0) - drawn))
    return round(statistics.median(seconds), 3)


def _films(made: Distractors) -> Iterator[tuple[Volume, list[str], int]]:
    """Sets of distractors without end: volume, names, samples. Beyond what is drawn already, symmetries come first."""
    drawn = len(list(made.folder.glob("*.npz")))
    for symmetry in range(len(SYMMETRIES)):
        for number in range(drawn) if drawn else count():
            one = made.volume(number)
            if symmetry:
                one = symmetric(one, symmetry)
            names = [f"{number}.{film}.{symmetry}" for film in range(FILMS)]
            last = np.zeros(one.films, np.int64)
            np.maximum.at(last, one.film, one.sample)
            yield one, names, int(last.sum()) + one.films


if __name__ == "__main__":
    main()
