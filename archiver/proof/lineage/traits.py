"""What is known of an item that tells it from its copies: when it came, what proves that, how it is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional


@dataclass(frozen=True)
class Posted:
    """A platform's claim of when it was posted: not before `first`, not after `last` (RFC 3339). It was read from
    `field` of the object `sha256`.
    """

    first: str
    last: str
    field: str
    sha256: str

    @property
    def is_day(self) -> bool:
        """Whether no more than a day (UTC) is claimed."""
        return self.first != self.last


@dataclass(frozen=True)
class Picture:
    """Footage as it was decoded: of the original `sha256` of `size` bytes; read from the object `metadata`.

    `made_by` is "camera" or "software" where embedded tags say so, "" where they say nothing or both.
    """

    sha256: str
    size: int
    metadata: str
    width: int
    height: int
    frames: int
    length_ms: int
    codec: str
    made_by: str

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.width * self.height

    @property
    def rate(self) -> float:
        """Bits a second of the whole file; of a still its bits."""
        return self.size * 8 * 1000 / (self.length_ms or 1000)

    @property
    def bits_per_pixel(self) -> float:
        """Bits for each pixel that was decoded, sound and all."""
        return self.size * 8 / max(1, self.pixels * max(1, self.frames))


@dataclass(frozen=True)
class Copy:
    """What is known of one item: the entry by which it came, with its time, the first stamp over that entry, and the
    anchor over it with the lowest block. Entries and blocks are -1 where there are none.
    """

    item: str
    entry: int
    acquired: str
    stamp: int = -1
    proved: str = ""
    anchor: int = -1
    block: int = -1
    posted: Optional[Posted] = None  # noqa: UP045  Python 3.9
    picture: Optional[Picture] = None  # noqa: UP045


def values(copy: Copy) -> dict[str, Any]:
    """What is known of one item, as JSON holds it."""
    told: dict[str, Any] = {"acquired": {"entry": copy.entry, "time": copy.acquired}}
    if copy.stamp >= 0:
        told["proved"] = {"entry": copy.stamp, "time": copy.proved}
    if copy.block >= 0:
        told["anchored"] = {"entry": copy.anchor, "block": copy.block}
    if copy.posted:
        told["posted"] = dict(vars(copy.posted))
    if copy.picture:
        told["picture"] = dict(vars(copy.picture))
    return told
