"""Runs inside the sandbox: one prepared Python that forks a child for each job. Run as a script.

The parent imports the heavy modules once and never touches a hostile byte. It holds nothing secret, cannot be traced
(not dumpable) and, as process 1 of its own namespace, cannot be killed or stopped by its children. A child does exactly
one job, answers through a pipe of its own and dies; then everything that it may have left running is killed before the
next job is taken. Nothing is writable, so nothing of one job reaches the next.

Control messages on standard input, a SEQPACKET socket:
  in   {"target", "paths", "arguments", "limits", "seconds"} with the reply pipe and, for some, an output file
  out  {"ready": true} or {"failed": text} once, then {"status": wait status} for each job
The reply is an 8-byte big-endian length, then that many bytes: one of `+` answer, `-` error, `m` out of memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from archiver.sandbox.lock import Lock

MAX_REQUEST = 64 * 1024  # arguments are names and numbers; a SEQPACKET message has to fit the socket's buffer
_ERROR_CHARACTERS = 500
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
#: From 5.14 on processes are counted for each user namespace; before, a limit would count the whole desktop.
_KERNEL_COUNTING_BY_NAMESPACE = (5, 14)


def main() -> None:
    """Prepare, then serve jobs until the owner hangs up."""
    settings = json.loads(sys.argv[1])
    sys.path.extend(settings["path"])
    # Not before: this file is a script, and finds the rest of the package only now.
    from archiver.sandbox import lock, namespaces

    if settings["namespaces"]:
        namespaces.enter()
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        for name in settings["prepare"]:
            importlib.import_module(name)
        alone = bool(settings["alone"]) and os.getpid() == 1
        locks = lock.make(settings, alone=alone)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the owner has to be told: nobody else will
        control.send(json.dumps({"failed": _plain(error)}).encode())
        return
    os.dup2(null, 2)  # libraries print what hostile files tell them to
    os.close(null)
    _prctl(_PR_SET_DUMPABLE, 0)
    gc.collect()
    gc.freeze()  # or the first collection in each child would copy every page
    control.send(json.dumps({"ready": True}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 2)
        if not message:
            return
        child = os.fork()
        if child == 0:
            control.close()
            _do(json.loads(message), descriptors, locks)
        for descriptor in descriptors:
            os.close(descriptor)
        hung_up = _wait_or_hang_up(child, control)
        status = _sweep(child, alone)
        if hung_up:
            return
        control.send(json.dumps({"status": status}).encode())


def _do(job: dict[str, Any], descriptors: list[int], locks: Lock) -> NoReturn:
    """One job, in the child. Never returns."""
    from archiver.sandbox.lock import fasten

    frame = b"-"
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        _restrict(job["limits"], job["seconds"], writes=len(descriptors) > 1)
        fasten(locks)
        module, _, name = job["target"].partition(":")
        function = getattr(importlib.import_module(module), name)
        frame = b"+" + function(job["paths"], job["arguments"], *descriptors[1:])
    except MemoryError:
        frame = b"m"
    except BaseException as error:  # noqa: BLE001  # what a hostile file makes a library raise: all become one line
        frame = b"-" + _plain(error).encode("utf-8", "replace")
    try:
        _write(descriptors[0], len(frame).to_bytes(8, "big"))
        _write(descriptors[0], frame)
    finally:
        os._exit(0)


def _restrict(limits: dict[str, int], seconds: float, *, writes: bool) -> None:
    cores = os.cpu_count() or 1
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["output_file_bytes"] if writes else 0),
        (resource.RLIMIT_CPU, int(seconds * cores) + 1),
    ]
    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdigit())
    if sys.platform == "linux" and kernel >= _KERNEL_COUNTING_BY_NAMESPACE:
        wanted.append((resource.RLIMIT_NPROC, limits["processes"]))
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def _wait_or_hang_up(child: int, control: socket.socket) -> bool:
    """Wait until `child` has ended (False) or the owner is gone (True)."""
    try:
        ended = os.pidfd_open(child)
    except (OSError, AttributeError):  # before Linux 5.3, or another system: the owner's kill has to do
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        return False
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(control, 0)  # hanging up is always reported
        return any(descriptor != ended for descriptor, _ in poll.poll())
    finally:
        os.close(ended)


def _sweep(child: int, alone: bool) -> int:
    """Kill everything that the job has left, reap it, and return the child's wait status.

    Only process 1 of a namespace of its own may kill everything that it sees. Elsewhere it is the job's process group,
    which the filter lets nobody leave, and then whatever became our child because its own parent has ended.
    """
    try:
        if alone:
            os.kill(-1, signal.SIGKILL)
        else:
            os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nothing was left (a group of zombies alone is EPERM on some systems)
    _, status = os.waitpid(child, 0)
    while True:
        try:
            if os.waitpid(-1, 0 if alone else os.WNOHANG)[0] != 0:
                continue
        except ChildProcessError:
            return status
        for left in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        os.waitpid(-1, 0)


def _children() -> list[int]:
    """Our own children, of which there are none between jobs."""
    with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
        return [int(pid) for pid in file.read().split()]


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _plain(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS]


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
