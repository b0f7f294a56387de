"""What one acquisition did on the network, and how much more it may do: exchanges, counters, limits.

`connection` tells the wire of every exchange as it happens, and the wire tells the recorder where there is one. A limit
that is reached raises `Stop`, which passes through yt-dlp's handlers because none of them catches it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from archiver.capture import reasons
from archiver.capture.access import Access
from archiver.capture.commitments import SECRET_NAMES
from archiver.capture.exchange import Exchange
from archiver.capture.files import FileOnWire
from archiver.capture.recorder import Full, Recorder
from archiver.capture.route import Routes
from archiver.config import Limits, Network
from archiver.errors import CaptureError, RefusedError
from archiver.model import now

_Data = bytes  # a field of Wire has that name
# Headers of all exchanges together that the record keeps: 20,000 segments with 1.5 kB each.
_HEADER_CHARACTERS = 32 * 1024**2


class Stop(BaseException):
    """The acquisition, or this entry of it, ends here. Not an Exception, because yt-dlp goes on after those."""

    def __init__(self, error: CaptureError | RefusedError) -> None:
        super().__init__(error.what)
        self.error = error


class Enough(KeyboardInterrupt):
    """The ration of requests is used up. Extractors keep what they have of comments when they are interrupted."""


@dataclass(slots=True)
class Wire:
    """The network as one acquisition sees it. Not for several threads at once."""

    limits: Limits
    allow_net: Sequence[Network] = ()
    access: Access = field(default_factory=Access)
    on_bytes: Callable[[int], None] = lambda _total: None
    clock: Callable[[], float] = time.monotonic
    recorder: Recorder | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    files: list[FileOnWire] = field(default_factory=list)
    failure: CaptureError | RefusedError | None = None  # the latest one on the network, whatever became of it above
    opened: WeakSet[socket.socket] = field(default_factory=WeakSet)
    bytes: int = 0
    in_file: bool = False
    in_segments: bool = False
    in_aside: bool = False
    _ration: int | None = None
    _counted: int = 0
    _file_bytes: int = 0
    _page_bytes: int = 0
    _begun: float = 0.0
    _header_characters: int = 0
    routes: Routes = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()
        self.routes = Routes(self.access)

    def begin(self, method: str, url: str, headers: Mapping[str, str]) -> Exchange:
        """A request is about to be made."""
        self.time_left()
        if self._ration is not None and len(self.exchanges) >= self._ration:
            raise Enough
        if len(self.exchanges) >= self.limits.requests:
            raise self.stop(reasons.failure("too-many-requests"))
        if len(url) > (most := self.limits.url_characters):
            raise self.stop(RefusedError(f"it leads to a URL of more than {most} characters", code="url-too-long"))
        exchange = Exchange(
            number=len(self.exchanges) + 1,
            method=method,
            url=url,
            started=now(),
            begun=self.clock(),
            for_file=self.in_file and not self.in_aside,
            request_headers=dict(self.kept_headers(headers.items())),
        )
        self.exchanges.append(exchange)
        self._page_bytes = 0
        file = self.files[-1] if exchange.for_file else None
        if file is not None:
            file.exchanges.append(exchange)
        if self.recorder is not None:
            with self._recording():
                self.recorder.begin(
                    exchange.number,
                    method,
                    url,
                    exchange.started,
                    placeable=file is not None and file.verbatim,
                    segment=file is not None and self.in_segments,
                )
        return exchange

    def reused(self, exchange: Exchange) -> None:
        """An answer that was only looked at becomes (part of) the file that is under way."""
        exchange.reused_for_file = True
        self.files[-1].exchanges.append(exchange)
        if self.recorder is not None and self.files[-1].verbatim:
            self.recorder.will_be_file(exchange.number, self.in_segments)

    def met(self, exchange: Exchange, facts: Mapping[str, Any], chain: str) -> None:
        """The other end of the connection that `exchange` uses, with its certificates as PEM."""
        if self.recorder is not None:
            with self._recording():
                self.recorder.peer(exchange.number, facts, chain)

    def sent(self, exchange: Exchange, data: _Data) -> None:
        """Bytes went out. Raises Stop."""
        if self.recorder is not None:
            with self._recording():
                self.recorder.sent(exchange.number, data)

    def came(self, exchange: Exchange, data: _Data) -> None:
        """Bytes came from the socket, none at its end. Raises Stop."""
        if self.recorder is not None:
            with self._recording():
                self.recorder.received(exchange.number, data)

    def answered(self, exchange: Exchange, status: int, text: str, headers: Sequence[tuple[str, str]]) -> None:
        """The answer's head is here."""
        exchange.status, exchange.status_text = status, text
        exchange.response_headers = self.kept_headers(headers)

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
        if not exchange.status and exchange.wire_bytes > self.limits.header_bytes:
            raise self.stop(reasons.failure("broken-answer", "the head of the answer is longer than the limit"))
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
    def file(self, segmented: bool = False, *, name: str = "", verbatim: bool = True) -> Iterator[int]:
        """What comes inside belongs to one file, in segments or whole; gives the number of exchanges before it.

        `name` is what the file will be called. `verbatim` is False where it is not made of the bodies as they came, but
        of what was decrypted or put together.
        """
        self.in_file, self.in_segments, self._file_bytes, self.failure = True, segmented, 0, None
        self.files.append(FileOnWire(name, segmented, verbatim))
        try:
            yield len(self.exchanges)
        finally:
            self.in_file = self.in_segments = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What comes inside is no part of the file that is being fetched: the next state of a playlist."""
        self.in_aside = True
        try:
            yield
        finally:
            self.in_aside = False

    @contextmanager
    def ration(self, requests: int) -> Iterator[None]:
        """What comes inside may make this many requests; the next one raises Enough."""
        self._ration = len(self.exchanges) + requests
        try:
            yield
        finally:
            self._ration = None

    def give_up(self) -> None:
        """What came of the file so far is about to be overwritten; the record holds it, up to `partial_bytes`."""
        self._file_bytes = 0

    def close(self) -> None:
        """Close what is still open, whoever holds it: answers that were given up in the middle keep theirs."""
        for channel in list(self.opened):
            descriptor = channel.detach()
            if descriptor >= 0:
                os.close(descriptor)

    def end_record(self) -> None:
        """Put down how every exchange ended. Raises OSError."""
        if self.recorder is None:
            return
        for one in self.exchanges:
            facts = {
                "seconds": round(one.seconds, 6),
                "wire_bytes": one.wire_bytes,
                "body_bytes": one.body_bytes,
                "for_file": one.for_file or one.reused_for_file,
                "reason": one.reason,
                "via": dict(one.via),
            }
            with contextlib.suppress(Full):  # the limit was met and said before
                self.recorder.end(one.number, facts)
        self.recorder.close()

    @contextmanager
    def _recording(self) -> Iterator[None]:
        """What keeps the recorder from writing ends the acquisition: nothing is fetched without a record."""
        try:
            yield
        except Full:
            raise self.stop(reasons.failure("too-large", "the record of the exchange would be too large")) from None
        except OSError as error:
            typed = reasons.from_machine(error) or reasons.failure("internal-error", f"the record: {error}"[:300])
            raise self.stop(typed) from error

    def _count(self, count: int) -> None:
        self._counted += count
        if self._counted > self.limits.acquisition_bytes:
            raise self.stop(reasons.failure("too-much"))
        if self.in_file and not self.in_aside:
            self._file_bytes += count
            over = self._file_bytes > self.limits.file_bytes
        else:
            self._page_bytes += count
            over = self._page_bytes > min(self.limits.page_bytes, self.limits.file_bytes)
        if over:
            raise self.stop(reasons.failure("too-large"))

    def kept_headers(self, headers: Any) -> list[tuple[str, str]]:
        """Headers as the record keeps them: without keys to accounts, and not without end."""
        kept = []
        for name, value in headers:
            text = "(withheld)" if name.lower() in SECRET_NAMES else str(value)
            self._header_characters += len(name) + len(text)
            kept.append((str(name), text if self._header_characters <= _HEADER_CHARACTERS else "(too much)"))
        return kept
