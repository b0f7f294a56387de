"""What of a hash list is like an item: PDQ by Meta's rules for images and videos. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.hashlist.records import Picture, Row
from archiver.match.align import distances
from archiver.match.descriptor import Codes
from archiver.standard import PdqPrint

#: Meta's advice for PDQ: hashes of less than this quality are like others by chance, and further bits say nothing.
MIN_QUALITY: Final = 50
MAX_BITS: Final = 31
#: Meta's rule for vPDQ: this share of the pictures of one of both videos is in the other.
MIN_SHARE: Final = 0.8
#: Distances held at a time: 4 MB of them.
_AT_A_TIME: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Like:
    """A row of a list that an item is like: differing bits of 256 (the fewest, of a video the mean), seconds of the
    item, and for videos the share of the list's pictures, and of the item's, that the other has."""

    row: int
    bits: float
    start: float
    end: float
    share_of_list: float = 1.0
    share_of_item: float = 1.0


class PictureList:
    """Rows of a PDQ or vPDQ list, ready to be compared with items."""

    def __init__(self, rows: Sequence[Row], *, videos: bool) -> None:
        self._videos = videos
        good = [(row.number, one) for row in rows for one in row.pictures if one.quality >= MIN_QUALITY]
        self._numbers = np.array([number for number, _ in good], np.int64)
        self._codes = _codes([one.hash for _, one in good])

    def like(self, item: PdqPrint) -> list[Like]:
        """Rows that the item is like, in the list's order. An image is never a video's copy."""
        if self._videos and item.kind == "image":
            return []
        good = np.array([quality >= MIN_QUALITY for quality in item.qualities], bool)
        times = np.array(item.times_ms, np.float64)[good] / 1000
        codes = _codes(
            [one for one, quality in zip(item.hashes, item.qualities, strict=True) if quality >= MIN_QUALITY]
        )
        if not len(codes) or not len(self._codes):
            return []
        pairs = [
            (at + rows, columns, bits)
            for at in range(0, len(self._codes), max(1, _AT_A_TIME // len(codes)))
            for rows, columns, bits in [_near(self._codes[at : at + max(1, _AT_A_TIME // len(codes))], codes)]
        ]
        rows, columns, bits = (np.concatenate(each) for each in zip(*pairs, strict=True))
        found = []
        for number in np.unique(self._numbers[rows]):
            mine = self._numbers[rows] == number
            listed, seen = rows[mine], columns[mine]
            first, last = times[seen].min(), times[seen].max()
            end = min(float(last) + 1.0, max(float(last), item.duration_ms / 1000))
            if not self._videos:
                found.append(Like(int(number), float(bits[mine].min()), float(first), end))
                continue
            of_list = len(np.unique(listed)) / int((self._numbers == number).sum())
            of_item = len(np.unique(seen)) / len(codes)
            if max(of_list, of_item) >= MIN_SHARE:
                mean = round(float(bits[mine].mean()), 1)
                found.append(Like(int(number), mean, float(first), end, round(of_list, 3), round(of_item, 3)))
        return found


def pictures_of(item: PdqPrint) -> list[Picture]:
    """The pictures of an item that are good enough to be shared."""
    return [
        Picture(hashed, quality, at / 1000)
        for hashed, quality, at in zip(item.hashes, item.qualities, item.times_ms, strict=True)
        if quality >= MIN_QUALITY
    ]


def _codes(hashes: Sequence[bytes]) -> Codes:
    return np.frombuffer(b"".join(hashes), np.uint64).reshape(-1, 4)


def _near(a: Codes, b: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    bits = distances(a, b)
    rows, columns = np.nonzero(bits <= MAX_BITS)
    return rows, columns, bits[rows, columns]
