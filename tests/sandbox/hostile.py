"""What a parser might do once a hostile file has taken it over. Runs inside the sandbox only."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, NoReturn

_earlier_jobs: list[str] = []


def read(paths: list[str], arguments: Any) -> bytes:
    parts = []
    for path in paths:
        with open(path, "rb") as file:
            parts.append(file.read())
    return json.dumps([paths, [part.decode("latin-1") for part in parts], arguments]).encode()


def look_around(paths: list[str], arguments: Any) -> bytes:
    return json.dumps(
        {
            "root": sorted(os.listdir("/")),
            "inputs": sorted(os.listdir(os.path.dirname(paths[0]))) if paths else [],
            "environment": sorted(os.environ),
            "host": socket.gethostname(),
            "descriptors": _open_descriptors(),
            "pid": os.getpid(),
            "processes": [pid for pid in range(1, 40) if _exists(pid)],
        }
    ).encode()


def connect(paths: list[str], arguments: Any) -> bytes:
    with socket.create_connection(("127.0.0.1", arguments), timeout=5):
        return b"connected"


def write_everywhere(paths: list[str], arguments: Any) -> bytes:
    new = os.O_WRONLY | os.O_CREAT
    tries: list[Any] = [
        lambda: os.open(paths[0], os.O_RDWR),
        lambda: os.chmod(paths[0], 0o666),
        lambda: os.unlink(paths[0]),
        lambda: os.truncate(paths[0], 0),
        lambda: os.fchmod(os.open(paths[0], os.O_RDONLY), 0o666),
        lambda: os.utime(paths[0]),
        lambda: os.setxattr(paths[0], "user.x", b"x"),
        lambda: os.open("/in/other", new),
        lambda: os.open("/left-behind", new),
        lambda: os.mkdir("/tmp/left-behind"),
        lambda: os.open("/app/archiver/model.py", os.O_WRONLY),
        lambda: os.open("/dev/left-behind", new),
    ]
    done = []
    for number, attempt in enumerate(tries):
        try:
            attempt()
        except OSError:
            continue
        done.append(number)
    return json.dumps(done).encode()


def attack_parent(paths: list[str], arguments: Any) -> bytes:
    """Kill, stop and trace the prepared parent. What worked is listed."""
    libc = ctypes.CDLL(None, use_errno=True)
    worked = []
    if libc.ptrace(16, os.getppid(), 0, 0) == 0:  # PTRACE_ATTACH
        worked.append("ptrace")
    if libc.syscall(438, libc.syscall(434, os.getppid(), 0), 3, 0) >= 0:  # pidfd_getfd(pidfd_open(parent), 3)
        worked.append("pidfd_getfd")
    if libc.unshare(0x10000000) == 0:  # CLONE_NEWUSER
        worked.append("unshare")
    if libc.mount(b"none", b"/in", b"tmpfs", 0, None) == 0:
        worked.append("mount")
    for number in (signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(os.getppid(), number)
        except PermissionError:
            continue
    return json.dumps(worked).encode()


def leave_a_daemon(paths: list[str], arguments: Any) -> bytes:
    if os.fork() == 0:
        with contextlib.suppress(PermissionError):
            os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    _earlier_jobs.append("here")
    return b"left"


def what_is_left(paths: list[str], arguments: Any) -> bytes:
    return json.dumps([_earlier_jobs, [pid for pid in range(2, 400) if _exists(pid) and pid != os.getpid()]]).encode()


def memory_bomb(paths: list[str], arguments: Any) -> bytes:
    return b"x" * (1 << 40)


def loop(paths: list[str], arguments: Any) -> NoReturn:
    while True:
        pass


def ignore_signals_and_loop(paths: list[str], arguments: Any) -> bytes:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    return loop(paths, arguments)


def output_bomb(paths: list[str], arguments: Any) -> bytes:
    return b"x" * int(arguments)


def endless_output(paths: list[str], arguments: Any) -> bytes:
    reply = max(_open_descriptors())
    while True:
        os.write(reply, b"x" * 65536)


def fork_bomb(paths: list[str], arguments: Any) -> bytes:
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
        except OSError:
            return b"refused"


def fill_memory_together(paths: list[str], arguments: int) -> bytes:
    """Eight processes, each well below its own limit, until they are killed."""
    for _ in range(8):
        if os.fork() == 0:
            held = bytearray(b"x" * arguments)
            time.sleep(60)
            os._exit(len(held) > 0)
    return loop(paths, arguments)


def stop_itself(paths: list[str], arguments: Any) -> bytes:
    os.kill(os.getpid(), signal.SIGSTOP)
    return b""


def crash(paths: list[str], arguments: Any) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def leave_quietly(paths: list[str], arguments: Any) -> bytes:
    os._exit(0)


def half_an_answer(paths: list[str], arguments: Any) -> bytes:
    os.write(max(_open_descriptors()), (100).to_bytes(8, "big") + b"+half")
    os._exit(0)


def raise_an_error(paths: list[str], arguments: Any) -> bytes:
    raise ValueError("bad\x1b[31m\nfile" + "x" * 5000)


def start_a_program(paths: list[str], arguments: list[str]) -> bytes:
    output: bytes = subprocess.run(arguments, capture_output=True, check=True).stdout
    return output


def write_output(paths: list[str], arguments: Any, output: int) -> bytes:
    with os.fdopen(output, "r+b") as file:
        file.write(b"derived")
    return b"written"


def versions(paths: list[str], arguments: Any) -> bytes:
    return json.dumps({name: name in sys.modules for name in arguments}).encode()


def _open_descriptors() -> list[int]:
    found = []
    for descriptor in range(3, 64):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def hold_and_loop(paths: list[str], arguments: Any, output: int) -> bytes:
    os.write(output, b"working")
    return loop(paths, arguments)


def locked(paths: list[str], arguments: Any) -> bytes:
    libc = ctypes.CDLL(None)
    return json.dumps({"no_new_privs": libc.prctl(39, 0, 0, 0, 0), "seccomp": libc.prctl(21, 0, 0, 0, 0)}).encode()
