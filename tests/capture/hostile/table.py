"""What a behaviour of a server is, how it has to end, and the one table that tests and benchmark share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from archiver.capture.job import FetchResult
from archiver.capture.reasons import REASONS
from archiver.config import Limits
from archiver.model import Outcome, Role
from tests.capture.hostile.site import Speaks

#: Tight, so that an attack ends in seconds, but not so tight that a busy machine's honest answer meets them.
LIMITS = Limits(
    file_bytes=3_000_000,
    fetch_seconds=60,
    stall_seconds=15,
    connect_seconds=10,
    redirects=5,
    playlist_entries=3,
    requests=40,
)
#: For behaviours that end by the stall limit.
SHORT_STALL: dict[str, float] = {"stall_seconds": 1.0}
#: Under which 10 MB are read at all.
ROOMY: dict[str, float] = {"file_bytes": 30_000_000}
#: For behaviours that end by the time limit.
SHORT_TIME: dict[str, float] = {"fetch_seconds": 3.0}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One row. `reason` is the code it has to end with, "" where something is archived.

    `missing` are the reasons of parts that are on record as not archived. `retry_after` is the range of seconds that
    the queue is told to wait. `limits` override LIMITS. `pending` says why the row cannot hold yet.
    """

    name: str
    does: str
    reason: str
    speaks: Speaks
    start: str = ""  # the path to begin with, after the name
    missing: tuple[str, ...] = ()
    retry_after: tuple[float, float] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    whole: bool = False  # the file has to be clip.mp4, byte for byte
    pending: str = ""
    heavy: bool = False  # takes ten seconds of a processor: left out of the quick tests

    @property
    def family(self) -> str:
        """What it attacks: the module that its function stands in."""
        return str(getattr(self.speaks, "func", self.speaks).__module__).rpartition(".")[2]

    @property
    def path(self) -> str:
        return f"/{self.name}{self.start}"

    @property
    def outcome(self) -> Outcome:
        if not self.reason:
            return Outcome.SUCCESS
        known = REASONS.get(self.reason)
        return Outcome.REFUSAL if known is not None and known.refused else Outcome.FAILURE

    def faults(self, result: FetchResult, originals: list[bytes], clip: bytes) -> list[str]:
        """In what `result` is not what the table says."""
        found = []
        if (result.outcome, result.reason) != (self.outcome, self.reason):
            found.append(f"{result.outcome}/{result.reason or 'archived'}: {result.message}")
        if tuple(sorted({code for _, code in result.failures})) != tuple(sorted(set(self.missing))):
            found.append(f"missing parts {result.failures}")
        if not self._waits(result.retry_after):
            found.append(f"retry after {result.retry_after}")
        if self.reason and result.items:
            found.append("items although it failed")
        if self.whole and originals != [clip]:
            found.append(f"not the clip: files of {[len(one) for one in originals]} bytes")
        return found

    def _waits(self, seconds: float | None) -> bool:
        if self.retry_after is None or seconds is None:
            return self.retry_after is None and seconds is None
        return self.retry_after[0] <= seconds <= self.retry_after[1]


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(
    does: str,
    reason: str = "",
    *,
    name: str = "",
    start: str = "",
    missing: tuple[str, ...] = (),
    retry_after: tuple[float, float] | None = None,
    limits: Mapping[str, float] | None = None,
    whole: bool = False,
    pending: str = "",
    heavy: bool = False,
) -> Callable[[Speaks], Speaks]:
    """Enter a function that speaks with a client into the table, under its own name with dashes."""

    def enter(speaks: Speaks) -> Speaks:
        label = name or speaks.__name__.replace("_", "-")
        assert label not in BEHAVIOURS, label
        assert not reason or reason in REASONS or pending, reason
        BEHAVIOURS[label] = Behaviour(
            label, does, reason, speaks, start, missing, retry_after, limits or {}, whole, pending, heavy
        )
        return speaks

    return enter


def originals_of(result: FetchResult) -> list[str]:
    """Names of the files that came from the source."""
    return [file.name for item in result.items for file in item.files if file.role is Role.ORIGINAL]
