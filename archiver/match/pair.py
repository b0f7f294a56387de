"""Two films side by side: an alignment in time and picture, refined, and the stretches in which they look alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match import cuts
from archiver.match.alignment import Alignment, Drift
from archiver.match.descriptor import Floats, Pixels, alike, resampled, turned
from archiver.match.film import Seconds, seconds
from archiver.match.proper import proper_change
from archiver.match.register import Placement, registered
from archiver.match.residual import Change, change
from archiver.match.views import ALIKE, MARGIN_SECONDS, Rows, Views, neighbours

#: Before the refinement of time and place, copies are above this.
FAINTLY_ALIKE: Final = 0.4
#: A gap of up to a second in a run of alike samples is a flash, a fade or a passing caption.
MAX_GAP: Final = 3
#: Fewer aligned samples than this say nothing.
MIN_SAMPLES: Final = 4
#: Pieces between lone cuts (cuts.py) that are looked at beside a whole stretch, the longest: a strobe cuts often.
_MOST_PIECES: Final = 16
#: Samples by which a first look judges, by which time is refined, and by which place is.
_LOOK, _TIMED, _PLACED = 120, 60, 12
#: Samples by which every offset is tried: a minute and a half of them, or more with gaps.
_ANYWHEN: Final = 256
#: A copy's first sample may lie this many seconds before the item's first one.
_SLACK_SECONDS: Final = 0.2
#: Less than this share of either picture (an inset of a fifth of both sides) is a few stored pixels: all fits them.
MIN_SHARE: Final = 0.04
#: Films that look as alike as this lie at the right place already; if their details then agree less than this, no
#: refinement will raise that to what a copy needs (finding.py).
PLACED_WELL: Final = 0.9
HOPELESS_DETAIL: Final = 0.2
#: How far a speed is moved at a time: half of what lies between two that are tried, and a little.
SPEED_REACH: Final = 0.03
#: Films that look as alike as this throughout may lie at any offset, unless their changes agree as much as that.
STANDING: Final = 0.8
MOVES_ALIKE: Final = 0.4
#: How far another offset is looked for: the longer film, as a rule; of a day's film what is around the one voted for.
FAR_SECONDS: Final = 60.0
#: Agreement in detail beyond which a placement that does not move explains all there is.
STANDS_STILL: Final = 0.8
#: What a placement that moves has to add to the correlations of looks, changes and details.
OWN_DRIFT: Final = 0.1
#: A drift is measured between stretches whose middles lie at least this many seconds apart.
_DRIFT_SECONDS: Final = 1.0
#: Times that a drift is measured: each time more of the film is alike, and the ends lie further apart.
_DRIFTS: Final = 3


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of samples of the query that look alike at one alignment.

    `first`, `last` are the query's sample numbers, `seconds` the time between them, `appearance` the mean correlation,
    `proper` that of what changes apart from the camera (proper.py).
    """

    first: int
    last: int
    seconds: float
    appearance: float
    change: Change
    proper: float

    @property
    def samples(self) -> int:
        """How many samples of the query it spans."""
        return self.last - self.first + 1


