"""What lies packed inside bytes: deflate streams (gzip, zip, PNG, PDF, web bodies), long base64, folded lines.

A file is not asked what it claims to be: wherever a stream begins it is tried, and what is none ends after some bytes.
"""

from __future__ import annotations

import base64
import mmap
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: What is scanned: a file as it is mapped into memory, or what was unpacked from one.
Bytes = bytes | mmap.mmap

#: A stream is held in memory whole. A page or a document is far below; what is longer is told as not searched.
MAX_STREAM_BYTES = 128 * 1024**2

#: All that one file may grow by: a bomb of nested archives ends here, after some seconds.
MAX_UNPACKED_BYTES = 1024**3

#: A WACZ is a zip with gzip members, whose bodies may be gzip again, with base64 in them.
MAX_DEPTH = 5

#: Text above this is a film or a capture, whose base64 is found where it is not decoded, by its needles.
_TEXT_BYTES = 64 * 1024**2

#: Beginnings of streams that are tried. Random bytes have 65,000 in a gigabyte; a file that is nothing else ends here.
MAX_TRIES = 500_000

#: What is no stream shows it here: the chance of that many random bytes being valid is nil.
_PROBE_BYTES = 512

#: 12 bytes of content; digests in hexadecimal are such runs too, and decode to nothing.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")

#: Line ends, those that quoted-printable adds, and lengths of chunks that a server put between two parts of a body.
_FOLDS = re.compile(rb"=?\r?\n(?:[0-9A-Fa-f]{1,8}\r\n)?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]{0,200})?\r\n")
_CHUNK_HEAD_BYTES = 220

#: First bytes of gzip (RFC 1952), of an entry of a zip, and of zlib (RFC 1950) with a window of 32 KiB, as all write.
_KINDS = {
    b"\x1f\x8b": "gzip", b"PK": "zip",
    b"\x78\x01": "zlib", b"\x78\x5e": "zlib", b"\x78\x9c": "zlib", b"\x78\xda": "zlib",
}  # fmt: skip
_FIRST = sorted({one[0] for one in _KINDS})
_PAIR = np.zeros(1 << 16, np.bool_)
_PAIR[[int.from_bytes(one, "little") for one in _KINDS]] = True
_BLOCK_BYTES = 1024 * 1024
_PIECE_BYTES = 256 * 1024
_ZIP_HEAD_BYTES, _ZIP_METHOD, _ZIP_LENGTHS, _DEFLATED = 30, 8, 26, 8


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was inside, in words, and its bytes. `cut` says that there was more than fits."""

    what: str
    data: bytes
    cut: bool = False


def unpacked(data: Bytes, *, depth: int = 0) -> Iterator[Unpacked]:
    """Everything packed in `data`, what is packed in that, and so on. Never raises for what the bytes are."""
    room = MAX_UNPACKED_BYTES
    for one in _each(data, depth):
        room -= len(one.data)
        yield Unpacked(one.what, one.data, cut=one.cut or room < 0)
        if room < 0:
            return


def _each(data: Bytes, depth: int) -> Iterator[Unpacked]:
    if depth >= MAX_DEPTH:
        if next(_streams(data), None) is not None:
            yield Unpacked("an archive in an archive", b"", cut=True)
        return
    for one in _inside(data):
        yield one
        for inner in _each(one.data, depth + 1):
            yield Unpacked(f"{one.what}, {inner.what}", inner.data, cut=inner.cut)


def _inside(data: Bytes) -> Iterator[Unpacked]:
    yield from _streams(data)
    if len(data) <= _TEXT_BYTES and b"\0" not in data[:65_536]:
        text = data[:]
        if b"\n" in text:
            yield Unpacked("lines joined", _FOLDS.sub(b"", text))
        runs = [_decoded(run[0]) for run in _BASE64.finditer(text)]
        if runs:
            yield Unpacked("base64", b"\n".join(runs))  # together, because a manifest has a hundred thousand of them


def _decoded(run: bytes) -> bytes:
    whole = run[: len(run) - len(run) % 4] if len(run) % 4 == 1 else run + b"=" * (-len(run) % 4)
    return base64.b64decode(whole.translate(_STANDARD))


_STANDARD = bytes.maketrans(b"-_", b"+/")


def _streams(data: Bytes) -> Iterator[Unpacked]:
    end = 0
    for number, (at, kind) in enumerate(_beginnings(data)):
        if number >= MAX_TRIES:
            yield Unpacked("a list of streams", b"", cut=True)
            return
        if at < end:
            continue  # inside of a stream that was unpacked
        window, begin = {"gzip": (31, at), "zlib": (15, at), "zip": (-15, _zip_content(data, at))}[kind]
        if begin < 0:
            continue
        found, length = _inflate(data, begin, window)
        if not found:
            continue
        end = begin + length
        yield Unpacked(kind, found[:MAX_STREAM_BYTES], cut=len(found) > MAX_STREAM_BYTES)


def _beginnings(data: Bytes) -> Iterator[tuple[int, str]]:
    """Where a stream may begin, and of which kind: one more than MAX_TRIES places at most."""
    whole, left = np.frombuffer(data, np.uint8), MAX_TRIES + 1
    for begin in range(0, len(whole), _BLOCK_BYTES):
        block = whole[begin : begin + _BLOCK_BYTES + 1]
        near = np.flatnonzero(np.logical_or.reduce([block[:-1] == first for first in _FIRST]))
        pairs = block[near].astype(np.uint16) | block[near + 1].astype(np.uint16) << np.uint16(8)
        for at in near[_PAIR[pairs]][:left].tolist():
            yield begin + at, _KINDS[data[begin + at : begin + at + 2]]
            left -= 1


def _zip_content(data: Bytes, at: int) -> int:
    """Where the deflated content of a zip's entry begins; -1 where it is not deflated."""
    head = data[at : at + _ZIP_HEAD_BYTES]
    if len(head) < _ZIP_HEAD_BYTES or int.from_bytes(head[_ZIP_METHOD : _ZIP_METHOD + 2], "little") != _DEFLATED:
        return -1
    name, extra = (int.from_bytes(head[one : one + 2], "little") for one in (_ZIP_LENGTHS, _ZIP_LENGTHS + 2))
    return at + _ZIP_HEAD_BYTES + name + extra


