"""The C library, loaded once: each process that is forked to do a job then finds it there."""

from __future__ import annotations

import ctypes
from functools import cache


@cache
def libc() -> ctypes.CDLL:
    """The C library of this process, which keeps its error number for `ctypes.get_errno`."""
    return ctypes.CDLL(None, use_errno=True)
