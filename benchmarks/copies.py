"""Copies that ../shared/footage/attacks.py does not make: stacked attacks, other insets, other speeds, other geometry.

    python benchmarks/copies.py CLIPS OUT [--only pip30,rotate5] [--jobs 2]
    python benchmarks/copies.py        names the attacks

Writes OUT/*.mp4 and OUT/truth.csv in the form of attacks.py. Needs the ffmpeg program. They show what holds beyond the
17 attacks; they are no held-out set, because the weights of insets were chosen on some of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COLUMNS: Final = ["copy", "source", "attack", "copy_start", "copy_end", "src_start", "src_end", "filler"]
#: What messengers scale to; insets of a quarter are then 120 pixels wide, as in posts that one meets.
LONG_SIDE: Final = 480
#: Copies of longer clips show this many seconds from their middle: half the encoding, and an excerpt besides.
LONGEST_SECONDS: Final = 12.0
_FONT: Final = "fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
_ENCODER: Final = "-an -c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv420p -map_metadata -1 -fflags +bitexact"

_VERTICAL: Final = (
    "split[a][b];[a]scale=270:480:force_original_aspect_ratio=increase,crop=270:480,gblur=sigma=14[bg];"
    "[b]scale=258:-2[fg];[bg][fg]overlay=(W-w)/2:(H-h)/2"
)
_RECAPTURE: Final = (
    "perspective=x0=W*0.05:y0=H*0.03:x1=W*0.97:y1=H*0.07:x2=W*0.02:y2=H*0.95:x3=W*0.99:y3=H*0.90:sense=source,"
    "eq=gamma=1.2:contrast=0.85,gblur=sigma=1.3,noise=alls=14:allf=t:all_seed=7"
)
_LOGO: Final = f"drawbox=x=iw*0.05:y=ih*0.05:w=iw*0.2:h=ih*0.12:color=blue:t=fill,drawtext={_FONT}:text='LIVE':x=w*0.06:y=h*0.06:fontsize=h*0.08:fontcolor=white"  # noqa: E501
_STICKER: Final = (
    f"drawtext={_FONT}:text='☻':fontsize=h*0.42:fontcolor=yellow:x=w*0.55+w*0.1*sin(t):y=h*0.1+h*0.1*cos(t)"
)
_SUBTITLE: Final = f"drawtext={_FONT}:text='they came at night %{{eif\\:t\\:d}} and took':fontsize=h*0.07:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=6:x=(w-text_w)/2:y=h*0.84"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to make a copy.

    `graph` is a filter graph over the scaled source `[s]`, or over it and another clip `[o]` of 480 x 270 (`other`);
    `speed` is how much faster it plays; `excerpt` how many seconds from the source's middle it shows.
    """

    graph: str
    speed: float = 1.0
    excerpt: float | None = None
    other: bool = False


def _inset(share: float, x: str, y: str) -> Attack:
    width = round(480 * share / 2) * 2
    return Attack(f"[s]scale={width}:-2[f];[o][f]overlay={x}:{y}:shortest=1", other=True)


STACKED: Final = {
    "mirrorcroplogo": Attack(f"[s]crop=iw*0.85:ih*0.85:iw*0.1:ih*0.03,hflip,{_LOGO}"),
    "greyvertspeed": Attack(f"[s]setpts=PTS/1.1,hue=s=0,{_VERTICAL}", speed=1.1),
    "recapturecrop": Attack(f"[s]{_RECAPTURE},crop=iw*0.86:ih*0.86:iw*0.04:ih*0.1"),
    "rotate5": Attack("[s]rotate=5*PI/180:fillcolor=black"),
    "stretch": Attack("[s]scale=iw:trunc(ih*0.35)*2,pad=iw:trunc(ih*0.7)*2:0:(oh-ih)/2"),
}
FURTHER: Final = {
    "rotate5crop": Attack("[s]rotate=-5*PI/180,crop=iw*0.86:ih*0.86"),
    "pip50": _inset(0.5, "(W-w)/2", "(H-h)/2"),
    "pip30": _inset(0.3, "16", "H-h-14"),
    "pip25": _inset(0.25, "W-w-12", "12"),
    "sidebyside": Attack("[s]scale=240:270[f];[o]scale=240:270[r];[f][r]hstack=shortest=1", other=True),
    "splitcrop": Attack(
        "[s]scale=480:240:force_original_aspect_ratio=increase,crop=480:240[f];[o]crop=480:240[r];[r][f]vstack=shortest=1",
        other=True,
    ),
    "screen": Attack(
        "[s]scale=300:200,format=yuva420p,pad=480:270:90:35:color=black@0,"
        "perspective=x0=8:y0=6:x1=470:y1=0:x2=0:y2=266:x3=478:y3=258:sense=source[f];"
        "[o]trim=end_frame=1,loop=-1:1:0,setpts=N/25/TB,gblur=sigma=2[b];[b][f]overlay=shortest=1",
        other=True,
    ),
    "crop50": Attack("[s]crop=iw*0.7:ih*0.7:iw*0.28:ih*0.02"),
    "tall": Attack("[s]crop='min(iw,ih*9/16)':ih"),
    "zoom": Attack(
        "[s]scale=w='2*trunc({W}*(1+0.3*t/{D})/2)':h='2*trunc({H}*(1+0.3*t/{D})/2)':eval=frame,crop={W}:{H}"
    ),
    "subtitle": Attack(f"[s]{_SUBTITLE}"),
    "sticker": Attack(f"[s]{_STICKER}"),
    "negative": Attack("[s]negate"),
    "blur": Attack("[s]gblur=sigma=9"),
    "noise": Attack("[s]noise=alls=35:allf=t:all_seed=3"),
    "rot180": Attack("[s]hflip,vflip"),
    "rot270": Attack("[s]transpose=2"),
    "transpose": Attack("[s]transpose=0"),
    "speed08": Attack("[s]setpts=PTS/0.8", speed=0.8),
    "speed095": Attack("[s]setpts=PTS/0.95", speed=0.95),
    "speed117": Attack("[s]setpts=PTS/1.17", speed=1.17),
    "speed125": Attack("[s]setpts=PTS/1.25", speed=1.25),
    "fps8": Attack("[s]fps=8"),
    "excerpt2": Attack("[s]null", excerpt=2.0),
    "reverse": Attack("[s]reverse", speed=-1.0),
}
ATTACKS: Final = STACKED | FURTHER


