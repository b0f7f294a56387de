"""300 MB over loopback: a fetch with everything recorded, against plain yt-dlp and curl, with and without sha256sum.

    python benchmarks/recording.py [--rounds 5] [--megabytes 300]

All take turns in one run, because machines are noisy; ratios are taken round by round. `fetch` is a process of its own
that imports yt-dlp like plain yt-dlp does, records every byte, digests the payload while it streams, makes file and
record durable and leaves its result. Chunks of 4 KiB are the worst that servers do to whoever reads chunks in Python.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from loopback import Ran, timed

GOALS = {"yt-dlp": 1.2, "yt-dlp, sha256sum": 0.95, "curl, sha256sum": 2.0}
CHUNK_BYTES = 4096
SEGMENTS = 5
#: A shorter body, to see whether memory grows with length.
SHORT_MEGABYTES = 30

_FETCH = """
import sys
from pathlib import Path
from archiver.capture.fetcher import fetch
from archiver.capture.job import FetchJob
folder = Path(sys.argv[2])
folder.mkdir()
result = fetch(FetchJob(sys.argv[1], folder, ("127.0.0.0/8",), acquisition="benchmark.1"), lambda _progress: None)
sys.exit(result.reason or result.failures or None)
"""
_YTDLP = (sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-cache-dir", "--quiet", "--no-warnings")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=300)
    arguments = parser.parse_args()
    body = b"\0\0\0\x18ftypisom" + os.urandom(1_000_000)
    with tempfile.TemporaryDirectory() as scratch, _serving(body) as (address, asked):
        runs: dict[str, list[Ran]] = {}
        for number in range(arguments.rounds + 1):
            for name, ran in _round(Path(scratch), address, arguments.megabytes):
                if number:  # the first round warms caches up
                    runs.setdefault(name, []).append(ran)
        asked.clear()
        _fetch(Path(scratch), f"{address}/1.mp4")
        _fetch(Path(scratch), f"{address}/list.m3u8")
        counts = dict(asked)
    _report(runs, counts, arguments.megabytes)


def _round(scratch: Path, address: str, megabytes: int) -> Iterator[tuple[str, Ran]]:
    url, file = f"{address}/{megabytes}.mp4", scratch / "out.mp4"
    digest = f'sha256sum "{file}"'
    fetch_plain = " ".join([*(f'"{word}"' for word in _YTDLP), "-o", f'"{file}"', url])
    yield "fetch", _fetch(scratch, url)
    yield "yt-dlp", _shell(scratch, fetch_plain)
    yield "yt-dlp, sha256sum", _shell(scratch, f"{fetch_plain} && {digest}")
    yield "curl, sha256sum", _shell(scratch, f'curl -s -o "{file}" {url} && {digest}')
    yield "fetch, short", _fetch(scratch, f"{address}/{SHORT_MEGABYTES}.mp4")
    yield "fetch, chunks", _fetch(scratch, f"{address}/chunked/{megabytes}.mp4")
    yield "yt-dlp, chunks", _shell(scratch, fetch_plain.replace(url, f"{address}/chunked/{megabytes}.mp4"))


def _fetch(scratch: Path, url: str) -> Ran:
    root = str(Path(__file__).resolve().parent.parent)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        command = [sys.executable, "-c", _FETCH, url, f"{folder}/job"]
        return timed(command, {**os.environ, "PYTHONPATH": root}, scratch)


def _shell(scratch: Path, script: str) -> Ran:
    ran = timed(["sh", "-c", script], dict(os.environ), scratch)
    (scratch / "out.mp4").unlink()
    return ran


def _report(runs: dict[str, list[Ran]], asked: dict[str, int], megabytes: int) -> None:
    medians = {name: statistics.median(run.seconds for run in many) for name, many in runs.items()}
    peaks = {name: round(max(run.peak_bytes for run in many) / 2**20) for name, many in runs.items()}

    def ratio(over: str, under: str) -> float:
        pairs = zip(runs[over], runs[under], strict=True)
        return round(statistics.median(a.seconds / b.seconds for a, b in pairs), 2)

    ratios = {name: ratio("fetch", name) for name in GOALS}
    ratios["yt-dlp, chunks"] = ratio("fetch, chunks", "yt-dlp, chunks")
    print(f"{megabytes} MB, {len(runs['fetch'])} rounds, medians of seconds; fetch to each of the others; goals")
    for name, seconds in medians.items():
        told = f"{ratios[name]:>6.2f} x" if name in ratios else ""
        goal = f"  ({GOALS[name]} x or less)" if name in GOALS else ""
        print(f"{name:20} {seconds:>7.2f} s {peaks[name]:>6} MiB {told}{goal}")
    print(f"requests: {asked}")
    figures = {
        "megabytes": megabytes,
        "rounds": len(runs["fetch"]),
        "seconds": {name: round(seconds, 3) for name, seconds in medians.items()},
        "ratios": ratios,
        "peak_mib": peaks,
        "requests": asked,
    }
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "recording.json").write_text(json.dumps(figures, indent=2) + "\n")


@contextmanager
def _serving(block: bytes) -> Iterator[tuple[str, Counter[str]]]:
    """`/N.mp4` gives N times `block`, `/chunked/N.mp4` the same in chunks, `/list.m3u8` a stream of segments."""
    asked: Counter[str] = Counter()
    pieces = [block[at : at + CHUNK_BYTES] for at in range(0, len(block), CHUNK_BYTES)]
    in_chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            if self.path == "/list.m3u8":
                lines = "".join(f"#EXTINF:1,\n/1.mp4?{number}\n" for number in range(SEGMENTS))
                text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}#EXT-X-ENDLIST\n".encode()
                self._send("application/vnd.apple.mpegurl", ("Content-Length", str(len(text))), text, 1)
                return
            times = int(self.path.rpartition("/")[2].partition(".")[0])
            if self.path.startswith("/chunked/"):
                self._send("video/mp4", ("Transfer-Encoding", "chunked"), in_chunks, times)
                self.wfile.write(b"0\r\n\r\n")
            else:
                self._send("video/mp4", ("Content-Length", str(times * len(block))), block, times)

        def _send(self, kind: str, framing: tuple[str, str], data: bytes, times: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header(*framing)
            self.end_headers()
            try:
                for _ in range(times):
                    self.wfile.write(data)
            except OSError:  # a probe that goes away
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Counting is enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away, as yt-dlp's probe does, is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
