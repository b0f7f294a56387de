"""Blurred copies against decoding and encoding the same film without hiding anything, in the same run.

    python benchmarks/blur.py [CLIP...]        by default the development clips with people in them

Prints seconds and ratios (medians of RUNS) and writes results/blur.json. How many faces are found is not measured
here: that was counted by eye, and stands in docs/blurring.md.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from archiver.examine.blur import rendering
from archiver.examine.blur.asked import Hiding
from archiver.examine.blur.copying import blur
from archiver.examine.examiner import Examiner

RUNS = 3
CLIPS = ("int_asl_walk", "int_person", "cv_megamind", "sk_bikes", "mmt_demo")
FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage" / "dev"


def bare(source: Path, target: Path) -> float:
    """Decode and encode with the settings of a copy; the length of the footage in seconds."""
    with av.open(str(source)) as opened, av.open(str(target), "w", format="mp4") as made:
        stream = opened.streams.video[0]
        stream.thread_type = "AUTO"
        encoder = made.add_stream("libx264", rate=round(stream.average_rate or 25), options=dict(rendering.ENCODER))
        encoder.width, encoder.height = rendering.copied_size(stream.width, stream.height)
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = encoder.codec_context.time_base = Fraction(1, 1000)
        last = 0
        for frame in opened.decode(stream):
            last = round((frame.time or 0) * 1000)
            scaled = frame.reformat(encoder.width, encoder.height, "yuv420p")
            scaled.pts, scaled.time_base = last, Fraction(1, 1000)
            made.mux(encoder.encode(scaled))
        made.mux(encoder.encode(None))
    return last / 1000


def taken(work: Callable[[], object]) -> float:
    """Seconds that `work` took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(examiner: Examiner, clip: Path, folder: Path) -> dict[str, float]:
    """Seconds for one clip: bare, faces hidden, everything hidden; medians."""
    found: dict[str, list[float]] = {"bare": [], "faces": [], "everything": []}
    seconds = 0.0

    def copy(whole: bool) -> None:
        target = folder / "copy.mp4"
        target.unlink(missing_ok=True)
        made = blur(examiner.sandboxes, clip, "video", Hiding(whole=whole), target, "benchmark")
        assert made.failure == "", made.failure

    for _ in range(RUNS):
        found["bare"].append(taken(lambda: bare(clip, folder / "bare.mp4")))
        found["faces"].append(taken(lambda: copy(False)))
        found["everything"].append(taken(lambda: copy(True)))
    seconds = bare(clip, folder / "bare.mp4")
    return {"footage": seconds, **{name: statistics.median(one) for name, one in found.items()}}


def main(arguments: list[str]) -> None:
    """Measure and print."""
    clips = [Path(one) for one in arguments] or [FOOTAGE / f"{name}.mp4" for name in CLIPS]
    clips = [one for one in clips if one.is_file()]
    if not clips:
        print("no clips: name some, or put the development footage beside this checkout")
        return
    rows: dict[str, dict[str, float]] = {}
    print(
        f"{'clip':16} {'seconds':>8} {'bare':>7} {'faces':>7} {'x':>5} {'all':>7} {'x':>5} {'faces, s of work a s':>21}"
    )
    with Examiner(slots=1) as examiner, tempfile.TemporaryDirectory() as folder:
        examiner.start()
        for clip in clips:
            one = rows[clip.stem] = measure(examiner, clip, Path(folder))
            print(
                f"{clip.stem:16} {one['footage']:8.1f} {one['bare']:7.2f} {one['faces']:7.2f}"
                f" {one['faces'] / one['bare']:5.1f} {one['everything']:7.2f} {one['everything'] / one['bare']:5.1f}"
                f" {one['faces'] / max(one['footage'], 0.1):21.2f}"
            )
    ratios = {
        name: statistics.median(one[name] / one["bare"] for one in rows.values()) for name in ("faces", "everything")
    }
    print(f"median: faces hidden {ratios['faces']:.1f} x bare, everything hidden {ratios['everything']:.1f} x bare")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "blur.json").write_text(json.dumps({"clips": rows, "ratios": ratios}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
