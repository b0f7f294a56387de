"""What a stored WARC says of its exchanges, for people: a bounded list of rows. Bodies stay where they are.

A process that spoke with hostile servers wrote the file, so everything here has a limit and nothing is believed about
its shape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from archiver.capture import framing, warc

#: Requests that one list holds: as many as one acquisition may make at most, with its earlier, interrupted try.
MOST = 50_000
# Heads and metadata are looked at up to here; the longest metadata holds the chunk lines of a film.
_HEAD_BYTES = 64 * 1024
_METADATA_BYTES = 16 * 1024**2
# Headers of one head, and characters of all of them together.
_HEADERS = 200
# Different chains of certificates in one acquisition, and the length of one: capture keeps no longer ones.
_CHAINS = 100
_CHAIN_BYTES = 256 * 1024
_CHARACTERS = 32 * 1024**2
_SECONDS = 1e7  # longer than any acquisition; also keeps out what JSON has no word for


def listing(file: BinaryIO) -> dict[str, Any]:
    """`{version, exchanges, certificates}` as reports take it; these are PEM chains by their SHA-256.

    Raises EvidenceError where it is no WARC of ours.
    """
    rows: list[dict[str, Any]] = []
    certificates: dict[str, str] = {}
    row: dict[str, Any] = {}
    room = _CHARACTERS
    for record in warc.records(file):
        if record.type in ("request", "response", "revisit"):
            head = b"".join(warc.block(file, record, 0, min(record.length, _HEAD_BYTES)))
            told = list(framing.headers(head))[:_HEADERS]
            size = sum(len(name) + len(value) for name, value in told)
            room -= size
            side = "request" if record.type == "request" else "response"
            row[f"{side}_headers"] = [[name, value] for name, value in told] if room > 0 else []
            if side == "request":
                row["method"] = head.partition(b" ")[0][:20].decode("latin-1")
            else:
                row["status"], row["status_text"] = framing.status_line(head)
                row["truncated"] = record.fields.get("warc-truncated", "")
                row["object"] = record.fields.get("archiver-object", "").removeprefix("sha256:")
        elif record.type == "resource" and record.length <= _CHAIN_BYTES and len(certificates) < _CHAINS:
            chain = b"".join(warc.block(file, record))
            certificates[hashlib.sha256(chain).hexdigest()] = chain.decode("ascii", "replace")
        elif record.type == "metadata":
            rows.append({**_BLANK, **_facts(file, record), **row})
            row = {}
            if len(rows) >= MOST:
                break
    return {"version": 2, "exchanges": rows, "certificates": certificates}


_BLANK: Mapping[str, Any] = {
    "method": "",
    "status": 0,
    "status_text": "",
    "request_headers": [],
    "response_headers": [],
    "truncated": "",
    "object": "",
}


def _facts(file: BinaryIO, record: warc.Record) -> dict[str, Any]:
    """From the metadata record: numbers are numbers and texts are texts, whatever stands there."""
    value: Any = {}
    if record.length <= _METADATA_BYTES:
        try:
            value = json.loads(b"".join(warc.block(file, record)))
        except (ValueError, RecursionError):
            value = {}
    told = _table(value)
    peer = _table(told.get("peer"))
    tls = _table(peer.get("tls"))
    seconds = told.get("seconds")
    port = _count(peer.get("port"))
    return {
        "number": _count(told.get("number")),
        "url": record.fields.get("warc-target-uri", ""),
        "started": record.fields.get("warc-date", ""),
        "address": f"{_text(peer.get('address'))} {port}" if port else "",
        "seconds": seconds if isinstance(seconds, float) and 0 <= seconds < _SECONDS else 0.0,
        "reason": _text(told.get("reason")),
        "for_file": told.get("for_file") is True,
        "payload_sha256": _text(told.get("payload_sha256")),
        "certificates_sha256": _text(peer.get("certificates_sha256")),
        "proxy": _text(_table(told.get("via")).get("proxy")),
        "tls": " ".join(part for part in (_text(tls.get("version")), _text(tls.get("cipher"))) if part),
        **{name: _count(told.get(name)) for name in ("wire_bytes", "body_bytes", "payload_bytes")},
    }


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63 else 0
