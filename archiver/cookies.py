"""Cookies as browsers' add-ons export them: the Netscape format of `cookies.txt`.

One line a cookie, seven fields between tabs: domain, TRUE where subdomains get it too, path, TRUE where only https gets
it, end as Unix time (0: with the session), name, value. `#HttpOnly_` before the domain marks what scripts do not see.
Values are keys to somebody's account: no error quotes one, no `repr` shows one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from archiver.errors import UsageError
from archiver.sites import host_of

#: A file of a browser with every site's cookies is some hundred kilobytes.
FILE_BYTES = 8 * 1024**2
#: Browsers keep 180 for a site at most; more is no export of one.
MOST_COOKIES = 300

_FIELDS = 7
_HTTP_ONLY = "#HttpOnly_"
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a token of RFC 6265 section 4.1.1
_VALUE = re.compile(r"[ !-:<-~]*")  # what browsers send on: printable ASCII but the semicolon
_PATH = re.compile(r"/[ !-:<-~]*")
_FLAGS = {"TRUE": True, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Cookie:
    """`domain` is without a dot at its beginning; `ends` is Unix time, 0 for the session."""

    domain: str
    subdomains: bool
    path: str
    secure: bool
    ends: int
    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Cookies of the site, how many of each other domain were left out, and how many had ended."""

    cookies: tuple[Cookie, ...]
    others: Mapping[str, int]
    ended: int


def parse(data: bytes, host: str, now: float) -> Parsed:
    """The cookies of `host` and what is below it. Raises UsageError with the number of a line that is no cookie."""
    if len(data) > FILE_BYTES:
        raise UsageError("that is no file of cookies: it is too long", next_step="Export the cookies of one site")
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise UsageError("that is no file of cookies: it is not ASCII", next_step=_HOW) from None
    kept: dict[tuple[str, str, str], Cookie] = {}
    others: Counter[str] = Counter()
    ended = 0
    for number, text in enumerate(lines, start=1):
        line = text.removesuffix("\r")
        if not line.strip() or (line.startswith("#") and not line.startswith(_HTTP_ONLY)):
            continue
        cookie = _cookie(line.removeprefix(_HTTP_ONLY), number)
        if cookie.domain != host and not cookie.domain.endswith(f".{host}"):
            others[cookie.domain] += 1
        elif cookie.ends and cookie.ends <= now:
            ended += 1
        else:
            kept[cookie.domain, cookie.path, cookie.name] = cookie  # a later line replaces, as in a browser
    if len(kept) > MOST_COOKIES:
        raise UsageError(f"more than {MOST_COOKIES} cookies of one site", next_step="Export them anew")
    return Parsed(tuple(kept.values()), dict(others), ended)


_HOW = "Export the site's cookies in the Netscape format (cookies.txt)"


def _cookie(line: str, number: int) -> Cookie:
    parts = line.split("\t")
    if len(parts) == _FIELDS - 1:
        parts.append("")  # some add-ons leave out the tab before an empty value
    if len(parts) != _FIELDS:
        raise _wrong(number, f"it has {len(parts)} fields and not {_FIELDS}")
    domain, subdomains, path, secure, ends, name, value = parts
    try:
        host = host_of(domain)
    except UsageError:
        raise _wrong(number, "its domain is no host") from None
    if subdomains not in _FLAGS or secure not in _FLAGS:
        raise _wrong(number, "TRUE or FALSE is missing")
    whole = ends.partition(".")[0]  # some add-ons write fractions of seconds
    if not (whole.isdigit() and len(whole) <= len("999999999999")):
        raise _wrong(number, "its end is no time")
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value) and _PATH.fullmatch(path)):
        raise _wrong(number, "its name, value or path holds what no browser sends")
    return Cookie(host, _FLAGS[subdomains], path, _FLAGS[secure], int(whole), name, value)


def _wrong(number: int, why: str) -> UsageError:
    return UsageError(f"line {number} is no cookie: {why}", next_step=_HOW)
