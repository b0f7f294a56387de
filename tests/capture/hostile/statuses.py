"""Answers that are no 200: refusals of the server's, wishes to wait, and success that is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

from tests.capture.hostile.line import HTML, Line
from tests.capture.hostile.table import behaviour

_MONTH = 31 * 24 * 3600


def _says(line: Line, status: str, wish: str = "") -> None:
    fields = [f"Retry-After: {wish}"] if wish else []
    line.answer("<html><body>No.</body></html>", HTML, *fields, status=status)


for _status, _reason in {
    "300 Multiple Choices": "http-error",
    "304 Not Modified": "http-error",
    "305 Use Proxy": "http-error",
    "400 Bad Request": "http-error",
    "401 Unauthorized": "unauthorized",
    "402 Payment Required": "http-error",
    "403 Forbidden": "forbidden",
    "404 Not Found": "not-found",
    "407 Proxy Authentication Required": "http-error",
    "410 Gone": "gone",
    "416 Range Not Satisfiable": "http-error",
    "418 I'm a teapot": "http-error",
    "451 Unavailable For Legal Reasons": "legal-reasons",
    "500 Internal Server Error": "server-error",
    "502 Bad Gateway": "server-error",
    "504 Gateway Timeout": "server-error",
    "999 Request denied": "http-error",
}.items():
    behaviour(f"answers {_status}", _reason, name=f"status-{_status[:3]}")(partial(_says, status=_status))

for _label, _wish, _range in (
    ("seconds", "120", (120, 120)),
    ("zero", "0", (0, 0)),
    ("garbage", "soon, my friend", None),
    ("negative", "-5", None),
    ("huge", "9" * 60, (_MONTH, _MONTH)),
):
    for _status in ("429 Too Many Requests", "503 Service Unavailable"):
        behaviour(
            f"answers {_status[:3]} and asks to wait: {_wish[:20]}",
            "rate-limited" if _status.startswith("429") else "server-error",
            name=f"status-{_status[:3]}-{_label}",
            retry_after=_range,
        )(partial(_says, status=_status, wish=_wish))


@behaviour("answers 503 and asks to wait until a time in ten minutes", "server-error", retry_after=(500, 601))
def status_503_date(line: Line) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    _says(line, "503 Service Unavailable", later)


@behaviour("answers 204: success without content", "empty-body")
def status_204(line: Line) -> None:
    line.head(status="204 No Content", length=0)


@behaviour("answers 205: success without content", "empty-body")
def status_205(line: Line) -> None:
    line.head(status="205 Reset Content", length=0)


@behaviour("answers 203: success by way of a proxy that may have changed it", whole=True)
def status_203(line: Line) -> None:
    line.answer(line.clip(), status="203 Non-Authoritative Information")


@behaviour("answers 206 with a part although the whole was asked for", "broken-answer")
def status_206(line: Line) -> None:
    body = line.clip()
    line.answer(body[:5000], "video/mp4", f"Content-Range: bytes 0-4999/{len(body)}", status="206 Partial Content")


@behaviour("answers 206 with all of it although no part was asked for", whole=True)
def status_206_whole(line: Line) -> None:
    size = len(line.clip())
    line.answer(line.clip(), "video/mp4", f"Content-Range: bytes 0-{size - 1}/{size}", status="206 Partial Content")


@behaviour("answers 404 with the video as its body", "not-found")
def video_in_404(line: Line) -> None:
    line.answer(line.clip(), status="404 Not Found")


@behaviour("answers 404 with a body that never ends", "not-found")
def endless_404(line: Line) -> None:
    line.head(status="404 Not Found", kind=HTML)
    line.flood(b"<p>no</p>" * 6000)
