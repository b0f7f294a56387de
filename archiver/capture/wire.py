"""What one acquisition did on the network, and how much more it may do: exchanges, counters, limits.

This is where the next step, a record of every byte, takes hold: `connection` tells the wire of every exchange as it
happens. A limit that is reached raises `Stop`, which passes through yt-dlp's handlers because none of them catches it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from archiver.capture import reasons
from archiver.config import Limits, Network
from archiver.errors import CaptureError, RefusedError
from archiver.model import now

# Pages and manifests are read into memory whole: the largest page known is a few MiB, the largest manifest about 20.
PAGE_BYTES = 32 * 1024**2
# Less than this in stall_seconds is a drip: at 200 kB/s, the slowest line that offices report, it takes 5 ms.
STALL_BYTES = 1000
# Headers of all exchanges together that the record keeps: 20,000 segments with 1.5 kB each.
_HEADER_CHARACTERS = 32 * 1024**2
# Values of these are keys to somebody's account; that they were there is recorded, not what they were.
_SECRET = frozenset(("cookie", "set-cookie", "authorization", "proxy-authorization"))


class Stop(BaseException):
    """The acquisition, or this entry of it, ends here. Not an Exception, because yt-dlp goes on after those."""

    def __init__(self, error: CaptureError | RefusedError) -> None:
        super().__init__(error.what)
        self.error = error


@dataclass(slots=True)
class Exchange:
    """One request and its answer, while it happens and afterwards.

    `wire_bytes` counts all that came, with headers; `body_bytes` the body as it was sent. `seconds` runs from the
    request to the last byte read.
    """

    number: int
    method: str
    url: str
    started: str
    begun: float
    for_file: bool
    request_headers: Mapping[str, str]
    address: str = ""
    status: int = 0
    status_text: str = ""
    response_headers: Sequence[tuple[str, str]] = ()
    wire_bytes: int = 0
    body_bytes: int = 0
    seconds: float = 0.0
    reason: str = ""
    reused_for_file: bool = False

    def header(self, name: str) -> str:
        """The first value of a response header, or the empty string."""
        return next((value for key, value in self.response_headers if key.lower() == name), "")


@dataclass(slots=True)
class Wire:
    """The network as one acquisition sees it. Not for several threads at once."""

    limits: Limits
    allow_net: Sequence[Network] = ()
    on_bytes: Callable[[int], None] = lambda _total: None
    clock: Callable[[], float] = time.monotonic
    exchanges: list[Exchange] = field(default_factory=list)
    failure: CaptureError | RefusedError | None = None  # the latest one on the network, whatever became of it above
    opened: WeakSet[socket.socket] = field(default_factory=WeakSet)
    bytes: int = 0
    in_file: bool = False
    in_segments: bool = False
    _file_bytes: int = 0
    _page_bytes: int = 0
    _begun: float = 0.0
    _header_characters: int = 0

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def begin(self, method: str, url: str, headers: Mapping[str, str]) -> Exchange:
        """A request is about to be made."""
        self.time_left()
        if len(self.exchanges) >= self.limits.requests:
            raise self.stop(reasons.failure("too-many-requests"))
        exchange = Exchange(
            number=len(self.exchanges) + 1,
            method=method,
            url=url,
            started=now(),
            begun=self.clock(),
            for_file=self.in_file,
            request_headers=dict(self._kept(headers.items())),
        )
        self.exchanges.append(exchange)
        self._page_bytes = 0
        return exchange

    def answered(self, exchange: Exchange, status: int, text: str, headers: Sequence[tuple[str, str]]) -> None:
        """The answer's head is here."""
        exchange.status, exchange.status_text = status, text
        exchange.response_headers = self._kept(headers)

    def announced(self, exchange: Exchange) -> None:
        """Raise Stop if an answer that is to become a file announces more than the limit."""
        length = exchange.header("content-length")
        if self.in_file and length.isascii() and length.isdigit() and int(length[:20]) > self.limits.file_bytes:
            raise self.stop(reasons.failure("too-large", f"the server announces {length[:20]} bytes"))

    def received(self, exchange: Exchange, count: int) -> None:
        """`count` bytes came from the socket. Raises Stop at a limit."""
        exchange.wire_bytes += count
        exchange.seconds = self.clock() - exchange.begun
        self.bytes += count
        self._count(count)
        self.on_bytes(self.bytes)

    def decoded(self, surplus: int) -> None:
        """`surplus` more bytes came out of a content encoding than went in. Raises Stop at a limit."""
        if surplus > 0:
            self._count(surplus)

    def time_left(self) -> float:
        """Seconds until the acquisition's time is over. Raises Stop after that."""
        left = self.limits.fetch_seconds - (self.clock() - self._begun)
        if left <= 0:
            raise self.stop(reasons.failure("timed-out"))
        return left

    def note(self, error: CaptureError | RefusedError, exchange: Exchange | None = None) -> None:
        """Remember what went wrong in `exchange` (the latest), because the layers above turn it into text."""
        self.failure = error
        if self.exchanges:
            (exchange or self.exchanges[-1]).reason = error.code

    def stop(self, error: CaptureError | RefusedError) -> Stop:
        """`error`, noted and ready to be raised."""
        self.note(error)
        return Stop(error)

    @contextmanager
    def file(self, segmented: bool = False) -> Iterator[int]:
        """What comes inside belongs to one file, in segments or whole; gives the number of exchanges before it."""
        self.in_file, self.in_segments, self._file_bytes, self.failure = True, segmented, 0, None
        try:
            yield len(self.exchanges)
        finally:
            self.in_file = self.in_segments = False

    def close(self) -> None:
        """Close what is still open, whoever holds it: answers that were given up in the middle keep theirs."""
        for channel in list(self.opened):
            descriptor = channel.detach()
            if descriptor >= 0:
                os.close(descriptor)

    def record(self) -> dict[str, Any]:
        """What `exchange.json` holds."""
        return {
            "version": 1,
            "bytes": self.bytes,
            "exchanges": [
                {
                    "number": one.number,
                    "method": one.method,
                    "url": one.url,
                    "address": one.address,
                    "started": one.started,
                    "seconds": round(one.seconds, 6),
                    "request_headers": one.request_headers,
                    "status": one.status,
                    "status_text": one.status_text,
                    "response_headers": [list(pair) for pair in one.response_headers],
                    "wire_bytes": one.wire_bytes,
                    "body_bytes": one.body_bytes,
                    "for_file": one.for_file or one.reused_for_file,
                    "reason": one.reason,
                }
                for one in self.exchanges
            ],
        }

    def _count(self, count: int) -> None:
        if self.in_file:
            self._file_bytes += count
            over = self._file_bytes > self.limits.file_bytes
        else:
            self._page_bytes += count
            over = self._page_bytes > min(PAGE_BYTES, self.limits.file_bytes)
        if over:
            raise self.stop(reasons.failure("too-large"))

    def _kept(self, headers: Any) -> list[tuple[str, str]]:
        kept = []
        for name, value in headers:
            text = "(withheld)" if name.lower() in _SECRET else str(value)
            self._header_characters += len(name) + len(text)
            kept.append((str(name), text if self._header_characters <= _HEADER_CHARACTERS else "(too much)"))
        return kept
