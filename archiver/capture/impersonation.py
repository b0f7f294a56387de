"""One hop through curl-cffi, which looks like a browser down to its TLS handshake, for sites that refuse others.

The address is looked up, judged and pinned by us; redirects, cookies, limits and types of failures are those of every
other request, because this takes the place of the connection only. curl decides nothing: it follows no redirect, knows
no cookie, decodes nothing, and has a proxy only where the route names one.

What such an exchange lacks is said in its record: `transfer.RECORDED`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import HTTPException

import certifi
import requests
import urllib3
from curl_cffi import Curl, CurlOpt
from yt_dlp.utils.networking import std_headers

from archiver.capture import browsers, reasons, route
from archiver.capture.exchange import Exchange
from archiver.capture.strict import StrictAnswer
from archiver.capture.transfer import Transfer
from archiver.capture.wire import Wire
from archiver.errors import CaptureError, RefusedError

_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
# Heads of ours that would give away that this is no browser, or that curl makes itself.
_OWN = ("connection", "host", "content-length", "accept-encoding")


def send(wire: Wire, exchange: Exchange, request: requests.PreparedRequest) -> urllib3.HTTPResponse:
    """Send one request as the browser that the wire's access names.

    Raises Stop, and OSError where there is no answer; what went wrong is noted on the wire.
    """
    curl = Curl(cacert=authorities())
    try:
        _set_up(curl, wire, exchange, request)
    except BaseException:
        curl.close()
        raise
    transfer = Transfer(curl, wire, exchange, _body(request))
    transfer.begin()
    answer = StrictAnswer(transfer, method=request.method)  # type: ignore[arg-type]  # it needs makefile only
    try:
        answer.begin()
    except HTTPException as error:
        wire.note(reasons.failure("broken-answer"), exchange)
        raise ConnectionError(str(error)) from error
    headers = [(str(name), str(value)) for name, value in answer.headers.items()]
    wire.answered(exchange, answer.status, answer.reason or "", headers)
    return urllib3.HTTPResponse(
        body=answer,
        headers=urllib3.HTTPHeaderDict(headers),
        status=answer.status,
        version=answer.version,
        reason=answer.reason,
        preload_content=False,
        decode_content=False,
        original_response=answer,
        request_method=request.method,
        request_url=request.url,
        enforce_content_length=True,
    )


def authorities() -> str:
    """The file of certificate authorities that are trusted."""
    return certifi.where()


def _set_up(curl: Curl, wire: Wire, exchange: Exchange, request: requests.PreparedRequest) -> None:
    url = str(request.url)
    limits = wire.limits
    if curl.impersonate(browsers.release(wire.access.impersonate)) != 0:
        raise wire.stop(reasons.failure("access-missing", f"curl-cffi knows no browser {wire.access.impersonate!r}"))
    curl.setopt(CurlOpt.URL, url)
    curl.setopt(CurlOpt.PROTOCOLS_STR, "http,https")
    curl.setopt(CurlOpt.FOLLOWLOCATION, 0)
    curl.setopt(CurlOpt.NOPROXY, "")
    curl.setopt(CurlOpt.PROXY, "")
    curl.setopt(CurlOpt.HTTP_CONTENT_DECODING, 0)
    curl.setopt(CurlOpt.HTTP_TRANSFER_DECODING, 0)
    curl.setopt(CurlOpt.ACCEPT_ENCODING, "identity" if wire.in_file else "gzip, deflate")
    curl.setopt(CurlOpt.CONNECTTIMEOUT_MS, int(1000 * min(limits.connect_seconds, wire.time_left())))
    curl.setopt(CurlOpt.TIMEOUT_MS, int(1000 * wire.time_left()) + 1)
    curl.setopt(CurlOpt.MAXREDIRS, 0)
    _pin(curl, wire, exchange, url)
    method = (request.method or "GET").upper()
    if request.body:
        body = _body(request)
        curl.setopt(CurlOpt.POSTFIELDS, body)
        curl.setopt(CurlOpt.POSTFIELDSIZE, len(body))
    if method == "HEAD":
        curl.setopt(CurlOpt.NOBODY, 1)
    curl.setopt(CurlOpt.CUSTOMREQUEST, method)
    if wire.access.user_agent:
        curl.setopt(CurlOpt.USERAGENT, wire.access.user_agent)
    curl.setopt(CurlOpt.HTTPHEADER, _lines(request.headers, wire.access.user_agent))


def _body(request: requests.PreparedRequest) -> bytes:
    return request.body if isinstance(request.body, bytes) else str(request.body or "").encode()


def _pin(curl: Curl, wire: Wire, exchange: Exchange, url: str) -> None:
    """Let curl connect to judged addresses only, or to the proxy that the route names."""
    parts = urllib3.util.parse_url(url)
    if not _HOST.fullmatch(str(parts.host)):
        # What curl's parser might read as another host than ours did.
        raise wire.stop(RefusedError(f"{str(parts.host)[:60]!r} is no host", code="bad-url"))
    host, port = str(parts.host).strip("[]"), parts.port or {"http": 80, "https": 443}[str(parts.scheme)]
    try:
        way = wire.routes.find(host, port, wire.allow_net)
    except RefusedError as error:
        raise wire.stop(error) from None
    except CaptureError as error:
        wire.note(error, exchange)
        raise ConnectionError(error.what) from error
    exchange.via, exchange.address = way.said, way.address
    if way.proxy is None:
        places = ",".join(_bracketed(str(place[0])) for _family, place in way.endpoints)
        curl.setopt(CurlOpt.RESOLVE, [f"{host}:{port}:{places}"])
        return
    _through(curl, way, host, port)


def _through(curl: Curl, way: route.Way, host: str, port: int) -> None:
    assert way.proxy is not None
    proxy = way.proxy
    place = way.endpoints[0][1]
    curl.setopt(CurlOpt.PROXY, proxy.shown)
    curl.setopt(CurlOpt.HTTPPROXYTUNNEL, 0 if proxy.socks else 1)
    curl.setopt(CurlOpt.SUPPRESS_CONNECT_HEADERS, 1)
    pins = [f"{proxy.host}:{proxy.port}:{_bracketed(str(place[0]))}"]
    if way.address:
        pins.append(f"{host}:{port}:{_bracketed(way.ask[0])}")
    curl.setopt(CurlOpt.RESOLVE, pins)
    if proxy.user:
        curl.setopt(CurlOpt.PROXYUSERNAME, proxy.user)
        curl.setopt(CurlOpt.PROXYPASSWORD, proxy.password)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _lines(headers: Mapping[str, str], user_agent: str) -> list[bytes]:
    """Our headers for curl; the browser's own take the place of yt-dlp's usual ones."""
    lines = []
    for name, value in headers.items():
        usual = std_headers.get(name) == value or (name.lower() == "user-agent" and (user_agent or not value))
        if name.lower() in _OWN or usual:
            continue
        lines.append(f"{name}: {value}".encode("latin-1", "replace"))
    return lines
