"""What the index keeps of a film and what it looks up for a query: codes in an order in which they can be sorted.

The lowest frequencies of a picture survive what is done to copies: of 24 signs a re-encoded frame keeps nearly all, one
filmed off a screen nine in ten. So a code's bits are arranged from the lowest frequency upwards, the index is sorted by
them, and the first bits are the key by which codes are found. A query knows how far each of its coefficients lies from
the sign's threshold, and also looks under the keys in which the signs that are least certain are flipped
(query-directed probing: Lv et al., "Multi-probe LSH", VLDB 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match.descriptor import KEEP, Codes, Floats, coefficients, turned
from archiver.match.film import VARIANTS, Entries

#: Signs by rising frequency, the lowest first; the mean, whose sign says nothing, comes last.
_ROWS, _COLUMNS = np.divmod(np.arange(KEEP * KEEP), KEEP)
ORDER: Final = np.roll(np.lexsort((_ROWS, _ROWS + _COLUMNS)), -1)

#: Bits of a key that a query may flip: its least certain ones.
WEAK_BITS: Final = 10
#: Keys looked up for each code of a query, its own among them. Sixteen find a tenth less of what was filmed off a
#: screen; 256 find hardly more and cost four times as much.
PROBES: Final = 64

#: Codes whose bits are held apart at a time: 16 MB of them.
_CHUNK: Final = 65_536

#: uint8 (2 ** WEAK_BITS, WEAK_BITS): every way to flip them.
_FLIPS: Final = (np.arange(2**WEAK_BITS)[:, None] >> np.arange(WEAK_BITS) & 1).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Probes:
    """Codes of a query and the keys to look under.

    codes: uint64 (n, WORDS), arranged; keys: uint64 (n, PROBES), likeliest first, of which the first `bits` bits count.
    """

    codes: Codes
    keys: npt.NDArray[np.uint64]
    bits: int


def arranged(codes: Codes) -> Codes:
    """Codes (n, WORDS) with their bits in ORDER: the first word's leading bits are the key. Distances stay."""
    out = np.empty_like(codes)
    for start in range(0, len(codes), _CHUNK):
        part = np.ascontiguousarray(codes[start : start + _CHUNK]).view(np.uint8)
        bits = np.take(np.unpackbits(part, axis=1), ORDER, axis=1)
        out[start : start + _CHUNK] = np.packbits(bits, axis=1).view(">u8")
    return out


def restored(arranged: Codes) -> Codes:
    """The inverse of `arranged`."""
    bits = np.unpackbits(arranged.astype(">u8").view(np.uint8).reshape(len(arranged), -1), axis=1)
    return np.packbits(np.take(bits, np.argsort(ORDER), axis=1), axis=1).view(np.uint64)


def probes(fingerprint: Fingerprint, entries: Entries, bits: int) -> Probes:
    """What to look up for the `entries` of a query. `bits` is the length of a key, at least WEAK_BITS."""
    codes = arranged(entries.codes)
    margins = _margins(fingerprint, entries, bits)
    weak = np.argsort(margins, axis=1, kind="stable")[:, :WEAK_BITS]
    costs = np.take_along_axis(margins, weak, axis=1) ** 2 @ _FLIPS.T.astype(np.float32)
    cheapest = np.argsort(costs, axis=1, kind="stable")[:, :PROBES]
    flip = np.left_shift(np.uint64(1), (63 - weak).astype(np.uint64))
    flips = (flip[:, None, :] * _FLIPS[cheapest].astype(np.uint64)).sum(axis=2, dtype=np.uint64)
    return Probes(codes, codes[:, :1] ^ flips, bits)


def _margins(fingerprint: Fingerprint, entries: Entries, bits: int) -> Floats:
    """(n, bits): how far each coefficient of the key lies from its row's median, in units of the row's length."""
    pictures = fingerprint.pictures()
    margins = np.empty((len(entries.codes), bits), np.float32)
    view = entries.box.astype(np.int64) * len(VARIANTS) + entries.variant
    for number in np.unique(view):
        rows = np.flatnonzero(view == number)
        box, variant = divmod(int(number), len(VARIANTS))
        blocks = coefficients(turned(pictures[entries.sample[rows]], VARIANTS[variant]), entries.boxes[box])
        distance = np.abs(blocks[:, ORDER[:bits]] - np.median(blocks, axis=1, keepdims=True))
        margins[rows] = distance / np.maximum(np.linalg.norm(blocks, axis=1, keepdims=True), 1e-6)
    return margins
