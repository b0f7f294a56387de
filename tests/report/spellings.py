"""Spellings of a text, written by hand and apart from `withholding.encodings`: what a leak check must not miss."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import quopri
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote


def _png(text: str) -> bytes:
    """A PNG whose zTXt chunk holds the text."""
    data = b"Comment\0\0" + zlib.compress(text.encode())
    chunk = b"zTXt" + data
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + end


def _pdf(text: str) -> bytes:
    """An object of a PDF with a compressed stream."""
    stream = zlib.compress(b"BT /F1 12 Tf (" + text.encode() + b") Tj ET")
    return b"4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n" % (len(stream), stream)


def zipped(text: str) -> bytes:
    """A zip with one compressed file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "begins " + text)
    return made.getvalue()


def chunked(data: bytes, size: int) -> bytes:
    """An HTTP answer in chunks."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def _wacz(text: str) -> bytes:
    """A zip that holds a WARC compressed record by record, whose body is compressed as well."""
    body = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(text.encode())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.warc.gz", gzip.compress(b"WARC/1.1\r\n\r\n" + body))
    return made.getvalue()


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda s: s.encode(),
    "upper case": lambda s: s.upper().encode(),
    "lower case": lambda s: s.lower().encode(),
    "decomposed": lambda s: unicodedata.normalize("NFD", s).encode(),
    "composed": lambda s: unicodedata.normalize("NFC", s).encode(),
    "UTF-16-LE": lambda s: s.encode("utf-16-le"),
    "UTF-16-BE": lambda s: s.encode("utf-16-be"),
    "UTF-16 with mark": lambda s: s.encode("utf-16"),
    "UTF-32-LE": lambda s: s.encode("utf-32-le"),
    "percent": lambda s: quote(s).encode(),
    "percent in lower case": lambda s: quote(s, safe="").lower().encode(),
    "percent of every byte": lambda s: "".join(f"%{one:02X}" for one in s.encode()).encode(),
    "percent twice": lambda s: quote(quote(s, safe=""), safe="").encode(),
    "JSON": lambda s: json.dumps({"a": s}).encode(),
    "JSON, every character": lambda s: "".join(f"\\u{ord(one):04X}" for one in s).encode(),
    "HTML": lambda s: html.escape(s).encode(),
    "HTML, decimal": lambda s: "".join(f"&#{ord(one)};" for one in s).encode(),
    "HTML, hexadecimal": lambda s: "".join(f"&#x{ord(one):X};" for one in s).encode(),
    "base64, first place": lambda s: base64.b64encode(s.encode()),
    "base64, second place": lambda s: base64.b64encode(b"x" + s.encode() + b"y"),
    "base64, third place": lambda s: base64.b64encode(b"xy" + s.encode() + b"y"),
    "base64url": lambda s: base64.urlsafe_b64encode(b'["salt","title","' + s.encode() + b'"]').rstrip(b"="),
    "base64 in lines": lambda s: base64.encodebytes(b"x" * 50 + b" " + s.encode()),
    "hexadecimal": lambda s: s.encode().hex().encode(),
    "hexadecimal in upper case": lambda s: s.encode("utf-16-be").hex().upper().encode(),
    "quoted-printable": lambda s: quopri.encodestring(b"x" * 60 + b" " + s.encode()),
    "octal": lambda s: "".join(f"\\{one:03o}" for one in s.encode()).encode(),
    "gzip": lambda s: b"head" + gzip.compress(s.encode()) + b"tail",
    "zlib": lambda s: b"head" + zlib.compress(s.encode()) + b"tail",
    "zip": zipped,
    "PNG": _png,
    "PDF": _pdf,
    "WACZ": _wacz,
    "cut into chunks": lambda s: chunked(b"<p>" + s.encode() + b"</p>", 7),
    "compressed and cut": lambda s: chunked(gzip.compress(s.encode() + bytes(range(256)) * 8), 40),
    "gzip of base64": lambda s: gzip.compress(base64.b64encode(b"x " + s.encode())),
}
