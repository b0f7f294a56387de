"""Which indexed films a query may be a copy of, and the comparison with each: fingerprints in, findings out.

The index lives in memory and is scanned whole: 111 codes of 32 bytes for each second of footage, or 13 MB an hour.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match import align
from archiver.match.compare import compare
from archiver.match.descriptor import Codes
from archiver.match.film import Entries, indexed_entries, query_entries, seconds
from archiver.match.finding import Found
from archiver.match.still import compare_still

__all__ = ["Found", "Index"]

#: Queries of more samples than the first number are looked up by every second one; of more than the second, by every
#: sixth and without crops of the query: 20 minutes against 20 minutes then take 6 s of one core.
_ALL_SAMPLES: Final = 90
_LONG_SAMPLES: Final = 360
#: Films that are compared closely, by the votes that their codes drew.
CANDIDATES: Final = 40
#: Support (bits below NEAR_BITS, added up over samples) that a film needs to be compared closely. Of 2,328 unrelated
#: pairs 97 % stay below it; of 144 copies 17 do, and these draw next to none anyway (pictures in pictures, mostly).
MIN_SUPPORT: Final = 50.0
#: The same for queries of a few samples, and for images, which have one.
MIN_SUPPORT_OF_A_SAMPLE: Final = 10.0
#: Alignments of a pair that are verified.
HYPOTHESES: Final = 8
#: Pairs of codes (three minutes against three) beyond which only each sample's nearest code votes for an offset.
_MANY_PAIRS: Final = 20_000**2


@dataclass(frozen=True, slots=True)
class _Indexed:
    item_id: str
    fingerprint: Fingerprint
    entries: Entries


class Index:
    """Fingerprints by item id. Answers depend on the contents alone, not on the order in which they came."""

    def __init__(self) -> None:
        self._items: list[_Indexed] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item_id: str, fingerprint: Fingerprint) -> None:
        """Index `fingerprint` (a video's or an image's) under `item_id`; an item may have several."""
        self._items.append(_Indexed(item_id, fingerprint, indexed_entries(fingerprint)))

    def query(self, fingerprint: Fingerprint, exclude: Collection[str] = ()) -> list[Found]:
        """What is alike, best first, one answer for each item; `exclude` are item ids to leave out."""
        if not fingerprint.times_ms:
            return []
        count = len(fingerprint.times_ms)
        stride = 1 if count <= _ALL_SAMPLES else 2 if count <= _LONG_SAMPLES else 6
        entries = query_entries(fingerprint, stride, parts=count <= _LONG_SAMPLES)
        skipped = frozenset(exclude)
        scored = [(*_support(entries, each.entries), each) for each in self._items if each.item_id not in skipped]
        scored = [each for each in scored if each[0] >= min(MIN_SUPPORT, MIN_SUPPORT_OF_A_SAMPLE * count)]
        scored.sort(key=lambda each: (-each[0], each[2].item_id))
        times, pictures = seconds(fingerprint), fingerprint.pictures()
        best: dict[str, Found] = {}
        for _, chosen, each in scored[:CANDIDATES]:
            found: Found | None
            if "image" in (fingerprint.kind, each.fingerprint.kind):
                found = compare_still(each.item_id, each.fingerprint, each.entries, fingerprint, entries)
            else:
                votes = (
                    _only(entries, chosen) if len(entries.codes) * len(each.entries.codes) > _MANY_PAIRS else entries
                )
                guesses = align.hypotheses(votes, times, each.entries, seconds(each.fingerprint), HYPOTHESES)
                found = compare(each.item_id, each.fingerprint, fingerprint, pictures, guesses)
            if found is not None and (each.item_id not in best or found.rank > best[each.item_id].rank):
                best[each.item_id] = found
        return sorted(best.values(), key=lambda found: (*(-part for part in found.rank), found.item_id))


def _support(query: Entries, item: Entries) -> tuple[float, npt.NDArray[np.int64]]:
    """How much of the query the item explains, and for each sample of the query its nearest code (its row).

    A part of one is looked for in the whole of the other only: parts of both cost three times as much and find nothing.
    """
    nearest = np.full(len(query.codes), 256, np.int64)
    _find_nearest(query.codes, np.flatnonzero(~query.part), item.codes, nearest)
    _find_nearest(query.codes, np.flatnonzero(query.part), item.codes[~item.part], nearest)
    order = np.lexsort((nearest, query.sample))
    first = np.ones(len(order), bool)
    first[1:] = query.sample[order][1:] != query.sample[order][:-1]
    chosen = order[first]
    return float(np.maximum(align.NEAR_BITS + 1 - nearest[chosen], 0).sum()), chosen


def _find_nearest(query: Codes, rows: npt.NDArray[np.int64], item: Codes, nearest: npt.NDArray[np.int64]) -> None:
    """Write into `nearest` at `rows` how far the nearest code of the item is."""
    if not len(item):
        return
    at_a_time = max(1, align.MANY_DISTANCES // len(item))
    for start in range(0, len(rows), at_a_time):
        some = rows[start : start + at_a_time]
        nearest[some] = align.distances(query[some], item).min(axis=1)


def _only(entries: Entries, rows: npt.NDArray[np.int64]) -> Entries:
    return Entries(
        entries.codes[rows],
        entries.sample[rows],
        entries.box[rows],
        entries.variant[rows],
        entries.part[rows],
        entries.boxes,
    )
