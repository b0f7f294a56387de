"""What changes alike: the evidence that two aligned films are one recording.

Two halves of one fixed-camera film look alike at every offset. What tells a copy from a second film of the same scene
is the motion residual: what is left of the coefficients when their mean over time is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from archiver.match.descriptor import POINTS, Floats


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


def change(a: Floats, b: Floats) -> Change:
    """How alike two aligned runs of coefficients (n, 256) change.

    What goes along with each run's own mean picture is taken away too: clouds and automatic exposure scale the whole
    picture, and do so alike in films that have nothing else in common.
    """
    a, b = _moving_part(a), _moving_part(b)
    weaker = min(float((a * a).sum()), float((b * b).sum()))
    if weaker < 1e-3:
        return STILL
    motion = float(np.sqrt(weaker / len(a))) / POINTS
    return Change(_correlation(a, b), _correlation(*equalised(a, b)), motion)


def equalised(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Both (n, 256) with every coefficient weighted to the same power over both."""
    power_a, power_b = (a * a).sum(axis=0), (b * b).sum(axis=0)
    power = power_a / max(float(power_a.sum()), 1e-9) + power_b / max(float(power_b.sum()), 1e-9)
    # A thousandth of the power is the floor, or coefficients that hold nothing but noise would have a say.
    weight = np.sqrt(1.0 / (power + 2e-3 / len(power)))
    return a * weight, b * weight


def _moving_part(blocks: Floats) -> Floats:
    mean = blocks.mean(axis=0)
    moving: Floats = blocks - mean
    length = float(mean @ mean)
    if length > 1e-3:
        moving -= np.outer(moving @ mean / length, mean)
    return moving


def _correlation(a: Floats, b: Floats) -> float:
    return float((a * b).sum()) / float(np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9)