def main(description: str | None = __doc__, attacks: Mapping[str, Attack] = ATTACKS) -> None:
    """Make copies by any of `attacks` as the command line asks; heldout.py brings others."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--only", help="attacks, with commas between")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.out is None:
        print(*attacks)
        return
    names = chosen.only.split(",") if chosen.only else list(attacks)
    if unknown := set(names) - set(attacks):
        sys.exit(f"no such attacks: {', '.join(sorted(unknown))}")
    print(len(make(chosen.clips, chosen.out, names, chosen.jobs, attacks)), "copies")


def make(
    clips: Path, out: Path, names: list[str], jobs: int = 2, attacks: Mapping[str, Attack] = ATTACKS
) -> list[dict[str, str]]:
    """Write the copies and truth.csv into `out`; the rows. Raises subprocess.CalledProcessError."""
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted(clips.glob("*.mp4"))
    work = [(number, name) for number in range(len(sources)) for name in names]
    with ThreadPoolExecutor(jobs) as hands:
        rows = list(hands.map(lambda each: _copy(sources, each[0], each[1], attacks[each[1]], out), work))
    with (out / "truth.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return rows


def _copy(sources: list[Path], number: int, name: str, attack: Attack, out: Path) -> dict[str, str]:
    source = sources[number]
    other = sources[(number + 7) % len(sources)]
    width, height, seconds = _size(source)
    share = min(1.0, LONG_SIDE / max(width, height))
    width, height = (int(side * share) // 2 * 2 for side in (width, height))
    length = min(attack.excerpt or LONGEST_SECONDS, seconds)
    start = (seconds - length) / 2
    rate = ",fps=25" if attack.other else ""
    graph = f"[0:v]scale={width}:{height},setsar=1{rate}[s];"
    if attack.other:
        graph += "[1:v]scale=480:270:force_original_aspect_ratio=increase,crop=480:270,setsar=1,fps=25[o];"
    graph += attack.graph.replace("{W}", str(width)).replace("{H}", str(height)).replace("{D}", f"{length:.3f}")
    graph += ",scale=trunc(iw/2)*2:trunc(ih/2)*2"
    copy = out / f"{source.stem}__{name}.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-ss", f"{start:.3f}", "-t", f"{length:.3f}", "-i", str(source)]
    if attack.other:
        command += ["-stream_loop", "8", "-i", str(other)]
    shown = length / abs(attack.speed)
    command += ["-filter_complex", graph, "-t", f"{shown:.3f}", "-crf", "27", *_ENCODER.split(), str(copy)]
    if not copy.exists():  # a run that was interrupted goes on
        subprocess.run(command, check=True)
    shown = min(shown, _size(copy)[2])
    values = (copy.name, source.name, name, 0.0, shown, start, start + length, other.stem if attack.other else "")
    return {
        key: str(round(value, 2) if isinstance(value, float) else value)
        for key, value in zip(COLUMNS, values, strict=True)
    }


def _size(path: Path) -> tuple[int, int, float]:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_streams",
        "-show_format",
        "-of",
        "json",
        str(path),
    ]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told["streams"][0]["width"], told["streams"][0]["height"], float(told["format"]["duration"])


if __name__ == "__main__":
    main()
