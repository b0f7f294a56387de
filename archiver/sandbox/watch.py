"""How many processes a job has and how much memory they hold together, counted from outside while it runs.

The kernel bounds each process by itself, and holds root to no number of processes at all. A control group would bound
the sum, but an ordinary user can be given one only by the system's manager; reading /proc works everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

#: A job fills at most a few gigabytes in this time; short jobs are never counted.
SECONDS = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")
_RESIDENT = 1  # column of /proc/PID/statm, proc(5)
_ENOUGH = 4096  # processes counted before it is clear


@dataclass(frozen=True, slots=True)
class Usage:
    """`processes` below and including the one asked for; `bytes` is what they hold, shared memory counted for each."""

    processes: int
    bytes: int


def usage(pid: int) -> Usage:
    """What `pid` and all below it use now; zeros where the kernel does not say."""
    waiting, seen, pages = [pid], 0, 0
    while waiting and seen < _ENOUGH:
        one = waiting.pop()
        seen += 1
        try:
            with open(f"/proc/{one}/statm", "rb") as file:
                pages += int(file.read().split()[_RESIDENT])
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/children", "rb") as file:
                    waiting.extend(map(int, file.read().split()))
        except (OSError, ValueError, IndexError):  # it ended meanwhile, or the kernel was built without
            continue
    return Usage(seen, pages * _PAGE)