class Pair:
    """Two films and the means to compare them at any alignment."""

    def __init__(self, query: Pixels, query_times: Seconds, item: Fingerprint) -> None:
        self.query, self.query_times = query, query_times
        self.item, self.item_times = item.pictures(), seconds(item)
        self._query_cuts = cuts.moments(query, query_times)
        self._item_cuts = cuts.moments(self.item, self.item_times)

    def refined(self, at: Alignment) -> Alignment | None:
        """`at` with time and place moved to where the films agree best; None where they do not even begin to."""
        if at.smaller_share < MIN_SHARE:
            return None
        rows, similarity = self._look(at)
        if int((similarity >= FAINTLY_ALIKE).sum()) < MIN_SAMPLES:
            return None
        at = self._at_another_time(self._in_time(at, rows, similarity, 0.125, 5))
        if self._hopeless(at):
            return at
        at = self._in_place(at)
        if at.smaller_share < MIN_SHARE:
            return None
        at = self._at_another_time(self._in_time(at, *self._look(at), 0.0625, 4))
        if self._hopeless(at):
            return at
        at = self._drifting(self._in_place(at))
        return self._in_time(at, *self._look(at), 1 / 24, 3)

    def runs(self, at: Alignment) -> list[Run]:
        """Stretches in which the films look alike, and pieces of them between cuts that one film has; longest first."""
        rows = self._covered(at)
        if len(rows) < MIN_SAMPLES:
            return []
        a, b = self._views(at, rows).aligned(at)
        similarity = alike(a, b)
        found = []
        for start, end in _with_pieces(_stretches(similarity >= ALIKE), self._breaks(at, rows)):
            appearance = float(similarity[start:end].mean())
            first, last = int(rows[start]), int(rows[end - 1])
            length = float(self.query_times[last] - self.query_times[first])
            one, other = a[start:end], b[start:end]
            found.append(Run(first, last, length, appearance, change(one, other), proper_change(one, other)))
        return sorted(found, key=lambda run: (run.first - run.last, run.first))

    def _hopeless(self, at: Alignment) -> bool:
        """Whether the films look alike and change differently: no other place will mend that."""
        rows = _thinned(self._covered(at), _LOOK)
        if len(rows) < MIN_SAMPLES:
            return True
        a, b = self._views(at, rows).aligned(at)
        return float(np.median(alike(a, b))) >= PLACED_WELL and change(a, b).detail < HOPELESS_DETAIL

    def _at_another_time(self, at: Alignment) -> Alignment:
        """`at` with the best of all offsets near and far, where the films look alike throughout and change differently.

        So they do where a camera stands: frames vote for one moment as for another.
        """
        rows = _thinned(self._covered(at), _TIMED)
        if len(rows) < MIN_SAMPLES:
            return at
        a, b = self._views(at, rows).aligned(at)
        if np.median(alike(a, b)) < STANDING or change(a, b).detail >= MOVES_ALIKE:
            return at
        around = _thinned(self._covered(at, FAR_SECONDS), _ANYWHEN)
        other = self._views(at, around, FAR_SECONDS).anywhen(at, 0.125)
        other = self._in_time(other, *self._look(other), 0.0625, 2)
        return other if self._agreement(other) > self._agreement(at) else at

    def _covered(self, at: Alignment, slack: float = _SLACK_SECONDS) -> Rows:
        """Numbers of the query's samples that the item covers, or nearly so."""
        moments = at.in_item(self.query_times)
        early, late = self.item_times[0] - slack, self.item_times[-1] + slack
        return np.flatnonzero((moments >= early) & (moments <= late))

    def _look(self, at: Alignment) -> tuple[Rows, Floats]:
        rows = _thinned(self._covered(at), _LOOK)
        return rows, self._views(at, rows).similarity(at)

    def _in_time(self, at: Alignment, rows: Rows, similarity: Floats, step: float, steps: int) -> Alignment:
        """The best offset among `steps` steps each way; then the best speed, about the middle of what is alike."""
        core = _thinned(self._core(at, rows, similarity), _TIMED)
        if len(core) < MIN_SAMPLES:
            return at
        views = self._views(at, core)
        at = views.best([replace(at, offset=at.offset + each * step) for each in range(-steps, steps + 1)])
        middle = float(self.query_times[core].mean())
        speeds = [1.0, *(at.speed + each * SPEED_REACH / 3 for each in range(-3, 4))]
        return views.best([replace(at, speed=each, offset=at.offset + (at.speed - each) * middle) for each in speeds])

    def _in_place(self, at: Alignment) -> Alignment:
        """The placement refined over the samples that look most alike, and the box cut to what the item shows."""
        core = self._core(at, *self._look(at))
        if len(core) < MIN_SAMPLES:
            return at
        placement = self._registered(at, core)
        return replace(at, placement=placement, box=placement.covered(at.box))

    def _drifting(self, at: Alignment) -> Alignment:
        """`at` with a placement that moves evenly, if that explains clearly more than one that stands still."""
        for _ in range(_DRIFTS):
            core = self._core(at, *self._look(at))
            early, late = core[: len(core) // 3], core[len(core) - len(core) // 3 :]
            if len(early) < MIN_SAMPLES:
                break
            first, last = (float(self.query_times[each].mean()) for each in (early, late))
            views = self._views(at, core)
            if last - first < _DRIFT_SECONDS or change(*views.aligned(at)).detail >= STANDS_STILL:
                break
            ends = self._registered(at, early), self._registered(at, late)
            placement, drift = Drift.between(ends[0], first, ends[1], last)
            box = ends[1].covered(ends[0].covered(at.box))
            moving = replace(at, placement=placement, drift=drift, box=box)
            if moving.smaller_share < MIN_SHARE or self._agreement(moving) < self._agreement(at) + OWN_DRIFT:
                break
            at = moving
        return at

    def _agreement(self, at: Alignment) -> float:
        """How alike all that the item covers looks and changes."""
        rows = _thinned(self._covered(at), _LOOK)
        return self._views(at, rows).agreement(at) if len(rows) >= MIN_SAMPLES else 0.0

    def _breaks(self, at: Alignment, rows: Rows) -> Rows:
        """Places among these samples before which only one of the films cuts."""
        lone = cuts.lone(self._query_cuts, (self._item_cuts - at.offset) / at.speed)
        return np.searchsorted(self.query_times[rows], lone)

    def _core(self, at: Alignment, rows: Rows, similarity: Floats) -> Rows:
        """The samples that already look alike, between two lone cuts; the best third if hardly any does."""
        if not len(rows):
            return rows
        alike_enough = similarity >= min(ALIKE, float(np.quantile(similarity, 0.7)))
        pieces = np.split(np.arange(len(rows)), self._breaks(at, rows))
        piece = max(pieces, key=lambda each: float(similarity[each][alike_enough[each]].sum()))
        core = piece[alike_enough[piece]]
        return rows[core] if len(core) >= MIN_SAMPLES else rows[alike_enough]

    def _registered(self, at: Alignment, rows: Rows) -> Placement:
        """Where these samples of the query lie, refined over some of them."""
        rows = _thinned(rows, _PLACED)
        query = resampled(turned(self.query[rows], at.variant), at.box)
        left, right, share = neighbours(self.item_times, at.in_item(self.query_times[rows]))
        share = share[:, None, None]
        item = self.item[left] * (1 - share) + self.item[right] * share
        return registered(at.placement_at(float(self.query_times[rows].mean())), at.box, query, item)

    def _views(self, at: Alignment, rows: Rows, margin: float = MARGIN_SECONDS) -> Views:
        return Views(self.query[rows], self.query_times[rows], self.item, self.item_times, at, margin)


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


def _with_pieces(stretches: list[tuple[int, int]], breaks: Rows) -> list[tuple[int, int]]:
    """The stretches [start, end) and what `breaks` cut them into, where enough samples are left."""
    pieces: list[tuple[int, int]] = []
    for start, end in stretches:
        edges = [start, *breaks[(breaks > start) & (breaks < end)].tolist(), end]
        if len(edges) > 2:
            pieces += pairwise(edges)
    pieces.sort(key=lambda piece: (piece[0] - piece[1], piece[0]))
    return [one for one in (*stretches, *pieces[:_MOST_PIECES]) if one[1] - one[0] >= MIN_SAMPLES]
