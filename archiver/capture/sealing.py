"""From a spool to `exchange.warc`: by the fetcher at its end, or by its owner where the fetcher did not live to do it.

The record is made whole under another name first, so that it is there complete or not at all, and the same spool gives
the same bytes each time. An earlier record in the folder (of a try that the machine interrupted) stays in front.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from archiver.capture.framing import Framing
from archiver.capture.job import EXCHANGE_NAME, sync_folder
from archiver.capture.journal import Spool, decoded, exists, plain_file
from archiver.capture.warc import REVISIT_PROFILE, Writer, is_plain_head, pieces, record_id, uri

_HTTP = "application/http"
_TRUNCATED = {
    "disconnect": ("connection-cut", "broken-answer"),
    "time": ("timed-out", "stalled"),
    "length": ("too-large",),
}


@dataclass(slots=True)
class _Told:
    """What a spool tells of one exchange."""

    method: str = ""
    url: str = ""
    started: str = ""
    peer: dict[str, Any] = field(default_factory=dict)
    chain: str = ""
    sent: bytearray = field(default_factory=bytearray)
    head: bytes = b""
    interim: bytes = b""
    surplus: bytes = b""
    end: dict[str, Any] | None = None


def seal(folder: Path) -> bool:
    """Make the record of what was recorded in `folder`; False where nothing was. Raises OSError and ValueError."""
    if not exists(folder):
        return (folder / EXCHANGE_NAME).is_file() and not (folder / EXCHANGE_NAME).is_symlink()
    spool = Spool(folder)
    temporary = folder / f".{EXCHANGE_NAME}.part"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with contextlib.closing(spool), open(descriptor, "wb") as file:
        with contextlib.suppress(FileNotFoundError), plain_file(folder / EXCHANGE_NAME) as before:
            shutil.copyfileobj(before, file)
        _write(spool, Writer(file))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / EXCHANGE_NAME)
    sync_folder(folder)
    spool.remove()
    return True


def _write(spool: Spool, writer: Writer) -> None:
    acquisition = next(
        (value for kind, value in spool.told(0) if kind == "acquisition" and isinstance(value, dict)), {}
    )
    name = str(acquisition.get("acquisition", ""))
    started = str(acquisition.get("started", ""))
    info = record_id(name, started, 0, "warcinfo")
    block = "".join(f"{key}: {_line(value)}\r\n" for key, value in _info(acquisition)).encode()
    writer.write(
        [*_fields("warcinfo", info, started), ("Content-Type", "application/warc-fields")], len(block), [block]
    )
    for number in spool.numbers():
        _Exchange(spool, writer, number, (name, started), info).write()


def _info(acquisition: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    tools = acquisition.get("tools")
    yield "software", "archiver"
    yield "format", "WARC File Format 1.1"
    yield "conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
    yield "description", "the HTTP exchanges of one acquisition; values of cookies and authorisation are commitments"
    for key in ("acquisition", "started", "url"):
        yield key, acquisition.get(key, "")
    for tool in tools if isinstance(tools, list) else []:
        yield "tool", tool


class _Exchange:
    """The records of one exchange."""

    def __init__(self, spool: Spool, writer: Writer, number: int, names: tuple[str, str], info: str) -> None:
        self._spool, self._writer, self._number, self._names = spool, writer, number, names
        self._told = _gather(spool, number)
        self._common = [("WARC-Warcinfo-ID", info), ("WARC-Target-URI", uri(self._told.url))]
        address = str(self._told.peer.get("address", ""))
        if address and address.isascii() and address.isprintable():
            self._common.append(("WARC-IP-Address", address))

    def write(self) -> None:
        """Request, answer and what else is known, so far as each is there."""
        told = self._told
        if told.chain:
            block = told.chain.encode()
            digest = str(told.peer.get("certificates_sha256", ""))
            own = self._fields("resource", [("WARC-Target-URI", f"urn:sha256:{digest[:64]}")])
            kind = ("Content-Type", "application/pem-certificate-chain")
            self._writer.write([*own, kind], len(block), [block])
        request, answer = self._id("request"), self._id("response")
        if told.sent:
            both = [("WARC-Concurrent-To", answer)] if told.head else []
            fields = self._fields("request", [*self._common, *both, ("Content-Type", f"{_HTTP};msgtype=request")])
            self._writer.write(fields, len(told.sent), [bytes(told.sent)])
        stored = self._answer(request, answer) if told.head else {}
        block = json.dumps({**self._facts(), **stored}, sort_keys=True).encode()
        both = [("WARC-Concurrent-To", answer if told.head else request)] if told.head or told.sent else []
        fields = self._fields("metadata", [*self._common, *both, ("Content-Type", "application/json")])
        self._writer.write(fields, len(block), [block])

    def _answer(self, request: str, answer: str) -> dict[str, Any]:
        """The response, or the revisit of what lies in an object. Gives what the metadata is to add."""
        told, end = self._told, self._told.end or {}
        head, place = told.head, end.get("place")
        fields = [*self._common, ("Content-Type", f"{_HTTP};msgtype=response")]
        if told.sent:
            fields.append(("WARC-Concurrent-To", request))
        if isinstance(place, dict) and not end.get("is_whole"):
            fields.append(("WARC-Truncated", _why(end)))
        if isinstance(place, dict):
            fields += [
                ("WARC-Profile", REVISIT_PROFILE),
                ("WARC-Payload-Digest", f"sha256:{_line(end.get('payload_sha256'))}"),
                ("Archiver-Object", f"sha256:{_line(place.get('sha256'))}"),
                ("Archiver-Object-Offset", _line(place.get("offset"))),
                ("Archiver-Object-Length", _line(place.get("length"))),
            ]
            self._writer.write(self._fields("revisit", fields, answer), len(head), [head])
            return {}
        body, size = self._spool.body(self._number)
        framing = Framing(told.method)
        framing.feed(head)
        if not end.get("is_whole"):
            fields.append(("WARC-Truncated", _why(end)))
        # Readers of WARC differ on whether a payload is digested with its chunks' framing: then the metadata tells it.
        payload_from = len(head) if is_plain_head(head) and framing.kind in ("length", "close", "none") else None
        with contextlib.closing(body) if body is not None else contextlib.nullcontext():
            block = chain([head], pieces(body, size) if body is not None else ())
            fields = self._fields("response", fields, answer)
            digest = self._writer.write(fields, len(head) + size, block, payload_from)
        return {"stored_payload_sha256": digest} if payload_from is not None else {}

    def _facts(self) -> dict[str, Any]:
        told = self._told
        facts: dict[str, Any] = {"number": self._number, "peer": told.peer, "has_end": told.end is not None}
        if told.interim:
            facts["interim_heads"] = told.interim.decode("latin-1")
        if told.surplus:
            facts["not_http"] = told.surplus.decode("latin-1")
        return {**(told.end or {}), **facts, "method": told.method, "started": told.started}

    def _fields(self, kind: str, fields: Iterable[tuple[str, str]], own: str = "") -> list[tuple[str, str]]:
        return [*_fields(kind, own or self._id(kind), self._told.started), *fields]

    def _id(self, kind: str) -> str:
        return record_id(*self._names, self._number, kind)


def _gather(spool: Spool, number: int) -> _Told:
    told = _Told()
    for kind, value in spool.told(number):
        if kind == "begin" and isinstance(value, dict):
            told.method, told.url, told.started = (_line(value.get(name)) for name in ("method", "url", "started"))
        elif kind == "peer" and isinstance(value, dict):
            told.peer = value
        elif kind == "chain" and isinstance(value, str):
            told.chain = value
        elif kind == "end" and isinstance(value, dict):
            told.end = value
        elif kind == "sent":
            told.sent += decoded(value)
        elif kind == "interim":
            told.interim += decoded(value)
        elif kind in ("head", "surplus"):
            setattr(told, kind, decoded(value))
    return told


def _fields(kind: str, own: str, started: str) -> list[tuple[str, str]]:
    return [("WARC-Type", kind), ("WARC-Record-ID", own), ("WARC-Date", _line(started) or "1970-01-01T00:00:00Z")]


def _why(end: Mapping[str, Any]) -> str:
    """The reason of a truncation, in WARC's words (section 5.13)."""
    if end.get("was_capped"):
        return "length"
    reason = end.get("reason")
    return next((word for word, reasons in _TRUNCATED.items() if reason in reasons), "unspecified")


def _line(value: Any) -> str:
    """A field's value: printable ASCII on one line, whatever wrote the spool."""
    text = "" if value is None else str(value)
    return uri(text) if not (text.isascii() and text.isprintable()) else text
