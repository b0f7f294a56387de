"""Which of several copies is the earliest, the longest, the largest, the least encoded anew: values in, claims out.

A claim that the values do not bear is not made: it says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from archiver.proof.lineage.traits import Copy
from archiver.proof.times.timestamped import FORMAT

#: Frames last up to a tenth of a second, and an encoder may lose or add one at each end.
LENGTH_SLACK_MS = 200
#: Below this, a difference of data rates is as well one of settings or of sound.
RATE_SLACK = 0.1
#: Beyond this difference of lengths it is as well one of what is to be seen: an excerpt may be the busiest part.
COMPARABLE_LENGTH = 0.1
#: A platform's time is that of its clock, ours of ours: a post can be here a little before it was made.
CLOCK_SLACK_SECONDS = 3600


@dataclass(frozen=True)
class Claim:
    """`items` are those of which it is true, or, where `why` says that it cannot be told, those in question.

    `missing` have no value; values of `doubted` cannot be right.
    """

    name: str
    items: Sequence[str]
    why: str = ""
    missing: Sequence[str] = ()
    doubted: Sequence[str] = ()


NOT_KNOWN, TOO_CLOSE, LENGTHS_DIFFER, ENCODINGS_DIFFER, SIZE_DISAGREES, CAMERA_DISAGREES = (
    "not-known", "too-close", "lengths-differ", "encodings-differ", "size-disagrees", "camera-disagrees",
)  # fmt: skip


def claims(group: Sequence[Copy]) -> list[Claim]:
    """Every claim about a group, in a fixed order; of anchors only where there are any."""
    anchored = [_first_anchored(group)] if any(copy.block >= 0 for copy in group) else []
    return [_first_posted(group), _first_here(group), _first_proved(group), *anchored, _longest(group),
            _largest(group), _least_encoded(group)]  # fmt: skip


def _first_posted(group: Sequence[Copy]) -> Claim:
    told = [(copy, copy.posted) for copy in group if copy.posted]
    missing = [copy.item for copy in group if not copy.posted]
    doubted = [
        copy.item
        for copy, posted in told
        if _seconds(posted.first) > _seconds(copy.acquired) + CLOCK_SLACK_SECONDS  # it was here before
    ]
    known = [(copy.item, posted) for copy, posted in told if copy.item not in doubted]
    if not known:
        return Claim("first-posted", (), NOT_KNOWN, missing, doubted)
    until = min(posted.last for _, posted in known)
    first = [item for item, posted in known if posted.first <= until]
    return Claim("first-posted", first, TOO_CLOSE if len(first) > 1 else "", missing, doubted)


def _first_here(group: Sequence[Copy]) -> Claim:
    return Claim("first-here", [min(group, key=lambda copy: copy.entry).item])


def _first_proved(group: Sequence[Copy]) -> Claim:
    known = [copy for copy in group if copy.proved]
    missing = [copy.item for copy in group if not copy.proved]
    if not known:
        return Claim("first-proved", (), NOT_KNOWN, missing)
    earliest = min(copy.proved for copy in known)
    first = [copy.item for copy in known if copy.proved == earliest]
    return Claim("first-proved", first, TOO_CLOSE if len(first) > 1 else "", missing)


def _first_anchored(group: Sequence[Copy]) -> Claim:
    """By the order of blocks, which is the chain's own; their times are right to hours only."""
    known = [copy for copy in group if copy.block >= 0]
    missing = [copy.item for copy in group if copy.block < 0]
    lowest = min(copy.block for copy in known)
    first = [copy.item for copy in known if copy.block == lowest]
    return Claim("first-anchored", first, TOO_CLOSE if len(first) > 1 else "", missing)


def _longest(group: Sequence[Copy]) -> Claim:
    known = [(copy.item, copy.picture.length_ms) for copy in group if copy.picture and copy.picture.length_ms]
    missing = [copy.item for copy in group if copy.item not in dict(known)]
    if not known:
        return Claim("longest", (), NOT_KNOWN, missing)
    most = max(length for _, length in known)
    return Claim("longest", [item for item, length in known if length >= most - LENGTH_SLACK_MS], "", missing)


def _largest(group: Sequence[Copy]) -> Claim:
    known = [(copy.item, copy.picture.pixels) for copy in group if copy.picture]
    missing = [copy.item for copy in group if not copy.picture]
    if not known:
        return Claim("largest-picture", (), NOT_KNOWN, missing)
    most = max(pixels for _, pixels in known)
    return Claim("largest-picture", [item for item, pixels in known if pixels == most], "", missing)


def _least_encoded(group: Sequence[Copy]) -> Claim:
    """Encoding anew takes data away: the copy with the highest data rate and the largest picture lost the least.

    Those about as long as the longest are compared. Somebody may encode at a higher rate than before, and nothing here
    shows that.
    """
    known = [(copy.item, copy.picture) for copy in group if copy.picture]
    most = max((picture.length_ms for _, picture in known), default=0)
    alike = [(item, picture) for item, picture in known if picture.length_ms >= most * (1 - COMPARABLE_LENGTH)]
    missing = [copy.item for copy in group if copy.item not in dict(alike)]
    if len(alike) < 2:
        return Claim("least-re-encoded", (), LENGTHS_DIFFER if len(known) > 1 else NOT_KNOWN, missing)
    best = max((picture for _, picture in alike), key=lambda picture: picture.rate)
    leading = [(item, picture) for item, picture in alike if picture.rate >= best.rate * (1 - RATE_SLACK)]
    why = ""
    if len({picture.sha256 for _, picture in leading}) > 1:
        why = TOO_CLOSE
    elif len({picture.codec for _, picture in alike}) > 1:
        why = ENCODINGS_DIFFER
    elif any(picture.pixels > best.pixels for _, picture in alike):
        why = SIZE_DISAGREES
    elif best.made_by != "camera" and any(picture.made_by == "camera" for _, picture in alike):
        why = CAMERA_DISAGREES
    return Claim("least-re-encoded", [item for item, _ in leading], why, missing)


def _seconds(time: str) -> float:
    return datetime.strptime(time, FORMAT).replace(tzinfo=timezone.utc).timestamp()
