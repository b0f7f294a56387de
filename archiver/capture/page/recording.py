"""What a page loaded, told by the browser's network events: one record for each request, redirects and failures too.

The browser reports a request in up to five events that come in any order (`requestWillBeSent`, its and the answer's
"extra info" with the headers as sent, `responseReceived`, `loadingFinished`), and a redirect as another request under
the same id. Times are the browser's wall clock. Pure but for the asking for bodies, which `ask` does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SCHEMES = ("http://", "https://")
# Longer than any server's limit for one header, or for all of them together.
_HEADER_CHARACTERS = 64 * 1024
_TEXT_CHARACTERS = 8_192

Headers = tuple[tuple[str, str], ...]
#: Asks for a body: session, request id, and what to call with the browser's answer.
AskBody = Callable[[str, str, Callable[[Mapping[str, Any] | None], None]], None]


@dataclass(slots=True)
class Loaded:
    """One request and its answer. `status` is 0 where none came; `lacks` says what the record does not have."""

    url: str
    method: str
    started: float
    kind: str
    request_headers: Headers = ()
    request_body: bytes = b""
    status: int = 0
    status_text: str = ""
    protocol: str = ""
    head: str = ""  # the answer's head as it was on the wire, for HTTP/1.1
    response_headers: Headers = ()
    media_type: str = ""
    charset: str = ""
    security: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    wire_bytes: int = 0
    failed: str = ""
    lacks: list[str] = field(default_factory=list)
    redirected: bool = False

    @property
    def answered(self) -> bool:
        """Whether there is an answer to keep."""
        return self.status > 0


@dataclass(slots=True)
class _Chain:
    """A request id: its requests after redirects, and the extra information in the order of its arrival."""

    hops: list[Loaded] = field(default_factory=list)
    sent: list[Headers] = field(default_factory=list)
    received: list[tuple[int, Headers, str]] = field(default_factory=list)


@dataclass(slots=True)
class Recording:
    """What came so far.

    `on_limit` is called when there are more requests or bytes of bodies than allowed, `on_url` with every address that
    the page asks for.
    """

    ask: AskBody
    most_requests: int
    most_bytes: int
    on_limit: Callable[[str], None] = lambda _what: None
    on_url: Callable[[str], None] = lambda _url: None
    loaded: list[Loaded] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    bodies_due: int = 0
    left_out: int = 0
    websockets: list[str] = field(default_factory=list)
    _bytes: int = 0
    _session: str = ""
    _chains: dict[str, _Chain] = field(default_factory=dict)

    def event(self, session: str, method: str, said: Mapping[str, Any]) -> None:
        """One of the browser's events; those that say nothing of the network are passed over."""
        handler = _HANDLERS.get(method)
        if handler is not None:
            # Ids hold for the whole browser: a frame's document is asked for in one session and comes in another.
            self._session = session
            handler(self, str(said.get("requestId", "")), said)

    def finish(self) -> list[Loaded]:
        """Everything, with the headers as they were sent where the browser told them."""
        for chain in self._chains.values():
            for hop, headers in zip(chain.hops, chain.sent, strict=False):
                hop.request_headers = headers
            received = iter(chain.received)
            told = next(received, None)
            for hop in chain.hops:
                if told is not None and told[0] == hop.status:  # some answers have no extra information
                    _status, hop.response_headers, hop.head = told
                    told = next(received, None)
        for one in self.loaded:
            if one.answered and not one.head:
                one.lacks.append("head-as-sent")
            if not one.answered and not one.failed:
                one.failed = "unfinished"
        return self.loaded

    def _request(self, key: str, said: Mapping[str, Any]) -> None:
        asked = _table(said.get("request"))
        url = _text(asked.get("url"))
        if not url.startswith(_SCHEMES):
            return
        chain = self._chains.get(key)
        if chain is not None and chain.hops and isinstance(said.get("redirectResponse"), dict):
            self._answer(chain.hops[-1], said["redirectResponse"])
            chain.hops[-1].redirected = True
        if len(self.loaded) >= self.most_requests:
            self.left_out += 1
            if self.left_out == 1:
                self.on_limit("requests")
            return
        self.on_url(url)
        hop = Loaded(
            url=url.partition("#")[0],
            method=_text(asked.get("method"))[:20],
            started=_number(said.get("wallTime")),
            kind=_text(said.get("type"))[:40],
            request_headers=headers_of(asked.get("headers")),
            request_body=_text(asked.get("postData"), self.most_bytes).encode("utf-8", "replace"),
        )
        if asked.get("hasPostData") and not hop.request_body:
            hop.lacks.append("request-body")
        self._chains.setdefault(key, _Chain()).hops.append(hop)
        self.loaded.append(hop)
        self.open.add(key)

    def _sent(self, key: str, said: Mapping[str, Any]) -> None:
        if len(self._chains) < 4 * self.most_requests or key in self._chains:
            self._chains.setdefault(key, _Chain()).sent.append(headers_of(said.get("headers")))

    def _received(self, key: str, said: Mapping[str, Any]) -> None:
        if key in self._chains:
            text = said.get("headersText")
            self._chains[key].received.append(
                (
                    int(_number(said.get("statusCode"))),
                    headers_of(said.get("headers")),
                    text[: 4 * _HEADER_CHARACTERS] if isinstance(text, str) else "",
                )
            )

    def _response(self, key: str, said: Mapping[str, Any]) -> None:
        if (hop := self._latest(key)) is not None:
            self._answer(hop, _table(said.get("response")))

    def _finished(self, key: str, said: Mapping[str, Any]) -> None:
        self.open.discard(key)
        hop = self._latest(key)
        if hop is None:
            return
        hop.wire_bytes = int(_number(said.get("encodedDataLength")))
        if not hop.answered or hop.status in (204, 304) or hop.method == "HEAD":
            return
        self.bodies_due += 1
        self.ask(self._session, key, lambda answer: self._body(hop, answer))

    def _failed(self, key: str, said: Mapping[str, Any]) -> None:
        self.open.discard(key)
        if (hop := self._latest(key)) is not None:
            hop.failed = (_text(said.get("blockedReason")) or _text(said.get("errorText")))[:200] or "failed"
            if hop.answered:
                hop.lacks.append("body")

    def _cached(self, key: str, _said: Mapping[str, Any]) -> None:
        if (hop := self._latest(key)) is not None:
            hop.lacks.append("network")  # it came from the browser's own memory of this visit

    def _websocket(self, _key: str, said: Mapping[str, Any]) -> None:
        if len(self.websockets) < self.most_requests:
            self.websockets.append(_text(said.get("url")))
            self.on_url(self.websockets[-1])

    def _latest(self, key: str) -> Loaded | None:
        chain = self._chains.get(key)
        return chain.hops[-1] if chain is not None and chain.hops else None

    def _answer(self, hop: Loaded, answer: Any) -> None:
        told = _table(answer)
        status = int(_number(told.get("status")))
        hop.status = status if 100 <= status <= 999 else 0
        hop.status_text = _text(told.get("statusText"))[:200]
        hop.response_headers = headers_of(told.get("headers"))
        hop.media_type = _text(told.get("mimeType"))[:200]
        hop.charset = _text(told.get("charset"))[:40]
        hop.protocol = _text(told.get("protocol"))[:40]
        hop.security = _table(told.get("securityDetails"))

    def _body(self, hop: Loaded, answer: Mapping[str, Any] | None) -> None:
        self.bodies_due -= 1
        body = _bytes_of(hop, answer or {})
        if body is None:
            hop.lacks.append("body")  # the browser keeps no films, and lets go of what is too large
            return
        if self._bytes + len(body) > self.most_bytes:
            hop.lacks.append("body")
            self.on_limit("bytes")
            return
        self._bytes += len(body)
        hop.body = body


