"""How many segments a DASH or Smooth Streaming manifest stands for, counted before anybody makes a list of them.

A hundred bytes of manifest can name a billion segments; yt-dlp lists them all before it asks for the first.
Sources: ISO/IEC 23009-1 section 5.3.9 (SegmentTemplate, SegmentTimeline), MS-SSTR section 2.2.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = (365 * 86400.0, 30 * 86400.0, 86400.0, 3600.0, 60.0, 1.0)
# A stream is offered in some ten qualities, of which one is taken, but all are listed.
_QUALITIES = 30
_STREAMS = ("Representation", "QualityLevel")


def too_many_segments(manifest: Element, most: int) -> bool:
    """Whether `manifest` names more than `most` segments in one quality, or far more in all of them."""
    spans = (value for one in manifest.iter() for value in (one.get("mediaPresentationDuration"), one.get("duration")))
    counts = list(_counts(manifest, max(map(_seconds, spans), default=0.0)))
    streams = sum(_name(one) in _STREAMS for one in manifest.iter())
    longest = max(counts, default=0.0)
    # A template holds for each quality beside it: every one of them may have as many as the longest.
    return longest > most or longest * max(1, streams) > most * _QUALITIES


def _counts(manifest: Element, seconds: float) -> Iterator[float]:
    for element in manifest.iter():
        name = _name(element)
        if name == "SegmentTimeline":
            yield sum(1 + max(0.0, _number(one.get("r"), 0)) for one in element if _name(one) == "S")
        elif name == "StreamIndex":
            yield sum(max(1.0, _number(one.get("r"), 1)) for one in element if _name(one) == "c")
        elif element.get("duration") and _name(element) == "SegmentTemplate":
            length = _number(element.get("duration"), 0) / (_number(element.get("timescale"), 1) or 1)
            yield seconds / length if length > 0 else 0.0


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _number(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text else otherwise
    except ValueError:
        return otherwise


def _seconds(text: str | None) -> float:
    match = _DURATION.fullmatch(text.strip()) if text else None
    if match is None:
        return 0.0
    return sum(float(part) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True) if part)
