"""A visit as WARC 1.1 records (ISO 28500:2017), compressed one by one, with where each lies for an index. Pure.

The browser gives bodies decoded, so an answer's `Content-Encoding`, `Transfer-Encoding` and `Content-Length` are kept
under `x-orig-…` names, as replay programs expect. What the record lacks, and what is known of the way it came (TLS,
protocol, failure), stands in a metadata record beside it. Pictures are `resource` records under the names that
Browsertrix gives them (`urn:fullPage:`, `urn:pdf:`), the document as it was in the end under `urn:dom:`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from archiver.capture import warc
from archiver.capture.page.recording import Headers, Loaded

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ENDS_A_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RENAMED = frozenset(("content-encoding", "transfer-encoding", "content-length"))
_MESSAGE = "application/http; msgtype="
_LEVEL = 6  # of compression: pictures and films do not shrink, text has by then


@dataclass(frozen=True, slots=True)
class Line:
    """What an index says of one record: `offset` and `length` are of its compressed form."""

    url: str
    date: str
    mime: str
    status: str
    digest: str
    offset: int
    length: int
    method: str = "GET"


@dataclass(slots=True)
class WarcFile:
    """Records are added in order; `data` is the file so far and `lines` its index."""

    parts: list[bytes] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    _size: int = 0

    @property
    def data(self) -> bytes:
        """The whole file."""
        return b"".join(self.parts)

    def info(self, date: str, fields: Mapping[str, str]) -> None:
        """What wrote this file, and under which conditions."""
        block = "".join(f"{name}: {_line(value)}\r\n" for name, value in fields.items()).encode()
        self._add("warcinfo", "", date, "application/warc-fields", block)

    def resource(self, url: str, date: str, media_type: str, body: bytes) -> None:
        """A file of our own making, such as a picture."""
        start, digest = self._size, _digest(body)
        self._add("resource", url, date, media_type, body)
        self.lines.append(Line(url, date, media_type.partition(";")[0], "200", digest, start, self._size - start))

    def metadata(self, url: str, date: str, told: Mapping[str, Any], about: str = "") -> None:
        """JSON about the record with the id `about`, or about the whole visit."""
        block = json.dumps(told, ensure_ascii=True, sort_keys=True).encode()
        more = [("WARC-Concurrent-To", about)] if about else []
        self._add("metadata", url, date, "application/json", block, more)

    def exchange(self, one: Loaded, address: str) -> None:
        """A request, its answer if there was one, and what is known of both."""
        date = date_of(one.started)
        where = [("WARC-IP-Address", address)] if address else []
        answer_id = ""
        if one.answered:
            head, start = _answer_head(one), self._size
            cut = [("WARC-Truncated", "unspecified")] if "body" in one.lacks else []
            answer_id = self._add(
                "response",
                one.url,
                date,
                _MESSAGE + "response",
                head + one.body,
                [*where, *cut],
                payload_from=len(head),
            )
            mime = _value(one.response_headers, "content-type").partition(";")[0].strip() or one.media_type or "unk"
            self.lines.append(
                Line(
                    one.url, date, mime, str(one.status), _digest(one.body), start, self._size - start, one.method
                )
            )  # fmt: skip
        request_head = _request_head(one)
        linked = [("WARC-Concurrent-To", answer_id)] if answer_id else []
        request_id = self._add(
            "request", one.url, date, _MESSAGE + "request", request_head + one.request_body, [*where, *linked]
        )
        self.metadata(one.url, date, _about(one), answer_id or request_id)

    def _add(
        self,
        kind: str,
        url: str,
        date: str,
        content_type: str,
        block: bytes,
        more: Sequence[tuple[str, str]] = (),
        payload_from: int | None = None,
    ) -> str:
        name = warc.record_id(kind, date, url, self._size, _digest(block))
        fields = [("WARC-Type", kind), ("WARC-Record-ID", name), ("WARC-Date", date), ("Content-Type", content_type)]
        if url:
            fields.append(("WARC-Target-URI", warc.uri(url)))
        record = io.BytesIO()
        warc.Writer(record).write([*fields, *more], len(block), [block], payload_from)
        self.parts.append(gzip.compress(record.getvalue(), _LEVEL, mtime=0))
        self._size += len(self.parts[-1])
        return name


def date_of(moment: float) -> str:
    """A wall clock's seconds as WARC writes them, to the microsecond."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _about(one: Loaded) -> dict[str, Any]:
    told: dict[str, Any] = {"resource_type": one.kind, "protocol": one.protocol, "wire_bytes": one.wire_bytes}
    if one.security:
        told["tls"] = {key: value for key, value in one.security.items() if not key.startswith("signedCertificate")}
    return told | {key: value for key, value in (("failed", one.failed), ("lacks", sorted(set(one.lacks)))) if value}


def _answer_head(one: Loaded) -> bytes:
    first, *told = one.head.splitlines() if one.head else [""]
    pairs = [(name, value.strip()) for name, colon, value in (line.partition(":") for line in told) if colon]
    as_sent = first.startswith("HTTP/1.") and bool(pairs)
    headers = pairs if as_sent else one.response_headers
    length = str(len(one.body))
    lines = [f"HTTP/1.1 {one.status} {_line(one.status_text) or _phrase(one.status)}"]
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            continue
        renamed = name.lower() in _RENAMED and (name.lower(), value) != ("content-length", length)
        lines.append(f"{'x-orig-' if renamed else ''}{name}: {_line(value)}")
    if not any(line.lower().startswith("content-length:") for line in lines):
        lines.append(f"Content-Length: {length}")
    return _head(lines)


def _request_head(one: Loaded) -> bytes:
    method = one.method if _TOKEN.fullmatch(one.method) else "GET"
    _scheme, _, rest = one.url.partition("://")
    host, slash, path = rest.partition("/")
    lines = [f"{method} {warc.uri(slash + path) or '/'} HTTP/1.1"]
    headers = [(name, value) for name, value in one.request_headers if _TOKEN.fullmatch(name)]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {warc.uri(host.partition('?')[0])}")
    lines += [f"{name}: {_line(value)}" for name, value in headers]
    return _head(lines)


def _head(lines: Sequence[str]) -> bytes:
    return "\r\n".join((*lines, "", "")).encode("utf-8", "replace")


def _line(value: str) -> str:
    return _ENDS_A_LINE.sub(" ", value).strip()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _value(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
