"""Measures how often pairs that are no copies reach each score, and writes archiver/match/calibrated.py.

    python benchmarks/calibrate.py --copies FOLDER [--share 0.5]
    python benchmarks/calibrate.py        prints what was measured last

FOLDER holds the copies of ../shared/footage/attacks.py; with --share that part of the pairs is measured, drawn by lot.

No threshold is chosen here: finding.py has them. What comes out is what stands beside a match as its error rate: the
upper end of the 95 % interval (Clopper and Pearson) for the share of pairs without a common frame that score as high.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import negatives
import numpy as np
from matching import FOOTAGE, fingerprint_of, found_in, offset_error, truth_of

from archiver.fingerprint import Fingerprint
from archiver.model import Finding

OUT: Final = Path(__file__).resolve().parents[1] / "archiver" / "match" / "calibrated.py"
SCORES: Final = tuple(round(float(score), 2) for score in np.arange(0.3, 1.001, 0.05))
#: Attacks whose copies are set against other parts of their source, and unrelated clips for each copy.
_PARTS_OF: Final[tuple[str, ...]] = ()
_UNRELATED: Final = 1
_DRAWN: Final = 6

Measured = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=Path, help="folder of copies with truth.csv")
    parser.add_argument("--share", type=float, default=1.0, help="share of the pairs that is measured")
    chosen = parser.parse_args()
    if chosen.copies is None:
        print(OUT.read_text() if OUT.exists() else "nothing was measured yet")
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with ProcessPoolExecutor() as hands:
        rows = truth_of(chosen.copies)
        names = sorted({row["source"] for row in rows})
        files = [FOOTAGE / "dev" / name for name in names] + [chosen.copies / row["copy"] for row in rows]
        prints = dict(zip((file.name for file in files), hands.map(fingerprint_of, files), strict=True))
        measured: Measured = {}
        for kind, pairs in _sets(names, rows, prints).items():
            start = time.monotonic()
            pairs = random.Random(3).sample(pairs, max(1, round(chosen.share * len(pairs))))
            measured[kind] = list(hands.map(_strongest, pairs, chunksize=4))
            print(f"{kind}: {len(pairs)} pairs, strongest {max(measured[kind])}, {time.monotonic() - start:.0f} s")
        jobs = [(prints[row["copy"]], prints[row["source"]], row) for row in rows[::2]]
        errors = [error for error in hands.map(_offset_error, jobs, chunksize=4) if error is not None]
    OUT.write_text(_module(measured, errors))
    print(f"offset error over {len(errors)} copies: median {np.median(errors):.3f} s; written to {OUT.name}")


def _sets(
    names: Sequence[str], rows: Sequence[dict[str, str]], prints: dict[str, Fingerprint]
) -> dict[str, list[Callable[[], negatives.Pair]]]:
    """By kind, what makes each pair: drawn ones are made where they are compared."""
    chance = random.Random(5)
    same_film = [partial(_given, pair) for name in names for pair in negatives.parts(prints[name], prints[name])]
    same_film += [
        partial(_given, pair)
        for row in rows
        if row["attack"] in _PARTS_OF
        for pair in negatives.parts(prints[row["source"]], prints[row["copy"]])
    ]
    room = [
        partial(_given, (prints[other], prints[row["copy"]]))
        for row in rows
        if row["source"] in negatives.ONE_ROOM
        for other in negatives.ONE_ROOM
        if other != row["source"] and other.removesuffix(".mp4") not in row["filler"]
    ]
    unrelated = [
        partial(_given, (prints[other], prints[row["copy"]]))
        for row in rows
        for other in chance.sample(
            [each for each in names if each != row["source"] and each.removesuffix(".mp4") not in row["filler"]],
            _UNRELATED,
        )
        if not {other, row["source"]} <= set(negatives.ONE_ROOM)
    ]
    cameras = [partial(negatives.two_cameras, seed, aside) for seed in range(_DRAWN) for aside in negatives.ASIDES]
    times = [partial(negatives.other_times, 500 + seed, shake) for seed in range(_DRAWN) for shake in negatives.SHAKES]
    pans = [partial(negatives.two_pans, 700 + seed, pan) for seed in range(_DRAWN) for pan in negatives.PANS]
    grids = [partial(negatives.two_grids, seed, tile) for seed in range(_DRAWN) for tile in negatives.TILES]
    same_place: list[Callable[[], negatives.Pair]] = [*same_film, *room, *cameras, *times, *pans, *grids]
    return {"same place": same_place, "unrelated": [*unrelated]}


def _given(pair: negatives.Pair) -> negatives.Pair:
    return pair


def _strongest(pair: Callable[[], negatives.Pair]) -> float:
    return negatives.strongest(pair())


def _offset_error(job: tuple[Fingerprint, Fingerprint, dict[str, str]]) -> float | None:
    query, item, row = job
    for found in found_in(query, {row["source"]: item}):
        if found.finding is Finding.SAME_RECORDING:
            return offset_error(found.segments, row)
    return None


def _module(measured: Measured, errors: Sequence[float]) -> str:
    median, high = np.quantile(errors, [0.5, 0.95])
    lines = [
        '"""Generated by benchmarks/calibrate.py: what was measured, and on what. Not to be edited by hand."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "#: The clips that all of it rests on.",
        'DATA_SET: Final = "18 development clips of shared/footage, their copies, and drawn scenes"',
        "#: By kind of pair without a common frame: how many there were; for each score how many reached it, and the",
        "#: upper end of the 95 % interval for their share.",
        "REACHED: Final[dict[str, tuple[int, tuple[tuple[float, int, float], ...]]]] = {",
    ]
    for kind, values in measured.items():
        lines.append(f'    "{kind}": (')
        lines.append(f"        {len(values)},")
        lines.append("        (")
        lines += [f"            ({score}, {count}, {rate:.5f})," for score, count, rate in _rows(values)]
        lines += ["        ),", "    ),"]
    lines += [
        "}",
        "#: Seconds by which a copy's place was missed: copies, median, 95th percentile.",
        f"OFFSET_ERROR: Final = ({len(errors)}, {median:.3f}, {high:.3f})",
    ]
    return "\n".join(lines) + "\n"


def _rows(values: Sequence[float]) -> Iterator[tuple[float, int, float]]:
    for score in SCORES:
        count = sum(value >= score for value in values)
        yield score, count, upper(count, len(values))


def upper(count: int, of: int) -> float:
    """Upper end of the two-sided 95 % interval of Clopper and Pearson (1934)."""
    from scipy.stats import beta

    return 1.0 if count >= of else float(beta.ppf(0.975, count + 1, of - count))


if __name__ == "__main__":
    main()
