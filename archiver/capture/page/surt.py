"""The key that an index of web archives is sorted by: its URL with the host turned round.

`https://www.example.org/A/?b=1&a=2` becomes `org,example)/a?a=2&b=1`. Source: the CDXJ index of WACZ 1.1.1, whose keys
are SURTs as the Internet Archive writes them (session ids in addresses are left as they are). Two addresses may share a
key; the index names the address beside it.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_WWW = re.compile(r"www\d*\.")
_SLASHES = re.compile(r"//+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def surt(url: str) -> str:
    """The key of `url`. What is no http or https URL, such as a picture's `urn:`, is its own key in small letters."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return _plain(url.lower())
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return _plain(url.lower())
    name = _WWW.sub("", host, count=1) if _WWW.match(host) else host
    turned = ",".join(reversed(name.split(".")))
    where = f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else ""
    path = _SLASHES.sub("/", _plain(parts.path.lower()))
    path = path.rstrip("/") if path.endswith("/") else path
    query = "&".join(sorted(_plain(parts.query.lower()).split("&"))) if parts.query else ""
    return f"{_plain(turned)}{where}){path or '/'}" + (f"?{query}" if query else "")


def _plain(text: str) -> str:
    """No space and no line end: they part the fields of an index."""
    return quote(text, safe="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", errors="replace")
