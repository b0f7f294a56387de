"""What people's rulings on two items say of the findings on them. One rule, for the archive and for its verifier.

A ruling is on one finding (one match). A later algorithm finds anew, under another match: what was ruled before is
shown beside it, and where both cannot be right the new finding contradicts it. Pictures and sound are judged apart:
one song may lie under two films.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAME, DIFFERENT = "same", "different"
SCENE, SOUND = "same-scene", "same-sound"


@dataclass(frozen=True)
class Judged:
    """A finding on items `a` and `b`, and the latest ruling on it with the number of its entry ("" and -1: none)."""

    match: str
    a: str
    b: str
    finding: str
    ruling: str = ""
    entry: int = -1

    @property
    def is_of_sound(self) -> bool:
        """Whether it says nothing about the pictures."""
        return self.finding == SOUND


def earlier(one: Judged, among: Iterable[Judged]) -> list[Judged]:
    """Other findings on the same two items that were ruled on before this one was, in the order of the rulings."""
    pair = {one.a, one.b}
    found = [other for other in among if other.ruling and other.match != one.match and {other.a, other.b} == pair]
    return sorted((two for two in found if one.entry < 0 or two.entry < one.entry), key=lambda two: two.entry)


def contradicts(one: Judged, before: Sequence[Judged]) -> bool:
    """Whether the finding is against the last of the rulings `before` it: a copy of what was ruled different, or only
    alike what was ruled the same.
    """
    ruling = standing(before, sound=one.is_of_sound)
    if ruling == DIFFERENT:
        return one.finding != SCENE
    return ruling == SAME and one.finding == SCENE


def is_open(one: Judged, before: Sequence[Judged]) -> bool:
    """Whether a person should still look: nobody ruled on it, and no ruling before it says what it says."""
    if one.ruling:
        return False
    if contradicts(one, before):
        return True
    pictures = standing(before, sound=False)
    if pictures == SAME:
        return False  # one recording has one sound, too
    if one.is_of_sound:
        return standing(before, sound=True) != SAME
    return pictures != DIFFERENT


def standing(ruled: Iterable[Judged], *, sound: bool = False) -> str:
    """What stands of several rulings on two items, of their pictures or their sound: the last one; "" where none is."""
    found = [one for one in ruled if one.ruling and one.is_of_sound is sound]
    return max(found, key=lambda one: one.entry).ruling if found else ""
