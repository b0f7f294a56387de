"""Fingerprint objects: the versioned bytes that `examine` writes and `match` reads (they do not import each other).

A fingerprint holds small grey pictures, not signs or coefficients: 96 x 96 at 5 bits, three for each second (six where
much moves). Signs, crops, mirrored variants and motion residuals are computed from them at match time, so a better
matcher needs no new decode. `benchmarks/matching.py` shows the bytes for each second of footage (ADR 15 has figures).

Layout, integers little-endian:

    magic        b"AFP" 0x01
    u32, header  UTF-8 JSON object, keys as in `_HEADER_KEYS`
    u32, times   zlib: i32 differences of the samples' times in ms, the first from 0
    u32, block   zlib: up to 256 pictures, each as its difference from the one before it in the block
    ...          more blocks until `samples` is reached, then nothing

Levels and their differences are modulo the number of levels (`FORMS`). Objects of older algorithms stay readable, and
comparable with newer ones.

Who makes one decides nothing but the pictures: decoding the same file with the same library versions gives the same
bytes. Another version of the decoder or of libswscale may round a grey level differently, which moves a stored level
by one step; matching stands steps of that size (they are less than a re-encoding does).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Form:
    """What an algorithm stores: `kind` of medium, a picture's `side` in pixels, `shift` of its grey levels."""

    kind: str
    side: int
    shift: int

    @property
    def mask(self) -> int:
        """The highest stored level."""
        return 0xFF >> self.shift


VIDEO_ALGORITHM = "archiver-video-dct/2"
IMAGE_ALGORITHM = "archiver-image-dct/2"
#: Side: an inset of a quarter of the width, a usual picture in picture, still has more pixels than the 16 coefficients
#: that are compared along each side. Shift: the rounding that three bits cost is below coding noise once a picture is
#: averaged down to those coefficients.
_VIDEO, _IMAGE = Form("video", 96, 3), Form("image", 96, 2)
#: Every algorithm that can be read, the current ones first.
FORMS = {
    VIDEO_ALGORITHM: _VIDEO,
    IMAGE_ALGORITHM: _IMAGE,
    "archiver-video-dct/1": Form("video", 64, 2),
    "archiver-image-dct/1": Form("image", 64, 2),
}
#: Which algorithm has taken the place of which: an item's older fingerprint is kept, and matched by no more once there
#: is the newer one of the same file.
SUCCEEDED_BY = {"archiver-video-dct/1": VIDEO_ALGORITHM, "archiver-image-dct/1": IMAGE_ALGORITHM}
#: Side of the pictures that are made now.
SIDE = _VIDEO.side

#: Pictures in a compressed block: 2.4 MB raw, which is what reading or writing needs at a time.
BLOCK = 256
#: Six hours at three samples a second; longer footage is sampled less often instead.
MAX_SAMPLES = 65_536
#: Longest footage that a time can point into: ten days, above every camera's and platform's limit.
MAX_MS = 10 * 86_400_000
#: A header of ours is 500 bytes.
MAX_HEADER = 4_096
#: Films of up to eleven minutes are held unpacked, the last few: 19 MB each. One that is compared is asked for its
#: pictures half a dozen times, and to unpack them takes as long as any other step.
_SHORT, _LATELY = 2_048, 4
#: No block of random noise is longer than its raw size and zlib's 0.1 %.
_MAX_SECTION = BLOCK * max(form.side for form in FORMS.values()) ** 2 + 16_384

_MAGIC = b"AFP\x01"
_HEADER_KEYS = {"algorithm", "duration_ms", "exchange", "kind", "parameters", "samples", "tools"}

Pictures = npt.NDArray[np.uint8]


class FingerprintError(ValueError):
    """These bytes are no fingerprint that this version can read."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Sampled pictures of one video or image.

    `times_ms` are the samples' presentation times, strictly rising. `blocks` hold the packed pictures. `exchange` holds
    fingerprints in other programs' algorithms as hex, such as `{"phash": "...", "dhash": "..."}` (ImageHash, 64 bit).
    """

    algorithm: str
    duration_ms: int
    times_ms: tuple[int, ...]
    blocks: tuple[bytes, ...]
    parameters: Mapping[str, int | str]
    tools: Mapping[str, str]
    exchange: Mapping[str, str]

    @property
    def form(self) -> Form:
        """What its algorithm stores."""
        return FORMS[self.algorithm]

    @property
    def kind(self) -> str:
        """`video` or `image`."""
        return self.form.kind

    def pictures(self) -> Pictures:
        """All pictures, uint8 (samples, side, side), grey levels. They are shared, and can't be written to."""
        unpacked = _unpacked_lately if len(self.times_ms) <= _SHORT else _unpacked
        return unpacked(self.blocks, len(self.times_ms), self.form)

    def to_bytes(self) -> bytes:
        """The object's bytes, as `decode` reads them."""
        header = {
            "algorithm": self.algorithm,
            "duration_ms": self.duration_ms,
            "exchange": dict(self.exchange),
            "kind": self.kind,
            "parameters": dict(self.parameters),
            "samples": len(self.times_ms),
            "tools": dict(self.tools),
        }
        spelled = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        steps = np.diff(np.array((0, *self.times_ms), np.int64)).astype("<i4")
        sections = (spelled, zlib.compress(steps.tobytes(), 6), *self.blocks)
        return _MAGIC + b"".join(struct.pack("<I", len(section)) + section for section in sections)


