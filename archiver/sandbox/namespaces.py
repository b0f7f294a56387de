"""What bubblewrap does, as far as system calls of our own can: namespaces without network, and nothing writable.

Used where bubblewrap is missing and the kernel lets ordinary users make namespaces. Which files are in sight is
Landlock's part (`landlock`). Runs in the prepared Python, while it has one thread and has seen no hostile byte.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct

_UTS, _IPC, _USER, _PID, _NET, _MOUNT = 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000
_MOUNT_SETATTR = 442  # on all processors; Linux 5.12
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_MS_PRIVATE_RECURSIVE = 0x4000 | 0x40000
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES = 64


def enter() -> None:
    """Become process 1 of new namespaces; the process that called stays outside, waits and ends as this one does.

    No network but an unconnected loopback device, the whole tree of files read-only, no System V memory of others.
    Raises OSError where the kernel or its policy does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", _USER | _MOUNT | _IPC | _UTS | _NET | _PID)
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_PRIVATE_RECURSIVE), None)
    read_only = struct.pack("=QQQQ", _ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)  # struct mount_attr
    _call(
        "syscall",
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        b"/",
        ctypes.c_uint(_AT_RECURSIVE),
        read_only,
        ctypes.c_size_t(len(read_only)),
    )
    child = os.fork()
    if child:
        for descriptor in (0, 1, 2):
            os.close(descriptor)  # the owner's hanging up is for the process inside to notice
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every power that root has over ordinary users, for good. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(_CAPABILITIES):  # those that a program started later could get back; fails where it has none
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    _call("capset", struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24))


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc[name](*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


if __name__ == "__main__":  # `level` tries it so
    enter()
