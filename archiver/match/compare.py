"""Two videos compared closely: from hypotheses of alignment to a finding with its segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from archiver.fingerprint import Fingerprint
from archiver.match.align import Hypothesis
from archiver.match.alignment import Alignment
from archiver.match.calibration import error_rate
from archiver.match.descriptor import WHOLE, Pixels, Variant, turned_back_box
from archiver.match.film import seconds
from archiver.match.finding import Found, judge, score
from archiver.match.pair import Pair, Run
from archiver.model import Finding, Segment

#: Stretches that one answer names; a compilation with more of one film has its longest named.
MAX_SEGMENTS: Final = 8

#: Agreement in detail beyond which no further alignment is tried.
CERTAIN: Final = 0.8

#: Looking alike in a smaller share of either picture does not make two films show the same scene.
MIN_SCENE_SHARE: Final = 0.2

#: Offsets this near to each other are refined to the same one.
SAME_START_SECONDS: Final = 0.25

_Judged = tuple[Finding, Run, Alignment]


def compare(
    item_id: str, item: Fingerprint, query: Fingerprint, pictures: Pixels, guesses: Iterable[Hypothesis]
) -> Found | None:
    """The finding on two videos; `pictures` are the query's. None where nothing is alike."""
    judged: list[_Judged] = []
    for run, at in stretches(item, query, pictures, guesses):
        finding = judge(run)
        if finding is Finding.SAME_RECORDING or (finding and at.smaller_share >= MIN_SCENE_SHARE):
            judged.append((finding, run, at))
            if _settled(judged[-1], len(query.times_ms)):
                break
    if not judged:
        return None
    judged.sort(key=_strength, reverse=True)
    finding, run, at = judged[0]
    segments: list[Segment] = []
    taken: list[Run] = []
    for other, stretch, place in judged:
        if other is not finding or place.variant is not at.variant or len(segments) == MAX_SEGMENTS:
            continue
        if all(stretch.last < old.first or stretch.first > old.last for old in taken):
            segment = _segment(stretch, place, item, query)
            if segment is not None:
                taken.append(stretch)
                segments.append(segment)
        if finding is Finding.SAME_SCENE:
            break  # a scene has no second place in a film: one stretch shows it
    segments.sort(key=lambda segment: segment.b_start)
    value = score(finding, run)
    rate = error_rate(value) if finding is Finding.SAME_RECORDING else None
    return Found(item_id, finding, value, tuple(segments), transform(at), error_rate=rate)


def stretches(
    item: Fingerprint, query: Fingerprint, pictures: Pixels, guesses: Iterable[Hypothesis]
) -> Iterator[tuple[Run, Alignment]]:
    """Every stretch of the query that looks like the item, at the alignments that the guesses lead to."""
    films: Pair | None = None
    tried: list[Hypothesis] = []
    for guess in guesses:
        films = films or Pair(pictures, seconds(query), item)
        for start in _starts(guess):
            if any(_same_start(start, old) for old in tried):
                continue
            tried.append(start)
            at = films.refined(Alignment.of(start))
            if at is not None:
                yield from ((run, at) for run in films.runs(at))


def _starts(guess: Hypothesis) -> list[Hypothesis]:
    """The guess, and the same with whole pictures: codes of parts may win by chance, and most copies show all."""
    whole = replace(guess, query_box=WHOLE, item_box=WHOLE)
    return [guess] if guess == whole else [guess, whole]


def _same_start(one: Hypothesis, other: Hypothesis) -> bool:
    """Refinement leads from both to the same place."""
    near = abs(one.offset - other.offset) < SAME_START_SECONDS
    return near and replace(one, offset=other.offset, votes=other.votes) == other


def _settled(judged: _Judged, samples: int) -> bool:
    """All of the query is explained so well that no other alignment can be better."""
    finding, run, _ = judged
    return finding is Finding.SAME_RECORDING and run.change.detail >= CERTAIN and run.samples >= 0.9 * samples


def _strength(judged: _Judged) -> tuple[float, float, float]:
    finding, run, at = judged
    same = finding is Finding.SAME_RECORDING
    # Between speeds and offsets that explain about as much, the film as it was shot is the likelier one.
    usual = 1.0 if abs(at.speed - 1) < 0.02 else 0.97
    explained = run.samples * (run.change.detail if same else run.appearance) * usual
    return float(same), explained, -abs(at.offset)


def _segment(run: Run, at: Alignment, item: Fingerprint, query: Fingerprint) -> Segment | None:
    """The run in seconds: half a sample more at each end, to the film's own end if it was the last sample."""
    times, end = seconds(query), query.duration_ms / 1000
    start = 0.0 if run.first == 0 else float(times[run.first - 1] + times[run.first]) / 2
    stop = end if run.last == len(times) - 1 else float(times[run.last] + times[run.last + 1]) / 2
    # What lies outside the item cannot be the same.
    low, high = sorted((each - at.offset) / at.speed for each in (0.0, item.duration_ms / 1000))
    start, stop = max(start, low), min(stop, high)
    if stop <= start:
        return None
    first, last = sorted(max(0.0, round(at.speed * moment + at.offset, 3)) for moment in (start, stop))
    return Segment(first, last, round(start, 3), round(stop, 3))


def transform(at: Alignment) -> dict[str, Any]:
    """How the query differs, as `Found` has it."""
    told: dict[str, Any] = {
        "mirror": at.variant.mirrored,
        "speed": 1.0 if abs(at.speed - 1) < 0.01 else round(at.speed, 2),
    }
    if at.variant.quarters:
        told["turn"] = 90 * at.variant.quarters
    if at.variant is Variant.NEGATIVE:
        told["negative"] = True
    share, box = at.placement.share(at.box), turned_back_box(at.box, at.variant)
    if share < 0.95:
        told["crop"] = round(share, 2)
    if box.area < 0.6:
        told["inset"] = [round(edge, 2) for edge in (box.left, box.top, box.right, box.bottom)]
    return told
