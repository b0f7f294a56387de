"""What a hash list holds, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a list holds."""

    DIGESTS = "digests"
    PDQ = "pdq"
    VPDQ = "vpdq"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PDQ hash (32 bytes), its quality (0 to 100), and when it is in its video, in seconds."""

    hash: bytes
    quality: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row that can be compared: digests ("" for none), or pictures, or sound, as the list's kind says."""

    number: int
    sha256: str = ""
    sha512: str = ""
    pictures: tuple[Picture, ...] = ()
    sound: tuple[int, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A list's rows, and of those that make no sense the number and why. Numbers are those of lines, from 1."""

    kind: Kind
    rows: tuple[Row, ...]
    refused: tuple[tuple[int, str], ...]
