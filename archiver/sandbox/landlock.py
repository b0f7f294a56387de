"""Landlock: a process gives up, for itself and all that it starts, every file but those that it names.

Rights and structures: linux/landlock.h. What a kernel does not know yet is left out; `abi` says how far it goes
(3 truncation, 4 TCP, 5 devices, 6 signals and abstract sockets). Landlock watches opening, making and removing files,
not their modes, owners and times: those are the filter's (`seccomp`).
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable

from archiver.sandbox.libc import libc

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on all processors that came to Linux in this century
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _READ_FILE | _READ_DIR
_CHANGE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE | _REFER
_TCP = 3  # bind and connect
_SIGNALS_AND_ABSTRACT_SOCKETS = 3


def abi() -> int:
    """How much Landlock this kernel has, 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION_FLAG))))


def ruleset(
    *,
    read: Iterable[str] = (),
    run: Iterable[str] = (),
    change: Iterable[str] = (),
    network: bool = False,
) -> int:
    """A descriptor of rules: `read`, or read and `run`, or `change` what lies in these files and folders; no more.

    Paths that do not exist are left out. `network` leaves TCP open. Signals and abstract sockets reach no further than
    those who share the rules. Raises OSError.
    """
    version = abi()
    handled = _handled(version)
    attributes = struct.pack("=Q", handled)
    if version >= 4:
        attributes += struct.pack("=Q", 0 if network else _TCP)
    if version >= 6:
        attributes += struct.pack("=Q", _SIGNALS_AND_ABSTRACT_SOCKETS)
    rules = _call(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    try:
        for paths, rights in ((read, _READ), (run, _READ | _EXECUTE), (change, _CHANGE)):
            for path in dict.fromkeys(paths):
                _allow(rules, path, rights & handled)
    except OSError:
        os.close(rules)
        raise
    return rules


def restrict(rules: int) -> None:
    """Put this thread and all that it starts under `rules`, for ever. Raises OSError."""
    if libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "privileges cannot be given up")
    _call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint(0))


def _handled(version: int) -> int:
    """Every right of the file system that this kernel can take away: 13 at first, one or more in each later version."""
    rights = (1 << 13) - 1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        _call(
            _ADD, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), struct.pack("=Qi", rights, place), ctypes.c_uint(0)
        )
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    result = int(libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
