"""Media type by content, never by name: signatures of the formats that footage comes in.

A signature only says what a file claims to be. `by_decoder` corrects the claim where a decode shows otherwise, such as
an MP4 that holds sound alone. Signatures are those of the formats' own specifications, as collected in the WHATWG MIME
Sniffing standard (mimesniff.spec.whatwg.org) and ISO/IEC 14496-12 for the brands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

HEAD_BYTES = 4096  # every signature lies in here, a transport stream's third sync byte at 384 included
EMPTY = "application/x-empty"
UNKNOWN = "application/octet-stream"

#: Offset, bytes, media type; the first that fits counts.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b".RMF", "application/vnd.rn-realmedia"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "application/mxf"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd", "audio/midi"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic-sequence",
    b"mif1": "image/heif",
    b"msf1": "image/heif-sequence",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
#: Top-level boxes that a QuickTime file without `ftyp` may begin with.
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_HTML = re.compile(
    rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|script|iframe|title|div|table)\b", re.IGNORECASE | re.DOTALL
)
_BINARY = bytes(set(range(0x20)) - set(b"\t\n\f\r\x1b"))
#: What the decoder's containers are called, where a signature alone does not know them.
_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "matroska,webm": "video/x-matroska",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "mpegvideo": "video/mpeg",
    "avi": "video/x-msvideo",
    "dv": "video/x-dv",
    "h264": "video/h264",
    "hevc": "video/h265",
    "flv": "video/x-flv",
    "ogg": "video/ogg",
    "asf": "video/x-ms-asf",
}
#: A container of footage that turns out to hold sound alone is named so.
_SOUND_ALONE = {
    "video/mp4": "audio/mp4",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
    "video/ogg": "audio/ogg",
    "video/mp2t": "audio/mp2t",
    "video/x-ms-asf": "audio/x-ms-wma",
    "video/3gpp": "audio/3gpp",
    "video/quicktime": "audio/mp4",
}


def sniff(head: bytes) -> str:
    """The media type that a file beginning with `head` (its first HEAD_BYTES or all of it) claims to be."""
    if not head:
        return EMPTY
    for offset, signature, media_type in _SIGNATURES:
        if head.startswith(signature, offset):
            return media_type
    if head[4:8] == b"ftyp":
        return _branded(head[8:12])
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"OggS":
        return "video/ogg" if b"\x80theora" in head[:256] else "audio/ogg"
    if _transport_stream(head):
        return "video/mp2t"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return _sound_frame(head)
    return _text(head)


def by_decoder(claimed: str, facts: Mapping[str, int | str]) -> str:
    """`claimed`, corrected by what a decoder found (`facts` of a fingerprinting)."""
    found = claimed
    if claimed == UNKNOWN:
        found = _CONTAINERS.get(str(facts.get("container", "")), UNKNOWN)
    if facts.get("has_audio") and "codec" not in facts:
        return _SOUND_ALONE.get(found, found)
    return found


def kind(media_type: str) -> str:
    """`video`, `image`, `audio` or `other`: which decoder has something to say about it."""
    family = media_type.partition("/")[0]
    if media_type in ("application/mxf", "application/vnd.rn-realmedia", "image/heif-sequence", "image/heic-sequence"):
        return "video"
    return family if family in ("video", "image", "audio") and media_type != "audio/midi" else "other"


def _branded(brand: bytes) -> str:
    if brand.startswith(b"3g"):
        return "video/3gpp"
    return _BRANDS.get(brand, "video/mp4")


def _transport_stream(head: bytes) -> bool:
    for size, first in ((188, 0), (192, 4), (204, 0)):
        marks = head[first::size][: (len(head) - first) // size + 1]
        if len(marks) >= 2 and set(marks) == {0x47}:
            return True
    return False


def _sound_frame(head: bytes) -> str:
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    valid = head[1] & 0x06 and head[1] & 0x18 != 0x08 and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C
    return "audio/mpeg" if valid else UNKNOWN


def _text(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text/plain"
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(text):
        return "text/html"
    if text.translate(None, _BINARY) != text:
        return UNKNOWN
    if text.lstrip()[:5].lower() == b"<?xml":
        return "text/xml"
    return "text/plain" if _is_utf8(head) else UNKNOWN


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(head) == HEAD_BYTES and error.start > len(head) - 4  # cut within a character
    return True
