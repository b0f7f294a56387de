"""Images: against images, and against the frames of videos."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from archiver.fingerprint import Fingerprint
from archiver.match.align import MANY_DISTANCES, NEAR_BITS, distances
from archiver.match.compare import TURNS
from archiver.match.descriptor import Box, Floats, Pixels, Variant, alike, coefficients, turned
from archiver.match.film import VARIANTS, Entries, seconds
from archiver.match.finding import Found, judge_still
from archiver.match.geometry import climb
from archiver.model import Finding, Segment

#: Nearest pairs of codes that are looked at closely.
_TRIALS: Final = 6


def compare_still(
    item_id: str, item: Fingerprint, item_entries: Entries, query: Fingerprint, query_entries: Entries
) -> Found | None:
    """The finding where at least one of both is an image. None where nothing is alike.

    On a video the segment is the stretch around the best frame in which it looks like the image; on an image it is
    [0, 0].
    """
    item_pictures, query_pictures = (each.pictures() for each in (item, query))
    best: tuple[float, int, int, Variant, Box, Box] | None = None
    for row, column in _nearest(query_entries, item_entries):
        variant = VARIANTS[query_entries.variant[row]]
        of_query, of_item = int(query_entries.sample[row]), int(item_entries.sample[column])
        box = query_entries.boxes[query_entries.box[row]]
        view = coefficients(turned(query_pictures[of_query : of_query + 1], variant), box)
        other = item_pictures[of_item : of_item + 1]

        def agreement(place: Box, view: Floats = view, other: Pixels = other) -> float:
            return float(alike(view, coefficients(other, place))[0])

        place = item_entries.boxes[item_entries.box[column]]
        for step in (0.04, 0.015):
            place = climb(place, step, agreement)
        trial = (agreement(place), of_query, of_item, variant, box, place)
        if best is None or trial[0] > best[0]:
            best = trial
    if best is None:
        return None
    appearance, of_query, of_item, variant, box, place = best
    finding = judge_still(appearance, images=item.kind == query.kind == "image")
    if finding is None:
        return None
    query_view = coefficients(turned(query_pictures, variant), box)
    item_view = coefficients(item_pictures, place)
    segment = Segment(
        *_stretch(item, of_item, alike(item_view, query_view[of_query : of_query + 1])),
        *_stretch(query, of_query, alike(query_view, item_view[of_item : of_item + 1])),
    )
    transform: dict[str, Any] = {"mirror": variant is Variant.MIRROR, "speed": 1.0}
    if variant in TURNS:
        transform["turn"] = TURNS[variant]
    if place.area < 0.95:
        transform["crop"] = round(place.area, 2)
    score = appearance if finding is Finding.SAME_RECORDING else appearance / 2
    return Found(item_id, finding, round(min(1.0, score), 4), (segment,), transform)


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
