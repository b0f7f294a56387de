"""A plain file server on loopback that counts, and the memory of a tree of processes: shared by the benchmarks."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

#: How often memory is looked at. Adding up a tree of processes takes the kernel 10 ms of one processor.
LOOK_SECONDS = 0.5

FOOTAGE = Path(__file__).resolve().parent.parent.parent / "shared" / "footage" / "dev"


@dataclass(frozen=True, slots=True)
class Site:
    """Where it listens, and how often each path was asked for."""

    address: str
    asked: Counter[str]
    completed: Counter[str]


@contextmanager
def serve(folder: Path) -> Iterator[Site]:
    """Serve the files of `folder` on a free port of 127.0.0.1."""
    asked: Counter[str] = Counter()
    completed: Counter[str] = Counter()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            path = folder / Path(urlsplit(self.path).path).name
            if not path.is_file():
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            with path.open("rb") as source:
                while chunk := source.read(1 << 18):
                    try:
                        self.wfile.write(chunk)
                    except OSError:
                        return
            completed[self.path] += 1

        def log_message(self, format: str, *args: object) -> None:
            """Counting is enough."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away, as yt-dlp's probe does, is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_address[1]}", asked, completed)
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Ran:
    """A command as a whole process: wall seconds, and the most memory (bytes) that its whole tree had at a time."""

    seconds: float
    peak_bytes: int


def timed(command: Sequence[str], environment: dict[str, str], folder: Path, accepted: Sequence[int] = (0,)) -> Ran:
    """Run it, silently; raises RuntimeError where it ends with another code than those accepted."""
    began = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=nowhere, stderr=subprocess.PIPE)
    peak, looked = 0, 0.0
    reader = threading.Thread(target=lambda: _read(process, said), daemon=True)
    said: list[bytes] = []
    reader.start()
    while process.poll() is None:
        if time.perf_counter() - looked > LOOK_SECONDS:
            peak = max(peak, _tree_bytes(process.pid))
            looked = time.perf_counter()
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    reader.join()
    tail = b"".join(said)[-2000:]
    if process.returncode not in accepted:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {tail.decode(errors='replace')}")
    return Ran(seconds, peak)


def _read(process: subprocess.Popen[bytes], said: list[bytes]) -> None:
    if process.stderr is not None:
        said.append(process.stderr.read())
        process.stderr.close()


def _tree_bytes(root: int) -> int:
    """Proportional memory of a process and its descendants: what is shared by forks is counted once."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        todo.extend(children.get(pid, ()))
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total
