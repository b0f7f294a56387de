"""A browser started in its cage, with pipes to it and its way out beside it, and ended with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.capture.page import cage
from archiver.capture.page.cage import Confinement
from archiver.capture.page.devtools import Devtools
from archiver.capture.page.proxy import Bounds, GuardedProxy
from archiver.config import Network

# Where the program looks for its end of the pipes.
_READS, _WRITES = 3, 4
_END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Of each of its processes: what it really uses, not what it reserves. A heavy page takes 1 GB.
_RESOURCES = ((resource.RLIMIT_DATA, 4 * 1024**3), (resource.RLIMIT_CORE, 0))


@dataclass(frozen=True, slots=True)
class Running:
    """A browser, its remote control and its way out."""

    devtools: Devtools
    proxy: GuardedProxy
    process: subprocess.Popen[bytes]


@contextmanager
def running(
    confinement: Confinement,
    program: Path,
    bounds: Bounds,
    allow_net: Sequence[Network],
    folder: Path,
    more: Sequence[str] = (),
) -> Iterator[Running]:
    """Start it for the block. Its profile is new and empty, and removed afterwards. Raises OSError."""
    scratch = Path(tempfile.mkdtemp(prefix="visit-", dir=folder))
    try:
        listener, way_out = _listener(confinement, scratch)
        proxy = GuardedProxy(listener, bounds, allow_net)
        try:
            line, environment = cage.command(confinement, program, way_out, scratch / "profile", more)
            with _started(line, environment) as (process, reads, writes):
                # Not before: a thread opens files of its own while it starts, in the numbers that the pipes take.
                proxy.start()
                yield Running(Devtools(reads, writes), proxy, process)
        finally:
            proxy.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _listener(confinement: Confinement, scratch: Path) -> tuple[socket.socket, Path | int]:
    if confinement is Confinement.BROWSER:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return listener, int(listener.getsockname()[1])
    path = scratch / "out"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(scratch, os.O_PATH | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # a socket's path has at most 107 bytes
    finally:
        os.close(folder)
    listener.listen(128)
    return listener, path


@contextmanager
def _started(line: Sequence[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def lay_pipes() -> None:
        # By way of high numbers, because any of the four may be 3 or 4 itself.
        one, other = os.dup2(to_read, 103), os.dup2(from_write, 104)
        os.dup2(one, _READS)
        os.dup2(other, _WRITES)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for kind, most in _RESOURCES:
            with contextlib.suppress(ValueError, OSError):  # a lower limit of the system's is as good
                resource.setrlimit(kind, (most, most))
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (most, most))  # ours is lower; a browser reserves without using

    process, held = None, _holding(_WRITES)
    try:
        try:
            process = subprocess.Popen(
                line,
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(_READS, _WRITES),
                preexec_fn=lay_pipes,
                start_new_session=True,
            )
        finally:
            for one in (to_read, from_write, *held):
                os.close(one)
        yield process, from_read, to_write
    finally:
        os.close(to_write)
        os.close(from_read)
        if process is not None:
            _end(process)


def _holding(most: int) -> list[int]:
    """Occupy every free descriptor up to `most`, so that `subprocess` takes none of them for itself."""
    held = [os.open(os.devnull, os.O_RDONLY)]
    while held[-1] <= most:
        held.append(os.open(os.devnull, os.O_RDONLY))
    return held


def _end(process: subprocess.Popen[bytes]) -> None:
    """With bubblewrap everything inside dies with it; without, everything is in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
