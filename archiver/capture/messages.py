"""What a fetcher says while it works: small JSON messages, checked on the way in: their sender is not trusted."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from archiver.capture import plain
from archiver.capture.job import Progress
from archiver.capture.reasons import REASONS, failure
from archiver.errors import CaptureError

#: A message is one packet of at most this many bytes.
MESSAGE_BYTES = 4096

_PHASES = frozenset(("looking", "downloading", "storing"))
_NAME_CHARACTERS = 200
_MESSAGE_CHARACTERS = 300
_BYTES_MOST = 1 << 62


def encode_progress(progress: Progress) -> bytes:
    """`progress` as one packet."""
    values = [progress.phase, progress.downloaded_bytes, progress.total_bytes, progress.speed, progress.name[:200]]
    return json.dumps({"progress": values}).encode()


def encode_failure(code: str, what: str) -> bytes:
    """The last word of a fetcher that could not leave a result."""
    return json.dumps({"failure": [code, what[:_MESSAGE_CHARACTERS]]}).encode()


def decode(packet: bytes) -> Progress | CaptureError | None:
    """What a packet says; None if it makes no sense."""
    try:
        value = json.loads(packet)
        if "failure" in value:
            code, what = value["failure"]
            return failure(code, plain.text(what, _MESSAGE_CHARACTERS)) if code in REASONS else None
        phase, downloaded, total, speed, name = value["progress"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    if not isinstance(phase, str) or phase not in _PHASES or not _is_count(downloaded):
        return None
    return Progress(
        phase,
        downloaded,
        total if _is_count(total) else None,
        float(speed) if isinstance(speed, int | float) and math.isfinite(speed) and speed >= 0 else None,
        plain.text(name, _NAME_CHARACTERS),
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _BYTES_MOST


class Reporter:
    """Says how far it is, some times a second at most."""

    _SECONDS = 0.2  # a person's eye follows five changes a second

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self._report = report
        self._last = 0.0
        self._now = Progress("looking")

    def bytes(self, total: int) -> None:
        """Bytes came in: a sign of life also where yt-dlp says nothing."""
        if self._now.phase == "looking":
            self._tell(Progress("looking", total))
        else:
            self._tell(self._now)

    def hook(self, status: Mapping[str, Any]) -> None:
        """yt-dlp's own progress."""
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        self._tell(
            Progress(
                "downloading",
                int(status.get("downloaded_bytes") or 0),
                int(total) if total else None,
                float(status["speed"]) if status.get("speed") else None,
                os.path.basename(str(status.get("filename") or ""))[:_NAME_CHARACTERS],
            )
        )

    def phase(self, name: str) -> None:
        """Another part of the work begins."""
        self._last = 0.0
        self._tell(Progress(name, self._now.downloaded_bytes, self._now.total_bytes, None, self._now.name))

    def _tell(self, progress: Progress) -> None:
        self._now = progress
        if time.monotonic() - self._last >= self._SECONDS:
            self._last = time.monotonic()
            self._report(progress)
