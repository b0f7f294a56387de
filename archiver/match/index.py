"""Which indexed films a query may be a copy of, and the comparison with each: fingerprints in, findings out.

Retrieval goes through the codes' keys (sketch, lookup), picks candidates by stretches of the query (ranking), and only
the candidates' fingerprints are read and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import BLOCK, Fingerprint
from archiver.match import align, lookup, ranking, sketch
from archiver.match.compare import compare
from archiver.match.film import Entries, indexed_entries, query_entries, seconds
from archiver.match.finding import Found
from archiver.match.lookup import Hits, Volume
from archiver.match.ranking import Candidate
from archiver.match.still import compare_still

__all__ = ["Found", "Index", "Library", "query", "volume_of"]

#: Queries of more samples than the first number are looked up by every second one; of more than the second, by every
#: sixth and without crops of the query.
_ALL_SAMPLES: Final = 90
_LONG_SAMPLES: Final = 360
#: Alignments of a pair that are verified.
HYPOTHESES: Final = 8
#: Pairs of codes (three minutes against three) beyond which only each sample's nearest code votes for an offset.
_MANY_PAIRS: Final = 20_000**2


class Library(Protocol):
    """Indexed films: the volumes that hold their codes, and by their numbers through all volumes what else is known."""

    @property
    def volumes(self) -> Sequence[Volume]: ...

    def name(self, film: int) -> str:
        """What an answer calls the film; no two have the same."""

    def fingerprint(self, film: int) -> Fingerprint | None:
        """Its fingerprint; None where it cannot be read any more."""


def volume_of(fingerprints: Sequence[Fingerprint]) -> Volume:
    """The volume of films that are numbered from 0."""
    made = [_rows(each, number) for number, each in enumerate(fingerprints)]
    codes, films, samples = (np.concatenate(each) for each in zip(*made, strict=True))
    return lookup.volume(len(fingerprints), codes, films, samples)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What the index says of a query: films to compare closely, likeliest first, and what they were found by."""

    candidates: list[Candidate]
    entries: Entries
    hits: Hits


def retrieve(fingerprint: Fingerprint, library: Library, wanted: Callable[[str], bool]) -> Retrieved:
    """The films that a query of at least one sample may be a copy of, among those whose name is `wanted`."""
    count = len(fingerprint.times_ms)
    stride = 1 if count <= _ALL_SAMPLES else 2 if count <= _LONG_SAMPLES else 6
    entries = query_entries(fingerprint, stride, parts=count <= _LONG_SAMPLES)
    bits = lookup.key_bits(sum(len(each) for each in library.volumes), sketch.PROBES)
    hits = lookup.hits(library.volumes, sketch.probes(fingerprint, entries, bits))
    stretch = ranking.stretches(fingerprint.pictures())
    return Retrieved(ranking.candidates(hits, entries.sample, stretch, library.name, wanted), entries, hits)


def query(fingerprint: Fingerprint, library: Library, wanted: Callable[[str], bool]) -> list[Found]:
    """What is alike, best first, one answer for each film whose name is `wanted`."""
    if not fingerprint.times_ms or not library.volumes:
        return []
    retrieved = retrieve(fingerprint, library, wanted)
    answers = []
    for candidate in retrieved.candidates:
        item = library.fingerprint(candidate.film)
        if item is not None:
            name = library.name(candidate.film)
            found = _compared(name, item, candidate, fingerprint, retrieved.entries, retrieved.hits)
            if found is not None:
                answers.append(found)
    return sorted(answers, key=lambda found: (*(-part for part in found.rank), found.item_id))


class Index:
    """A library in memory. Answers depend on the contents alone, not on the order in which they came."""

    def __init__(self) -> None:
        self.volumes: list[Volume] = []
        self._films: list[tuple[str, Fingerprint]] = []

    def __len__(self) -> int:
        return len(self._films)

    def add(self, name: str, fingerprint: Fingerprint) -> None:
        """Index `fingerprint` (a video's or an image's) under `name`."""
        self._films.append((name, fingerprint))
        self.volumes.append(volume_of([fingerprint]))

    def query(self, fingerprint: Fingerprint, exclude: Collection[str] = ()) -> list[Found]:
        """As the function `query`; `exclude` are names to leave out."""
        return query(fingerprint, self, lambda name: name not in exclude)

    def name(self, film: int) -> str:
        return self._films[film][0]

    def fingerprint(self, film: int) -> Fingerprint:
        return self._films[film][1]


def _rows(
    fingerprint: Fingerprint, number: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
    entries = indexed_entries(fingerprint)
    samples = entries.sample.astype(np.uint16)
    return sketch.arranged(entries.codes), np.full(len(samples), number, np.uint32), samples


def _compared(
    name: str, item: Fingerprint, candidate: Candidate, fingerprint: Fingerprint, entries: Entries, hits: Hits
) -> Found | None:
    """The finding on one candidate. Only its likely blocks are aligned; what is aligned is compared with all of it."""
    likely = _blocks_of(item, candidate.blocks)
    item_entries = indexed_entries(likely)
    if "image" in (fingerprint.kind, item.kind):
        return compare_still(name, likely, item_entries, fingerprint, entries)
    votes = entries
    if len(entries.codes) * len(item_entries.codes) > _MANY_PAIRS:
        votes = _only(entries, _nearest(entries, hits, candidate.film))
    guesses = align.hypotheses(votes, seconds(fingerprint), item_entries, seconds(likely), HYPOTHESES)
    return compare(name, item, fingerprint, fingerprint.pictures(), guesses)


def _blocks_of(item: Fingerprint, blocks: tuple[int, ...]) -> Fingerprint:
    """The film as if only these of its blocks had been sampled."""
    if len(blocks) == len(item.blocks):
        return item
    times = [time for block in blocks for time in item.times_ms[block * BLOCK : (block + 1) * BLOCK]]
    return replace(item, times_ms=tuple(times), blocks=tuple(item.blocks[block] for block in blocks))


def _nearest(entries: Entries, hits: Hits, film: int) -> npt.NDArray[np.int64]:
    """Of each sample of the query the row that is most like the film."""
    mine = hits.film == film
    row, support = hits.row[mine], hits.support[mine]
    order = np.lexsort((row, -support, entries.sample[row]))
    _, first = np.unique(entries.sample[row][order], return_index=True)
    rows: npt.NDArray[np.int64] = row[order][first]
    return rows


def _only(entries: Entries, rows: npt.NDArray[np.int64]) -> Entries:
    return replace(
        entries,
        codes=entries.codes[rows],
        sample=entries.sample[rows],
        box=entries.box[rows],
        variant=entries.variant[rows],
        part=entries.part[rows],
    )
