"""Covers as they are handed into the sandbox: JSON, a list for each cover of marks [ms, x, y, w, h]. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from archiver.covers import Box, Cover, Mark


def covers_to_json(covers: Iterable[Cover]) -> bytes:
    """Covers as bytes, the same for the same covers."""
    rows = [[[mark.ms, mark.box.x, mark.box.y, mark.box.w, mark.box.h] for mark in cover.marks] for cover in covers]
    return json.dumps(rows, separators=(",", ":")).encode()


def covers_from_json(data: bytes) -> list[Cover]:
    """The inverse."""
    return [Cover(tuple(Mark(ms, Box(*numbers)) for ms, *numbers in marks)) for marks in json.loads(data)]
