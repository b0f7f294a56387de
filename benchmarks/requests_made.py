"""How many requests an acquisition costs the server, against plain yt-dlp of the same version; the server counts.

python benchmarks/requests_made.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for the server, which the tests share

from archiver.capture.job import FetchJob
from archiver.capture.pool import Fetchers
from tests.capture.hostile.line import Line
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.table import originals_of

KINDS = {
    "plain mp4": "/media/clip.mp4",
    "HLS of 5 segments": "/media/hls.m3u8",
    "DASH, picture and sound": "/media/dash.mpd",
    "page with a player": "/player",
}
YT_DLP = ("--ignore-config", "--no-cache-dir", "--quiet", "--no-warnings", "-f", "bv,ba/b", "--fixup", "never")


def main() -> int:
    """Count and print; 1 where ours asks for anything twice."""
    rows: dict[str, dict[str, int]] = {}
    twice: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch, Fetchers() as fetchers:
        folder = Path(scratch)
        (folder / "media").mkdir()
        media = make_media(folder / "media")
        segments = sum(name.endswith(".ts") for name in media)
        assert segments == 5, segments
        with running(HostileSite(media, {"player": _player})) as site:
            for kind, path in KINDS.items():
                ours = folder / f"ours {kind}"
                ours.mkdir()
                result = fetchers.fetch(FetchJob(site.url(path), ours, ("127.0.0.1/32",)))
                assert originals_of(result), result
                made = Counter(site.asked)
                twice |= {one for one, count in made.items() if count > 1}
                site.asked.clear()
                theirs = folder / f"theirs {kind}"
                theirs.mkdir()
                subprocess.run([sys.executable, "-m", "yt_dlp", *YT_DLP, site.url(path)], cwd=theirs, check=True)
                rows[kind] = {"files": len(made), "ours": made.total(), "yt-dlp": site.asked.total()}
                site.asked.clear()
    print(f"{'GETs for':<26} {'parts':>6} {'ours':>6} {'yt-dlp':>7}")
    for kind, row in rows.items():
        print(f"{kind:<26} {row['files']:>6} {row['ours']:>6} {row['yt-dlp']:>7}")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "requests_made.json").write_text(json.dumps(rows, indent=2) + "\n")
    if twice:
        print(f"asked for more than once: {', '.join(sorted(twice))}")
    return 1 if twice else 0


def _player(line: Line) -> None:
    line.page('<video src="/media/clip.mp4"></video>')


if __name__ == "__main__":
    sys.exit(main())
