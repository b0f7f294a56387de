"""Fingerprints in other programs' algorithms, as objects: PDQ of pictures, and Chromaprint of sound.

They are kept for exchange: what another office or a platform computes can be compared with them, without the footage.
Each is an object of its own, JSON in one spelling (UTF-8, keys sorted, no white space), to be read without us:

    pdq/1          algorithm, duration_ms, kind, parameters, tools, and of each picture its time (times_ms, rising), its
                   hash (hashes, 64 hexadecimal digits) and PDQ's own quality of it (qualities, 0 to 100)
    chromaprint/1  algorithm, duration_ms, parameters, tools, start_ms (when in the footage the sound begins), and
                   fingerprint, the 32-bit numbers that `fpcalc -raw` prints, `step` samples of `rate` apart

A newer version of an algorithm's id says that its objects cannot be compared with those of an older one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from archiver.fingerprint import MAX_MS, FingerprintError

PDQ: Final = "pdq/1"
CHROMAPRINT: Final = "chromaprint/1"
ALGORITHMS: Final = (PDQ, CHROMAPRINT)
MEDIA_TYPE: Final = "application/json"

#: Of Chromaprint: samples a second, in a frame, and from one sub-fingerprint to the next; frames that one looks at.
SOUND_RATE: Final = 11_025
SOUND_FRAME: Final = 4_096
SOUND_STEP: Final = SOUND_FRAME // 3
SOUND_FRAMES: Final = 20

#: Pictures of one file: 18 hours by the second; of longer footage every second one is kept, again and again.
MAX_PICTURES: Final = 65_536
#: Sub-fingerprints of one file: 24 hours of sound. What comes after is not fingerprinted.
MAX_SOUND: Final = 700_000
#: The longest of the objects that these give, and some room.
MAX_BYTES: Final = 12 << 20

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PdqPrint:
    """PDQ hashes of one video, by the second, or of one image. `hashes` are 32 bytes each."""

    kind: str
    duration_ms: int
    times_ms: tuple[int, ...]
    hashes: tuple[bytes, ...]
    qualities: tuple[int, ...]
    parameters: Mapping[str, int | str]
    tools: Mapping[str, str]
    algorithm: str = PDQ

    def to_bytes(self) -> bytes:
        """The object's bytes, as `decode` reads them."""
        return _spelled(asdict(self) | {"hashes": [one.hex() for one in self.hashes]})


@dataclass(frozen=True, slots=True)
class SoundPrint:
    """Raw Chromaprint sub-fingerprints of one file's sound."""

    duration_ms: int
    start_ms: int
    fingerprint: tuple[int, ...]
    parameters: Mapping[str, int | str]
    tools: Mapping[str, str]
    algorithm: str = CHROMAPRINT

    def to_bytes(self) -> bytes:
        """The object's bytes, as `decode` reads them."""
        return _spelled(asdict(self))


def decode(blob: bytes) -> PdqPrint | SoundPrint:
    """The fingerprint in `blob`, which may come from anybody. Raises FingerprintError."""
    if len(blob) > MAX_BYTES:
        raise FingerprintError("longer than a fingerprint can be")
    try:
        found = json.loads(blob)
    except (ValueError, RecursionError):
        raise FingerprintError("not JSON") from None
    if not isinstance(found, dict):
        raise FingerprintError("no JSON object")
    made = _pdq(found) if found.get("algorithm") == PDQ else _sound(found)
    if not _whole(made.duration_ms, 0, MAX_MS):
        raise FingerprintError("duration out of range")
    if not _flat(made.parameters, (int, str)) or not _flat(made.tools, (str,)):
        raise FingerprintError("parameters or tools are not short values")
    return made


def _pdq(found: dict[str, Any]) -> PdqPrint:
    _expect(found, PDQ, {"hashes", "kind", "qualities", "times_ms"})
    times, hashes, qualities = (found[name] for name in ("times_ms", "hashes", "qualities"))
    lists = all(isinstance(one, list) and len(one) <= MAX_PICTURES for one in (times, hashes, qualities))
    if not lists or not len(times) == len(hashes) == len(qualities):
        raise FingerprintError("times, hashes and qualities are not lists of one length")
    if found["kind"] not in ("image", "video"):
        raise FingerprintError("neither of an image nor of a video")
    if not all(_whole(one, 0, MAX_MS) for one in times) or any(a >= b for a, b in pairwise(times)):
        raise FingerprintError("times do not rise")
    if not all(_whole(one, 0, 100) for one in qualities):
        raise FingerprintError("a quality is out of range")
    return PdqPrint(
        found["kind"], found["duration_ms"], tuple(times), tuple(map(hash_of, hashes)), tuple(qualities),
        found["parameters"], found["tools"],
    )  # fmt: skip


def hash_of(spelled: object) -> bytes:
    """The bytes of a hash that is spelled as 64 lower-case hexadecimal digits. Raises FingerprintError."""
    if not isinstance(spelled, str) or not _HASH.fullmatch(spelled):
        raise FingerprintError("a hash is not 64 hexadecimal digits")
    return bytes.fromhex(spelled)


def _sound(found: dict[str, Any]) -> SoundPrint:
    _expect(found, CHROMAPRINT, {"fingerprint", "start_ms"})
    values = found["fingerprint"]
    if not isinstance(values, list) or len(values) > MAX_SOUND or not all(_whole(one, 0, 2**32 - 1) for one in values):
        raise FingerprintError("the fingerprint is no list of 32-bit numbers")
    if not _whole(found["start_ms"], -MAX_MS, MAX_MS):
        raise FingerprintError("start out of range")
    return SoundPrint(found["duration_ms"], found["start_ms"], tuple(values), found["parameters"], found["tools"])


def _expect(found: dict[str, Any], algorithm: str, own: set[str]) -> None:
    if found.get("algorithm") != algorithm:
        raise FingerprintError("unknown algorithm")
    if set(found) != own | {"algorithm", "duration_ms", "parameters", "tools"}:
        raise FingerprintError("other fields than this version's")


def _spelled(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _flat(value: object, kinds: tuple[type, ...]) -> bool:
    if not isinstance(value, dict) or len(value) > 32:
        return False
    return all(type(part) in kinds and len(str(part)) <= 200 for part in value.values())