def decode(blob: bytes) -> Fingerprint:
    """The fingerprint in `blob`, which may come from anybody. Raises FingerprintError.

    Every block is unpacked once and dropped again, so a fingerprint that decodes has all of its pictures.
    """
    if not blob.startswith(_MAGIC):
        raise FingerprintError("not a fingerprint of this version")
    sections = _sections(blob)
    header = _header(next(sections, b""))
    samples = header["samples"]
    steps = np.frombuffer(_inflate(next(sections, b""), samples * 4), "<i4").astype(np.int64)
    times = np.cumsum(steps)
    if samples and (steps[0] < 0 or (steps[1:] <= 0).any() or times[-1] > MAX_MS):
        raise FingerprintError("sample times do not rise")
    blocks = tuple(sections)
    if len(blocks) != -(-samples // BLOCK):
        raise FingerprintError("number of picture blocks does not fit the header")
    found = Fingerprint(
        algorithm=header["algorithm"],
        duration_ms=header["duration_ms"],
        times_ms=tuple(times.tolist()),
        blocks=blocks,
        parameters=header["parameters"],
        tools=header["tools"],
        exchange=header["exchange"],
    )
    if samples <= _SHORT:
        found.pictures()
    else:
        for number, block in enumerate(blocks):
            unpack_block(block, min(BLOCK, samples - number * BLOCK), found.form)
    return found


def pack_block(pictures: Pictures, form: Form = _VIDEO) -> bytes:
    """Up to BLOCK pictures, uint8 (n, side, side), as one compressed block."""
    levels = pictures >> form.shift
    steps = levels.copy()
    steps[1:] -= levels[:-1]
    return zlib.compress((steps & form.mask).tobytes(), 6)


def unpack_block(block: bytes, count: int, form: Form = _VIDEO) -> Pictures:
    """The inverse of `pack_block`, uint8 (count, side, side). Raises FingerprintError."""
    side = form.side
    steps = np.frombuffer(_inflate(block, count * side * side), np.uint8).reshape(count, side, side)
    if (steps > form.mask).any():
        raise FingerprintError("a picture has levels out of range")
    # uint8 addition wraps at 256, of which every number of levels is a divisor.
    levels = np.cumsum(steps, axis=0, dtype=np.uint8)
    levels &= form.mask
    levels <<= form.shift
    return levels


def _unpacked(blocks: tuple[bytes, ...], samples: int, form: Form) -> Pictures:
    out = np.empty((samples, form.side, form.side), np.uint8)
    for number, block in enumerate(blocks):
        part = out[number * BLOCK : (number + 1) * BLOCK]
        part[:] = unpack_block(block, len(part), form)
    out.flags.writeable = False
    return out


_unpacked_lately = lru_cache(maxsize=_LATELY)(_unpacked)


def pack(pictures: Sequence[Pictures] | Pictures, form: Form = _VIDEO) -> tuple[bytes, ...]:
    """Any number of pictures as blocks."""
    return tuple(
        pack_block(np.asarray(pictures[at : at + BLOCK], dtype=np.uint8), form) for at in range(0, len(pictures), BLOCK)
    )


def _sections(blob: bytes) -> Iterator[bytes]:
    at = len(_MAGIC)
    while at < len(blob):
        if at + 4 > len(blob):
            raise FingerprintError("cut off")
        (size,) = struct.unpack_from("<I", blob, at)
        at += 4
        if size > _MAX_SECTION or at + size > len(blob):
            raise FingerprintError("a section is longer than the object")
        yield blob[at : at + size]
        at += size


def _inflate(data: bytes, size: int) -> bytes:
    """Exactly `size` bytes out of `data`, never one more in memory."""
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise FingerprintError(f"damaged: {error}") from None
    if len(out) != size or not stream.eof or stream.unused_data:
        raise FingerprintError("a section has another size than the header says")
    return out


def _header(spelled: bytes) -> dict[str, Any]:
    if len(spelled) > MAX_HEADER:
        raise FingerprintError("header too long")
    try:
        header = json.loads(spelled)
    except (ValueError, RecursionError):
        raise FingerprintError("header is not JSON") from None
    if not isinstance(header, dict) or set(header) != _HEADER_KEYS:
        raise FingerprintError("header has other fields than this version's")
    if not isinstance(header["algorithm"], str) or header["algorithm"] not in FORMS:
        raise FingerprintError("unknown algorithm")
    if header["kind"] != FORMS[header["algorithm"]].kind:
        raise FingerprintError("kind does not fit the algorithm")
    if not _whole(header["samples"], MAX_SAMPLES) or not _whole(header["duration_ms"], MAX_MS):
        raise FingerprintError("sizes out of range")
    if not _flat(header["parameters"], (int, str)):
        raise FingerprintError("parameters are not short values")
    if not _flat(header["tools"], (str,)) or not _flat(header["exchange"], (str,)):
        raise FingerprintError("tools or exchange fingerprints are not short texts")
    return header


def _whole(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _flat(value: object, kinds: tuple[type, ...]) -> bool:
    if not isinstance(value, dict) or len(value) > 32:
        return False
    return all(type(part) in kinds and len(str(part)) <= 200 for part in value.values())
