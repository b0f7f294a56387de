"""What a score is worth: how often pairs without a common frame were measured to reach it.

The figures are those of `calibrated.py`, which `benchmarks/calibrate.py` writes. They do not cover what was not among
its pairs: above all two cameras side by side and two hands that pan over one street (drawn ones are), one camera on a
motor that pans twice in the same way (which is called one recording: ADR 26), footage made to deceive, animations and
screen recordings whose moving parts are the same by construction, and films of a kind that no development clip is.
"""

from __future__ import annotations

import math
from typing import Final

from archiver.match.calibrated import DATA_SET, REACHED
from archiver.model import ErrorRate

#: What a match's error rate is taken from: the harder kind of pair. Against films of other places it is lower.
KIND: Final = "same place"


def error_rate(score: float, kind: str = KIND) -> ErrorRate:
    """The measured rate at the highest tabulated score that is not above `score`; certain error below the first."""
    negatives, rows = REACHED[kind]
    reached = [(count, rate) for least, count, rate in rows if least <= score + 1e-9]
    count, rate = reached[-1] if reached else (negatives, 1.0)
    return ErrorRate(math.ceil(1_000_000 * rate), count, negatives, f"{DATA_SET}: {kind}")