def _inflate(data: Bytes, begin: int, window: int) -> tuple[bytes, int]:
    """The content of the stream at `begin`, one byte more than allowed at most, and its length as it lies there.

    Nothing where there is none.
    """
    try:
        zlib.decompressobj(window).decompress(_beginning(data, begin), _PROBE_BYTES)
    except zlib.error:
        return b"", 0
    inflater = zlib.decompressobj(window)
    parts, size, used = [], 0, 0
    try:
        for piece in _pieces(data, begin):
            part = inflater.decompress(piece, MAX_STREAM_BYTES + 1 - size)
            parts.append(part)
            size += len(part)
            used += len(piece) - len(inflater.unused_data)
            if inflater.eof or size > MAX_STREAM_BYTES:
                break
    except zlib.error:
        pass  # damaged, or no stream: what came so far counts
    return b"".join(parts), used


def _beginning(data: Bytes, begin: int) -> bytes:
    found = b""
    for piece in _pieces(data, begin, _PROBE_BYTES):
        found += piece[: _PROBE_BYTES - len(found)]
        if len(found) >= _PROBE_BYTES:
            break
    return found


def _pieces(data: Bytes, begin: int, step: int = _PIECE_BYTES) -> Iterator[bytes]:
    """The bytes from `begin` on; of a chunked body (RFC 9112, 7.1) that begins there without what is between chunks."""
    before = data[max(0, begin - _CHUNK_HEAD_BYTES) : begin]
    line = before[before.rfind(b"\n", 0, max(0, len(before) - 1)) + 1 :]
    chunk = _CHUNK.fullmatch(line)
    if chunk is None:
        for at in range(begin, len(data), step):
            yield data[at : at + step]
        return
    at = begin
    while chunk is not None and int(chunk[1], 16):
        yield data[at : at + int(chunk[1], 16)]
        at += int(chunk[1], 16) + 2
        chunk = _CHUNK.match(data[at : at + _CHUNK_HEAD_BYTES])
        at += len(chunk[0]) if chunk else 0
