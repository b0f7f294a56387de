"""Which of several copies is the earliest, the longest, the largest, the least re-encoded: values in, claims out.

A claim that the values do not bear is not made: it says why. The archive makes claims with this, and the verifier of a
bundle makes them once more from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Optional

from archiver.proof import copies
from archiver.proof.copies import Edge

#: Frames last up to a tenth of a second, and an encoder may lose or add one at each end.
LENGTH_SLACK_MS = 200
#: Below this, a difference of data rates is as well one of settings or of sound.
RATE_SLACK = 0.1
#: A platform's time is that of its clock, ours of ours: a post can be here a little before it was made.
CLOCK_SLACK_SECONDS = 3600

#: Pairs without a moment in common that a group names; all are counted.
SHOWN_APART = 20

FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Posted:
    """A platform's claim of when it was posted: not before `first`, not after `last` (RFC 3339). It was read from
    `field` of the object `sha256`.
    """

    first: str
    last: str
    field: str
    sha256: str


@dataclass(frozen=True)
class Picture:
    """Footage as it was decoded: of the original `sha256` of `size` bytes; read from the object `metadata`.

    `made_by` is "camera" or "software" where embedded tags say so, "" where they say nothing or both.
    """

    sha256: str
    size: int
    metadata: str
    width: int
    height: int
    frames: int
    length_ms: int
    codec: str
    made_by: str

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.width * self.height

    @property
    def rate(self) -> float:
        """Bits a second of the whole file; of a still its bits."""
        return self.size * 8 * 1000 / (self.length_ms or 1000)

    @property
    def bits_per_pixel(self) -> float:
        """Bits for each pixel that was decoded, sound and all."""
        return self.size * 8 / max(1, self.pixels * max(1, self.frames))


@dataclass(frozen=True)
class Copy:
    """What is known of one item: the entry by which it came, with its time, and the first stamp over that entry."""

    item: str
    entry: int
    acquired: str
    stamp: int = -1
    proved: str = ""
    posted: Optional[Posted] = None  # noqa: UP045  Python 3.9
    picture: Optional[Picture] = None  # noqa: UP045


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


NOT_KNOWN, TOO_CLOSE, ENCODINGS_DIFFER, SIZE_DISAGREES, CAMERA_DISAGREES = (
    "not-known", "too-close", "encodings-differ", "size-disagrees", "camera-disagrees",
)  # fmt: skip


def claims(group: Sequence[Copy]) -> list[Claim]:
    """Every claim about a group, in a fixed order."""
    return [_first_posted(group), _first_here(group), _first_proved(group), _longest(group), _largest(group),
            _least_encoded(group)]  # fmt: skip


def document(
    group: Sequence[Copy], connected: Iterable[Edge], cut: Iterable[Edge], name: Callable[[str], Any]
) -> dict[str, Any]:
    """A group as JSON holds it, with whole numbers only; `name` says what an item is called there."""
    members = {copy.item for copy in group}
    inside = [edge for edge in connected if edge.a in members]
    apart = copies.apart(sorted(members), inside)
    lengths = {copy.item: copy.picture.length_ms for copy in group if copy.picture}
    return {
        "members": [name(copy.item) for copy in group],
        "values": [{"member": name(copy.item), **values(copy)} for copy in group],
        "links": [_edge(edge, name) | {"by": edge.by, "unsure": edge.unsure} for edge in inside],
        "cut": [_edge(edge, name) for edge in cut if {edge.a, edge.b} <= members],
        "apart": {"pairs": len(apart), "shown": [[name(a), name(b)] for a, b in apart[:SHOWN_APART]]},
        "claims": [
            {
                "claim": claim.name,
                "members": [name(item) for item in claim.items],
                "why": claim.why,
                "missing": [name(item) for item in claim.missing],
                "doubted": [name(item) for item in claim.doubted],
            }
            for claim in claims(group)
        ],
        "holds": [
            {
                "whole": name(one.whole),
                "part": name(one.part),
                "both": one.both,
                "entry": one.entry,
                "covered_ms": one.covered_ms,
                "length_ms": one.length_ms,
            }
            for one in copies.holdings(inside, lengths)
        ],
    }


def values(copy: Copy) -> dict[str, Any]:
    """What is known of one item, as JSON holds it."""
    told: dict[str, Any] = {"acquired": {"entry": copy.entry, "time": copy.acquired}}
    if copy.stamp >= 0:
        told["proved"] = {"entry": copy.stamp, "time": copy.proved}
    if copy.posted:
        told["posted"] = dict(vars(copy.posted))
    if copy.picture:
        told["picture"] = dict(vars(copy.picture))
    return told


def _edge(edge: Edge, name: Callable[[str], Any]) -> dict[str, Any]:
    return {"a": name(edge.a), "b": name(edge.b), "match": edge.match, "entry": edge.entry}


def _first_posted(group: Sequence[Copy]) -> Claim:
    known = [copy for copy in group if copy.posted]
    doubted = [copy for copy in known if _seconds(copy.posted.first) > _seconds(copy.acquired) + CLOCK_SLACK_SECONDS]  # type: ignore[union-attr]  # it is known
    known = [copy for copy in known if copy not in doubted]
    names = [copy.item for copy in doubted]
    missing = [copy.item for copy in group if not copy.posted]
    if not known:
        return Claim("first-posted", (), NOT_KNOWN, missing, names)
    until = min(copy.posted.last for copy in known if copy.posted)
    first = [copy.item for copy in known if copy.posted and copy.posted.first <= until]
    return Claim("first-posted", first, TOO_CLOSE if len(first) > 1 else "", missing, names)


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

    Somebody may encode at a higher rate than before, and nothing here shows that.
    """
    known = [(copy.item, copy.picture) for copy in group if copy.picture]
    missing = [copy.item for copy in group if not copy.picture]
    name = "least-re-encoded"
    if len(known) < 2:
        return Claim(name, (), NOT_KNOWN, missing)
    best = max((picture for _, picture in known), key=lambda picture: picture.rate)
    leading = [item for item, picture in known if picture.rate >= best.rate * (1 - RATE_SLACK)]
    if len({picture.sha256 for item, picture in known if item in leading}) > 1:
        return Claim(name, leading, TOO_CLOSE, missing)
    if len({picture.codec for _, picture in known}) > 1:
        return Claim(name, leading, ENCODINGS_DIFFER, missing)
    if any(picture.pixels > best.pixels for _, picture in known):
        return Claim(name, leading, SIZE_DISAGREES, missing)
    if best.made_by != "camera" and any(picture.made_by == "camera" for _, picture in known):
        return Claim(name, leading, CAMERA_DISAGREES, missing)
    return Claim(name, leading, "", missing)


def _seconds(time: str) -> float:
    return datetime.strptime(time, FORMAT).replace(tzinfo=timezone.utc).timestamp()
