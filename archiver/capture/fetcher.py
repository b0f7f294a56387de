"""One acquisition, in a process of its own: from a job to files, the record of its exchanges and a durable result."""

from __future__ import annotations

import platform
import ssl
from collections.abc import Callable
from typing import Any

from archiver.capture import plain, reasons
from archiver.capture.diagnose import typed_failure
from archiver.capture.downloader import Downloader
from archiver.capture.equip import equip, further_tools
from archiver.capture.exchange import Exchange
from archiver.capture.job import (
    EXCHANGE_NAME,
    RESULT_NAME,
    FetchedFile,
    FetchedItem,
    FetchJob,
    FetchResult,
    Progress,
    read_result,
    result_to_json,
    write_durably,
)
from archiver.capture.keeping import is_no_document, keep, says_html, sweep
from archiver.capture.messages import Reporter
from archiver.capture.recorder import Recorder
from archiver.capture.sealing import seal
from archiver.capture.wire import Stop, Wire
from archiver.config import parse_networks
from archiver.errors import CaptureError, RefusedError
from archiver.model import Outcome, Role, Tool, now

_MESSAGE_CHARACTERS = 300
_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500  # nothing is shown there, and a browser would only ask more
_OF_NO_SITE = frozenset(("None", "Generic", "Direct"))


def fetch(job: FetchJob, report: Callable[[Progress], None], downloader: Downloader | None = None) -> FetchResult:
    """Do `job` and leave `result.json` in its folder as the last act; an earlier result is given again.

    Raises OSError where not even the result can be written.
    """
    if (before := read_result(job.folder)) is not None:
        return before
    earlier = frozenset((EXCHANGE_NAME,)) if seal(job.folder) else frozenset()
    sweep(job.folder, earlier)
    started, reporter = now(), Reporter(report)
    wire = Wire(job.limits, parse_networks(",".join(job.allow_net)), job.access, on_bytes=reporter.bytes)
    wire.recorder = Recorder(job.folder, job.limits, _facts(job, started), bytes.fromhex(job.commitment_key))
    ydl = downloader or Downloader()
    ydl.begin(wire, job.folder, reporter.hook, job.wishes)
    reporter.phase("looking")
    error: CaptureError | RefusedError | None = None
    items: tuple[FetchedItem, ...] = ()
    try:
        equip(ydl, job)
        _obtain(job.url, ydl, wire)
        reporter.phase("storing")
        items = keep(job, ydl, wire)
        if not items:
            error = ydl.failures[0][1] if ydl.failures else reasons.failure("no-media")
    except (Exception, Stop) as raised:  # noqa: BLE001  # this process parses hostile input: all becomes a result
        error = typed_failure(raised, wire)
        if ydl.obtained and error.code not in (
            "disk-full",
            "cancelled",
        ):  # a playlist that ended early: what came is kept
            items = keep(job, ydl, wire)
            ydl.failures.append((job.url, error))
    finally:
        wire.close()
    wire.end_record()
    seal(job.folder)
    result = _result(job, started, wire, items, None if items else error, ydl)
    sweep(job.folder, frozenset((EXCHANGE_NAME, *(file.name for item in items for file in item.files))))
    write_durably(job.folder, RESULT_NAME, result_to_json(result))
    return result


def _facts(job: FetchJob, started: str) -> dict[str, Any]:
    """What the record says of the acquisition as a whole."""
    return {
        "acquisition": job.acquisition,
        "started": started,
        "url": job.url,
        "tools": [f"{tool.name} {tool.version}" for tool in tools()],
    }


def _obtain(url: str, ydl: Downloader, wire: Wire) -> None:
    try:
        ydl.extract_info(url)
    except Exception as error:
        served = wire.exchanges[-1] if wire.exchanges else None
        if typed_failure(error, wire).code != "no-media" or served is None or is_no_document(served) or ydl.obtained:
            raise
        # No page and nothing that yt-dlp knows, such as an SVG or a document: archived as it is.
        name = url.rpartition("/")[2].partition("?")[0]
        ending = name.rpartition(".")[2] if "." in name else "bin"
        wire.failure = None
        ydl.process_ie_result(
            {
                "id": name or "file",
                "title": name or "file",
                "url": served.url,
                "ext": ending,
                "direct": True,
                "webpage_url": url,
                "original_url": url,
                "extractor": "direct",
                "extractor_key": "Direct",
            }
        )


def _result(
    job: FetchJob,
    started: str,
    wire: Wire,
    items: tuple[FetchedItem, ...],
    error: CaptureError | RefusedError | None,
    ydl: Downloader,
) -> FetchResult:
    first = landed = _landed(wire)
    if error is not None:
        answered = [one for one in wire.exchanges if one.reason == error.code and one.status]
        landed = answered[-1] if answered else landed
    return FetchResult(
        outcome=_outcome(error),
        reason=error.code if error is not None else "",
        message=plain.text(error.what, _MESSAGE_CHARACTERS) if error is not None else _summary(items, ydl),
        passing=isinstance(error, CaptureError) and error.passing,
        retry_after=error.retry_after if isinstance(error, CaptureError) else None,
        started=started,
        ended=now(),
        bytes=wire.bytes,
        http_status=landed.status if landed is not None else 0,
        final_url=plain.text(landed.url, job.limits.url_characters) if landed is not None else job.url,
        tools=(*tools(), *further_tools(job.access)),
        exchange=FetchedFile(EXCHANGE_NAME, Role.EXCHANGE, "", (job.folder / EXCHANGE_NAME).stat().st_size),
        items=items,
        failures=tuple((plain.text(url, job.limits.url_characters), one.code) for url, one in ydl.failures if items),
        page=_is_page(first, ydl),
    )


def _outcome(error: CaptureError | RefusedError | None) -> Outcome:
    if error is None:
        return Outcome.SUCCESS
    if isinstance(error, RefusedError):
        return Outcome.REFUSAL
    return Outcome.CANCELLED if error.code == "cancelled" else Outcome.FAILURE


def _landed(wire: Wire) -> Exchange | None:
    """Where the first request led to, after redirects."""
    for exchange in wire.exchanges:
        if not 300 <= exchange.status < 400:
            return exchange
    return wire.exchanges[-1] if wire.exchanges else None


def _is_page(landed: Exchange | None, ydl: Downloader) -> bool:
    """Whether a browser would show a page there, with footage or without, also one that says why there is none.

    Sites that have an extractor of their own may have been asked for data only, never for the page.
    """
    if landed is not None and says_html(landed):
        return landed.status < _SERVER_ERRORS and landed.status != _TOO_MANY_REQUESTS
    return any(str(one.info.get("extractor_key")) not in _OF_NO_SITE for one in ydl.obtained)


def _summary(items: tuple[FetchedItem, ...], ydl: Downloader) -> str:
    files = sum(1 for item in items for file in item.files if file.role is Role.ORIGINAL)
    words = f"{files} file{'s' if files != 1 else ''}"
    many = "failure" if len(ydl.failures) == 1 else "failures"
    return f"{words}, {len(ydl.failures)} {many} on record" if ydl.failures else words


def tools() -> tuple[Tool, ...]:
    """The programs that take part in a capture."""
    from importlib.metadata import version

    return (
        Tool("yt-dlp", version("yt-dlp")),
        Tool("requests", version("requests")),
        Tool("urllib3", version("urllib3")),
        Tool("openssl", ssl.OPENSSL_VERSION),
        Tool("python", platform.python_version()),
    )
