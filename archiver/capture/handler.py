"""yt-dlp's request handler, with our connections under it and one body for probe and download.

yt-dlp asks for a plain media URL twice: once to see what it is, once to save it. The answer to the first question is
kept open, and the second is answered from it, so that the server is asked once and what was judged is what is stored.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

import requests
import urllib3
from yt_dlp.networking._helper import make_ssl_context
from yt_dlp.networking._requests import RequestsHTTPAdapter, RequestsRH, RequestsSession
from yt_dlp.networking.common import Request
from yt_dlp.networking.exceptions import HTTPError, RequestError, SSLError, TransportError

from archiver.capture import connection, heads, reasons
from archiver.capture.answers import Body
from archiver.capture.exchange import Exchange
from archiver.capture.wire import Stop, Wire
from archiver.errors import CaptureError, RefusedError

# The resumption of a file that the server believes to be complete: yt-dlp handles it.
_RANGE_NOT_SATISFIABLE = 416


class _Adapter(RequestsHTTPAdapter):  # type: ignore[misc]  # yt-dlp has no types
    """Sends one hop: a redirect comes through here again, and is judged like a first request."""

    def __init__(self, wire: Wire, **options: Any) -> None:
        self._wire = wire
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = connection.pools(self._wire)

    def proxy_manager_for(self, *_arguments: Any, **_options: Any) -> Any:
        raise self._wire.stop(reasons.failure("internal-error", "a proxy was asked for"))

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        exchange = self._wire.begin(request.method or "", request.url or "", request.headers)
        if self._wire.access.impersonate:
            return self._impersonated(exchange, request)
        answer: requests.Response = super().send(request, *arguments, **options)
        return answer

    def _impersonated(self, exchange: Exchange, request: requests.PreparedRequest) -> requests.Response:
        from archiver.capture import impersonation

        try:
            raw = impersonation.send(self._wire, exchange, request)
        except OSError as error:
            raise requests.exceptions.ConnectionError(error, request=request) from error
        answer: requests.Response = self.build_response(request, raw)
        return answer


class _Session(RequestsSession):  # type: ignore[misc]  # yt-dlp has no types
    wire: Wire

    def get_adapter(self, url: str) -> Any:
        try:
            return super().get_adapter(url)
        except requests.exceptions.InvalidSchema:
            scheme = url.partition(":")[0][:20].lower()
            raise self.wire.stop(RefusedError(f"a redirect leads to {scheme}:", code="bad-scheme")) from None


class ArchiveRH(RequestsRH):  # type: ignore[misc]  # yt-dlp has no types
    """The only handler that is registered: without it, there is no network."""

    _SUPPORTED_PROXY_SCHEMES = ()
    _SUPPORTED_ENCODINGS = ("identity",)

    def __init__(self, *, wire: Wire, **options: Any) -> None:
        super().__init__(**options)
        self._wire = wire
        self._open: Body | None = None
        self._open_urls: frozenset[str] = frozenset()

    @classmethod
    @functools.cache
    def shared_tls_context(cls) -> ssl.SSLContext:
        """The context of every https connection: loading the certificates takes 20 ms, in the parent once."""
        context: ssl.SSLContext = make_ssl_context(verify=True)
        return context

    def _make_sslcontext(self, legacy_ssl_support: bool | None = None) -> ssl.SSLContext:
        if legacy_ssl_support:
            return super()._make_sslcontext(legacy_ssl_support=True)  # type: ignore[no-any-return]  # no types there
        return self.shared_tls_context()

    def _create_instance(self, cookiejar: Any, legacy_ssl_support: bool | None = None) -> _Session:
        session = _Session()
        adapter = _Adapter(
            self._wire,
            ssl_context=self._make_sslcontext(legacy_ssl_support=legacy_ssl_support),
            max_retries=urllib3.util.retry.Retry(False),
        )
        session.wire = self._wire
        session.adapters.clear()
        session.headers = requests.models.CaseInsensitiveDict()
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.cookies = cookiejar
        session.trust_env = False
        session.max_redirects = self._wire.limits.redirects
        return session

    def _prepare_headers(self, request: Request, headers: Any) -> None:
        super()._prepare_headers(request, headers)
        headers["Accept-Encoding"] = "identity"

    def _send(self, request: Request) -> Body:
        plain = request.method == "GET" and request.data is None and "Range" not in request.headers
        if plain and not self._wire.in_aside and (kept := self._take(request.url)) is not None:
            return kept
        first = len(self._wire.exchanges)
        try:
            answer = super()._send(request)
        except HTTPError as error:
            self._answer_of(error)
            raise
        except RequestError as error:
            self._broken(error)
            raise
        except ValueError as error:
            # A redirect to something that no parser takes for a URL.
            wrong = RequestError(cause=error)
            self._broken(wrong)
            raise wrong from error
        body = Body(answer, self._wire, self._wire.exchanges[-1])
        self._believe(request, body)
        self._wire.announced(body.exchange)
        if plain and not self._wire.in_file:
            self._forget()
            self._open = body
            self._open_urls = frozenset(
                (request.url, body.url, *(one.url for one in self._wire.exchanges[first:])),
            )
        return body

    def _believe(self, request: Request, body: Body) -> None:
        """Raise Stop if the answer's head is ambiguous or not of what was asked for."""
        exchange = body.exchange
        headers = exchange.response_headers
        try:
            length = heads.promised_length(headers)
            heads.judge_codings(headers, urllib3.response.HTTPResponse.CONTENT_DECODERS.__contains__)
            asked = request.headers.get("Range") or ""
            # Whether an answer continues what was cut, the downloader knows that asked for the rest (`whole`).
            if not (self._wire.in_file and asked.endswith("-")):
                heads.judge_part(asked, exchange.status, headers, self._wire.in_segments)
        except CaptureError as error:
            body.close()
            raise self._wire.stop(error) from None
        # yt-dlp reads the first length, whatever else the head says.
        del body.headers["Content-Length"]
        if length is not None:
            body.headers["Content-Length"] = str(length)

    def _take(self, url: str) -> Body | None:
        """The kept answer to the same question; a download uses it up."""
        body = self._open
        if body is None or url not in self._open_urls:
            return None
        if body.ended and not self._wire.in_file and not body.is_manifest:
            return None  # asked again after it was read to its end: an extractor that waits for a change
        fresh = body.again()
        if fresh is None:
            return None
        if self._wire.in_file:
            self._open = None
            self._wire.reused(fresh.exchange)
            self._wire.announced(fresh.exchange)
        else:
            self._open = fresh
        return fresh

    def _forget(self) -> None:
        self._open, self._open_urls = None, frozenset()

    def _answer_of(self, error: HTTPError) -> None:
        """Type an answer of 300 or more; in the middle of a file it is final."""
        if error.redirect_loop:
            raise self._wire.stop(reasons.failure("redirect-loop"))
        self._read_error(error)
        typed = reasons.from_status(error.status, error.response.headers.get("Retry-After") or "")
        if self._wire.in_file and error.status in (404, 410) and self._wire.in_segments:
            typed = reasons.failure("fragment-missing", f"segment {self._wire.exchanges[-1].url} is missing")
        self._wire.note(typed)
        if self._wire.in_file and error.status != _RANGE_NOT_SATISFIABLE:
            raise self._wire.stop(typed)

    def _broken(self, error: RequestError) -> None:
        """Type a failure without an answer. What the connection noted is better than what is left of it here."""
        exchange = self._wire.exchanges[-1] if self._wire.exchanges else None
        noted = self._wire.failure
        if exchange is None or exchange.reason == "" or noted is None:
            if isinstance(error, SSLError):
                noted = reasons.failure("tls-failed")
            elif isinstance(error, TransportError):
                cut = any(isinstance(link, ConnectionError) for link in reasons.chain(error))
                nothing = exchange is None or exchange.wire_bytes == 0
                noted = reasons.failure("connection-cut" if nothing or cut else "broken-answer")
            else:
                noted = reasons.failure("broken-answer", f"the request failed: {error}"[:300])
            self._wire.note(noted)
        if self._wire.in_file and noted.code not in ("connection-cut", "broken-answer"):
            raise self._wire.stop(noted)

    def _read_error(self, error: HTTPError) -> None:
        """Read the beginning of the error's page, which is evidence of the refusal; extractors can read it again."""
        body = Body(error.response, self._wire, self._wire.exchanges[-1])
        failure = self._wire.failure
        left = self._wire.limits.error_bytes
        try:
            while left > 0 and (data := body.read(left)):
                left -= len(data)
        except (RequestError, Stop):
            self._wire.failure = failure  # a page that does not come changes nothing about the refusal
        fresh = body.again()
        if fresh is not None:
            error.response = fresh
