"""What a run tells whoever watches it. Small, frozen, and able to cross a pipe as one JSON line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """A download began."""

    request_id: str
    url: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """Bytes arrived; `total` is 0 where the server did not say, `speed` is in bytes a second."""

    request_id: str
    done: int
    total: int
    speed: float


@dataclass(frozen=True, slots=True)
class Visiting:
    """The download is complete; a browser visits the page that it came from."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Examining:
    """The download is complete; its bytes are being kept and looked at."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt is on record. `retry_in` is 0 where there will be no other."""

    request_id: str
    url: str
    outcome: str
    reason: str
    message: str
    retry_in: float
    bytes: int
    items: int


@dataclass(frozen=True, slots=True)
class Indexing:
    """Fingerprints are being put into the index, so many of so many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that whoever watches should know, and that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Halted:
    """The run cannot go on, such as on a full disk. Nothing that was recorded is lost."""

    message: str


Event = Started | Progressed | Visiting | Examining | Finished | Indexing | Noted | Halted

_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Started, Progressed, Visiting, Examining, Finished, Indexing, Noted, Halted)
}


def to_line(event: Event) -> str:
    """One line of JSON."""
    return json.dumps([type(event).__name__, asdict(event)])


def from_line(line: str) -> Event:
    """The inverse of `to_line`. Raises ValueError; the other end is a process of ours."""
    try:
        name, values = json.loads(line)
        return _KINDS[name](**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no event of ours: {line[:80]!r}") from error
