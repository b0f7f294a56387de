"""The prepared parent of fetchers: yt-dlp imported and warmed up once, then one fork for each job.

It is a process of its own, started by `pool` as `main`, with one thread, no network and an empty environment. Its
children end with it, and it ends with its owner.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from archiver.capture.downloader import Downloader
    from archiver.capture.job import FetchJob, Progress

#: Longest message with a job; URL and limits are below a tenth of it.
MESSAGE_BYTES = 128 * 1024

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Heads and fields of 20,000 records come on top of a record at its limit: some 5 kB for each exchange.
_FILE_SLACK_BYTES = 256 * 1024**2
_LOOK_SECONDS = 1.0  # how soon a dead owner is noticed, where the socket does not tell
_FORBIDDEN_EVENTS = frozenset(
    ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn")
)


def main(control: int) -> None:
    """Serve jobs that arrive on the Unix socket `control` until its other end closes or the owner is gone."""
    owner = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who cancels jobs one by one
    ydl = warm()
    channel = socket.socket(fileno=control)
    children: dict[int, int] = {}  # by pidfd, which is readable when the child has ended
    while True:
        watched: list[socket.socket | int] = [channel, *children]
        readable, _, _ = select.select(watched, [], [], _LOOK_SECONDS)
        if os.getppid() != owner:
            return
        for handle in [one for one in readable if isinstance(one, int)]:
            os.waitpid(children.pop(handle), 0)
            os.close(handle)
        if channel in readable:
            message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
            if not message:
                return
            pid, handle = _start(message, descriptors[0], (channel.fileno(), *children), ydl)
            children[handle] = pid


def warm() -> Downloader:
    """yt-dlp with every extractor loaded, and its expressions compiled by one run over a page."""
    os.environ["YTDLP_NO_PLUGINS"] = "1"
    gc.disable()
    from yt_dlp.globals import all_plugins_loaded, plugin_dirs

    plugin_dirs.value = []
    all_plugins_loaded.value = True  # so that nothing looks for them in folders of the user's
    from archiver.capture import lockdown
    from archiver.capture.downloader import Downloader
    from archiver.capture.handler import ArchiveRH

    ydl = Downloader()
    url = "http://192.0.2.1/page"
    for extractor in ydl._ies.values():
        extractor.suitable(url)
    generic = ydl.get_info_extractor("Generic")
    page = "<html><head><title>t</title></head><body></body></html>"
    list(generic._extract_embeds(url, page, info_dict={"id": "t", "title": "t", "age_limit": 0}))
    ArchiveRH.shared_tls_context()
    lockdown.warm()
    gc.enable()
    gc.freeze()  # what is loaded now is shared with every child, and stays shared if the collector leaves it alone
    return ydl


def _start(message: bytes, descriptor: int, private: tuple[int, ...], ydl: Downloader) -> tuple[int, int]:
    """Fork a child for one job, tell the owner its process, then let it begin.

    `private` are the descriptors that are no child's business. Gives the child's pid and pidfd.
    """
    line = socket.socket(fileno=descriptor)
    go_read, go_write = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        for one in (go_write, *private):
            os.close(one)
        _child(message, line, go_read, parent, ydl)
    os.close(go_read)
    handle = os.pidfd_open(pid)
    # An owner who gave up in the meantime has closed the line.
    with contextlib.suppress(OSError):
        socket.send_fds(line, [str(pid).encode()], [handle])
    os.close(go_write)
    line.close()
    return pid, handle


def _child(message: bytes, line: socket.socket, go: int, parent: int, ydl: Downloader) -> NoReturn:
    """Everything that the forked child does. It never returns."""
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died before the kernel knew that we want to die with it
        os.read(go, 1)
        from archiver.capture.job import job_from_json

        _work(job_from_json(message), line, ydl)
        code = 0
    finally:
        os._exit(code)


def _confine(job: FetchJob) -> None:
    """Take away what a fetch does not need."""
    from archiver.capture import guard, javascript, lockdown, route
    from archiver.config import parse_networks

    os.environ.clear()
    os.environ.update(YTDLP_NO_PLUGINS="1", PATH="/nonexistent", HOME="/nonexistent", LANG="C.UTF-8")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.umask(0o077)
    os.chdir(job.folder)
    most = max(job.limits.file_bytes, job.limits.record_bytes) + _FILE_SLACK_BYTES
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, most),
        (resource.RLIMIT_AS, job.limits.fetch_memory_bytes),
    ):
        # V8 reserves more addresses than that: its process may raise its own limit, and has another one.
        hard = resource.RLIM_INFINITY if kind == resource.RLIMIT_AS and job.access.javascript else value
        with contextlib.suppress(ValueError, OSError):  # a lower limit of the system's is as good
            resource.setrlimit(kind, (value, hard))
    networks = parse_networks(",".join(job.allow_net))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        # The second lock behind `connection`: whatever else in yt-dlp opens a socket meets the same rule.
        if event == "socket.connect":
            place = arguments[1]
            if not (isinstance(place, tuple) and route.permits(place[:2])):
                guard.judge(str(place[0]) if isinstance(place, tuple) else str(place), networks)
        elif event in _FORBIDDEN_EVENTS and not (event == "subprocess.Popen" and javascript.permits(arguments[0])):
            raise PermissionError(f"a fetcher starts no programs ({event})")

    sys.addaudithook(refuse)
    # Below Landlock nothing can be mounted, so that bubblewrap, in which a site's scripts are run, would not start.
    if not job.access.javascript:
        lockdown.fasten(job.folder)


def _work(job: FetchJob, line: socket.socket, ydl: Downloader) -> None:
    from archiver.capture import reasons
    from archiver.capture.fetcher import fetch
    from archiver.capture.messages import encode_failure, encode_progress
    from archiver.capture.wire import Stop

    def cancel(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stop(reasons.failure("cancelled"))

    def report(progress: Progress) -> None:
        # A slow or vanished reader costs a report, not the download.
        with contextlib.suppress(OSError):
            line.send(encode_progress(progress), socket.MSG_DONTWAIT)

    signal.signal(signal.SIGTERM, cancel)
    try:
        _confine(job)
        fetch(job, report, ydl)
    except (Exception, Stop) as error:  # noqa: BLE001  # no result could be written: say at least why
        typed = error.error if isinstance(error, Stop) else reasons.from_machine(error)
        typed = typed or reasons.failure("internal-error", f"{type(error).__name__}: {error}"[:300])
        with contextlib.suppress(OSError):
            line.send(encode_failure(typed.code, typed.what), socket.MSG_DONTWAIT)
