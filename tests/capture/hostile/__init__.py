"""Servers that break every rule, one behaviour a function: `BEHAVIOURS` is the table of them all."""

from __future__ import annotations

from tests.capture.hostile import bodies, heads, pages, redirects, resumptions, statuses, streams
from tests.capture.hostile.table import BEHAVIOURS

#: Names of what the behaviours attack.
FAMILIES = tuple(
    family.__name__.rpartition(".")[2] for family in (bodies, heads, statuses, redirects, resumptions, pages, streams)
)

__all__ = ["BEHAVIOURS", "FAMILIES"]
