"""What a score is worth: how often pairs without a common frame were measured to reach it.

The figures are those of `calibrated.py`, which `benchmarks/calibrate.py` writes. They do not cover what was not among
its pairs: above all two cameras side by side (drawn ones, some steps apart, are), footage made to deceive, animations
and screen recordings whose moving parts are the same by construction, and films of a kind that no development clip is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archiver.match.calibrated import DATA_SET, REACHED

#: What a match's error rate is taken from: the harder kind of pair. Against films of other places it is lower.
KIND: Final = "same place"


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """`rate` is the upper end of the 95 % interval for the share of pairs without a common frame that reach a score.

    `negatives` is the number of such pairs that were measured, `data_set` what they were made from.
    """

    rate: float
    negatives: int
    data_set: str


def error_rate(score: float, kind: str = KIND) -> ErrorRate:
    """The measured rate at the highest tabulated score that is not above `score`; 1.0 below the first."""
    negatives, rows = REACHED[kind]
    rates = [rate for least, _, rate in rows if least <= score + 1e-9]
    return ErrorRate(rates[-1] if rates else 1.0, negatives, f"{DATA_SET}: {kind}")
