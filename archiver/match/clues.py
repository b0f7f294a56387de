"""What speaks for a candidate: the codes of the query that found it, and the rows of the index that they found.

These are aligned with each other. To make all codes of each candidate again, of which the index has kept a part, takes
as long as it took to index it, and finds the same alignments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import BLOCK
from archiver.match.descriptor import Box
from archiver.match.film import Entries
from archiver.match.lookup import Hits, Numbers, Volume, rows_at
from archiver.match.ranking import Candidate
from archiver.match.sketch import restored

#: Rows of either side that are aligned, the best of each sample first: more of one moment say no more.
MOST_ROWS: Final = 1_000
#: Samples before and after one that was found, in which what was found may go on: four seconds.
_AROUND: Final = 12
#: A box's edges are kept in so many parts of the picture's side; refinement moves them further than that.
_PARTS: Final = 255


@dataclass(frozen=True, slots=True)
class Clues:
    """Entries of the query, and of a candidate in the index; and which samples of theirs have near codes: pairs."""

    query: Entries
    item: Entries
    pairs: tuple[Numbers, Numbers]


def edges(entries: Entries) -> npt.NDArray[np.uint8]:
    """The box of each entry as the index keeps it: uint8 (n, 4)."""
    boxes = np.array([(box.left, box.top, box.right, box.bottom) for box in entries.boxes]).reshape(-1, 4)
    rounded: npt.NDArray[np.uint8] = np.round(np.clip(boxes, 0.0, 1.0) * _PARTS).astype(np.uint8)
    return np.take(rounded, entries.box, axis=0)


def of(
    candidates: Sequence[Candidate], query: Entries, hits: Hits, volumes: Sequence[Volume]
) -> Iterator[tuple[Candidate, Clues]]:
    """Each candidate with its clues. `query` are the entries that were looked up."""
    films = np.array([each.film for each in candidates], np.int64)
    mine = np.flatnonzero(np.isin(hits.film, films))
    mine = mine[np.argsort(hits.film[mine], kind="stable")]
    first, end = (np.searchsorted(hits.film[mine], films, side) for side in ("left", "right"))
    for candidate, start, stop in zip(candidates, first.tolist(), end.tolist(), strict=True):
        found = mine[start:stop]
        row, support = hits.row[found], hits.support[found]
        rows, _ = _best(row, query.sample[row], support)
        places, sample = _best(hits.place[found], hits.sample[found], support)
        pairs = query.sample[row].astype(np.int64), hits.sample[found]
        yield candidate, Clues(query.only(rows), _entries(volumes, places, sample), pairs)


def around(clue: Clues, blocks: tuple[int, ...], samples: int) -> Numbers:
    """The samples of a candidate's likely blocks that lie near one that was found; it has so many in all."""
    found = np.zeros(samples, bool)
    found[clue.pairs[1]] = True
    near = np.convolve(found, np.ones(2 * _AROUND + 1))[_AROUND:-_AROUND] > 0.5
    return np.flatnonzero(near & np.isin(np.arange(samples) // BLOCK, blocks))


def _best(number: Numbers, sample: npt.NDArray[np.integer], support: Numbers) -> tuple[Numbers, Numbers]:
    """At most MOST_ROWS of the numbers, each once, and their samples: the best supported of each sample come first."""
    order = np.lexsort((-support, number))
    fresh = np.ones(len(order), bool)
    fresh[1:] = number[order][1:] != number[order][:-1]
    once = order[fresh]
    if len(once) > MOST_ROWS:
        once = once[np.lexsort((number[once], -support[once], sample[once]))]
        begins = np.flatnonzero(np.diff(sample[once], prepend=-1))
        rank = np.arange(len(once)) - np.repeat(begins, np.diff(begins, append=len(once)))
        once = np.sort(once[np.lexsort((-support[once], rank))[:MOST_ROWS]])
        once = once[np.argsort(number[once])]
    return number[once], sample[once].astype(np.int64)


def _entries(volumes: Sequence[Volume], places: Numbers, sample: Numbers) -> Entries:
    codes, corners = rows_at(volumes, places)
    different, box = np.unique(corners, axis=0, return_inverse=True)
    return Entries(
        codes=restored(codes),
        sample=sample.astype(np.int32),
        box=box.astype(np.int32),
        variant=np.zeros(len(places), np.int8),
        part=np.zeros(len(places), np.bool_),
        boxes=tuple(Box(*corner) for corner in (different / _PARTS).tolist()),
    )
