"""Where the payloads of exchanges lie in the file that was made of them: planned from ranges, then checked by digest.

A file that came in one answer needs no reading here: its digest is that of the payload, and the store, which digests
the file on the disk, says whether that is true.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver.capture.exchange import Exchange
from archiver.capture.files import FileOnWire
from archiver.capture.recorder import Recorder, Track

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A file's SHA-256 as the record claims it, and whether its payloads account for every byte of it."""

    sha256: str
    is_accounted_for: bool


@dataclass(frozen=True, slots=True)
class _Span:
    exchange: Exchange
    track: Track
    start: int

    @property
    def end(self) -> int:
        return self.start + self.track.payload_bytes


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
    spans: list[_Span] = []
    with path.open("rb") as opened:
        content = _Content(opened)
        for exchange, track in told:
            for start in _places(exchange, track, spans[-1] if spans else None):
                if content.digest(start, track.payload_bytes) == track.payload_sha256:
                    spans.append(_Span(exchange, track, start))
                    break
        whole = content.whole()
    for span in spans:
        recorder.place(span.track.number, whole, span.start)
    # Where an encoding was undone on the way, those answers are in the record as they came.
    undone = any(track.is_encoded for _, track in candidates)
    return Placed(whole, undone or _covers(spans, size))


def _places(exchange: Exchange, track: Track, last: _Span | None) -> list[int]:
    """Where a payload may begin, the likeliest place first, after the one that was found before it."""
    if last is None:
        return [0]
    places = [last.end]
    if last.exchange.url == exchange.url:
        if not last.track.framing.complete:
            places.insert(0, last.start)  # begun anew
        if exchange.status == 206 and track.range_start is not None:
            places.insert(0, max(0, last.start + track.range_start - (last.track.range_start or 0)))  # resumed
    return list(dict.fromkeys(places))


class _Content:
    """A file that is digested as a whole while parts of it are, so that in order it is read once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._whole = hashlib.sha256()
        self._reached = 0

    def digest(self, start: int, length: int) -> str:
        """SHA-256 of a part; of less where the file is shorter."""
        self._advance(start)
        digest = hashlib.sha256()
        for data in self._read(start, length):
            digest.update(data)
        return digest.hexdigest()

    def whole(self) -> str:
        """SHA-256 of the file."""
        self._advance(None)
        return self._whole.hexdigest()

    def _advance(self, to: int | None) -> None:
        for _ in self._read(self._reached, None if to is None else to - self._reached):
            pass

    def _read(self, at: int, left: int | None) -> Iterator[bytes]:
        self._file.seek(at)
        while left is None or left > 0:
            data = self._file.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES))
            if not data:
                return
            if at <= self._reached < at + len(data):
                self._whole.update(memoryview(data)[self._reached - at :])
                self._reached = at + len(data)
            at += len(data)
            left = None if left is None else left - len(data)
            yield data


def _covers(spans: Sequence[_Span], size: int) -> bool:
    reached = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start > reached:
            return False
        reached = max(reached, span.end)
    return reached == size
