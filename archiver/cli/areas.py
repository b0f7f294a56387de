"""An area of a blurred copy as people type it, and as they are shown it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archiver.cli import common
from archiver.covers import WHOLE, bounded
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.covers import Area, Box
    from archiver.model import Item

_SECONDS = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,5}):)?(\d{1,7}(?:\.\d{1,6})?)", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,9})?", re.ASCII)


def parsed(given: str, item: Item) -> tuple[Box, int, int]:
    """What somebody typed. Raises UsageError."""
    parts = [part.strip() for part in given.split(",")]
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts[:4]):
        raise UsageError(f"{given!r} is not X,Y,W,H,FROM,TO", next_step="For example 120,40,80,90,3.5,10")
    x, y, w, h = map(float, parts[:4])
    width, height = (1.0, 1.0) if max(x, y, w, h) <= 1 else _size(item)
    left, upper = round(x / width * WHOLE), round(y / height * WHOLE)
    box = bounded(left, upper, left + round(w / width * WHOLE), upper + round(h / height * WHOLE))
    start, end = (_ms(part) for part in parts[4:]) if len(parts) == 6 else (0, _length_ms(item))
    return box, start, end


def _ms(given: str) -> int:
    found = _SECONDS.fullmatch(given)
    if found is None:
        raise UsageError(f"{given!r} is no time", next_step="Give seconds, such as 83.5, or 1:23.5")
    hours, minutes, seconds = found.groups()
    return round((int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)) * 1000)


def _size(item: Item) -> tuple[float, float]:
    """Width and height of the item's picture as it is shown."""
    width, height = item.summary.get("width"), item.summary.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or width < 1 or height < 1:
        raise UsageError(f"the size of item {item.id} is not known", next_step="Give parts of 1 instead of pixels")
    return float(width), float(height)


def _length_ms(item: Item) -> int:
    """Long enough for all of an item."""
    from archiver.fingerprint import MAX_MS

    seconds = item.summary.get("duration_seconds")
    return MAX_MS if isinstance(seconds, int | float) and seconds > 0 else 1


def as_json(area: Area) -> dict[str, Any]:
    """As the commands print it for machines: parts of 1, and seconds."""
    box = area.box
    return {
        "area": area.id,
        "box": [number / WHOLE for number in (box.x, box.y, box.w, box.h)],
        "from": area.start_ms / 1000,
        "to": area.end_ms / 1000,
    }


def described(area: Area, item: Item) -> str:
    """In words: how large, where, and for how long."""
    x, y, w, h = pixels(area.box, item)
    return f"{w} x {h} at {x}, {y}, {common.clock(area.start_ms / 1000)} to {end(area)},"


def end(area: Area) -> str:
    """When it ends."""
    from archiver.fingerprint import MAX_MS

    return common.clock(area.end_ms / 1000) if area.end_ms < MAX_MS else "the end"


def pixels(box: Box, item: Item) -> tuple[str, ...]:
    """Left edge, upper edge, width and height for people: pixels where the size is known, else percent."""
    numbers = (box.x, box.y, box.w, box.h)
    try:
        width, height = _size(item)
    except UsageError:
        return tuple(f"{100 * number / WHOLE:.1f} %" for number in numbers)
    sides = (width, height, width, height)
    return tuple(f"{number * side / WHOLE:.0f}" for number, side in zip(numbers, sides, strict=True))
