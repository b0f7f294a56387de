"""Where the payloads of exchanges lie in the file that was made of them: planned from ranges, then checked by digest.

A file that came in one answer needs no reading here: its digest is that of the payload, and the store, which digests
the file on the disk, says whether that is true.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.capture.recorder import Recorder, Track
from archiver.capture.wire import Exchange, FileOnWire

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A file's SHA-256 as the record claims it, and whether its payloads account for every byte of it."""

    sha256: str
    is_accounted_for: bool


@dataclass(slots=True)
class _Span:
    track: Track
    start: int
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def end(self) -> int:
        return self.start + self.track.payload_bytes

    @property
    def is_there(self) -> bool:
        return bool(self.digest.hexdigest() == self.track.payload_sha256)


def place(file: FileOnWire, path: Path, recorder: Recorder) -> Placed:
    """Find the payloads of `file`, which lies whole at `path`, and tell the recorder. Raises OSError."""
    size = os.stat(path, follow_symlinks=False).st_size
    candidates = [(one, recorder.tracks[one.number]) for one in file.exchanges]
    told = [(one, track) for one, track in candidates if track.placeable and track.payload_bytes]
    if not file.verbatim:
        for _, track in told:
            recorder.keep_whole(track.number)
        return Placed("", True)
    if len(told) == 1 and told[0][1].payload_bytes == size:
        track = told[0][1]
        recorder.place(track.number, track.payload_sha256, 0)
        return Placed(track.payload_sha256, True)
    spans = _plan(told)
    whole = _digest(path, spans)
    found = [span for span in spans if span.is_there and span.end <= size]
    for span in found:
        recorder.place(span.track.number, whole, span.start)
    if any(track.is_encoded for _, track in candidates):
        return Placed(whole, True)  # an encoding was undone on the way: those answers are in the record whole
    return Placed(whole, _covers(found, size))


def _plan(told: Sequence[tuple[Exchange, Track]]) -> list[_Span]:
    """One after the other, except where an answer resumes the one before it or begins it anew."""
    spans: list[_Span] = []
    before: Exchange | None = None
    for exchange, track in told:
        start = spans[-1].end if spans else 0
        if before is not None and before.url == exchange.url:
            last = spans[-1]
            came_from = last.track.range_start or 0
            if exchange.status == 206 and track.range_start is not None:
                start = max(0, last.start + track.range_start - came_from)
            elif not last.track.framing.complete:
                start = last.start
        spans.append(_Span(track, start))
        before = exchange
    return spans


def _digest(path: Path, spans: Sequence[_Span]) -> str:
    """The digest of the whole file, with those of the spans, in one reading."""
    whole, offset = hashlib.sha256(), 0
    waiting = sorted(spans, key=lambda span: span.start, reverse=True)
    open_spans: list[_Span] = []
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            whole.update(data)
            end = offset + len(data)
            while waiting and waiting[-1].start < end:
                open_spans.append(waiting.pop())
            view = memoryview(data)
            for span in open_spans:
                span.digest.update(view[max(0, span.start - offset) : max(0, span.end - offset)])
            open_spans = [span for span in open_spans if span.end > end]
            offset = end
    return whole.hexdigest()


def _covers(spans: Sequence[_Span], size: int) -> bool:
    reached = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start > reached:
            return False
        reached = max(reached, span.end)
    return reached == size
