"""Which indexed films a query may be a copy of, and the comparison with each: fingerprints in, findings out.

Retrieval goes through the codes' keys (sketch, lookup), picks candidates by stretches of the query (ranking), and only
the candidates' fingerprints are read and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import BLOCK, Fingerprint
from archiver.match import align, clues, lookup, ranking, sketch
from archiver.match.clues import Clues
from archiver.match.compare import compare
from archiver.match.descriptor import Pixels
from archiver.match.film import Entries, all_entries, indexed_entries, query_entries, seconds
from archiver.match.finding import Found
from archiver.match.firstlook import FirstLook
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

#: Pairs of codes (three minutes against three) beyond which only those of the query that found the film vote.
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
    codes, films, samples, boxes = (np.concatenate(each) for each in zip(*made, strict=True))
    return lookup.volume(len(fingerprints), codes, films, samples, boxes)


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
    asked = _Query(fingerprint, fingerprint.pictures(), retrieved.entries)
    answers = []
    for candidate, clue in clues.of(retrieved.candidates, retrieved.entries, retrieved.hits, library.volumes):
        item = library.fingerprint(candidate.film)
        if item is not None and (found := _compared(asked, library.name(candidate.film), item, candidate, clue)):
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


@dataclass(frozen=True, slots=True)
class _Query:
    """A query, and what is made of it once for all candidates."""

    fingerprint: Fingerprint
    pictures: Pixels
    entries: Entries


def _rows(fingerprint: Fingerprint, number: int) -> tuple[npt.NDArray[Any], ...]:
    """Of one film: codes, film, sample and box, as `lookup.volume` takes them."""
    entries = indexed_entries(fingerprint)
    films = np.full(len(entries.sample), number, np.uint32)
    return sketch.arranged(entries.codes), films, entries.sample.astype(np.uint16), clues.edges(entries)


def _compared(asked: _Query, name: str, item: Fingerprint, candidate: Candidate, clue: Clues) -> Found | None:
    """The finding on one candidate. Only its likely blocks are aligned; what is aligned is compared with all of it."""
    if "image" in (asked.fingerprint.kind, item.kind):
        likely = _blocks_of(item, candidate.blocks)
        entries = all_entries(likely, np.arange(len(likely.times_ms)))
        return compare_still(name, likely, entries, asked.fingerprint, asked.entries)
    times, item_times = seconds(asked.fingerprint), seconds(item)
    look = FirstLook(asked.pictures, times, item.pictures(), item_times, clue)
    best = look.best(align.hypotheses(clue.query, times, clue.item, item_times, HYPOTHESES))
    if best is None:
        return None
    guesses = [best.guess]
    if best.moves_alike:  # else it is a scene at most, and that where it looks most alike
        entries = all_entries(item, clues.around(clue, candidate.blocks, len(item_times)))
        many = len(asked.entries.codes) * len(entries.codes) > _MANY_PAIRS
        votes = clue.query if many else asked.entries
        guesses = look.worth(align.hypotheses(votes, times, entries, item_times, HYPOTHESES)) or guesses
    return compare(name, item, asked.fingerprint, asked.pictures, guesses)


def _blocks_of(item: Fingerprint, blocks: tuple[int, ...]) -> Fingerprint:
    """The film as if only these of its blocks had been sampled."""
    if len(blocks) == len(item.blocks):
        return item
    times = [time for block in blocks for time in item.times_ms[block * BLOCK : (block + 1) * BLOCK]]
    return replace(item, times_ms=tuple(times), blocks=tuple(item.blocks[block] for block in blocks))