_HANDLERS: Mapping[str, Callable[[Recording, str, Mapping[str, Any]], None]] = {
    "Network.requestWillBeSent": Recording._request,
    "Network.requestWillBeSentExtraInfo": Recording._sent,
    "Network.responseReceivedExtraInfo": Recording._received,
    "Network.responseReceived": Recording._response,
    "Network.loadingFinished": Recording._finished,
    "Network.loadingFailed": Recording._failed,
    "Network.requestServedFromCache": Recording._cached,
    "Network.webSocketCreated": Recording._websocket,
}


def headers_of(told: Any) -> Headers:
    """The protocol's headers: a table whose values hold several lines where a header came several times."""
    pairs: list[tuple[str, str]] = []
    size = 0
    for name, value in _table(told).items():
        if not isinstance(name, str) or not isinstance(value, str) or name.startswith(":"):
            continue
        for line in value.split("\n"):
            size += len(name) + len(line)
            if size > _HEADER_CHARACTERS:
                return tuple(pairs)
            pairs.append((name, line))
    return tuple(pairs)


def _bytes_of(hop: Loaded, answer: Mapping[str, Any]) -> bytes | None:
    """A body as bytes. Text comes as characters and is written again in the encoding that it was read in."""
    text = answer.get("body")
    if not isinstance(text, str):
        return None
    if answer.get("base64Encoded"):
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
    if "\ufffd" in text:
        hop.lacks.append("bytes-as-sent")
    try:
        return text.encode(hop.charset or "utf-8")
    except (LookupError, UnicodeError):
        hop.lacks.append("encoding-as-sent")
        return text.encode("utf-8", "replace")


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, most: int = _TEXT_CHARACTERS) -> str:
    return value[:most].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _number(value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if good else 0.0
