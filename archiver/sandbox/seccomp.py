"""A filter of system calls: what a parser of hostile bytes, or a downloader, may ask of the kernel.

It is the last lock inside every level: it holds what namespaces and Landlock leave open (modes of files, other
processes, the parts of the kernel that have had holes), and where there is nothing else it alone keeps a job from
writing and from every socket. What is not known is refused as unknown; what is harmless or needed is let through, so
that a C library of next year still works.

Format: linux/seccomp.h and linux/filter.h, `struct sock_filter {u16 code; u8 jt, jf; u32 k}`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from archiver.sandbox import syscalls
from archiver.sandbox.libc import libc
from archiver.sandbox.syscalls import ABSENT, COLUMNS, Group

_PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 21, 22, 2  # linux/prctl.h, linux/seccomp.h
_PR_SET_NO_NEW_PRIVS = 38

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in struct seccomp_data

#: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and O_TMPFILE without its share of O_DIRECTORY; the same on both processors.
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000
#: CLONE_NEW... of linux/sched.h; CLONE_NEWTIME shares its bit with the signal in `clone`, where it cannot be asked for.
_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # push characters into a terminal, as if a person had typed them

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a filter lets through, besides what every program needs.

    `families` are the socket families (AF_...), none for no sockets at all. `writes` lets files be made, renamed and
    opened for writing. `signals_to` is the only process that may be sent signals, 0 for whichever the kernel allows.
    """

    families: tuple[int, ...] = ()
    writes: bool = False
    programs: bool = True
    signals_to: int = 0


def supported() -> bool:
    """Whether this kernel filters, and this processor is one whose numbers we know."""
    known = sys.platform == "linux" and platform.machine() in COLUMNS
    if not known or sys.maxsize < 2**32 or sys.byteorder != "little":
        return False
    return bool(libc().prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


@cache
def program(rules: Rules, machine: str) -> bytes:
    """The filter for a processor of `syscalls.COLUMNS`."""
    column, architecture = COLUMNS[machine]
    made = [
        _load(_ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        _return(_KILL),  # a 32-bit call has other numbers: a way around every line below
        _load(_NUMBER),
        *_if(_GREATER, syscalls.NEWEST, _refusal(errno.ENOSYS)),
    ]
    for number in _numbers(_denied(rules), column):
        made += _if(_EQUAL, number, _refusal(errno.EPERM))
    for name in ("clone3", "openat2"):  # their flags lie in memory, where a filter cannot look
        made += _if(_EQUAL, syscalls.JUDGED[name][column], _refusal(errno.ENOSYS))
    for name, judgement in _judged(rules):
        pair = syscalls.JUDGED.get(name) or syscalls.SOCKETS[name]
        if pair[column] != ABSENT:
            made += _block(pair[column], judgement)
    return b"".join(struct.pack("<HBBI", *one) for one in [*made, _return(_ALLOW)])


def install(rules: Rules) -> None:
    """Filter this thread and all that it starts, for ever. Raises OSError."""
    filter_bytes = program(rules, platform.machine())
    buffer = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
    header = struct.pack("@HP", len(filter_bytes) // 8, ctypes.addressof(buffer))  # struct sock_fprog
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0)):
        if libc().prctl(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"the filter of system calls was not taken: {os.strerror(number)}")


def _denied(rules: Rules) -> Iterator[Group]:
    yield syscalls.NAMESPACES
    yield syscalls.KERNEL
    yield syscalls.MACHINE
    yield syscalls.OTHERS
    yield syscalls.IDENTITY
    yield syscalls.HIDDEN_MEMORY
    yield syscalls.ATTRIBUTES
    if not rules.families:
        yield syscalls.SOCKETS
    if not rules.writes:
        yield syscalls.FILES
    if not rules.programs:
        yield syscalls.PROGRAMS


def _judged(rules: Rules) -> Iterator[tuple[str, list[Instruction]]]:
    """Calls that depend on an argument, and what is done with each once its number is known."""
    yield "clone", [_argument(0), *_if(_ANY_BIT, _NEW_NAMESPACES, _refusal(errno.EPERM))]
    typing = [*_if(_EQUAL, _TIOCSTI, _refusal(errno.EPERM)), *_if(_EQUAL, _TIOCLINUX, _refusal(errno.EPERM))]
    yield "ioctl", [_argument(1), *typing]
    yield "prlimit64", [_argument(0), *_only((0,))]
    if not rules.writes:
        yield "open", [_argument(1), *_if(_ANY_BIT, _WRITING, _refusal(errno.EACCES))]
        yield "openat", [_argument(2), *_if(_ANY_BIT, _WRITING, _refusal(errno.EACCES))]
    if rules.families:
        yield "socket", [_argument(0), *_only(rules.families)]
        yield "socketpair", [_argument(0), *_only(rules.families)]
    if rules.signals_to:
        for name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            yield name, [_argument(0), *_only((rules.signals_to,))]


def _numbers(groups: Iterable[Group], column: int) -> list[int]:
    return [pair[column] for group in groups for pair in group.values() if pair[column] != ABSENT]


def _block(number: int, judgement: list[Instruction]) -> list[Instruction]:
    """Do `judgement` for one call; it has loaded an argument over the number, so it ends the filter."""
    return [(_EQUAL, 0, len(judgement) + 1, number), *judgement, _return(_ALLOW)]


def _only(values: Iterable[int]) -> list[Instruction]:
    return [one for value in values for one in _if(_EQUAL, value, _return(_ALLOW))] + [_refusal(errno.EPERM)]


def _if(comparison: int, value: int, then: Instruction) -> list[Instruction]:
    return [(comparison, 0, 1, value), then]


def _load(place: int) -> Instruction:
    return (_LOAD, 0, 0, place)


def _argument(number: int) -> Instruction:
    """The lower half of an argument: all that the kernel itself looks at in those that we judge."""
    return _load(_ARGUMENTS + 8 * number)


def _refusal(number: int) -> Instruction:
    return _return(_ERRNO | number)


def _return(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)
