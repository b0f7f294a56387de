"""Refining which part of a picture another one shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from archiver.match.descriptor import Box

#: Moves of left, top, right, bottom: shift, grow, shrink, stretch.
_MOVES: Final = (
    (1, 0, 1, 0), (-1, 0, -1, 0), (0, 1, 0, 1), (0, -1, 0, -1),
    (1, 0, -1, 0), (-1, 0, 1, 0), (0, 1, 0, -1), (0, -1, 0, 1),
    (1, 1, -1, -1), (-1, -1, 1, 1),
)  # fmt: skip
#: A border found within one stored pixel may lie this far outside.
_SLACK: Final = 0.02
#: Below this the 16 coefficients along a side would describe fewer than 13 stored pixels.
_MIN_SIDE: Final = 0.2
#: From a box that candidates are found by, six moves reach every neighbouring one.
_MOVES_AT_MOST: Final = 6


def climb(box: Box, step: float, agreement: Callable[[Box], float]) -> Box:
    """The box with the best `agreement` that steps uphill from `box` lead to."""
    value = agreement(box)
    for _ in range(_MOVES_AT_MOST):
        start = box
        for move in _MOVES:
            trial = _moved(start, move, step)
            if trial is None:
                continue
            other = agreement(trial)
            if other > value + 1e-4:
                box, value = trial, other
        if box is start:
            break
    return box


def _moved(box: Box, move: tuple[int, int, int, int], step: float) -> Box | None:
    left, top, right, bottom = (
        edge + way * step for edge, way in zip((box.left, box.top, box.right, box.bottom), move, strict=True)
    )
    if min(left, top) < -_SLACK or max(right, bottom) > 1 + _SLACK or min(right - left, bottom - top) < _MIN_SIDE:
        return None
    return Box(left, top, right, bottom)
