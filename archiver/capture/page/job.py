"""What goes into a snapshot and what comes out: bounded records that cross the process border as JSON.

The process that wrote a result spoke with a browser that may have been taken over, so `read_result` trusts nothing in
it, and the file beside it must be a plain file of the size that it says.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from archiver.capture.untrusted import count, text
from archiver.config import Limits

RESULT_NAME = "snapshot.json"
FILE_NAME = "snapshot.wacz"
#: With this code the process ends that had no room for its result.
DISK_FULL = 28

_RESULT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class SnapshotJob:
    """One page (canonical URL) to be visited; the file is made in `folder`, which is the attempt's own."""

    url: str
    folder: Path
    browser: Path
    allow_net: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class SnapshotResult:
    """How a visit ended. `reason` is empty where the whole page was kept; with a reason, `size` may still be above 0:
    then a part of it was. `url` is where the visit ended, `browser` what made it, `confinement` how that was held.
    """

    reason: str
    message: str
    size: int = 0
    url: str = ""
    title: str = ""
    browser: str = ""
    confinement: str = ""
    started: str = ""
    ended: str = ""
    requests: int = 0
    refused: int = 0
    bytes: int = 0


def job_to_json(job: SnapshotJob) -> bytes:
    """`job` for the process that does it."""
    return json.dumps({**asdict(job), "folder": str(job.folder), "browser": str(job.browser)}).encode()


def job_from_json(data: bytes) -> SnapshotJob:
    """The inverse of `job_to_json`; the parent wrote it, so it is trusted."""
    value = json.loads(data)
    return SnapshotJob(
        value["url"],
        Path(value["folder"]),
        Path(value["browser"]),
        tuple(value["allow_net"]),
        Limits(**value["limits"]),
    )


def result_to_json(result: SnapshotResult) -> bytes:
    """`result` as `snapshot.json` holds it."""
    return json.dumps(asdict(result), ensure_ascii=True, sort_keys=True).encode()


def read_result(folder: Path) -> SnapshotResult | None:
    """The result that lies in `folder`; None if there is none, or none that can be believed."""
    try:
        descriptor = os.open(folder / RESULT_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        data = file.read(_RESULT_BYTES + 1)
    try:
        result = _result(json.loads(data)) if len(data) <= _RESULT_BYTES else None
        if result is None or not result.size:
            return result
        found = os.lstat(folder / FILE_NAME)
    except (ValueError, TypeError, LookupError, OSError, RecursionError):
        return None
    return result if stat.S_ISREG(found.st_mode) and found.st_size == result.size else None


def _result(value: Any) -> SnapshotResult:
    names = ("reason", "message", "url", "title", "browser", "confinement", "started", "ended")
    texts = {name: text(value[name]) for name in names}
    counts = {name: count(value[name]) for name in ("size", "requests", "refused", "bytes")}
    return SnapshotResult(**texts, **counts)  # type: ignore[arg-type]  # texts and counts by their names
