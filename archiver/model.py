"""The records that flow through the stages: frozen, in the vocabulary of PREMIS and the Berkeley Protocol.

Times are RFC 3339 strings in UTC with microseconds (`2026-11-23T16:08:04.000000Z`), so that a record, its row and its
ledger entry hold the same characters. Positions in footage are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from archiver.acts import EventType as EventType


class Role(StrEnum):
    """What an object is to its item (design section 1)."""

    ORIGINAL = "original"
    EXCHANGE = "exchange"
    INFO = "info"
    METADATA = "metadata"
    FINGERPRINT = "fingerprint"
    SUBTITLES = "subtitles"
    THUMBNAIL = "thumbnail"
    COMMENTS = "comments"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp-token"
    HISTORY = "history"  # what another office told of an item that was received from it


#: What a capture brings in, beside the originals; examination adds the other roles.
CAPTURED_ROLES = (Role.INFO, Role.EXCHANGE, Role.SUBTITLES, Role.THUMBNAIL, Role.COMMENTS, Role.SNAPSHOT)


class State(StrEnum):
    """Where a request stands."""

    QUEUED = "queued"
    RUNNING = "running"
    ARCHIVED = "archived"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


#: States that only a person's `retry` leaves again.
FINISHED_STATES = frozenset({State.ARCHIVED, State.FAILED, State.REFUSED, State.CANCELLED})


class Outcome(StrEnum):
    """How an act ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    REFUSAL = "refusal"
    CANCELLED = "cancelled"


class MatchKind(StrEnum):
    """Same bytes, or alike to the fingerprints."""

    IDENTICAL = "identical"
    NEAR = "near"


class Finding(StrEnum):
    """What a match says about two items. `SAME_SCENE` is never evidence of a copy."""

    IDENTICAL = "identical"
    SAME_RECORDING = "same-recording"
    SAME_SCENE = "same-scene"
    SAME_SOUND = "same-sound"


class Ruling(StrEnum):
    """A person's ruling on a match."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that took part in an act."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A blob of the store. Digests are lower-case hex, `size` is in bytes, `media_type` was judged by content."""

    sha256: str
    sha512: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Holding:
    """An object in its role within an acquisition. `name` is what the source called it: attacker-controlled."""

    object: StoredObject
    role: Role
    name: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """How an item's bytes were looked at: sandbox level, tools, and what did not go well (warning codes)."""

    sandbox: str
    tools: tuple[Tool, ...] = ()
    warnings: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A URL that somebody asked to archive. `url` is as given, `canonical_url` is what is fetched and compared."""

    id: str
    url: str
    canonical_url: str
    case: str
    note: str
    priority: int
    requested_by: str
    added_at: str
    state: State
    reason: str = ""
    attempts: int = 0
    next_attempt_at: str = ""
    message: str = ""
    attempts_allowed: int = 0  # the queue goes on by itself up to this number
    limits: Mapping[str, int] = field(default_factory=dict)  # limits of `config.Limits` that this request overrides


@dataclass(frozen=True, slots=True)
class Item:
    """One digital item: its original bytes, plus where they came from."""

    id: str
    acquisition_id: str
    case: str
    url: str
    title: str
    acquired_at: str
    holdings: tuple[Holding, ...] = ()
    uploader: str = ""
    note: str = ""
    path: str = ""  # of a local file, as it was named to us
    source: str = ""  # who or what it came from, as whoever took it in said
    summary: Mapping[str, Any] = field(default_factory=dict)
    examined: Examined | None = None

    def of_role(self, role: Role) -> tuple[Holding, ...]:
        """The holdings that play one role."""
        return tuple(holding for holding in self.holdings if holding.role is role)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One attempt at a request, or one ingest, with everything that came of it."""

    id: str
    kind: str  # "download" or "ingest"
    request_id: str
    attempt: int
    source: str
    started_at: str
    ended_at: str
    outcome: Outcome
    reason: str
    message: str
    tools: tuple[Tool, ...] = ()
    holdings: tuple[Holding, ...] = ()  # what belongs to the attempt and to no item, such as a failed one's exchange
    items: tuple[Item, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()  # (URL, reason) of what a playlist named and did not give


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """Who did what to which object, when, with which tool, with what outcome.

    `sealed` maps a sealed field's name (`SEALED_FIELDS`) to its value; `detail` is in the clear and its shape is given
    for each type in `schemas/custody-event.schema.json`.
    """

    type: EventType
    outcome: Outcome = Outcome.SUCCESS
    reason: str = ""
    request: str = ""
    acquisition: str = ""
    item: str = ""
    match: str = ""
    holdings: tuple[Holding, ...] = ()
    tools: tuple[Tool, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)


#: Never in the clear in a ledger entry (design section 4): what was once appended in clear cannot be withheld later.
SEALED_FIELDS = (
    "agent",
    "canonical_url",
    "case",
    "file_name",
    "final_url",
    "location",
    "note",
    "path",
    "prepared_by",
    "prepared_for",
    "requested_by",
    "source",
    "title",
    "uploader",
    "url",
)


@dataclass(frozen=True, slots=True)
class Segment:
    """The same footage in two items: seconds [a_start, a_end) of `a` are seconds [b_start, b_end) of `b`."""

    a_start: float
    a_end: float
    b_start: float
    b_end: float


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often films that are no copies of each other reached a score, as it was measured.

    Of `negatives` comparisons of such films `errors` did; `ppm` is the upper bound of the rate at 95 % confidence, in
    millionths. `data` names what they were measured on, in printable ASCII: of other footage it says nothing.
    """

    ppm: int
    errors: int
    negatives: int
    data: str


@dataclass(frozen=True, slots=True)
class Match:
    """A similarity that the program found between items `a` and `b` (a was there first).

    `score` is 0 to 1. `transform` names what was done to the copy, such as `{"mirror": true, "speed": 1.1}`.
    `error_rate` is None where it was not measured; identical bytes rest on SHA-256 and have none.
    """

    id: str
    a: str
    b: str
    kind: MatchKind
    finding: Finding
    score: float
    algorithm: str
    segments: tuple[Segment, ...] = ()
    transform: Mapping[str, Any] = field(default_factory=dict)
    error_rate: ErrorRate | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's ruling on a match; `entry` is its number in the ledger."""

    match_id: str
    ruling: Ruling
    by: str
    note: str
    decided_at: str
    entry: int


def now() -> str:
    """The present moment as records hold it."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    """`moment` (aware) as records hold it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The inverse of `timestamp`. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
