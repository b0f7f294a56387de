"""What a browser asks of a proxy, read from the head of its request. Pure.

Sources: RFC 9112 section 3.2 (request targets), RFC 9110 section 7.6.1 (headers of one connection only).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(rb"([A-Za-z]{1,20}) ([!-~]{1,16384}) HTTP/1\.1")
_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255}):([0-9]{1,5})")
_ABSOLUTE = re.compile(rb"http://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255})(?::([0-9]{1,5}))?([/?][!-~]*)?")
_OF_THIS_CONNECTION = (b"connection", b"keep-alive")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Ask:
    """Where to, and what to send there first. Of a plain request `body_left` more bytes belong to it."""

    tunnel: bool
    host: str
    port: int
    forward: bytes
    body_left: int = 0


def parse(data: bytes) -> Ask | None:
    """What `data`, a request's head and what came with it, asks for; None if that is nothing that a browser sends."""
    head, _, rest = data.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    matched = _LINE.fullmatch(line)
    if matched is None:
        return None
    method, target = matched.groups()
    if method == b"CONNECT":
        place = _AUTHORITY.fullmatch(target)
        port = _port(place[2]) if place else None
        return Ask(True, _host(place[1]), port, rest) if place and port else None
    return _plain(method, target, headers, rest)


def _plain(method: bytes, target: bytes, headers: list[bytes], rest: bytes) -> Ask | None:
    matched = _ABSOLUTE.fullmatch(target)
    port = _port(matched[2] or b"80") if matched else None
    if matched is None or not port:
        return None
    place = matched[3] or b"/"
    place = place if place.startswith(b"/") else b"/" + place
    kept, length = [], 0
    for header in headers:
        name, colon, value = header.partition(b":")
        name, value = name.lower(), value.strip()
        if not colon or name == b"transfer-encoding" or name != name.strip():
            return None  # whose end could be read in two ways
        if name == b"content-length":
            if not value.isdigit() or len(value) > 12:
                return None
            length = int(value)
        if name not in _OF_THIS_CONNECTION and not name.startswith(b"proxy-"):
            kept.append(header)
    body = rest[:length]
    lines = [b"%s %s HTTP/1.1" % (method, place), *kept, b"Connection: close", b"", b""]
    return Ask(False, _host(matched[1]), port, b"\r\n".join(lines) + body, length - len(body))


def _host(text: bytes) -> str:
    return text.decode("ascii").strip("[]").lower()


def _port(text: bytes) -> int | None:
    number = int(text)
    return number if 0 < number <= _HIGHEST_PORT else None
