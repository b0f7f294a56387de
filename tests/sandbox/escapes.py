"""Ways out of the sandbox, each tried from inside by a parser that has been taken over. Runs inside only."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
#: The same numbers on x86_64 and arm64; others are looked up by the C library.
_PIDFD_SEND_SIGNAL, _IO_URING_SETUP, _PIDFD_OPEN, _CLONE3, _OPENAT2, _PIDFD_GETFD = 424, 425, 434, 435, 437, 438
_X86 = os.uname().machine == "x86_64"
_BPF, _KEYCTL, _PERF, _USERFAULTFD, _CLONE = (321, 250, 298, 323, 56) if _X86 else (280, 219, 241, 282, 220)
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


def try_all(paths: list[str], arguments: dict[str, Any]) -> bytes:
    """Names of the attempts that worked. `arguments`: what lies outside (secret, folder, port, socket, victim)."""
    worked = []
    for name, attempt in (*_on_files(paths[0], arguments), *_on_others(arguments), *_on_the_kernel()):
        try:
            attempt()
        except (OSError, ValueError):  # ValueError: how Python says that a limit cannot be raised
            continue
        worked.append(name)
    return json.dumps(worked).encode()


def _on_files(given: str, outside: dict[str, Any]) -> list[tuple[str, Callable[[], Any]]]:
    secret, folder = outside["secret"], outside["folder"]
    return [
        ("read the secret", lambda: os.close(os.open(secret, os.O_RDONLY))),
        ("read the secret by openat2", lambda: _called(_OPENAT2, -100, secret.encode(), bytes(24), 24)),
        ("list the folder", lambda: os.listdir(folder)),
        ("read the shadow passwords", lambda: os.close(os.open("/etc/shadow", os.O_RDONLY))),
        ("read another's environment", lambda: os.close(os.open(f"/proc/{outside['victim']}/environ", os.O_RDONLY))),
        ("write the secret", lambda: os.close(os.open(secret, os.O_WRONLY))),
        ("append to the secret", lambda: os.close(os.open(secret, os.O_WRONLY | os.O_APPEND))),
        ("cut the secret", lambda: os.truncate(secret, 0)),
        ("change the secret's mode", lambda: os.chmod(secret, 0o777)),
        ("change the secret's times", lambda: os.utime(secret)),
        ("remove the secret", lambda: os.unlink(secret)),
        ("rename the secret", lambda: os.rename(secret, f"{folder}/renamed")),
        ("make a file", lambda: os.close(os.open(f"{folder}/made", os.O_WRONLY | os.O_CREAT))),
        ("make a file without a name", lambda: os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE))),
        ("make a folder", lambda: os.mkdir(f"{folder}/made-folder")),
        ("make a link", lambda: os.symlink("/", f"{folder}/made-link")),
        ("make a hard link", lambda: os.link(given, f"{folder}/made-hard-link")),
        ("make a file in /tmp", lambda: os.close(os.open("/tmp/archiver-escaped", os.O_WRONLY | os.O_CREAT))),
        ("make a file in /dev/shm", lambda: os.close(os.open("/dev/shm/archiver-escaped", os.O_WRONLY | os.O_CREAT))),
        ("write the original", lambda: os.close(os.open(given, os.O_RDWR))),
        ("change the original's mode", lambda: os.chmod(given, 0o777)),
        ("change the original's mode by descriptor", lambda: os.fchmod(os.open(given, os.O_RDONLY), 0o777)),
        ("remove the original", lambda: os.unlink(given)),
        ("hide memory in a file", lambda: os.close(os.memfd_create("hidden"))),
    ]


def _on_others(outside: dict[str, Any]) -> list[tuple[str, Callable[[], Any]]]:
    parent, victim = os.getppid(), outside["victim"]
    return [
        ("connect by TCP", lambda: socket.create_connection(("127.0.0.1", outside["port"]), 5).close()),
        ("send by UDP", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", outside["port"]))),
        ("connect to a Unix socket", lambda: socket.socket(socket.AF_UNIX).connect(outside["socket"])),
        ("listen", lambda: socket.socket().bind(("127.0.0.1", 0))),
        ("ask for interfaces", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        ("send raw packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
        ("trace the parent", lambda: _checked(_LIBC.ptrace(16, parent, 0, 0))),
        ("take the parent's descriptors", lambda: _called(_PIDFD_GETFD, _called(_PIDFD_OPEN, parent, 0), 3, 0)),
        ("signal another process", lambda: os.kill(victim, 0)),
        ("kill another process", lambda: os.kill(victim, signal.SIGKILL)),
        ("signal by descriptor", lambda: _called(_PIDFD_SEND_SIGNAL, _called(_PIDFD_OPEN, victim, 0), 9, None, 0)),
        ("leave the process group", os.setsid),
    ]


def _on_the_kernel() -> list[tuple[str, Callable[[], Any]]]:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    return [
        ("become root of a new namespace", lambda: _checked(_LIBC.unshare(_NEW_USER))),
        ("make a network namespace", lambda: _checked(_LIBC.unshare(_NEW_NET))),
        ("clone into a namespace", lambda: _child(_called(_CLONE, _NEW_USER | signal.SIGCHLD, 0, 0, 0, 0))),
        ("clone by the newer call", lambda: _child(_called(_CLONE3, bytes(64), 64))),
        ("mount", lambda: _checked(_LIBC.mount(b"none", b"/in", b"tmpfs", 0, None))),
        ("unmount", lambda: _checked(_LIBC.umount2(b"/in", 2))),
        ("change the root", lambda: os.chroot("/")),
        ("become somebody else", lambda: os.setuid(os.getuid() + 1)),
        ("raise a limit", lambda: resource.setrlimit(resource.RLIMIT_AS, (hard, hard + 1))),
        ("load a program into the kernel", lambda: _called(_BPF, 5, bytes(128), 128)),
        ("use the key ring", lambda: _called(_KEYCTL, 0, -3, 1)),
        ("count events", lambda: _called(_PERF, (1).to_bytes(4, "little") + bytes(124), 0, -1, -1, 0)),
        ("catch page faults", lambda: _called(_USERFAULTFD, 1)),
        ("use a ring", lambda: _called(_IO_URING_SETUP, 1, bytes(120))),
        ("call by another numbering", lambda: _called(0x40000000 | 39)),
        ("use a call from the future", lambda: _called(9999)),
        ("rename the machine", lambda: socket.sethostname("escaped")),
    ]


def _called(number: int, *arguments: Any) -> int:
    return _checked(_LIBC.syscall(ctypes.c_long(number), *arguments))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _child(pid: int) -> None:
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
