"""One file over HTTP: resumed where the line was cut, and never spliced from two versions of it.

yt-dlp's own downloader appends whatever a server answers to a resumption. This one asks for the rest of the version
that it began with (If-Range, RFC 9110 section 13.1.5), and where the answer is of another version it begins again. What
came of the first version stays on record in the exchange, and the change is put on record beside the item.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from yt_dlp.downloader.http import HttpFD
from yt_dlp.networking.common import Request, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import parse_http_range
from yt_dlp.utils.networking import HTTPHeaderDict

from archiver.capture import reasons
from archiver.capture.wire import Stop

# What one read asks for: a cut loses at most this much of what had come, and progress is told this often.
_BLOCK_BYTES = 256 * 1024
_RANGE_NOT_SATISFIABLE = 416
_CONTENT_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-[0-9]{1,18}|\*)/(?:([0-9]{1,18})|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wanted: bytes `first` to `last` of `url` (`last` None: to the end), `chunk` bytes at a time if not 0."""

    url: str
    data: Any
    headers: Mapping[str, str]
    first: int
    last: int | None
    chunk: int

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> _Asked:
        headers = HTTPHeaderDict(info.get("http_headers") or {})
        first, last, _ = parse_http_range(headers.get("Range"))
        headers.pop("Range", None)
        chunk = (info.get("downloader_options") or {}).get("http_chunk_size") or 0
        return cls(info["url"], info.get("request_data"), headers, first or 0, last, int(chunk))

    @property
    def is_part(self) -> bool:
        """Whether the caller asked for a range, so that a server that ignores it serves something else."""
        return self.first > 0 or self.last is not None


@dataclass(frozen=True, slots=True)
class _Version:
    """What an answer says of the file that it is of. `total` is None where it does not say."""

    etag: str
    modified: str
    total: int | None
    encoded: bool

    @classmethod
    def of(cls, answer: Response) -> _Version:
        headers = answer.headers
        encoded = headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")
        length = headers.get("Content-Length") or ""
        total = int(length[:20]) if length.isascii() and length.isdigit() and not encoded else None
        if answer.status == 206:
            total = _content_range(answer)[1]
        return cls(headers.get("ETag") or "", headers.get("Last-Modified") or "", total, encoded)

    def differs(self, other: _Version) -> bool:
        """Whether both say something that cannot be of one version."""
        pairs = ((self.etag, other.etag), (self.modified, other.modified), (self.total, other.total))
        return any(one and another and one != another for one, another in pairs)

    @property
    def condition(self) -> dict[str, str]:
        """The header with which the rest is asked for: of this version, or the whole of another one."""
        strong = self.etag if self.etag.startswith('"') else ""
        return {"If-Range": strong or self.modified} if strong or self.modified else {}


class _NotTheRest(Exception):
    """The answer to a resumption does not continue what is there. `changed`: it says that the file is another one.

    `whole` is the answer itself where it gives the file from its first byte.
    """

    def __init__(self, changed: bool, whole: Response | None = None) -> None:
        super().__init__()
        self.changed = changed
        self.whole = whole


@dataclass(slots=True)
class _State:
    """How far a download is: `have` bytes of `version`, after `tries` without progress and some restarts."""

    have: int = 0
    goal: int | None = None
    version: _Version | None = None
    tries: int = 0
    restarts: int = 0
    changed: bool = False
    given_up: list[tuple[int, str]] = field(default_factory=list)  # sizes and digests of what was there before
    whole: bool = False
    waiting: Response | None = None  # an answer that is there already


