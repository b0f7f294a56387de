"""Every exchange of an acquisition as it happens at the socket: what was sent, what came, and digests of the payload.

It takes bytes from the tee in `connection` and believes no library about them. Bodies that are to become files go to
the spool only up to `partial_bytes`: in the end the record names their place in the object instead.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.capture import commitments
from archiver.capture.framing import Framing, Part, Piece, headers
from archiver.capture.journal import Journal, encoded
from archiver.config import Limits

# More different lines between chunks than this are not kept one by one (a body in chunks of one size has two of them);
# a film of file_bytes in chunks of 16 kB, each of another size, has as many.
_RUNS = 262_144
# An answer is looked at this far at most before it is taken for a file (`answers` keeps less than this).
_PROBE_BYTES = 8 * 1024**2
_SURPLUS_BYTES = 4096
_MANIFEST = b"#EXTM3U"
_RANGE = re.compile(r"bytes ([0-9]{1,18})-")


class Full(Exception):
    """The record would grow beyond `record_bytes`."""


@dataclass(slots=True)
class Track:
    """One exchange in the recorder's hands. `placeable`: its payload is to be found in a file as it came."""

    number: int
    framing: Framing
    placeable: bool
    segment: bool
    request_head: bytearray = field(default_factory=bytearray)
    request_told: bool = False
    lines: int = 0  # of heads that came before, for the commitments' positions
    digest: Any = field(default_factory=hashlib.sha256)
    payload_bytes: int = 0
    raw_bytes: int = 0
    stored_bytes: int = 0
    range_start: int | None = None
    runs: list[list[Any]] = field(default_factory=list)
    gap: int = 0
    runs_lost: bool = False
    surplus_bytes: int = 0
    is_encoded: bool = False
    is_no_media: bool = False  # encoded, or a playlist
    place: tuple[str, int] | None = None

    @property
    def payload_sha256(self) -> str:
        return str(self.digest.hexdigest())


