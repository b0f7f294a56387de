"""Following faces from one look to the next: what was seen now and then becomes covers without holes. Pure.

A detector blinks: it loses a face that turns or is struck by a light for single looks. So a face that was there before
and after is taken to have been there in between, and some time before and after it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from archiver.covers import Box, Cover, Mark, bounded

#: A face that comes back within this time near its place is the same, and was there all the time.
BRIDGED_MS = 2_000
#: A face is hidden for so long before it was seen first and after it was seen last: it turns in and out of sight.
AROUND_MS = 800
#: How far its middle goes between two looks, in multiples of the face's size, and for each second more of a gap.
REACH, REACH_A_SECOND = 1.0, 0.5
#: What a face's size changes by at most between two looks, as a ratio.
SCALE = 2.0
#: What is hidden beyond a face's box on each side, in parts of it: chin, ears and hair tell who somebody is.
MARGIN = 0.35
#: And while nobody saw it, because it may have moved.
MARGIN_UNSEEN = 0.6


@dataclass(frozen=True, slots=True)
class Sighting:
    """The faces seen at one moment."""

    ms: int
    faces: tuple[Box, ...]


@dataclass(slots=True)
class _Track:
    seen: list[Mark] = field(default_factory=list)


def follow(sightings: Iterable[Sighting]) -> list[Cover]:
    """Covers for all faces in `sightings`, which ascend in time."""
    going: list[_Track] = []
    ended: list[_Track] = []
    for sighting in sightings:
        ended += [track for track in going if sighting.ms - track.seen[-1].ms > BRIDGED_MS]
        going = [track for track in going if sighting.ms - track.seen[-1].ms <= BRIDGED_MS]
        near = sorted(
            (distance, place, number)
            for place, track in enumerate(going)
            for number, face in enumerate(sighting.faces)
            if (distance := _distance(track.seen[-1], face, sighting.ms)) is not None
        )
        tracks, faces = set(range(len(going))), set(range(len(sighting.faces)))
        for _, place, number in near:
            if place in tracks and number in faces:
                going[place].seen.append(Mark(sighting.ms, sighting.faces[number]))
                tracks.remove(place)
                faces.remove(number)
        going += [_Track([Mark(sighting.ms, sighting.faces[number])]) for number in sorted(faces)]
    return sorted(
        (_cover(track.seen) for track in (*ended, *going)), key=lambda cover: (cover.start_ms, cover.marks[0].box)
    )


def _distance(last: Mark, face: Box, ms: int) -> float | None:
    """How far a face is from where one was last, in multiples of its size; None where it cannot be the same."""
    box, size = last.box, max(last.box.w, last.box.h, face.w, face.h)
    ratio = (box.w * box.h) / max(face.w * face.h, 1)
    if not SCALE**-2 <= ratio <= SCALE**2:
        return None
    across = abs(2 * box.x + box.w - 2 * face.x - face.w) / 2
    along = abs(2 * box.y + box.h - 2 * face.y - face.h) / 2
    found = max(across, along) / size
    return found if found <= REACH + REACH_A_SECOND * (ms - last.ms) / 1000 else None


def _cover(seen: Sequence[Mark]) -> Cover:
    marks = [Mark(one.ms, one.box.grown(MARGIN)) for one in seen]
    return Cover((_unseen(seen[:2], -AROUND_MS), *marks, _unseen(seen[:-3:-1], AROUND_MS)))


def _unseen(nearest: Sequence[Mark], ms: int) -> Mark:
    """Where a face was `ms` after (before: negative) the first of its two nearest sightings: it is taken to go on."""
    here, other = nearest[0], nearest[-1]
    share = ms / (here.ms - other.ms) if here.ms != other.ms else 0.0
    dx, dy = round((here.box.x - other.box.x) * share), round((here.box.y - other.box.y) * share)
    moved = bounded(here.box.x + dx, here.box.y + dy, here.box.x + dx + here.box.w, here.box.y + dy + here.box.h)
    return Mark(here.ms + ms, here.box.hull(moved).grown(MARGIN_UNSEEN))
