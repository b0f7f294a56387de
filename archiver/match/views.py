"""Samples of two films side by side at one place: the coefficients of both, for every moment near the aligned ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.alignment import Alignment
from archiver.match.descriptor import Floats, Pixels, alike, coefficients_of_points, resampled, turned
from archiver.match.film import Seconds
from archiver.match.register import seen
from archiver.match.residual import change, equalised

#: Aligned samples that look less alike than this do not belong to the segment (measured: finding.py).
ALIKE: Final = 0.6
#: Seconds around the moments asked for in which the item's samples are held ready while time is refined.
MARGIN_SECONDS: Final = 1.5
#: What another speed has to add to the three correlations (of looks, changes and details): in a few seconds with little
#: motion all speeds are about as good.
OWN_SPEED: Final = 0.03

Rows = npt.NDArray[np.int64]


class Views:
    """The query's samples `query` at `query_times`, and the item's around them, both as they lie on each other."""

    def __init__(
        self,
        query: Pixels,
        query_times: Seconds,
        item: Pixels,
        item_times: Seconds,
        at: Alignment,
        margin: float = MARGIN_SECONDS,
    ) -> None:
        self._times = query_times
        self._a = coefficients_of_points(resampled(turned(query, at.variant), at.box))
        moments = at.in_item(query_times)
        low, high = (moments.min() - margin, moments.max() + margin) if len(moments) else (0.0, 0.0)
        first = min(int(np.searchsorted(item_times, low)), len(item_times) - 1)
        around = slice(first, max(int(np.searchsorted(item_times, high, "right")), first + 1))
        self._item_times = item_times[around]
        pictures = item[around].astype(np.float32)
        self._b = coefficients_of_points(seen(pictures, at.grid(self._item_times)))

    def aligned(self, at: Alignment) -> tuple[Floats, Floats]:
        """Both films' coefficients at the query's samples."""
        left, right, share = neighbours(self._item_times, at.in_item(self._times))
        before, after = self._b[left], self._b[right]
        mixed = before + share[:, None] * (after - before)
        # Across a cut a mixture looks like neither side: take the nearer picture.
        cut = alike(before, after) < ALIKE
        mixed[cut] = np.where(share[cut, None] < 0.5, before[cut], after[cut])
        return self._a, mixed

    def similarity(self, at: Alignment) -> Floats:
        """Correlation of each pair of samples."""
        return alike(*self.aligned(at))

    def agreement(self, at: Alignment) -> float:
        """How alike the films look and change; the film's own speed counts for more if another is hardly better."""
        a, b = self.aligned(at)
        moving = change(a, b)
        usual = OWN_SPEED * (at.speed == 1.0)
        return moving.residual + moving.detail + float(alike(a, b).mean()) + usual

    def best(self, trials: list[Alignment]) -> Alignment:
        """The trial at which the films agree most. All have the place at which these views were made."""
        return max(trials, key=self.agreement)

    def anywhen(self, at: Alignment, step: float) -> Alignment:
        """The offset at which changes agree most, of all in steps of so many seconds that the held samples allow.

        A camera that stands looks alike at all times, so looks have no say. Means are taken over the films, not over
        what is aligned: then all offsets together are one product of two matrices.
        """
        a, b = equalised(self._a - self._a.mean(axis=0), self._b - self._b.mean(axis=0))
        moments, times = at.speed * self._times, self._item_times
        common = 0.5 * min(float(np.ptp(moments)), float(np.ptp(times)))
        offsets = np.arange(times[0] - moments.max() + common, times[-1] - moments.min() - common + step, step)
        shifted = moments + offsets[:, None]
        left, right, share = neighbours(times, shifted)
        nearest = np.where(share < 0.5, left, right)
        inside = (shifted >= times[0]) & (shifted <= times[-1])
        products = ((a @ b.T)[np.arange(len(a)), nearest] * inside).sum(axis=1)
        power = ((b * b).sum(axis=1)[nearest] * inside).sum(axis=1)
        return replace(at, offset=float(offsets[int(np.argmax(products / np.sqrt(power + 1e-6)))]))


def neighbours(times: Seconds, moments: Seconds) -> tuple[Rows, Rows, Floats]:
    """The samples before and after each moment, and the second one's share."""
    right = np.clip(np.searchsorted(times, moments), 1, max(1, len(times) - 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    span = np.maximum(times[right] - times[left], 1e-6)
    share = np.clip((moments - times[left]) / span, 0.0, 1.0).astype(np.float32)
    return left, right, share
