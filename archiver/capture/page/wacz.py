"""One WACZ file (1.1.1) from a WARC and its index: the same bytes for the same content, whenever it is written. Pure.

Source: specs.webrecorder.net/wacz/1.1.1. The index is in two parts as replay programs want it: compressed blocks of
lines sorted by key, and a table of where each block begins.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archiver.capture.page.surt import surt
from archiver.capture.page.warcfile import Line, WarcFile

MEDIA_TYPE = "application/wacz"
VERSION = "1.1.1"

_WARC = "data.warc.gz"
_INDEX = "index.cdx.gz"
_BLOCK_LINES = 1_000  # what a reader unpacks to find one line
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: its own times are nobody's evidence


@dataclass(frozen=True, slots=True)
class Page:
    """The page that the file is about: `date` is when its answer was asked for, RFC 3339."""

    url: str
    title: str
    date: str


def write(warc: WarcFile, page: Page, software: str, description: str) -> bytes:
    """The file. It holds no time but those of what was recorded."""
    data = warc.data
    blocks, table = index(warc.lines)
    files = [
        (f"archive/{_WARC}", data),
        (f"indexes/{_INDEX}", blocks),
        ("indexes/index.idx", table),
        ("pages/pages.jsonl", _pages(page)),
    ]
    package = _json(
        {
            "profile": "data-package",
            "wacz_version": VERSION,
            "title": page.title or page.url,
            "description": description,
            "software": software,
            "created": page.date,
            "mainPageUrl": page.url,
            "mainPageDate": page.date,
            "resources": [
                {"name": path.rpartition("/")[2], "path": path, "hash": _hash(content), "bytes": len(content)}
                for path, content in files
            ],
        }
    )
    files.append(("datapackage.json", package))
    files.append(("datapackage-digest.json", _json({"path": "datapackage.json", "hash": _hash(package)})))
    return _zip(files)


def index(lines: Sequence[Line]) -> tuple[bytes, bytes]:
    """Compressed blocks of CDXJ lines, and the table of the blocks."""
    rows = sorted(f"{surt(line.url)} {_stamp(line.date)} {_entry(line)}\n" for line in lines)
    table = [f"!meta 0 {json.dumps({'format': 'cdxj-gzip-1.0', 'filename': _INDEX})}\n"]
    blocks, offset = [], 0
    for start in range(0, len(rows), _BLOCK_LINES):
        packed = _gzip("".join(rows[start : start + _BLOCK_LINES]).encode())
        place = {"offset": offset, "length": len(packed), "digest": _hash(packed)}
        table.append(f"{rows[start].partition('{')[0].strip()} {json.dumps(place)}\n")
        blocks.append(packed)
        offset += len(packed)
    return b"".join(blocks), "".join(table).encode()


def _entry(line: Line) -> str:
    entry: dict[str, str] = {"url": line.url, "mime": line.mime, "status": line.status, "digest": line.digest}
    entry |= {"length": str(line.length), "offset": str(line.offset), "filename": _WARC}
    if line.method not in ("GET", "HEAD"):
        entry["method"] = line.method
    return json.dumps(entry)


def _pages(page: Page) -> bytes:
    name = hashlib.sha256(f"{page.date} {page.url}".encode()).hexdigest()[:32]
    head = {"format": "json-pages-1.0", "id": "pages", "title": "All pages"}
    row = {"id": name, "url": page.url, "ts": page.date, "title": page.title}
    return f"{json.dumps(head)}\n{json.dumps(row)}\n".encode()


def _stamp(date: str) -> str:
    """`2026-11-23T16:08:04.000000Z` as an index writes it: 14 digits."""
    return "".join(character for character in date[:19] if character.isdigit())


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files:
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content, zipfile.ZIP_STORED)  # so that a reader can jump into the WARC
    return buffer.getvalue()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _hash(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"