class Recorder:
    """The record of one acquisition, on its way to the spool in `folder`. Methods raise OSError and Full."""

    def __init__(self, folder: Path, limits: Limits, facts: Mapping[str, Any], key: bytes = b"") -> None:
        """`facts` describe the acquisition in the record; `key` (random if empty) is for commitments."""
        self.tracks: dict[int, Track] = {}
        self._limits = limits
        self._key = key or secrets.token_bytes(commitments.KEY_BYTES)
        self._journal = Journal(folder)
        self._chains: set[str] = set()
        self._total = self._journal.line(0, "acquisition", dict(facts))
        self._waiting = 0  # bytes in the spool that will be dropped if their file is kept
        self._segments: deque[Track] = deque()  # whole ones among them
        self._runs_left = _RUNS

    def begin(self, number: int, method: str, url: str, started: str, *, placeable: bool, segment: bool) -> None:
        """A request is about to be made."""
        self.tracks[number] = Track(number, Framing(method), placeable, segment)
        self._tell(number, "begin", {"method": method, "url": url, "started": started})

    def peer(self, number: int, facts: Mapping[str, Any], chain: str = "") -> None:
        """The other end of the connection. `chain`: its certificates as PEM, told once."""
        told = dict(facts)
        if chain:
            digest = hashlib.sha256(chain.encode()).hexdigest()
            told["certificates_sha256"] = digest
            if digest not in self._chains:
                self._chains.add(digest)
                self._tell(number, "chain", chain)
        self._tell(number, "peer", told)

    def sent(self, number: int, data: bytes) -> None:
        """Bytes of the request went out."""
        track = self.tracks[number]
        if track.request_told:
            self._tell(number, "sent", encoded(data))
            return
        track.request_head += data
        end = track.request_head.find(b"\r\n\r\n")
        if end >= 0:
            self._tell_request(track, end + 4)

    def received(self, number: int, data: bytes) -> None:
        """Bytes of the answer came; none means that the connection ended."""
        track = self.tracks[number]
        self._take_in(track, track.framing.feed(data) if data else track.framing.close())

    def will_be_file(self, number: int, segment: bool) -> None:
        """An answer that was looked at becomes a file after all."""
        track = self.tracks[number]
        track.segment = segment
        if not track.placeable and self._may_be_placed(track):
            track.placeable = True
            self._waiting += track.stored_bytes

    def keep_whole(self, number: int) -> None:
        """The payload will not be found in a file as it came: it is stored in the record."""
        track = self.tracks[number]
        if track.placeable:
            track.placeable = False
            self._waiting -= track.stored_bytes

    def place(self, number: int, sha256: str, offset: int) -> None:
        """The payload lies at `offset` of the file with this digest, as somebody has checked."""
        track = self.tracks[number]
        self.keep_whole(number)
        track.place, track.stored_bytes = (sha256, offset), 0
        self._journal.drop(number)

    def end(self, number: int, facts: Mapping[str, Any]) -> None:
        """Put down how the exchange ended, with `facts` that the layers above know."""
        track = self.tracks[number]
        if track.request_head and not track.request_told:
            self._tell_request(track, len(track.request_head))
        framing = track.framing
        self._take_in(track, framing.abandon())
        told: dict[str, Any] = {
            **facts,
            "payload_bytes": track.payload_bytes,
            "payload_sha256": track.payload_sha256 if framing.kind else "",
            "stored_bytes": track.stored_bytes,
            "framing": {
                "ends_by": framing.kind,
                "complete": framing.complete,
                "lacks": framing.lacks,
                "surplus_bytes": track.surplus_bytes,
            },
            "is_whole": framing.complete and (track.place is not None or track.stored_bytes == track.raw_bytes),
            "was_capped": track.place is None and track.stored_bytes < track.raw_bytes,
        }
        if track.place is not None:
            told["place"] = {"sha256": track.place[0], "offset": track.place[1], "length": track.payload_bytes}
            if framing.kind == "chunked":
                told["framing"]["runs"] = (
                    None if track.runs_lost else [[gap, encoded(data), times] for gap, data, times in track.runs]
                )
        self._tell(number, "end", told)

    def close(self) -> None:
        """Nothing more comes."""
        self._journal.close()

    def _take_in(self, track: Track, pieces: Sequence[Piece]) -> None:
        payload: list[bytes] = []
        raw: list[bytes] = []
        for part, data in pieces:
            if part is Part.PAYLOAD:
                payload.append(data)
                raw.append(data)
                track.gap += len(data)
            elif part is Part.FRAMING:
                raw.append(data)
                self._frame(track, data)
            elif part is Part.SURPLUS:
                self._spare(track, data)
            else:
                self._head(track, part, data)
        if payload:
            whole = payload[0] if len(payload) == 1 else b"".join(payload)
            if not track.payload_bytes and whole.startswith(_MANIFEST):
                track.is_no_media = True
                self.keep_whole(track.number)
            track.digest.update(whole)
            track.payload_bytes += len(whole)
        if raw:
            self._store(track, raw[0] if len(raw) == 1 else b"".join(raw))
            if track.segment and track.framing.complete:
                self._segments.append(track)

    def _head(self, track: Track, part: Part, data: bytes) -> None:
        told = commitments.redacted(self._key, track.number, "response", data, track.lines)
        track.lines += len(data.splitlines())
        self._tell(track.number, part.value, encoded(told))
        if part is Part.HEAD:
            values = {name.lower(): value for name, value in reversed(list(headers(data)))}
            found = _RANGE.match(values.get("content-range", ""))
            track.range_start = int(found[1]) if found else None
            track.is_no_media = track.is_encoded = values.get("content-encoding", "identity").lower() != "identity"
            track.placeable = track.placeable and self._may_be_placed(track)

    @staticmethod
    def _may_be_placed(track: Track) -> bool:
        return 200 <= track.framing.status < 300 and not track.is_no_media

    def _frame(self, track: Track, data: bytes) -> None:
        last = track.runs[-1] if track.runs else None
        if last is not None and last[0] == track.gap and last[1] == data:
            last[2] += 1
        elif self._runs_left and (track.placeable or track.raw_bytes < _PROBE_BYTES):
            track.runs.append([track.gap, data, 1])
            self._runs_left -= 1
        else:
            track.runs_lost = True
        track.gap = 0

    def _spare(self, track: Track, data: bytes) -> None:
        if not track.framing.kind and not track.surplus_bytes:
            # No HTTP at all: the beginning is evidence of what was there instead. Only as it came in one piece: two
            # halves of a cookie's name are not known for one.
            shown = commitments.redacted(self._key, track.number, "response", data[:_SURPLUS_BYTES], track.lines)
            self._tell(track.number, "surplus", encoded(shown))
        track.surplus_bytes += len(data)

    def _store(self, track: Track, raw: bytes) -> None:
        track.raw_bytes += len(raw)
        if track.placeable:
            if track.stored_bytes < track.raw_bytes - len(raw):
                return  # something is missing before it already
            self._make_room(track, len(raw))
            raw = raw[: max(0, self._limits.partial_bytes - self._waiting)]
            self._waiting += len(raw)
        elif track.stored_bytes < track.raw_bytes - len(raw):
            return
        if raw:
            self._count(len(raw))
            self._journal.body(track.number, raw)
            track.stored_bytes += len(raw)

    def _make_room(self, track: Track, wanted: int) -> None:
        """Forget segments that came whole, the oldest first: they lie in the file that is being made."""
        if not track.segment or self._waiting + wanted <= self._limits.partial_bytes:
            return
        while self._segments and self._waiting + wanted > self._limits.partial_bytes:
            other = self._segments.popleft()
            if other.placeable:
                self._journal.drop(other.number)
                self._waiting -= other.stored_bytes
                other.stored_bytes = 0

    def _tell_request(self, track: Track, end: int) -> None:
        whole = bytes(track.request_head)
        track.request_told = True
        told = commitments.redacted(self._key, track.number, "request", whole[:end])
        self._tell(track.number, "sent", encoded(told + whole[end:]))

    def _tell(self, number: int, kind: str, value: Any) -> None:
        self._count(self._journal.line(number, kind, value))

    def _count(self, size: int) -> None:
        self._total += size
        if self._total > self._limits.record_bytes:
            raise Full