class WholeFD(HttpFD):  # type: ignore[misc]  # yt-dlp has no types
    """Downloads one file. `ydl` is our Downloader; raises Stop for all that is final."""

    def real_download(self, filename: str, info_dict: dict[str, Any]) -> bool:
        """Fetch the file of `info_dict` to `filename`. Always True: what goes wrong is raised."""
        wire, asked, state = self.ydl.wire, _Asked.of(info_dict), _State()
        part = Path(self.temp_name(filename))
        started = time.monotonic()
        with open(part, "w+b") as file:
            while True:
                before = state.have
                try:
                    answer = self._ask(asked, state)
                    self._copy(answer, file, state, lambda: self._tell(filename, info_dict, state, started))
                except TransportError:
                    pass  # the wire has noted what it was; it counts if it is the last of its kind
                except _NotTheRest as other:
                    self._begin_again(file, state, changed=other.changed)
                    state.waiting = other.whole
                    continue
                if state.whole:
                    break
                progress = state.have - before >= wire.limits.stall_bytes
                state.tries = 0 if progress else state.tries + 1
                if state.tries > wire.limits.resumptions:
                    raise Stop(wire.failure or reasons.failure("connection-cut"))
                if state.version is not None and state.version.encoded and state.have:
                    self._begin_again(file, state, changed=False)  # a range would be one of the encoded bytes
            if not state.have:
                raise wire.stop(reasons.failure("empty-body"))
            changed = state.changed or any(_digest(file, size) != digest for size, digest in state.given_up)
        if changed:
            self.ydl.note_change(asked.url)
        self.try_rename(str(part), filename)
        self._tell(filename, info_dict, state, started, "finished")
        return True

    def _ask(self, asked: _Asked, state: _State) -> Response:
        """The answer that continues after what is there. Raises _NotTheRest where it does not."""
        if state.waiting is not None:
            answer, state.waiting = state.waiting, None
            state.version = _Version.of(answer)
            state.goal = state.version.total
            return answer
        start = asked.first + state.have
        last = asked.last
        if asked.chunk:
            last = min(start + asked.chunk - 1, last if last is not None else start + asked.chunk - 1)
        headers = HTTPHeaderDict(asked.headers, {"Accept-Encoding": "identity"})
        ranged = start > 0 or last is not None
        if ranged:
            headers["Range"] = f"bytes={start}-{'' if last is None else last}"
        if state.have and state.version is not None:
            headers.update(state.version.condition)
        try:
            answer = self.ydl.urlopen(Request(asked.url, asked.data, headers))
        except HTTPError as error:
            if error.status != _RANGE_NOT_SATISFIABLE or not state.have:
                raise
            total = _content_range(error.response)[1]
            error.close()
            if state.goal is None and total == start:
                state.whole = True  # the cut was after the last byte
                return error.response
            raise _NotTheRest(changed=total is not None) from None
        found = _Version.of(answer)
        fits = answer.status == 206 and _content_range(answer)[0] == start
        if state.have and state.version is not None and (not fits or state.version.differs(found)):
            changed = state.version.differs(found)
            if answer.status == 200 and not asked.is_part:
                raise _NotTheRest(changed, answer)
            answer.close()
            raise _NotTheRest(changed)
        if asked.is_part and not fits:
            answer.close()
            raise self.ydl.wire.stop(reasons.failure("broken-answer", "the server does not serve the range asked for"))
        state.version = state.version or found
        self.ydl.stream.setdefault("content_type", (answer.headers.get("Content-Type") or "")[:200])
        end = asked.last + 1 if asked.last is not None else None
        if fits:
            ends = [one for one in (end, found.total) if one is not None]
            state.goal = min(ends) - asked.first if ends else None
        else:
            state.goal = found.total
        return answer

    def _copy(self, answer: Response, file: BinaryIO, state: _State, tell: Any) -> None:
        """Append the answer's body. Raises TransportError where it is cut."""
        if state.whole:
            return
        while block := answer.read(_BLOCK_BYTES):
            file.write(block)
            state.have += len(block)
            tell()
        if state.goal is not None and state.have > state.goal:
            raise self.ydl.wire.stop(reasons.failure("broken-answer", "the server sent more than it announced"))
        state.whole = state.goal is None or state.have == state.goal

    def _begin_again(self, file: BinaryIO, state: _State, *, changed: bool) -> None:
        """Keep on record what came of the version that is given up, and go back to the first byte."""
        wire = self.ydl.wire
        state.changed = state.changed or changed
        state.restarts += 1
        if state.restarts > wire.limits.restarts:
            failure = None if state.changed else wire.failure
            raise wire.stop(failure or reasons.failure("content-changed", f"it changed {state.restarts} times"))
        state.given_up.append((state.have, _digest(file, state.have)))
        file.flush()
        wire.give_up()
        file.seek(0)
        file.truncate()
        state.have, state.goal, state.version = 0, None, None

    def _tell(
        self, filename: str, info: dict[str, Any], state: _State, started: float, status: str = "downloading"
    ) -> None:
        seconds = time.monotonic() - started
        self._hook_progress(
            {
                "status": status,
                "filename": filename,
                "downloaded_bytes": state.have,
                "total_bytes": state.goal if status == "downloading" else state.have,
                "speed": state.have / seconds if seconds > 0 else None,
                "elapsed": seconds,
                "eta": None,
                "ctx_id": info.get("ctx_id"),
            },
            info,
        )


def _content_range(answer: Response) -> tuple[int | None, int | None]:
    """First byte and whole size, as a Content-Range says (RFC 9110 section 14.4); None for what it does not."""
    found = _CONTENT_RANGE.fullmatch((answer.headers.get("Content-Range") or "").strip())
    if found is None:
        return None, None
    return tuple(int(number) if number else None for number in found.groups())  # type: ignore[return-value]  # two


def _digest(file: BinaryIO, size: int) -> str:
    """SHA-256 of the first `size` bytes; the position stays at the end."""
    file.seek(0)
    digest = hashlib.sha256()
    left = size
    while left and (block := file.read(min(left, _BLOCK_BYTES))):
        digest.update(block)
        left -= len(block)
    file.seek(0, os.SEEK_END)
    return digest.hexdigest()
