"""Whether a file goes as far as it says itself: sizes of boxes, chunks, pages and clusters against what is there.

A body that a server cut off without having told its length looks complete from outside. Headers tell, in most
containers, how far the file should go; what decodes is compared elsewhere (`frames`). Nothing is read but headers, and
a container that does not say how long it is (a live recording, say) gives no answer. Runs inside the sandbox.

Layouts: ISO/IEC 14496-12 section 4.2 (boxes), RFC 8794 and 9559 (EBML, Matroska), Microsoft's RIFF, RFC 3533 (Ogg),
ISO/IEC 13818-1 section 2.4.3 (transport packets), W3C PNG, ITU-T T.81 annex B (JPEG), GIF89a.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

#: Steps from header to header before we stop looking: a recording of a day has some hundred thousand pages.
MAX_STEPS = 500_000
#: RIFF sizes from here on are what programs write that do not know the length yet.
_RIFF_UNKNOWN = 0x7FFFF000
_MOST = 2**53 - 1  # what a record holds; a file can claim more
_BOXES = frozenset(
    b"ftyp moov mdat moof free skip wide uuid sidx ssix mfra styp meta pdin udta emsg prft pnot PICT idat".split()
)
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_NO_LENGTH_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))  # TEM, RST0..7, SOI


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes that the file says it has (at least) and has. `declared` is 0 where only the end's mark is missing."""

    declared: int
    present: int


def missing_end(path: str, media_type: str) -> Extent | None:
    """What lacks at the end of the file at `path`; None where it is whole, or does not say."""
    look = _READERS.get(media_type)
    if look is None:
        return None
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        reach = look(file, size)
    return Extent(min(max(0, reach), _MOST), size) if reach < 0 or reach > size else None


_UNMARKED = -1  # the end's mark is missing, and nothing says where it should be


def _boxes(file: BinaryIO, size: int) -> int:
    at, seen = 0, set()
    for _ in range(MAX_STEPS):
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if len(head) < 8 or kind not in _BOXES:  # the end, or something appended that is no box
            break
        seen.add(kind)
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:
            at = size
            break
        if length < 8:
            break
        at += length
        if at > size:
            return at
    described = seen & {b"moov", b"moof", b"meta", b"sidx"}
    return 0 if described else _UNMARKED  # media data without the box that describes it


def _ebml(file: BinaryIO, size: int) -> int:
    """The end of the segment, or where its size is unknown the furthest end of what lies in it."""
    at = 0
    for _ in range(MAX_STEPS):
        if at >= size:
            return 0
        file.seek(at)
        head = file.read(12)
        name, name_size = _vint(head, 0, keep=True)
        length, length_size = _vint(head, name_size, keep=False)
        if not name_size or not length_size:
            return _UNMARKED if len(head) < 12 else 0
        unknown = length == (1 << (7 * length_size)) - 1
        if name in (_SEGMENT, _CLUSTER) or unknown:
            end = at + name_size + length_size + length
            if not unknown and (end > size or name == _SEGMENT):
                return end if end > size else 0
            at = end if name == _CLUSTER and not unknown else at + name_size + length_size
            continue
        at += name_size + length_size + length
        if at > size:
            return at
    return 0


def _vint(head: bytes, at: int, *, keep: bool) -> tuple[int, int]:
    """EBML's number at `at` and its length; `keep` leaves the length's bit in, as element names are spelled."""
    if at >= len(head) or head[at] == 0:
        return 0, 0
    length = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + length], "big")
    if at + length > len(head):
        return 0, 0
    return value if keep else value & ((1 << (7 * length)) - 1), length


