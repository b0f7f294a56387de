"""One snapshot, in a process of its own: from a job to a WACZ file and a durable result."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from archiver import __version__
from archiver.capture import plain, reasons
from archiver.capture.job import write_durably
from archiver.capture.page import cage, wacz
from archiver.capture.page import limits as bounds
from archiver.capture.page.devtools import Answer, Devtools, Gone, Overdue
from archiver.capture.page.job import (
    DISK_FULL,
    FILE_NAME,
    RESULT_NAME,
    SnapshotJob,
    SnapshotResult,
    job_from_json,
    read_result,
    result_to_json,
)
from archiver.capture.page.pictures import Seen
from archiver.capture.page.proxy import Bounds, GuardedProxy, Refusal
from archiver.capture.page.recording import Loaded, Recording
from archiver.capture.page.running import running
from archiver.capture.page.visit import Visit
from archiver.capture.page.warcfile import WarcFile, date_of
from archiver.config import parse_networks
from archiver.model import now

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# The largest message and what JSON makes of it, twice, beside the bodies of the page.
_MEMORY_BYTES = 3 * 1024**3
_MESSAGE_CHARACTERS = 300
_VERSION_CHARACTERS = 100
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LACKS = (
    "Bodies are as the browser decoded them (no Content-Encoding, no Transfer-Encoding) and text is written again in"
    " the encoding that it was read in; heads of HTTP/2 and 3 are put into the form of HTTP/1.1; films that the page"
    " played are not among the bodies; each record's metadata says what that record lacks"
)


@dataclass(frozen=True, slots=True)
class Visited:
    """All that a visit left in memory."""

    seen: Seen
    confinement: str = ""
    loaded: Sequence[Loaded] = ()
    left_out: int = 0
    websockets: Sequence[str] = ()
    bytes: int = 0
    addresses: Mapping[tuple[str, int], str] = field(default_factory=dict)
    refusals: Sequence[Refusal] = ()
    uninvited: Sequence[tuple[str, int]] = ()


def main() -> None:
    """Do the job that comes on standard input. Ends with its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    os.umask(0o077)
    # The soft limit only: the browser reserves more than any machine has, and takes the hard one.
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        make(job_from_json(sys.stdin.buffer.read()))
    except OSError as error:
        sys.exit(DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1)


def make(job: SnapshotJob, more: Sequence[str] = ()) -> SnapshotResult:
    """Visit the page and leave `snapshot.wacz` and then `snapshot.json` in the job's folder.

    A result that lies there is given again. `more` are further settings of the browser. Raises OSError where not even
    the result can be written.
    """
    if (before := read_result(job.folder)) is not None:
        return before
    started = now()
    visited = _visit(job, more)
    result = _result(job, visited, started)
    if any(one.answered for one in visited.loaded):
        file = written(job.url, visited, result)
        write_durably(job.folder, FILE_NAME, file)
        result = replace(result, size=len(file))
    write_durably(job.folder, RESULT_NAME, result_to_json(result))
    return result


def _visit(job: SnapshotJob, more: Sequence[str]) -> Visited:
    """The visit, in the strongest cage in which the browser starts."""
    limits, networks = job.limits, parse_networks(",".join(job.allow_net))
    end = time.monotonic() + limits.snapshot_seconds
    seen = Seen()
    for confinement in cage.ladder():
        way = Bounds(
            bytes=limits.snapshot_bytes,
            connections=bounds.CONNECTIONS,
            seconds=end - time.monotonic(),
            stall_seconds=bounds.STALL_SECONDS,
            connect_seconds=limits.connect_seconds,
        )
        with running(confinement, job.browser, way, networks, job.folder, more) as one:
            recording = Recording(
                ask=partial(_ask_body, one.devtools),
                most_requests=limits.snapshot_requests,
                most_bytes=limits.snapshot_bytes,
                on_limit=one.proxy.close,
                on_url=lambda url, proxy=one.proxy: _announce(proxy, url),  # type: ignore[misc]  # bound here
            )
            visit = Visit(one.devtools, recording, way.seconds, limits.snapshot_height)
            seen = visit.seen
            try:
                visit.greet(way.seconds)
            except (Gone, Overdue) as error:
                seen.worse("snapshot-failed", f"the browser did not start: {error}")
                continue
            visit.make(job.url)
            loaded = recording.finish()
            _judge(seen, one.proxy, recording)
            return Visited(
                seen,
                str(confinement),
                loaded,
                recording.left_out,
                recording.websockets,
                one.proxy.carried,
                dict(one.proxy.addresses),
                tuple(one.proxy.refusals),
                sorted(one.proxy.uninvited),
            )
    seen.worse("snapshot-unconfined", reasons.REASONS["snapshot-unconfined"].words)
    return Visited(seen)


