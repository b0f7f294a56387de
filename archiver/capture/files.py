"""A file while it comes: its name, and the exchanges that bring it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archiver.capture.exchange import Exchange


@dataclass(slots=True)
class FileOnWire:
    """A file that is being downloaded, and its exchanges. `verbatim`: it is their payloads, one after the other."""

    name: str
    segmented: bool
    verbatim: bool
    exchanges: list[Exchange] = field(default_factory=list)
