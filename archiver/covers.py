"""What a blurred copy hides, and when: boxes in a picture that move with time. Pure.

Boxes are in millionths of the upright picture's width and height, so that they mean the same whatever the size of a
copy, and are whole numbers, as the ledger holds them. Times are milliseconds from where players begin to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WHOLE = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A part of the upright picture, in millionths: left edge, upper edge, width, height."""

    x: int
    y: int
    w: int
    h: int

    def grown(self, share: float) -> Box:
        """Larger by `share` of its size on each side, cut at the picture's edges."""
        dx, dy = round(self.w * share), round(self.h * share)
        return bounded(self.x - dx, self.y - dy, self.x + self.w + dx, self.y + self.h + dy)

    def shared(self, other: Box) -> float:
        """What both cover, as a part of what they cover together."""
        across = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        along = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        both = max(across, 0) * max(along, 0)
        return both / max(self.w * self.h + other.w * other.h - both, 1)

    def hull(self, other: Box) -> Box:
        """The smallest box that holds both."""
        right, lower = max(self.x + self.w, other.x + other.w), max(self.y + self.h, other.y + other.h)
        return bounded(min(self.x, other.x), min(self.y, other.y), right, lower)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a cover is at a moment."""

    ms: int
    box: Box


@dataclass(frozen=True, slots=True)
class Cover:
    """Hides something from its first mark to its last. Marks ascend."""

    marks: tuple[Mark, ...]

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return self.marks[0].ms

    @property
    def end_ms(self) -> int:
        """When it has ended."""
        return self.marks[-1].ms


@dataclass(frozen=True, slots=True)
class Area:
    """A box that a person set by hand on an item's footage, for [start_ms, end_ms)."""

    id: str
    box: Box
    start_ms: int
    end_ms: int

    def cover(self) -> Cover:
        """The same as a cover."""
        return Cover((Mark(self.start_ms, self.box), Mark(self.end_ms, self.box)))


def bounded(left: int, upper: int, right: int, lower: int) -> Box:
    """The box between these edges, as far as it lies in the picture."""
    x, y = min(max(left, 0), WHOLE), min(max(upper, 0), WHOLE)
    return Box(x, y, max(min(right, WHOLE) - x, 0), max(min(lower, WHOLE) - y, 0))


class Timeline:
    """What is hidden at one moment after the other: asked in ascending order, it passes over the covers once."""

    def __init__(self, covers: Iterable[Cover]) -> None:
        self._waiting = sorted(covers, key=lambda cover: cover.start_ms, reverse=True)
        self._now: list[tuple[Cover, int]] = []  # with the number of the mark that was passed last

    def at(self, ms: int) -> list[Box]:
        """The boxes to hide at `ms`, which is not before the moment asked last."""
        while self._waiting and self._waiting[-1].start_ms <= ms:
            self._now.append((self._waiting.pop(), 0))
        self._now = [(one, _passed(one.marks, number, ms)) for one, number in self._now if ms < one.end_ms]
        return [_between(one.marks, number) for one, number in self._now]


def _passed(marks: Sequence[Mark], number: int, ms: int) -> int:
    while number + 1 < len(marks) and marks[number + 1].ms <= ms:
        number += 1
    return number


def _between(marks: Sequence[Mark], number: int) -> Box:
    """All that lies between two marks, because nobody looked at the way that a face took from one to the other."""
    return marks[number].box.hull(marks[min(number + 1, len(marks) - 1)].box)
