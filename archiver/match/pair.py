"""Two films side by side: an alignment in time and picture, refined, and the stretches in which they look alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match.align import Hypothesis
from archiver.match.descriptor import (
    Box,
    Floats,
    Pixels,
    Variant,
    alike,
    coefficients_of_points,
    resampled,
    turned,
)
from archiver.match.film import Seconds, seconds
from archiver.match.register import Placement, registered, seen
from archiver.match.residual import Change, change

#: Aligned samples that look less alike than this do not belong to the segment (measured: finding.py).
ALIKE: Final = 0.6
#: Before the refinement of time and place, copies are above this.
FAINTLY_ALIKE: Final = 0.4
#: A gap of up to a second in a run of alike samples is a flash, a fade or a passing caption.
MAX_GAP: Final = 3
#: Fewer aligned samples than this say nothing.
MIN_SAMPLES: Final = 4
#: Samples by which a first look judges, by which time is refined, and by which place is.
_LOOK, _TIMED, _PLACED = 120, 60, 12
#: A copy's first sample may lie this many seconds before the item's first one.
_SLACK_SECONDS: Final = 0.2
#: Seconds around the moments asked for in which the item's samples are held ready while time is refined.
_MARGIN_SECONDS: Final = 1.5

#: Less than this share of either picture (an inset of a fifth of both sides) is a few stored pixels: all fits them.
MIN_SHARE: Final = 0.04
#: Films that look as alike as this lie at the right place already; if their details then agree less than this, no
#: refinement will raise that to what a copy needs (finding.py).
PLACED_WELL: Final = 0.9
HOPELESS_DETAIL: Final = 0.2
#: How far a speed is moved at a time: half of what lies between two that are tried, and a little.
SPEED_REACH: Final = 0.03
#: What another speed has to add to the three correlations (of looks, changes and details): in a few seconds with little
#: motion all speeds are about as good.
OWN_SPEED: Final = 0.03

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Item second = speed x query second + offset; the query's `box`, turned, lies at `placement` in the item."""

    variant: Variant
    box: Box
    placement: Placement
    speed: float
    offset: float

    @classmethod
    def of(cls, guess: Hypothesis) -> Alignment:
        """The guess that candidates' codes give."""
        placement = Placement.of_boxes(guess.query_box, guess.item_box)
        return cls(guess.variant, guess.query_box, placement, guess.speed, guess.offset)

    @property
    def smaller_share(self) -> float:
        """Share of its picture that is compared, of the film of which it is less."""
        return min(self.box.area, self.placement.share(self.box))


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of samples of the query that look alike at one alignment.

    `first`, `last` are the query's sample numbers, `seconds` the time between them, `appearance` the mean correlation.
    """

    first: int
    last: int
    seconds: float
    appearance: float
    change: Change

    @property
    def samples(self) -> int:
        """How many samples of the query it spans."""
        return self.last - self.first + 1


class Pair:
    """Two films and the means to compare them at any alignment."""

    def __init__(self, query: Pixels, query_times: Seconds, item: Fingerprint) -> None:
        self.query, self.query_times = query, query_times
        self.item, self.item_times = item.pictures(), seconds(item)

    def refined(self, at: Alignment) -> Alignment | None:
        """`at` with time and place moved to where the films agree best; None where they do not even begin to."""
        if at.smaller_share < MIN_SHARE:
            return None
        rows, similarity = self._look(at)
        if int((similarity >= FAINTLY_ALIKE).sum()) < MIN_SAMPLES:
            return None
        at = self._in_time(at, rows, similarity, 0.125, 5)
        if self._hopeless(at, rows):
            return at
        at = self._in_place(at)
        if at.smaller_share < MIN_SHARE:
            return None
        at = self._in_time(at, *self._look(at), 0.0625, 4)
        if self._hopeless(at, rows):
            return at
        at = self._in_place(at)
        return self._in_time(at, *self._look(at), 1 / 24, 3)

    def runs(self, at: Alignment) -> list[Run]:
        """Stretches in which the films look alike, longest first."""
        rows = self._covered(at)
        if len(rows) < MIN_SAMPLES:
            return []
        views = _Views(self, at, rows)
        a, b = views.aligned(at)
        similarity = alike(a, b)
        found = []
        for start, end in _stretches(similarity >= ALIKE):
            if end - start < MIN_SAMPLES:
                continue
            appearance = float(similarity[start:end].mean())
            first, last = int(rows[start]), int(rows[end - 1])
            length = float(self.query_times[last] - self.query_times[first])
            found.append(Run(first, last, length, appearance, change(a[start:end], b[start:end])))
        return sorted(found, key=lambda run: (run.first - run.last, run.first))

    def _hopeless(self, at: Alignment, rows: Rows) -> bool:
        """Whether the films look alike and change differently: no other place will mend that."""
        a, b = _Views(self, at, rows).aligned(at)
        return float(np.median(alike(a, b))) >= PLACED_WELL and change(a, b).detail < HOPELESS_DETAIL

    def _covered(self, at: Alignment) -> Rows:
        """Numbers of the query's samples that the item covers."""
        moments = at.speed * self.query_times + at.offset
        early, late = self.item_times[0] - _SLACK_SECONDS, self.item_times[-1] + _SLACK_SECONDS
        return np.flatnonzero((moments >= early) & (moments <= late))

    def _look(self, at: Alignment) -> tuple[Rows, Floats]:
        rows = _thinned(self._covered(at), _LOOK)
        return rows, _Views(self, at, rows).similarity(at)

    def _in_time(self, at: Alignment, rows: Rows, similarity: Floats, step: float, steps: int) -> Alignment:
        """The best offset among `steps` steps each way; then the best speed, about the middle of what is alike."""
        core = _thinned(_core(rows, similarity), _TIMED)
        if len(core) < MIN_SAMPLES:
            return at
        views = _Views(self, at, core)
        at = views.best([replace(at, offset=at.offset + each * step) for each in range(-steps, steps + 1)])
        middle = float(self.query_times[core].mean())
        speeds = [1.0, *(at.speed + each * SPEED_REACH / 3 for each in range(-3, 4))]
        return views.best([replace(at, speed=each, offset=at.offset + (at.speed - each) * middle) for each in speeds])

    def _in_place(self, at: Alignment) -> Alignment:
        """The placement refined over the samples that look most alike, and the box cut to what the item shows."""
        rows, similarity = self._look(at)
        core = _core(rows, similarity)
        if len(core) < MIN_SAMPLES:
            return at
        core = _thinned(core, _PLACED)
        query = resampled(turned(self.query[core], at.variant), at.box)
        left, right, share = _neighbours(self.item_times, at.speed * self.query_times[core] + at.offset)
        share = share[:, None, None]
        item = self.item[left] * (1 - share) + self.item[right] * share
        placement = registered(at.placement, at.box, query, item)
        return replace(at, placement=placement, box=placement.covered(at.box))