def _ask_body(devtools: Devtools, session: str, request: str, then: Answer) -> None:
    devtools.send("Network.getResponseBody", {"requestId": request}, session, then)


def _judge(seen: Seen, proxy: GuardedProxy, recording: Recording) -> None:
    """Say why, where the way out and the recording know it better than the page does."""
    if proxy.exceeded:
        seen.reason = "snapshot-too-large"
        seen.message = f"the page reached the limit of {proxy.exceeded}; what came before it is kept"
    elif seen.reason == "snapshot-failed" and proxy.refusals:
        last = proxy.refusals[-1]
        seen.message = f"{seen.message} ({last.host} port {last.port}: {last.code})"
    if recording.left_out:
        seen.notes.append(f"{recording.left_out} further requests are not in the record")


def _result(job: SnapshotJob, visited: Visited, started: str) -> SnapshotResult:
    seen, most = visited.seen, job.limits.url_characters
    return SnapshotResult(
        reason=seen.reason,
        message=plain.text(seen.message, _MESSAGE_CHARACTERS),
        url=plain.text(seen.url, most) or job.url,
        title=plain.text(seen.title, job.limits.title_characters),
        browser=plain.text(seen.version, _VERSION_CHARACTERS),
        confinement=visited.confinement,
        started=started,
        ended=now(),
        requests=len(visited.loaded),
        refused=len(visited.refusals),
        bytes=visited.bytes,
    )


def written(asked: str, visited: Visited, result: SnapshotResult) -> bytes:
    """The WACZ file of a visit to the address `asked`."""
    seen, warc = visited.seen, WarcFile()
    first = next(one for one in visited.loaded if one.answered)
    landed = next((one for one in visited.loaded if one.answered and one.url == result.url.partition("#")[0]), first)
    warc.info(
        result.started,
        {
            "software": f"archiver {__version__}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "browser": seen.version,
            "confinement": visited.confinement,
            "description": _LACKS,
        },
    )
    for one in visited.loaded:
        warc.exchange(one, _address(one.url, visited.addresses))
    page = landed.url
    for kind, media_type, body in (
        ("fullPage", "image/png", seen.picture),
        ("pdf", "application/pdf", seen.pdf),
        ("dom", "text/html; charset=utf-8", seen.dom),
    ):
        if body:
            warc.resource(f"urn:{kind}:{page}", result.ended, media_type, body)
    warc.metadata(f"urn:snapshot:{page}", result.ended, _about(asked, visited, result))
    return wacz.write(
        warc,
        wacz.Page(page, result.title, date_of(landed.started)),
        software=f"archiver {__version__} with {seen.version}",
        description=f"A page as a browser showed it. {_LACKS}",
    )


def _about(asked: str, visited: Visited, result: SnapshotResult) -> dict[str, Any]:
    return {
        "asked": asked,
        "landed": result.url,
        "started": result.started,
        "ended": result.ended,
        "reason": result.reason,
        "message": result.message,
        "confinement": visited.confinement,
        "requests": result.requests,
        "bytes": result.bytes,
        "dialogs": visited.seen.dialogs,
        "notes": visited.seen.notes,
        "websockets": list(visited.websockets),
        "uninvited": [{"host": host, "port": port} for host, port in visited.uninvited],
        "refused": [{"host": one.host, "port": one.port, "reason": one.code} for one in visited.refusals],
    }


def _announce(proxy: GuardedProxy, url: str) -> None:
    place = _place(url)
    if place is not None:
        proxy.announce(*place)


def _address(url: str, addresses: Mapping[tuple[str, int], str]) -> str:
    """The address that the proxy connected to for this URL; DevTools knows the proxy's only."""
    place = _place(url)
    return addresses.get(place, "") if place is not None else ""


def _place(url: str) -> tuple[str, int] | None:
    """Host and port that a URL leads to."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    except (ValueError, KeyError):
        return None


if __name__ == "__main__":
    main()
