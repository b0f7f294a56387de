"""Which indexed sounds a query may be a copy of: an inverted index of sub-fingerprints, in memory.

Twelve bytes for each sub-fingerprint: 0.35 MB an hour of sound. A copy that was encoded anew keeps a fifth or more of
its sub-fingerprints within one bit, so these are what is looked up, and what they find votes for a speed and an offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.finding import Found
from archiver.match.sound import Guess, Sound, Values, compare, sound
from archiver.standard import SoundPrint

#: How much faster the query may run than the indexed sound; those in between are within half a bin over some seconds.
#: A sound that is played backwards has other sub-fingerprints, and is not found.
SPEEDS: Final = (1.0, 0.9, 1.1, 0.8, 1.25)
#: What Chromaprint makes of silence.
SILENCE: Final = 627_964_279
#: A value that more places have is no clue: steady sounds have few values.
MAX_PLACES: Final = 1_000
#: Sub-fingerprints of a query that are looked up; of a longer one (20 minutes) every second, third, ...
MAX_LOOKED_UP: Final = 10_000
#: Sounds that are compared closely, by the votes that they drew, and alignments of each.
CANDIDATES: Final = 40
GUESSES: Final = 8
#: Sub-fingerprints of the query that have to vote for an alignment.
MIN_VOTES: Final = 2
#: Width of a bin of offsets, in sub-fingerprints: half a second.
_BIN: Final = 4
_NEAR: Final = np.concatenate(([0], 1 << np.arange(32))).astype(np.uint32)

_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Values in order, and of each the number of its sound and its place there."""

    values: Values
    owners: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]


class SoundIndex:
    """Sounds by item id. Answers depend on the contents alone, not on the order in which they came."""

    def __init__(self) -> None:
        self._sounds: list[tuple[str, Sound]] = []
        self._parts: list[_Sorted] = []

    def __len__(self) -> int:
        return len(self._sounds)

    def add(self, item_id: str, made: SoundPrint) -> None:
        """Index the sound of an item; an item may have several."""
        heard = sound(made)
        places = _telling(heard.values)
        self._sounds.append((item_id, heard))
        owners = np.full(len(places), len(self._sounds) - 1, np.int32)
        self._parts.append(_in_order(heard.values[places], owners, places.astype(np.int32)))
        # Two parts of about one length become one, so that there are few, and each value is sorted few times.
        while len(self._parts) > 1 and len(self._parts[-2].values) < 2 * len(self._parts[-1].values):
            a, b = self._parts.pop(), self._parts.pop()
            self._parts.append(
                _in_order(
                    np.concatenate((b.values, a.values)),
                    np.concatenate((b.owners, a.owners)),
                    np.concatenate((b.places, a.places)),
                )
            )

    def query(self, made: SoundPrint, wanted: Callable[[str], bool] = lambda item_id: True) -> list[Found]:
        """What is the same sound, best first, one answer for each item of those that are `wanted`."""
        heard = sound(made)
        rows, owners, places = self._looked_up(heard.values)
        kept = np.isin(owners, [number for number in np.unique(owners) if wanted(self._sounds[number][0])])
        guesses = _guesses(rows[kept], owners[kept], places[kept])
        best: dict[str, Found] = {}
        for owner in sorted(guesses, key=lambda one: (-guesses[one][0][0], self._sounds[one][0]))[:CANDIDATES]:
            item_id, item = self._sounds[owner]
            found = compare(item_id, item, heard, (guess for _, guess in guesses[owner]))
            if found is not None and (item_id not in best or found.rank > best[item_id].rank):
                best[item_id] = found
        return sorted(best.values(), key=lambda found: (*(-part for part in found.rank), found.item_id))

    def _looked_up(self, values: Values) -> tuple[_Places, _Places, _Places]:
        """For each place of the index that is within a bit of one of the query's: the query's, the sound's, its own."""
        chosen = _telling(values)
        chosen = chosen[:: -(-len(chosen) // MAX_LOOKED_UP) or 1]
        wanted = (values[chosen, None] ^ _NEAR).ravel()
        asked = np.repeat(chosen, len(_NEAR))
        found: list[tuple[_Places, _Places, _Places]] = [(np.empty(0, np.int64),) * 3]
        for part in self._parts:
            first, end = (np.searchsorted(part.values, wanted, side) for side in ("left", "right"))
            count = np.where(end - first > MAX_PLACES, 0, end - first)
            starts = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count)
            at = starts + np.arange(count.sum())
            found.append((np.repeat(asked, count), part.owners[at].astype(np.int64), part.places[at].astype(np.int64)))
        rows, owners, places = (np.concatenate(each) for each in zip(*found, strict=True))
        return rows, owners, places


def _telling(values: Values) -> _Places:
    """Places whose value is another than the one before and not silence's."""
    changes = np.ones(len(values), bool)
    changes[1:] = values[1:] != values[:-1]
    return np.flatnonzero(changes & (values != SILENCE))


def _in_order(values: Values, owners: npt.NDArray[np.int32], places: npt.NDArray[np.int32]) -> _Sorted:
    order = np.lexsort((places, owners, values))
    return _Sorted(values[order], owners[order], places[order])


def _guesses(rows: _Places, owners: _Places, places: _Places) -> dict[int, list[tuple[int, Guess]]]:
    """Alignments of each sound with the number of the query's sub-fingerprints that vote for each, most first."""
    found: dict[int, list[tuple[int, Guess]]] = {}
    for speed in SPEEDS:
        bins = np.floor((places - speed * rows) / _BIN).astype(np.int64)
        for owner, at, votes in _tally(owners, bins, rows):
            found.setdefault(owner, []).append((votes, Guess(speed, at * _BIN + _BIN // 2)))
    for listed in found.values():
        # The film as it was shot is the likelier one where several speeds have as many votes.
        listed.sort(key=lambda each: (-each[0], SPEEDS.index(each[1].speed), each[1].offset))
        del listed[GUESSES:]
    return found


def _tally(owners: _Places, bins: _Places, rows: _Places) -> Iterator[tuple[int, int, int]]:
    """(owner, bin, votes) with enough votes; a sub-fingerprint of the query has one vote in a bin."""
    order = np.lexsort((rows, bins, owners))
    triples = np.stack((owners[order], bins[order], rows[order]))
    fresh = np.ones(triples.shape[1], bool)
    fresh[1:] = (triples[:, 1:] != triples[:, :-1]).any(axis=0)
    pairs = triples[:2, fresh]
    begins = np.ones(pairs.shape[1], bool)
    begins[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    starts = np.flatnonzero(begins)
    votes = np.diff(np.append(starts, pairs.shape[1]))
    for start, count in zip(starts[votes >= MIN_VOTES], votes[votes >= MIN_VOTES], strict=True):
        yield int(pairs[0, start]), int(pairs[1, start]), int(count)
