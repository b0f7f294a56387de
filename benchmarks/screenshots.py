"""Screenshots: is the clip found, at the right second, and are edited pictures found among pictures?

    python benchmarks/screenshots.py

A frame of every clip of ../shared/footage/dev is changed as people change pictures, and looked up in an index of all
clips and in one of all frames. Needs the ffmpeg program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from matching import FOOTAGE, fingerprint_of

from archiver.examine.fingerprint import fingerprint
from archiver.fingerprint import Fingerprint, decode
from archiver.match.index import Index
from archiver.model import Finding

CHANGES: Final = {
    "none": "scale=400:-2",
    "crop25": "crop=iw*0.75:ih*0.75:iw*0.09:ih*0.16,scale=400:-2",
    "crop50": "crop=iw*0.7:ih*0.7:iw*0.28:ih*0.02",
    "mirror": "hflip,scale=300:-2",
    "letterbox": "scale=400:-2,pad=iw:ih*1.4:0:(oh-ih)/2",
    "bright": "eq=brightness=0.14:contrast=1.3",
}
#: Where in the clip the frame is taken, as a share of its length.
_WHERE: Final = 0.4
#: A second counts as found if it lies within a sample of the segment.
_SLACK_SECONDS: Final = 0.34


def main() -> None:
    if not FOOTAGE.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    clips = sorted((FOOTAGE / "dev").glob("*.mp4"))
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor() as hands:
        films = dict(zip((clip.name for clip in clips), hands.map(fingerprint_of, clips), strict=True))
        among_films, among_images = Index(), Index()
        shots: dict[tuple[str, str], Fingerprint] = {}
        for clip in clips:
            among_films.add(clip.name, films[clip.name])
            for change in CHANGES:
                shots[clip.name, change] = _screenshot(clip, _second(films[clip.name]), change, Path(made))
            among_images.add(clip.name, shots[clip.name, "none"])
    print(f"{'change':11}{'clip found':>11}{'second':>9}{'other clips':>13}{'image found':>13}{'wrong image':>13}")
    for change in CHANGES:
        found = right = others = images = wrong = 0
        for name, film in films.items():
            for each in among_films.query(shots[name, change]):
                others += each.item_id != name
                if each.item_id == name:
                    found += 1
                    start, end = each.segments[0].a_start, each.segments[0].a_end
                    right += start - _SLACK_SECONDS <= _second(film) <= end + _SLACK_SECONDS
            for each in among_images.query(shots[name, change]):
                if each.finding is Finding.SAME_RECORDING:
                    images += each.item_id == name
                    wrong += each.item_id != name
        print(f"{change:11}{found:7} /{len(films)}{right:9}{others:13}{images:10} /{len(films)}{wrong:13}")


def _second(film: Fingerprint) -> float:
    return film.duration_ms / 1000 * _WHERE


def _screenshot(clip: Path, second: float, change: str, folder: Path) -> Fingerprint:
    path = folder / f"{clip.stem}-{change}.jpg"
    command = ["ffmpeg", "-v", "error", "-ss", f"{second:.3f}", "-i", str(clip), "-frames:v", "1"]
    subprocess.run([*command, "-vf", CHANGES[change], "-q:v", "7", str(path)], check=True)
    return decode(fingerprint(str(path), "image").blob)


if __name__ == "__main__":
    main()
