"""How one film lies on another: in time, and in the picture, where it may move evenly as in a slow zoom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archiver.match.align import Hypothesis
from archiver.match.descriptor import Box, Variant
from archiver.match.register import Matrix, Placement, grids

Moments = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drift:
    """The placement's matrix holds at the query's second `pivot` and changes by `rate` (9 numbers) a second."""

    pivot: float
    rate: tuple[float, ...]

    @classmethod
    def between(cls, early: Placement, first: float, late: Placement, last: float) -> tuple[Placement, Drift]:
        """The placement halfway between two seconds of the query, and how it moves from one to the other."""
        rate = (late.array() - early.array()) / (last - first)
        middle = tuple(((late.array() + early.array()) / 2).ravel().tolist())
        return Placement(middle), cls((first + last) / 2, tuple(rate.ravel().tolist()))


@dataclass(frozen=True, slots=True)
class Alignment:
    """Item second = speed x query second + offset; the query's `box`, turned, lies at `placement` in the item."""

    variant: Variant
    box: Box
    placement: Placement
    speed: float
    offset: float
    drift: Drift | None = None

    @classmethod
    def of(cls, guess: Hypothesis) -> Alignment:
        """The guess that candidates' codes give."""
        placement = Placement.of_boxes(guess.query_box, guess.item_box)
        return cls(guess.variant, guess.query_box, placement, guess.speed, guess.offset)

    @property
    def smaller_share(self) -> float:
        """Share of its picture that is compared, of the film of which it is less."""
        return min(self.box.area, self.placement.share(self.box))

    def in_item(self, moments: Moments) -> Moments:
        """The item's seconds of the query's."""
        return self.speed * moments + self.offset

    def placement_at(self, moment: float) -> Placement:
        """Where the query's picture lies at a second of the query."""
        if self.drift is None:
            return self.placement
        return Placement(tuple((np.array(self.placement.matrix) + self._moved(np.array([moment]))[0].ravel()).tolist()))

    def grid(self, item_moments: Moments) -> Matrix:
        """Where the points of the box lie at each of the item's seconds: (n, 2, POINTS, POINTS), or one for all."""
        if self.drift is None:
            return self.placement.grid(self.box)
        moments = (item_moments - self.offset) / self.speed
        return grids(self.placement.array() + self._moved(moments), self.box)

    def _moved(self, moments: Moments) -> Matrix:
        assert self.drift is not None
        rate = np.array(self.drift.rate, np.float64).reshape(3, 3)
        moved: Matrix = rate * (moments - self.drift.pivot)[:, None, None]
        return moved
