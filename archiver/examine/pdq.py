"""PDQ, Meta's perceptual hash of a picture: the bits and the quality that `pdqhash` gives for the same levels.

The algorithm is that of "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019) and
of ThreatExchange's reference code, written anew: two passes of a box filter, 64 x 64 samples of the result, the lowest
16 x 16 DCT coefficients without the constant ones, and a bit for each that is above the lower median.

Filtering and sampling are linear, so one matrix for each direction does both passes: a hundredth of the work, and no
filtered picture in memory. The reference rolls its sums in single precision; a coefficient that lies within such a
rounding of the median may get the other bit (none did in 240 pictures).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

#: Below this many pixels in a direction there is no hash: the reference gives zeros of quality 0.
MIN_SIDE: Final = 5
_SAMPLES: Final = 64
#: Of RGB, as the reference weighs them.
_WEIGHTS: Final = np.array((0.299, 0.587, 0.114), np.float32)
#: Rows at a time: 8 MB of levels at 8K, whatever the picture's size.
_ROWS: Final = 256
_DCT: Final = np.sqrt(2 / _SAMPLES) * np.cos(
    np.pi / (2 * _SAMPLES) * np.outer(np.arange(1, 17), 2 * np.arange(_SAMPLES) + 1)
)


def pdq(picture: npt.NDArray[np.uint8], low: int = 0, high: int = 255) -> tuple[bytes, int]:
    """The hash of grey levels (height, width) or RGB (height, width, 3): 32 bytes, whose hexadecimal is PDQ's usual
    spelling, and the quality, 0 to 100. `low` and `high` are black and white, for levels in a video's narrower range.
    """
    if min(picture.shape[:2]) < MIN_SIDE:
        return bytes(32), 0
    rows, columns = (_reduction(side) for side in picture.shape[:2])
    small = np.zeros((_SAMPLES, _SAMPLES), np.float32)
    for at in range(0, len(picture), _ROWS):
        part = picture[at : at + _ROWS]
        levels = part.astype(np.float32) if part.ndim == 2 else part @ _WEIGHTS
        small += rows[:, at : at + _ROWS] @ levels @ columns.T
    found = _DCT @ small @ _DCT.T
    bits = found > np.partition(found, 127, axis=None)[127]
    return np.packbits(bits.ravel()[::-1]).tobytes(), _quality((small - low) * (255 / (high - low)))


@lru_cache(maxsize=8)
def _reduction(side: int) -> npt.NDArray[np.float32]:
    """What makes 64 samples of `side` pixels, (64, side): the middle pixel of each 64th of what both filters give."""
    samples = np.eye(side, dtype=np.float64) if side == _SAMPLES else _sampling(side)
    return samples.astype(np.float32)


def _sampling(side: int) -> npt.NDArray[np.float64]:
    chosen = ((np.arange(_SAMPLES) + 0.5) * side / _SAMPLES).astype(int)
    weights = np.zeros((_SAMPLES, side))
    weights[np.arange(_SAMPLES), chosen] = 1.0
    window = -(-side // (2 * _SAMPLES))
    at, ahead = np.arange(side), window // 2
    # A pixel becomes the mean of these: fewer at the ends, and one more before it than behind where the window is even.
    first, end = np.maximum(at - (window - 1 - ahead), 0), np.minimum(at + ahead + 1, side)
    for _ in range(2):
        steps = np.zeros((side + 1, _SAMPLES))
        share = (weights / (end - first)).T
        np.add.at(steps, first, share)
        np.subtract.at(steps, end, share)
        weights = np.cumsum(steps[:-1], axis=0).T
    return weights


def _quality(small: npt.NDArray[np.float32]) -> int:
    """How much there is to see: the sum of the steps between neighbours, each in whole hundredths of the range."""
    steps = sum(int(np.abs(np.trunc(np.diff(small, axis=axis) * 100 / 255)).sum()) for axis in (0, 1))
    return min(100, steps // 90)
