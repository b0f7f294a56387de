"""Images: against images, and against the frames of videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from archiver.fingerprint import Fingerprint
from archiver.match.align import MANY_DISTANCES, NEAR_BITS, distances
from archiver.match.alignment import Alignment
from archiver.match.compare import transform
from archiver.match.descriptor import (
    MIN_CONTRAST,
    POINTS,
    Floats,
    Pixels,
    alike,
    coefficients,
    coefficients_of_points,
    resampled,
    turned,
)
from archiver.match.film import VARIANTS, Entries, seconds
from archiver.match.finding import Found, judge_still
from archiver.match.register import Placement, registered, seen
from archiver.match.shots import boxes
from archiver.model import Finding, Segment

#: Nearest pairs of codes that are looked at closely.
_TRIALS: Final = 6
#: Parts along each side of the picture that have to look alike one by one.
_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class _Trial:
    """Sample `of_query` beside sample `of_item` at a refined place: how alike they and their least alike parts look."""

    appearance: float
    weakest_part: float
    all_in_common: bool
    of_query: int
    of_item: int
    at: Alignment


def compare_still(
    item_id: str, item: Fingerprint, item_entries: Entries, query: Fingerprint, query_entries: Entries
) -> Found | None:
    """The finding where at least one of both is an image. None where nothing is alike.

    On a video the segment is the stretch around the best frame in which it looks like the image; on an image it is
    [0, 0].
    """
    item_pictures, query_pictures = (each.pictures() for each in (item, query))
    images = item.kind == query.kind == "image"
    judged: list[tuple[bool, float, Finding, _Trial]] = []
    for row, column in _nearest(query_entries, item_entries):
        for trial in _tried(query_pictures, query_entries, row, item_pictures, item_entries, column):
            finding = judge_still(trial.appearance, trial.weakest_part, images=images and trial.all_in_common)
            if finding is not None:
                judged.append((finding is Finding.SAME_RECORDING, trial.appearance, finding, trial))
    if not judged:
        return None
    _, _, finding, best = max(judged, key=lambda each: each[:2])
    query_view = coefficients(turned(query_pictures, best.at.variant), best.at.box)
    grid = best.at.placement.grid(best.at.box)
    item_view = coefficients_of_points(seen(item_pictures.astype(np.float32), grid))
    segment = Segment(
        *_stretch(item, best.of_item, alike(item_view, query_view[best.of_query][None])),
        *_stretch(query, best.of_query, alike(query_view, item_view[best.of_item][None])),
    )
    score = best.appearance if finding is Finding.SAME_RECORDING else best.appearance / 2
    return Found(item_id, finding, round(min(1.0, score), 4), (segment,), transform(best.at))


def _tried(
    query_pictures: Pixels, query: Entries, row: int, item_pictures: Pixels, item: Entries, column: int
) -> Iterator[_Trial]:
    """The parts that the codes were made of, laid over each other; then all that both pictures have in common."""
    variant = VARIANTS[query.variant[row]]
    of_query, of_item = int(query.sample[row]), int(item.sample[column])
    box = query.boxes[query.box[row]]
    view = turned(query_pictures[of_query : of_query + 1], variant)
    other = item_pictures[of_item : of_item + 1].astype(np.float32)
    placement = Placement.of_boxes(box, item.boxes[item.box[column]])
    for all_in_common in (False, True):
        if all_in_common:
            box = placement.covered(boxes(view)[0])  # but for the query's flat borders
        placement = registered(placement, box, resampled(view, box), other)
        box = placement.covered(box)
        here, there = resampled(view, box), seen(other, placement.grid(box))
        appearance = float(alike(coefficients_of_points(here), coefficients_of_points(there))[0])
        at = Alignment(variant, box, placement, 1.0, 0.0)
        yield _Trial(appearance, weakest_part(here[0], there[0]), all_in_common, of_query, of_item, at)


def weakest_part(one: Floats, other: Floats) -> float:
    """The lowest correlation among parts of two pictures (POINTS, POINTS) that both show something; 0 if none do."""
    a, b = _parts(one), _parts(other)
    both = np.minimum(a.std(axis=1), b.std(axis=1)) >= MIN_CONTRAST
    return float(alike(a[both], b[both]).min(initial=1.0)) if both.any() else 0.0


def _parts(picture: Floats) -> Floats:
    size = POINTS // _PARTS
    parts = picture.reshape(_PARTS, size, _PARTS, size).transpose(0, 2, 1, 3).reshape(_PARTS**2, size**2)
    centred: Floats = parts - parts.mean(axis=1, keepdims=True)
    return centred


def _nearest(query: Entries, item: Entries) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int, int]] = []
    at_a_time = max(1, MANY_DISTANCES // max(1, len(item.codes)))
    for start in range(0, len(query.codes), at_a_time):
        bits = distances(query.codes[start : start + at_a_time], item.codes)
        if bits.size:
            columns = bits.argmin(axis=1)
            near = bits[np.arange(len(columns)), columns]
            pairs += [(int(near[at]), start + int(at), int(columns[at])) for at in np.flatnonzero(near <= NEAR_BITS)]
    return [(row, column) for _, row, column in sorted(pairs)[:_TRIALS]]


def _stretch(fingerprint: Fingerprint, at: int, similarity: Floats) -> tuple[float, float]:
    """Seconds around sample `at` in which the similarity stays near its best."""
    if fingerprint.kind == "image":
        return 0.0, 0.0
    good = similarity >= similarity[at] - 0.02
    first, last = at, at
    while first > 0 and good[first - 1]:
        first -= 1
    while last + 1 < len(good) and good[last + 1]:
        last += 1
    times = seconds(fingerprint)
    end = times[last + 1] if last + 1 < len(times) else fingerprint.duration_ms / 1000
    return round(float(times[first]), 3), round(float(end), 3)
