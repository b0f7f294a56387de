"""Verification: do the aligned pictures look alike, and do they *change* alike?

Two halves of one fixed-camera film look alike at every offset. What tells a copy from a second film of the same scene
is the motion residual: what is left of the coefficients when their mean over time is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match.align import Hypothesis
from archiver.match.descriptor import POINTS, Floats, Pixels, alike, coefficients, turned
from archiver.match.film import Seconds, seconds
from archiver.match.geometry import climb

#: Aligned samples that look less alike than this do not belong to the segment (measured: finding.py).
ALIKE: Final = 0.6
#: Before the refinement of offset and box, copies are above this.
FAINTLY_ALIKE: Final = 0.4
#: A gap of up to a second in a run of alike samples is a flash, a fade or a passing caption.
MAX_GAP: Final = 3
#: Fewer aligned samples than this say nothing.
MIN_SAMPLES: Final = 4
#: Samples over which the geometry is refined.
_REFINE_SAMPLES: Final = 24


@dataclass(frozen=True, slots=True)
class Change:
    """How alike two aligned runs change.

    `residual` is the correlation of their motion residuals, `detail` the same with every coefficient weighted to the
    same power (so that small things count as much as large ones), `motion` the weaker run's motion in grey levels.
    """

    residual: float
    detail: float
    motion: float


STILL: Final = Change(0.0, 0.0, 0.0)


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
    """Two films and the means to compare them at any hypothesis."""

    def __init__(self, query: Pixels, query_times: Seconds, item: Fingerprint) -> None:
        self.query, self.query_times = query, query_times
        self.item, self.item_times = item.pictures(), seconds(item)

    def refined(self, guess: Hypothesis) -> Hypothesis:
        """`guess` with its offset and the item's box moved to where the films agree best."""
        guess = self._refine_offset(self._refine_offset(guess, 0.25, 3), 1 / 12, 2)
        guess = self._refine_offset(self._refine_box(guess, 0.04), 1 / 12, 2)
        return self._refine_offset(self._refine_box(guess, 0.015), 1 / 12, 1)

    def promising(self, guess: Hypothesis) -> bool:
        """Whether enough samples look faintly alike for a refinement to be worth its time."""
        samples, a, b = self._aligned(guess)
        return len(samples) >= MIN_SAMPLES and int((alike(a, b) >= FAINTLY_ALIKE).sum()) >= MIN_SAMPLES

    def runs(self, at: Hypothesis) -> list[Run]:
        """Stretches in which the films look alike, longest first."""
        samples, a, b = self._aligned(at)
        if len(samples) < MIN_SAMPLES:
            return []
        similarity = alike(a, b)
        found = []
        for start, end in _stretches(similarity >= ALIKE):
            if end - start < MIN_SAMPLES:
                continue
            appearance = float(similarity[start:end].mean())
            first, last = int(samples[start]), int(samples[end - 1])
            length = float(self.query_times[last] - self.query_times[first])
            found.append(Run(first, last, length, appearance, change(a[start:end], b[start:end])))
        return sorted(found, key=lambda run: (run.first - run.last, run.first))

    def _aligned(
        self, at: Hypothesis, samples: npt.NDArray[np.int64] | None = None
    ) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Numbers of the query's samples that the item covers, their coefficients, and the item's at those moments."""
        moments = at.speed * self.query_times + at.offset
        slack = 0.2  # a copy's first sample may lie before the item's first one
        covered = np.flatnonzero((moments >= self.item_times[0] - slack) & (moments <= self.item_times[-1] + slack))
        if samples is not None:
            covered = np.intersect1d(covered, samples)
        if not len(covered):
            return covered, np.empty((0, 256), np.float32), np.empty((0, 256), np.float32)
        a = coefficients(turned(self.query[covered], at.variant), at.query_box)
        right = np.clip(np.searchsorted(self.item_times, moments[covered]), 1, max(1, len(self.item_times) - 1))
        left = right - 1
        right = np.minimum(right, len(self.item_times) - 1)
        span = np.maximum(self.item_times[right] - self.item_times[left], 1e-6)
        share = np.clip((moments[covered] - self.item_times[left]) / span, 0.0, 1.0).astype(np.float32)
        used, where = np.unique(np.concatenate([left, right]), return_inverse=True)
        blocks = coefficients(self.item[used], at.item_box)[where]
        before, after = blocks[: len(left)], blocks[len(left) :]
        mixed = before + share[:, None] * (after - before)
        # Across a cut a mixture looks like neither side: take the nearer picture.
        cut = alike(before, after) < ALIKE
        mixed[cut] = np.where(share[cut, None] < 0.5, before[cut], after[cut])
        return covered, a, mixed

    def _core(self, at: Hypothesis) -> npt.NDArray[np.int64]:
        """The samples that already look alike, thinned; all that are covered if hardly any does."""
        samples, a, b = self._aligned(at)
        similarity = alike(a, b)
        return samples[similarity >= min(ALIKE, float(np.quantile(similarity, 0.7)))] if len(samples) else samples

    def _refine_offset(self, at: Hypothesis, seconds: float, steps: int) -> Hypothesis:
        core = self._core(at)
        if len(core) < MIN_SAMPLES:
            return at
        core = core[:: max(1, len(core) // 120)]
        best, best_value = at, -2.0
        for step in range(-steps, steps + 1):
            moved = replace(at, offset=at.offset + step * seconds)
            covered, a, b = self._aligned(moved, core)
            if len(covered) < max(MIN_SAMPLES, 0.7 * len(core)):
                continue
            moving = change(a, b)
            value = moving.residual + moving.detail + float(alike(a, b).mean()) - 0.002 * abs(step * seconds)
            if value > best_value:
                best, best_value = moved, value
        return best

    def _refine_box(self, at: Hypothesis, step: float) -> Hypothesis:
        core = self._core(at)
        if len(core) < MIN_SAMPLES:
            return at
        core = core[:: max(1, len(core) // _REFINE_SAMPLES)]

        def agreement(trial: Hypothesis) -> float:
            covered, a, b = self._aligned(trial, core)
            return float(alike(a, b).mean()) if len(covered) else -1.0

        return replace(at, item_box=climb(at.item_box, step, lambda box: agreement(replace(at, item_box=box))))


def change(a: Floats, b: Floats) -> Change:
    """How alike two aligned runs of coefficients (n, 256) change.

    What goes along with each run's own mean picture is taken away too: clouds and automatic exposure scale the whole
    picture, and do so alike in films that have nothing else in common.
    """
    a, b = _moving_part(a), _moving_part(b)
    power_a, power_b = (a * a).sum(axis=0), (b * b).sum(axis=0)
    weaker = min(float(power_a.sum()), float(power_b.sum()))
    if weaker < 1e-3:
        return STILL
    # A thousandth of the power is the floor, or coefficients that hold nothing but noise would have a say.
    power = power_a / power_a.sum() + power_b / power_b.sum()
    weight = np.sqrt(1.0 / (power + 2e-3 / len(power)))
    motion = float(np.sqrt(weaker / len(a))) / POINTS
    return Change(_correlation(a, b), _correlation(a * weight, b * weight), motion)


def _moving_part(blocks: Floats) -> Floats:
    mean = blocks.mean(axis=0)
    moving: Floats = blocks - mean
    length = float(mean @ mean)
    if length > 1e-3:
        moving -= np.outer(moving @ mean / length, mean)
    return moving


def _correlation(a: Floats, b: Floats) -> float:
    return float((a * b).sum()) / float(np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9)


def _stretches(good: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of runs of True in which no gap is longer than MAX_GAP."""
    places = np.flatnonzero(good)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > MAX_GAP + 1)
    starts = [places[0], *places[breaks + 1]]
    ends = [*places[breaks], places[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]
