"""A first look at two films: what an alignment of theirs promises, before anything is refined.

A vault holds many films that look like a query for a moment: a sky, a wall, another hour of the same camera. To
register each of them in time and place in a dozen ways takes a second. But where the codes say that a copy lies, it
moves as its source does already, if not quite as much as in the end. What neither moves nor looks alike there is
nothing that the comparison would find.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from archiver.match.align import Hypothesis
from archiver.match.clues import Clues
from archiver.match.descriptor import WHOLE, Floats, Pixels, alike, coefficients, turned
from archiver.match.film import Seconds
from archiver.match.lookup import Numbers
from archiver.match.residual import change

# Measured on 135 copies of the development clips, single attacks and stacked ones, and 24 candidates among a million
# frames that are none; ADR 25 has what came of it on others.

#: Correlation of what changes, of a copy: those that the comparison finds have .32 and more.
CHANGES: Final = 0.25
#: Correlation that three in ten of the samples reach in films of one scene, which need .9 after refinement.
LOOKS: Final = 0.8
#: The same, of a copy: those that the comparison finds have .8 and more.
FAINT_LOOKS: Final = 0.6
#: Samples of the query that are looked at, and the fewest that tell anything.
_SAMPLES: Final = 40
_FEWEST: Final = 4
#: Samples before and after those whose codes are near, which are looked at as well.
_AROUND: Final = 3
#: Seconds by which a near code may miss the alignment that it votes for.
_NEAR_SECONDS: Final = 0.75
#: Moments that are tried around the one that was voted for, in seconds: a vote is right within a bin of half a second.
_MOMENTS: Final = np.arange(-3, 4) * 0.15


@dataclass(frozen=True, slots=True)
class Glance:
    """How alike two films change and look at `guess`, or with whole pictures there: correlations."""

    guess: Hypothesis
    changes: float
    looks: float

    @property
    def moves_alike(self) -> bool:
        """Whether one may be a copy of the other."""
        return self.changes >= CHANGES and self.looks >= FAINT_LOOKS


class FirstLook:
    """Two films, the query's pictures and the item's, and the clues by which one was found."""

    def __init__(self, query: Pixels, query_times: Seconds, item: Pixels, item_times: Seconds, clues: Clues) -> None:
        self._query, self._query_times = query, query_times
        self._item, self._item_times = item, item_times
        self._clues = clues

    def best(self, guesses: Iterable[Hypothesis]) -> Glance | None:
        """The first guess at which the films move alike; else the one at which they look most alike, if they do."""
        most_alike: Glance | None = None
        for glance in self._glances(guesses):
            if glance.moves_alike:
                return glance
            if glance.looks >= max(LOOKS, most_alike.looks if most_alike else 0.0):
                most_alike = glance
        return most_alike

    def worth(self, guesses: Iterable[Hypothesis]) -> list[Hypothesis]:
        """The guesses at which the films move alike."""
        return [guess for guess in guesses if any(each.moves_alike for each in self._glances([guess]))]

    def _glances(self, guesses: Iterable[Hypothesis]) -> Iterator[Glance]:
        """At each guess, and there with whole pictures, as the comparison tries them."""
        for guess in guesses:
            for at in dict.fromkeys((guess, replace(guess, query_box=WHOLE, item_box=WHOLE))):
                yield self._at(at)

    def _at(self, guess: Hypothesis) -> Glance:
        rows = self._rows(guess)
        if len(rows) < _FEWEST:
            return Glance(guess, 0.0, 0.0)
        query = coefficients(turned(self._query[rows], guess.variant), guess.query_box)
        moments = guess.speed * self._query_times[rows] + guess.offset
        first = max(0, int(np.searchsorted(self._item_times, moments.min() + _MOMENTS[0])) - 1)
        last = int(np.searchsorted(self._item_times, moments.max() + _MOMENTS[-1])) + 1
        item, times = coefficients(self._item[first:last], guess.item_box), self._item_times[first:last]
        short = len(self._query) * 0.3 < _FEWEST
        pairs = [_compared(query, _between(item, times, moments + moved), short=short) for moved in _MOMENTS]
        return Glance(guess, max(changes for changes, _ in pairs), max(looks for _, looks in pairs))

    def _rows(self, guess: Hypothesis) -> Numbers:
        """The query's samples whose codes voted for the guess, and those around them, as far as the item reaches."""
        moments = guess.speed * self._query_times + guess.offset
        covered = (moments >= self._item_times[0] + _MOMENTS[0]) & (moments <= self._item_times[-1] + _MOMENTS[-1])
        asked, found = self._clues.pairs
        voted = np.zeros(len(moments), bool)
        voted[asked[np.abs(self._item_times[found] - moments[asked]) <= _NEAR_SECONDS]] = True
        around = np.convolve(voted, np.ones(2 * _AROUND + 1))[_AROUND:-_AROUND] > 0.5
        rows: Numbers = np.flatnonzero(covered & around)
        some: Numbers = rows[np.linspace(0, len(rows) - 1, min(_SAMPLES, len(rows))).astype(int)]
        return some


def _compared(a: Floats, b: Floats, *, short: bool) -> tuple[float, float]:
    """How alike those samples change that look most alike, and how alike three in ten of all look.

    Of a short query, of whose samples three in ten are too few, the fewest that tell anything change.
    """
    similarity = alike(a, b)
    looks = float(np.quantile(similarity, 0.7))
    core = similarity >= min(LOOKS, looks, *(np.sort(similarity)[-_FEWEST:] if short else ()))
    return (change(a[core], b[core]).residual if int(core.sum()) >= _FEWEST else 0.0), looks


def _between(blocks: Floats, times: Seconds, moments: Seconds) -> Floats:
    """Coefficients at each moment, between those of the samples before and after it."""
    right = np.clip(np.searchsorted(times, moments), 1, max(1, len(times) - 1))
    left, right = right - 1, np.minimum(right, len(times) - 1)
    share = np.clip((moments - times[left]) / np.maximum(times[right] - times[left], 1e-6), 0.0, 1.0)
    mixed: Floats = blocks[left] + share.astype(np.float32)[:, None] * (blocks[right] - blocks[left])
    return mixed
