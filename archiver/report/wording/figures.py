"""Times, sizes, digests and numbers as people read them, the same on the page and on paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

#: A line of a digest: SHA-256 is one, SHA-512 are two, and nothing is put in that would be copied along.
_LINE = 64


def moment(time: str) -> str:
    """A record's time to the second."""
    return f"{time[:10]} {time[11:19]} UTC"


def clock(milliseconds: int) -> str:
    """A position in footage: minutes, seconds, tenths; hours where there are any."""
    tenths = milliseconds // 100
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    shown = f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{hours}:{shown}" if hours else shown


def size(count: int) -> str:
    """A size in bytes, grouped, and in larger units where that is easier to read."""
    grouped = f"{count:,}".replace(",", "\u202f")
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{grouped} bytes ({count / factor:.1f} {unit})"
    return f"{grouped} bytes"


def halves(digest: str) -> list[str]:
    """A digest in lines that fit a page."""
    return [digest[at : at + _LINE] for at in range(0, len(digest), _LINE)]


def note_text(ledger: Mapping[str, Any]) -> list[str]:
    """The text that is signed of a cited checkpoint (C2SP tlog-checkpoint): origin, size, root in base64."""
    root = base64.b64encode(bytes.fromhex(ledger["checkpoint"]["root"])).decode("ascii")
    return [ledger["origin"], str(ledger["checkpoint"]["size"]), root]


def percent(parts_per_million: int) -> str:
    """A share."""
    return f"{parts_per_million / 10_000:.0f} %"


def ranges(numbers: Sequence[int]) -> str:
    """`0, 2 to 19, 21` for ascending numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join(" to ".join(map(str, run)) for run in runs)
