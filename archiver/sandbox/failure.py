"""How a job in the sandbox can end badly, and what a job may use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archiver.errors import ArchiverError


class Failure(StrEnum):
    """Why there is no answer. Every one of them but `FAILED` costs the sandbox its life: a fresh one takes over."""

    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    TOO_MANY_PROCESSES = "too-many-processes"
    OUTPUT_TOO_LARGE = "output-too-large"
    FAILED = "failed"  # the function in the sandbox raised an exception, or the sandbox could not be started


class SandboxError(ArchiverError):
    """A job gave no answer. `failure` says why; the text may quote what the sandbox said, cut short and made plain."""

    def __init__(self, failure: Failure, what: str, *, next_step: str = "") -> None:
        super().__init__(what, next_step=next_step, code=failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one job may use, besides its time and the size of its answer."""

    # Address space of each process of a job. config.Limits.examine_memory_bytes gives the reason for 4 GiB.
    memory_bytes: int = 4 * 1024**3
    # What all of them hold together, counted a few times a second. The libraries that they share count for each.
    total_memory_bytes: int = 5 * 1024**3
    # A job opens its inputs, a pipe or two and the modules that it imports late. Also bounds what a fork has to close.
    open_files: int = 256
    # ExifTool is one process, a decoder one thread a core. Enough for machines of 64 cores, too few for a fork bomb.
    # The kernel holds no root to it; processes (not threads) are counted from outside as well.
    processes: int = 128
    # Only a job with an output file can write anything at all; a working copy is as large as its originals together.
    output_file_bytes: int = 9 * 1024**3
