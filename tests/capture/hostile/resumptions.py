"""Downloads that are cut and go on, with the same film or with another one."""

from __future__ import annotations

from tests.capture.hostile.line import Line
from tests.capture.hostile.table import behaviour


def _cut(line: Line, *fields: str) -> int | None:
    """The first answer ends half way; gives where a later one has to begin, None where that was the first."""
    body = line.clip()
    begin = line.headers.get("range", "")
    if line.asked > 1 and begin:
        return int(begin.removeprefix("bytes=").partition("-")[0])
    if line.asked > 1:
        return 0
    line.head(*(fields or ('ETag: "one"',)), length=len(body))
    line.send(body[: len(body) // 2])
    line.hang_up()
    return None


def _part(line: Line, start: int, *fields: str, body: bytes | None = None, said: int | None = None) -> None:
    whole = body if body is not None else line.clip()
    place = f"Content-Range: bytes {start if said is None else said}-{len(whole) - 1}/{len(whole)}"
    line.answer(whole[start:], "video/mp4", place, *fields, status="206 Partial Content")


@behaviour("cuts, and resumes where it was cut", whole=True)
def resumes(line: Line) -> None:
    if (start := _cut(line)) is not None:
        _part(line, start, 'ETag: "one"')


@behaviour("cuts, and answers the resumption with the whole", whole=True)
def ignores_range(line: Line) -> None:
    if _cut(line) is not None:
        line.answer(line.clip(), "video/mp4", 'ETag: "one"')


@behaviour("cuts, and resumes at another place, as it says", whole=True)
def resumes_elsewhere(line: Line) -> None:
    if (start := _cut(line)) is not None:
        _part(line, max(0, start - 1000) if "range" in line.headers else 0, 'ETag: "one"')


@behaviour("cuts, and resumes without saying where", whole=True)
def resumes_without_place(line: Line) -> None:
    if (start := _cut(line)) is not None:
        if "range" in line.headers:
            line.answer(line.clip()[start:], "video/mp4", 'ETag: "one"', status="206 Partial Content")
        else:
            line.answer(line.clip(), "video/mp4", 'ETag: "one"')


@behaviour("cuts, and resumes with another ETag", whole=True, missing=("content-changed",))
def etag_changes(line: Line) -> None:
    if (start := _cut(line)) is not None:
        _part(line, start, 'ETag: "two"')


@behaviour("cuts, and resumes with another date", whole=True, missing=("content-changed",))
def date_changes(line: Line) -> None:
    if (start := _cut(line, "Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT")) is not None:
        _part(line, start, "Last-Modified: Mon, 23 Nov 2026 11:00:00 GMT")


@behaviour("cuts, and resumes a film of another length", missing=("content-changed",))
def length_changes(line: Line) -> None:
    if (start := _cut(line, "X-No-Tag: 1")) is not None:
        _part(line, start, body=line.clip() + b"more")


@behaviour("cuts, and then says that it was all there is (416)", "http-error")
def says_it_was_all(line: Line) -> None:
    if _cut(line) is not None:
        size = len(line.clip())
        line.answer(b"", "", f"Content-Range: bytes */{size}", status="416 Range Not Satisfiable")


@behaviour("cuts, and then says that it is gone", "gone")
def gone_after_cut(line: Line) -> None:
    if _cut(line) is not None:
        line.answer(b"removed", "text/plain", status="410 Gone")


@behaviour("cuts, and then redirects into the private network", "address-not-global")
def private_after_cut(line: Line) -> None:
    if _cut(line) is not None:
        line.redirect("http://10.0.0.1/clip.mp4")


@behaviour("cuts after a hundred bytes, every time", "connection-cut")
def cuts_every_time(line: Line) -> None:
    body = line.clip()
    start = int(line.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
    status = "206 Partial Content" if start else "200 OK"
    line.head(f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}", status=status, length=len(body) - start)
    line.send(body[start : start + 100])
    line.hang_up()
