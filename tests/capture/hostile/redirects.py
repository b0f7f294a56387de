"""Redirects that never end or lead where nobody should go."""

from __future__ import annotations

from functools import partial

from tests.capture.hostile.line import Line
from tests.capture.hostile.table import behaviour


@behaviour("redirects to itself", "redirect-loop")
def redirects_to_itself(line: Line) -> None:
    line.redirect(line.path)


@behaviour("redirects for ever, each time to a new place", "redirect-loop")
def endless_redirects(line: Line) -> None:
    line.redirect(f"/endless-redirects/{int(line.rest or 0) + 1}")


@behaviour("redirects 25 times before the video, over the limit of 20", "redirect-loop", limits={"redirects": 20})
def chain_of_25(line: Line) -> None:
    step = int(line.rest or 0)
    line.redirect(f"/chain-of-25/{step + 1}" if step < 25 else "/media/clip.mp4")


@behaviour("redirects four times before the video", whole=True)
def chain_of_4(line: Line) -> None:
    step = int(line.rest or 0)
    line.redirect(f"/chain-of-4/{step + 1}" if step < 4 else "/media/clip.mp4", "307 Temporary Redirect")


@behaviour("redirects without saying where", "http-error")
def redirect_to_nowhere(line: Line) -> None:
    line.answer(b"", "text/plain", status="302 Found")


@behaviour("redirects to two places", "not-found")
def two_locations(line: Line) -> None:
    line.answer(b"", "text/plain", "Location: /media/clip.mp4", "Location: /status-404", status="302 Found")


@behaviour("sends a body for ever with its redirect", "too-large")
def redirect_with_endless_body(line: Line) -> None:
    line.head("Location: /media/clip.mp4", status="302 Found")
    line.flood(b"moved" * 10_000)


def _to(line: Line, place: str) -> None:
    line.redirect(place.replace("HOST", line.site.url("").partition("//")[2]))


for _label, _place, _reason in (
    ("file", "file:///etc/passwd", "bad-scheme"),
    ("ftp", "ftp://127.0.0.1/clip.mp4", "bad-scheme"),
    ("gopher", "gopher://127.0.0.1:70/1", "bad-scheme"),
    ("javascript", "javascript:alert(1)", "bad-scheme"),
    ("data", "data:video/mp4;base64,AAAA", "bad-scheme"),
    ("jar", "jar:http://127.0.0.1/a!/b", "bad-scheme"),
    ("unknown-scheme", "x-secret-app://open", "bad-scheme"),
    ("private", "http://10.0.0.1/clip.mp4", "address-not-global"),
    ("link-local", "http://169.254.169.254/latest/meta-data/", "address-not-global"),
    ("long-url", "/media/" + "a" * 60_000, "url-too-long"),
    ("port-0", "http://127.0.0.1:0/clip.mp4", "connection-refused"),
    ("port-99999", "http://127.0.0.1:99999/clip.mp4", "broken-answer"),
    ("no-host", "http:///clip.mp4", "not-found"),
    ("empty", "", "http-error"),
    ("bare-bracket", "http://[::1", "broken-answer"),
    ("raw-bytes", "\xff\xfe\x80", "broken-answer"),
):
    behaviour(f"redirects to {_place[:40]!r}", _reason, name=f"to-{_label}")(partial(_to, place=_place))

for _label, _place in (
    ("credentials", "http://user:word@HOST/media/clip.mp4"),
    ("encoded-newline", "/media/clip.mp4?%0d%0aX-Evil:%20yes"),
    ("space-and-tab", "/media/clip.mp4?a b\tc"),
    ("fragment", "/media/clip.mp4#@10.0.0.1/"),
    ("other-scheme-case", "HTTP://HOST/media/clip.mp4"),
    ("dot-segments", "/a/../../../media/./clip.mp4"),
):
    behaviour(f"redirects to {_place!r}", name=f"to-{_label}", whole=True)(partial(_to, place=_place))


@behaviour("splits its Location with a line end, to smuggle a header in", whole=True)
def split_location(line: Line) -> None:
    line.redirect("/media/clip.mp4\r\nSet-Cookie: planted=1")
