"""Answers to yt-dlp's requests: every byte counted, and the beginning kept so that a question is not asked twice."""

from __future__ import annotations

import io

import requests
import urllib3
from yt_dlp.networking._requests import RequestsResponseAdapter
from yt_dlp.networking.exceptions import RequestError

from archiver.capture import reasons
from archiver.capture.exchange import Exchange
from archiver.capture.strict import BadFramingError
from archiver.capture.wire import Wire

# As much of a body as is kept to be given again; yt-dlp's generic extractor looks at 512 bytes.
_KEPT_BYTES = 256 * 1024
# A manifest is read whole to be understood and asked for again to be followed.
_MANIFEST_BYTES = 4 * 1024**2
_MANIFEST = b"#EXTM3U"
_UNDECODABLE = (urllib3.exceptions.DecodeError, BadFramingError)


class Body(RequestsResponseAdapter):  # type: ignore[misc]  # yt-dlp has no types
    """An answer whose bytes are counted and whose beginning is kept."""

    def __init__(self, source: RequestsResponseAdapter, wire: Wire, exchange: Exchange, before: bytes = b"") -> None:
        super().__init__(source._requests_response)
        self._source = source  # held, because it closes the connection when it is collected
        self._answer: requests.Response = source._requests_response
        self._wire = wire
        self.exchange = exchange
        self._before = io.BytesIO(before)
        self._kept: bytearray | None = bytearray()
        self.ended = False
        self._cut: urllib3.exceptions.HTTPError | None = None

    def _real_read(self, amt: int | None = None) -> bytes:
        before = self._before.read() if amt is None else self._before.read(amt)
        data = before
        if amt is None or (amt > 0 and not before):
            # The whole is read in chunks, so that a limit is met before memory is full.
            data = before + (b"".join(iter(lambda: self._chunk(1 << 20), b"")) if amt is None else self._filled(amt))
        self._keep(data)
        return data

    def _filled(self, size: int) -> bytes:
        """As much as `size`, or what came before the end; a cut is told only after what came before it was given."""
        if self._cut is not None:
            raise self._cut
        data = self._chunk(size)
        while data and len(data) < size:
            try:
                more = self._chunk(size - len(data))
            except urllib3.exceptions.HTTPError as error:
                self._cut = error
                break
            if not more:
                break
            data += more
        return data

    def _chunk(self, size: int) -> bytes:
        raw = self._answer.raw
        before = raw.tell()
        data: bytes = raw.read1(size, decode_content=True)
        self.exchange.body_bytes = raw.tell()
        self._wire.decoded(len(data) - (raw.tell() - before))
        self.ended = self.ended or not data
        return data

    def read(self, amt: int | None = None) -> bytes:
        try:
            data: bytes = super().read(amt)
        except RequestError as error:
            decoding = any(isinstance(link, _UNDECODABLE) for link in reasons.chain(error))
            code = "broken-answer" if decoding else "connection-cut"
            # Of an answer that resumes an earlier one this is what came since; the result counts all that came.
            got = f"{self.exchange.body_bytes} bytes into the answer" if code == "connection-cut" else "in its encoding"
            self._wire.note(reasons.failure(code, f"{reasons.REASONS[code].words}, {got}"), self.exchange)
            raise
        return data

    def again(self) -> Body | None:
        """The same answer from its first byte, or None if too much of it was read. This one is not to be used then."""
        if self._kept is None:
            return None
        before = bytes(self._kept) + self._before.read()
        fresh = Body(self, self._wire, self.exchange, before)
        fresh.headers = self.headers
        return fresh

    @property
    def is_manifest(self) -> bool:
        return self._kept is not None and bytes(self._kept[: len(_MANIFEST)]) == _MANIFEST

    def _keep(self, data: bytes) -> None:
        if self._kept is None:
            return
        self._kept += data
        if len(self._kept) > (_MANIFEST_BYTES if self.is_manifest else _KEPT_BYTES):
            self._kept = None
