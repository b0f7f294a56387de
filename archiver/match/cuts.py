"""Cuts that only one of two films has, at an alignment of theirs: a copy goes on where its source does.

In a compilation the next piece may look enough like the film that the last one is of to be taken for more of it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from archiver.match.descriptor import Pixels
from archiver.match.film import Seconds
from archiver.match.shots import shots

#: Two cuts within this many seconds of each other are one: a sample may lie between them on one side only.
SLACK_SECONDS: Final = 0.4


def moments(pictures: Pixels, times: Seconds) -> Seconds:
    """When a film cuts: halfway between the samples on either side, in seconds."""
    first = np.array([shot.start for shot in shots(pictures)[1:]], int)
    middles: Seconds = (times[first - 1] + times[first]) / 2
    return middles


def lone(one: Seconds, other: Seconds) -> Seconds:
    """The cuts, sorted, of either film to which the other has none; both in the same film's time."""
    apart = [_without(one, other), _without(other, one)]
    return np.sort(np.concatenate(apart))


def _without(cuts: Seconds, others: Seconds) -> Seconds:
    if not len(others):
        return cuts
    found: Seconds = cuts[np.abs(cuts[:, None] - others).min(axis=1) > SLACK_SECONDS]
    return found
