"""The filter refuses what it says, on both processors, whether or not this machine is one of them."""

from __future__ import annotations

import errno
import re
import struct
from functools import cache
from pathlib import Path

import pytest

from archiver.sandbox import syscalls
from archiver.sandbox.seccomp import Rules, program

ALLOW, KILL = 0x7FFF0000, 0x80000000
GROUPS = [value for name, value in vars(syscalls).items() if name.isupper() and isinstance(value, dict)]
ALL = {name: pair for group in GROUPS if "x86_64" not in group for name, pair in group.items()}
machines = pytest.mark.parametrize("machine", sorted(syscalls.COLUMNS))
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@cache
def compiled(rules: Rules, machine: str) -> list[tuple[int, int, int, int]]:
    return [(one[0], one[1], one[2], one[3]) for one in struct.iter_unpack("<HBBI", program(rules, machine))]


def ask(rules: Rules, machine: str, name: str | int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter as the kernel would; gives its verdict: ALLOW, KILL or the errno of a refusal."""
    column, own = syscalls.COLUMNS[machine]
    number = ALL[name][column] if isinstance(name, str) else name
    six = [*arguments, *[0] * 6][:6]
    data = struct.pack("<IIQ6Q", number, own if architecture is None else architecture, 0, *six)
    code = compiled(rules, machine)
    assert len(code) <= 4096  # BPF_MAXINSNS
    held, at = 0, 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        if operation == 0x20:
            held = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x06:
            return value & 0xFFFF if value >> 16 == 5 else value
        else:
            true = {0x15: held == value, 0x25: held > value, 0x45: bool(held & value)}[operation]
            at += yes if true else no


@machines
def test_everything_that_is_named_is_refused_and_reading_is_not(machine: str) -> None:
    column = syscalls.COLUMNS[machine][0]
    for group in GROUPS:
        if group is syscalls.JUDGED or group is syscalls.PROGRAMS or "x86_64" in group:
            continue
        for name, pair in group.items():
            if pair[column] != syscalls.ABSENT:
                assert ask(Rules(), machine, name) == errno.EPERM, name
    read, mmap, exit_group = {"x86_64": (0, 9, 231), "aarch64": (63, 222, 94)}[machine]
    for number in (read, mmap, exit_group):
        assert ask(Rules(), machine, number) == ALLOW


@machines
def test_numbers_of_another_processor_and_of_the_future_are_no_way_around(machine: str) -> None:
    assert ask(Rules(), machine, 0, architecture=0x40000003) == KILL  # 32-bit calls on a 64-bit kernel
    assert ask(Rules(), machine, 0x40000000 | 59) == errno.ENOSYS  # the x32 numbering
    assert ask(Rules(), machine, syscalls.NEWEST + 1) == errno.ENOSYS
    assert ask(Rules(), machine, "clone3") == ask(Rules(), machine, "openat2") == errno.ENOSYS


@machines
def test_arguments_decide(machine: str) -> None:
    for flags in (1, 2, 0o100, 0o1000, 0o20200000):
        assert ask(Rules(), machine, "openat", 0, 0, flags) == errno.EACCES
        assert ask(Rules(writes=True), machine, "openat", 0, 0, flags) == ALLOW
    assert ask(Rules(), machine, "openat", 0, 0, 0o2000000) == ALLOW  # O_RDONLY | O_CLOEXEC
    assert ask(Rules(), machine, "clone", 0x10000000 | 17) == errno.EPERM
    assert ask(Rules(), machine, "clone", 0x3D0F00) == ALLOW  # a thread
    assert ask(Rules(), machine, "clone", 0x01200011) == ALLOW  # a fork
    assert ask(Rules(), machine, "ioctl", 0, 0x5412) == errno.EPERM
    assert ask(Rules(), machine, "ioctl", 0, 0x5401) == ALLOW
    assert ask(Rules(), machine, "prlimit64", 0) == ALLOW
    assert ask(Rules(), machine, "prlimit64", 77) == errno.EPERM
    assert ask(Rules(), machine, "kill", 77) == ALLOW  # the kernel's own rules hold
    assert ask(Rules(signals_to=77), machine, "kill", 77) == ALLOW
    assert ask(Rules(signals_to=77), machine, "kill", 2**64 - 1) == errno.EPERM


@machines
def test_a_downloader_has_the_sockets_that_it_names_and_no_programs(machine: str) -> None:
    rules = Rules(families=(2, 10), writes=True, programs=False)
    assert ask(rules, machine, "socket", 2) == ask(rules, machine, "socket", 10) == ALLOW
    assert ask(rules, machine, "socket", 17) == ask(rules, machine, "socketpair", 1) == errno.EPERM
    assert ask(rules, machine, "connect") == ask(rules, machine, "renameat2") == ALLOW
    assert ask(rules, machine, "execve") == ask(rules, machine, "execveat") == errno.EPERM
    assert ask(rules, machine, "ptrace") == ask(rules, machine, "fchmod") == errno.EPERM


@machines
def test_the_numbers_are_those_of_the_kernels_own_headers(machine: str) -> None:
    if not HEADERS[machine].is_file():
        pytest.skip("the kernel's headers are not installed")
    column = syscalls.COLUMNS[machine][0]
    lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text(), re.MULTILINE)
    there = {name: int(number) for name, number in lines}
    for name, pair in ALL.items():
        assert there.get(name, syscalls.ABSENT) == pair[column], name