def _riff(file: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(MAX_STEPS):
        file.seek(at)
        head = file.read(8)
        if head[:4] not in (b"RIFF", b"RF64") or len(head) < 8:
            return 0
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"RF64" or length == 0 or length >= _RIFF_UNKNOWN:
            return 0
        at += 8 + length  # films of more than a gigabyte have several such lists; a pad byte may lack at the end
        if at > size:
            return at
        at += length % 2
    return 0


def _ogg(file: BinaryIO, size: int) -> int:
    at, open_streams = 0, set()
    for _ in range(MAX_STEPS):
        file.seek(at)
        head = file.read(27 + 255)
        if head[:4] != b"OggS":
            break
        table = head[27 : 27 + head[26]] if len(head) > 26 else b""
        if len(head) < 27 or len(table) < head[26]:
            return _UNMARKED
        serial = head[14:18]
        open_streams.add(serial)
        at += 27 + len(table) + sum(table)
        if at > size:
            return at
        if head[5] & 4:
            open_streams.discard(serial)
    return _UNMARKED if open_streams and at else 0


def _transport(file: BinaryIO, size: int) -> int:
    head = file.read(1024)
    for packet, first in ((188, 0), (192, 4), (204, 0)):
        marks = head[first::packet]
        if len(marks) >= 2 and set(marks) == {0x47} and size % packet:
            return size + packet - size % packet
    return 0


def _png(file: BinaryIO, size: int) -> int:
    at = 8
    for _ in range(MAX_STEPS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return _UNMARKED
        at += 12 + int.from_bytes(head[:4], "big")
        if at > size:
            return at
        if head[4:] == b"IEND":
            return 0
    return 0


def _jpeg(file: BinaryIO, size: int) -> int:
    at = 2
    for _ in range(MAX_STEPS):
        file.seek(at)
        head = file.read(4)
        if len(head) < 4:
            return 0 if head[:2] == b"\xff\xd9" else _UNMARKED
        if head[0] != 0xFF:
            return 0  # no marker where one has to be: damage of another kind
        if head[1] in _NO_LENGTH_MARKERS or head[1] == 0xFF:
            at += 1 if head[1] == 0xFF else 2
            continue
        if head[1] == 0xD9:
            return 0
        at += 2 + int.from_bytes(head[2:], "big")
        if at > size:
            return at
        if head[1] == 0xDA:
            return 0 if _holds(file, at, b"\xff\xd9") else _UNMARKED
    return 0


def _holds(file: BinaryIO, at: int, mark: bytes) -> bool:
    file.seek(at)
    before = b""
    while chunk := file.read(1 << 20):
        if mark in before + chunk:
            return True
        before = chunk[-1:]
    return False


def _gif(file: BinaryIO, _size: int) -> int:
    head = file.read(13)
    if len(head) < 13:
        return _UNMARKED
    file.seek(13 + _colours(head[10]))
    left = MAX_STEPS
    while left > 0:
        kind = file.read(1)
        if kind == b";":
            return 0
        if kind == b"!":
            file.read(1)
        elif kind == b",":
            place = file.read(9)
            if len(place) < 9:
                return _UNMARKED
            file.seek(_colours(place[8]) + 1, os.SEEK_CUR)
        elif kind:
            return 0  # no block: damage of another kind
        while length := file.read(1):
            left -= 1
            if length == b"\0" or left <= 0:
                break
            file.seek(length[0], os.SEEK_CUR)
        else:
            return _UNMARKED
    return 0


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _mp3(file: BinaryIO, size: int) -> int:
    """The number of bytes in the header that encoders put into the first frame ("Xing" or "Info")."""
    head = file.read(10)
    at = 0
    if head[:3] == b"ID3" and len(head) == 10:
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(at)
    frame = file.read(200)
    for mark in (b"Xing", b"Info"):
        place = frame.find(mark)
        if frame[:1] == b"\xff" and place > 0:
            flags = int.from_bytes(frame[place + 4 : place + 8], "big")
            number = place + 8 + 4 * (flags & 1)
            return at + int.from_bytes(frame[number : number + 4], "big") if flags & 2 else 0
    return _UNMARKED if at > size else 0


_READERS: Mapping[str, Callable[[BinaryIO, int], int]] = {
    **dict.fromkeys(("video/mp4", "video/quicktime", "video/3gpp", "audio/mp4", "image/heic", "image/avif"), _boxes),
    **dict.fromkeys(("image/heif", "image/heic-sequence", "image/heif-sequence", "audio/3gpp"), _boxes),
    **dict.fromkeys(("video/webm", "video/x-matroska", "audio/webm", "audio/x-matroska"), _ebml),
    **dict.fromkeys(("video/x-msvideo", "audio/wav", "image/webp"), _riff),
    **dict.fromkeys(("audio/ogg", "video/ogg"), _ogg),
    **dict.fromkeys(("video/mp2t", "audio/mp2t"), _transport),
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "audio/mpeg": _mp3,
}