class _Views:
    """The coefficients of some of the query's samples, and of the item's around them, at one place."""

    def __init__(self, pair: Pair, at: Alignment, rows: Rows) -> None:
        self._times = pair.query_times[rows]
        self._a = coefficients_of_points(resampled(turned(pair.query[rows], at.variant), at.box))
        moments = at.speed * self._times + at.offset
        low, high = (moments.min() - _MARGIN_SECONDS, moments.max() + _MARGIN_SECONDS) if len(rows) else (0.0, 0.0)
        first = min(int(np.searchsorted(pair.item_times, low)), len(pair.item_times) - 1)
        around = slice(first, max(int(np.searchsorted(pair.item_times, high, "right")), first + 1))
        self._item_times = pair.item_times[around]
        pictures = pair.item[around].astype(np.float32)
        self._b = coefficients_of_points(seen(pictures, at.placement.grid(at.box)))

    def aligned(self, at: Alignment) -> tuple[Floats, Floats]:
        """Both films' coefficients at the query's samples."""
        left, right, share = _neighbours(self._item_times, at.speed * self._times + at.offset)
        before, after = self._b[left], self._b[right]
        mixed = before + share[:, None] * (after - before)
        # Across a cut a mixture looks like neither side: take the nearer picture.
        cut = alike(before, after) < ALIKE
        mixed[cut] = np.where(share[cut, None] < 0.5, before[cut], after[cut])
        return self._a, mixed

    def similarity(self, at: Alignment) -> Floats:
        """Correlation of each pair of samples."""
        return alike(*self.aligned(at))

    def best(self, trials: list[Alignment]) -> Alignment:
        """The trial at which the films look and change most alike; the film's own speed if another is hardly better."""
        values = []
        for trial in trials:
            a, b = self.aligned(trial)
            moving = change(a, b)
            usual = OWN_SPEED * (trial.speed == 1.0)
            values.append(moving.residual + moving.detail + float(alike(a, b).mean()) + usual)
        return trials[int(np.argmax(values))]


def _neighbours(times: Seconds, moments: Seconds) -> tuple[Rows, Rows, Floats]:
    """The samples before and after each moment, and the second one's share."""
    right = np.clip(np.searchsorted(times, moments), 1, max(1, len(times) - 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    span = np.maximum(times[right] - times[left], 1e-6)
    share = np.clip((moments - times[left]) / span, 0.0, 1.0).astype(np.float32)
    return left, right, share


def _core(rows: Rows, similarity: Floats) -> Rows:
    """The samples that already look alike; the best third if hardly any does."""
    return rows[similarity >= min(ALIKE, float(np.quantile(similarity, 0.7)))] if len(rows) else rows


def _thinned(rows: Rows, most: int) -> Rows:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _stretches(good: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of runs of True in which no gap is longer than MAX_GAP."""
    places = np.flatnonzero(good)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > MAX_GAP + 1)
    starts = [places[0], *places[breaks + 1]]
    ends = [*places[breaks], places[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]
