"""Fingerprint objects: the versioned bytes that `examine` writes and `match` reads (they do not import each other).

A fingerprint holds small grey pictures, not signs or coefficients: 64 x 64 at 6 bits, three for each second (six where
much moves). Signs, crops, mirrored variants and motion residuals are computed from them at match time, so a better
matcher needs no new decode. On the 18 development clips this is 1.9 to 15.2 kB for each second of footage, 4.9 kB on
average.

Layout, integers little-endian:

    magic        b"AFP" 0x01
    u32, header  UTF-8 JSON object, keys as in `_HEADER_KEYS`
    u32, times   zlib: i32 differences of the samples' times in ms, the first from 0
    u32, block   zlib: up to 256 pictures, each as its difference (mod 64) from the one before it in the block
    ...          more blocks until `samples` is reached, then nothing

Who makes one decides nothing but the pictures: decoding the same file with the same library versions gives the same
bytes, another version of libswscale may round a level differently.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

VIDEO_ALGORITHM = "archiver-video-dct/1"
IMAGE_ALGORITHM = "archiver-image-dct/1"
ALGORITHMS = {VIDEO_ALGORITHM: "video", IMAGE_ALGORITHM: "image"}

#: Side of a stored picture. A third of it is still more than the 16 coefficients that are compared along each side.
SIDE = 64
#: Two bits less than a grey level: below coding noise, and it halves the bytes.
SHIFT = 2
#: Pictures in a compressed block: 1 MiB raw, which is what reading or writing needs at a time.
BLOCK = 256
#: Six hours at three samples a second; longer footage is sampled less often instead.
MAX_SAMPLES = 65_536
#: Longest footage that a time can point into: ten days, above every camera's and platform's limit.
MAX_MS = 10 * 86_400_000
#: A header of ours is 500 bytes.
MAX_HEADER = 4_096
#: No block of random noise is longer than its raw size and zlib's 0.1 %.
_MAX_SECTION = BLOCK * SIDE * SIDE + 16_384

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
    def kind(self) -> str:
        """`video` or `image`."""
        return ALGORITHMS[self.algorithm]

    def pictures(self) -> Pictures:
        """All pictures, uint8 (samples, SIDE, SIDE), grey levels 0 to 252."""
        out = np.empty((len(self.times_ms), SIDE, SIDE), np.uint8)
        for number, block in enumerate(self.blocks):
            part = out[number * BLOCK : (number + 1) * BLOCK]
            part[:] = unpack_block(block, len(part))
        return out

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
    for number, block in enumerate(blocks):
        unpack_block(block, min(BLOCK, samples - number * BLOCK))
    return Fingerprint(
        algorithm=header["algorithm"],
        duration_ms=header["duration_ms"],
        times_ms=tuple(times.tolist()),
        blocks=blocks,
        parameters=header["parameters"],
        tools=header["tools"],
        exchange=header["exchange"],
    )


def pack_block(pictures: Pictures) -> bytes:
    """Up to BLOCK pictures, uint8 (n, SIDE, SIDE), as one compressed block."""
    levels = pictures >> SHIFT
    steps = levels.copy()
    steps[1:] -= levels[:-1]
    return zlib.compress((steps & (0xFF >> SHIFT)).tobytes(), 6)


def unpack_block(block: bytes, count: int) -> Pictures:
    """The inverse of `pack_block`, uint8 (count, SIDE, SIDE). Raises FingerprintError."""
    steps = np.frombuffer(_inflate(block, count * SIDE * SIDE), np.uint8).reshape(count, SIDE, SIDE)
    if (steps > (0xFF >> SHIFT)).any():
        raise FingerprintError("a picture has levels out of range")
    # uint8 addition wraps at 256, of which 64 is a divisor.
    levels = np.cumsum(steps, axis=0, dtype=np.uint8)
    levels &= 0xFF >> SHIFT
    levels <<= SHIFT
    return levels


def pack(pictures: Sequence[Pictures] | Pictures) -> tuple[bytes, ...]:
    """Any number of pictures as blocks."""
    return tuple(
        pack_block(np.asarray(pictures[at : at + BLOCK], dtype=np.uint8)) for at in range(0, len(pictures), BLOCK)
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
    if not isinstance(header["algorithm"], str) or header["algorithm"] not in ALGORITHMS:
        raise FingerprintError("unknown algorithm")
    if header["kind"] != ALGORITHMS[header["algorithm"]]:
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
