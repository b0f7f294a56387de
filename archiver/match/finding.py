"""What a comparison amounts to: same recording, same scene, or nothing. The thresholds and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from archiver.match.pair import Run
from archiver.model import ErrorRate, Finding, Segment

ALGORITHM: Final = "archiver-match/3"

# Measured by `benchmarks/matching.py` and `benchmarks/calibrate.py` on the 18 development clips, their copies, parts of
# one clip that share no frame, and drawn scenes. They rest on those and no others; ADR 15 and 26 have the figures.

#: Motion residual of a copy, as low as it is under a large sticker. Parts of one film without a common frame reach
#: 0.95, in 3 s of one clip of a motorway: cars are much like cars. So it is necessary, and the next two decide.
MIN_RESIDUAL: Final = 0.4
#: The residual with every coefficient at the same power: parts reach 0.46 in 8 s, 0.56 in 3 s, 0.63 in 0.5 s; copies
#: are above 0.65 with few exceptions, and above 0.9 in three cases of four.
MIN_DETAIL: Final = 0.4
#: What changes from sample to sample apart from the camera (proper.py): parts of more than 4 s, two hands that pan over
#: one street and cameras over one grid stay below 0.38, those parts that have 0.46 in detail at 0.1; copies are above.
MIN_PROPER: Final = 0.4
#: Chance does more in less time: below this many seconds, each second that is missing asks for more detail.
SHORT_SECONDS: Final = 6.2
SHORT_PENALTY: Final = 0.06
#: Motion in grey levels that the stored pictures' rounding does not drown. Below, nothing can be decided.
MIN_MOTION: Final = 0.4
#: Evidence at which a run is called the same recording; see `evidence`.
SUFFICIENT: Final = 0.5
#: Appearance at which films without a decided residual are shown to a person as alike. Of 5,130 pairs without a
#: copy 32 reached it, all of two clips of one room: what the finding is for.
MIN_SCENE: Final = 0.9
#: Correlation of two images' low frequencies at which one is called a copy of the other; and of a still and a scene.
MIN_SAME_IMAGE: Final = 0.96
#: Correlation of the least alike of 16 parts of two images: frames of two films of one room stay below 0.76, copies are
#: above 0.84, but for those that are burnt out in part or have something pasted in, which then are the same scene.
MIN_SAME_PART: Final = 0.8
MIN_STILL_SCENE: Final = 0.93


@dataclass(frozen=True, slots=True)
class Found:
    """An indexed item that is like the query. In each segment `a` is the indexed item and `b` the query.

    `transform` says how the query differs from the item: `mirror` (bool), `turn` (degrees, clockwise), `speed` (the
    query runs so many times faster), `crop` (share of the item's picture that was compared, where it is below 0.95).
    `error_rate` is None where none was measured, as for scenes, which claim no common frame, and for single pictures.
    """

    item_id: str
    finding: Finding
    score: float
    segments: tuple[Segment, ...]
    transform: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = ALGORITHM
    error_rate: ErrorRate | None = None

    @property
    def rank(self) -> tuple[float, ...]:
        """For sorting: the stronger finding, the higher score, the more seconds."""
        length = sum(segment.b_end - segment.b_start for segment in self.segments)
        return (float(self.finding is Finding.SAME_RECORDING), self.score, length)


def evidence(run: Run) -> float:
    """How strongly a run shows one recording: 0 to 1, and 0.5 where it just suffices.

    The weakest of three correlations decides, each measured against what is asked of it.
    """
    change = run.change
    if change.motion < MIN_MOTION:
        return 0.0
    detail = MIN_DETAIL + SHORT_PENALTY * max(0.0, SHORT_SECONDS - run.seconds)
    asked = ((change.residual, MIN_RESIDUAL), (change.detail, detail), (run.proper, MIN_PROPER))
    return round(min(_halfway(value, enough) for value, enough in asked), 4)


def judge(run: Run) -> Finding | None:
    """The finding for one run of alike samples of two videos."""
    if evidence(run) >= SUFFICIENT:
        return Finding.SAME_RECORDING
    return Finding.SAME_SCENE if run.appearance >= MIN_SCENE else None


def judge_still(appearance: float, weakest_part: float, *, images: bool) -> Finding | None:
    """The finding for one picture against another; `images` if neither is from a video, and all in common was compared.

    A frame of a fixed camera is like every other one, so a still never shows by itself that a video is the same.
    """
    if images and appearance >= MIN_SAME_IMAGE and weakest_part >= MIN_SAME_PART:
        return Finding.SAME_RECORDING
    return Finding.SAME_SCENE if appearance >= MIN_STILL_SCENE else None


def score(finding: Finding, run: Run) -> float:
    """What decided, 0 to 1. A scene's appearance is halved: it is never to stand above a copy's evidence in a list."""
    return evidence(run) if finding is Finding.SAME_RECORDING else round(max(0.0, run.appearance) / 2, 4)


def _halfway(value: float, enough: float) -> float:
    """`value` on a scale on which `enough` is 0.5 and 1 stays 1."""
    scaled = 0.5 * value / enough if value < enough else 0.5 + 0.5 * (value - enough) / (1 - enough)
    return min(1.0, max(0.0, scaled))
