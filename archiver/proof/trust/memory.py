"""What a verifier saw before: checkpoints by the key that signed them, in one file of the reader's own.

A log that shows one tree today and another one tomorrow is caught only by somebody who remembers. A checkpoint stays
in memory until a later one was proven to contain it. Two signed checkpoints that disagree are kept: they are evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.proof import canonical, durable
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.untrusted import rows, table, text

#: The file's field `v`.
VERSION = 1

#: A thousand logs with a dozen checkpoints each; far beyond it the file is none of ours.
MAX_BYTES = 16 * 1024**2

#: Checkpoints of one log that no later one was proven to contain: a year of weekly bundles. The smallest go first.
MAX_SIGHTS = 64

_CODE = "memory-malformed"

FIRST, AGREES, UNPROVEN, ROLLED_BACK, FORK = "first", "agrees", "unproven", "rolled-back", "fork"

#: `root_at(size)`: root of the first `size` entries, proven to be of the present tree; None where nothing proves it.
RootAt = Callable[[int], "bytes | None"]


@dataclass(frozen=True)
class Sight:
    """A signed note with a checkpoint, and when it was seen (RFC 3339, UTC)."""

    note: str
    time: str

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint in the note."""
        return checkpoints.parse(note.parse(self.note.encode("utf-8")).text)


@dataclass(frozen=True)
class Memory:
    """Sights by verifier key in text: those to hold the log to, and those that disagreed with them."""

    seen: Mapping[str, tuple[Sight, ...]] = field(default_factory=dict)
    against: Mapping[str, tuple[Sight, ...]] = field(default_factory=dict)

    def of(self, keys: Iterable[note.VerifierKey]) -> tuple[Checkpoint, ...]:
        """What was seen of the log that had these keys, one after the other."""
        sights = [sight.checkpoint for key in keys for sight in self.seen.get(str(key), ())]
        return tuple(dict.fromkeys(sights))


@dataclass(frozen=True)
class Comparison:
    """How the present checkpoint stands to what was seen: a word, the largest size seen, and what was proven."""

    state: str
    size: int | None = None
    contained: frozenset[Checkpoint] = frozenset()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Look:
    """What one look found: the log's keys of today and of the past, the signed note (None where none is to be believed)
    and the comparison.
    """

    keys: tuple[note.VerifierKey, ...]
    note: bytes | None
    comparison: Comparison


def compare(seen: Iterable[Checkpoint], present: Checkpoint | None, root_at: RootAt, *, whole: bool) -> Comparison:
    """Hold the present checkpoint to all that was seen. `whole` says that everything seen should be there (a vault).

    An older bundle is no rollback: it was made then. What no proof at hand relates stays unproven, and is no fault.
    """
    earlier = list(seen)
    faults, contained = [], set()
    for one in earlier:
        if present is None or one.size > present.size:
            if whole:
                now = f"now shows {present.size}" if present else "shows no checkpoint now"
                message = f"ROLLED BACK: a checkpoint of {one.size} entries was seen before, and the ledger {now}"
                faults.append(Fault(ROLLED_BACK, f"checkpoint {one.size}", message))
            continue
        root = present.root if one.size == present.size else root_at(one.size) if one.size else merkle.EMPTY_ROOT
        if root == one.root:
            contained.add(one)
        elif root is not None:
            message = f"FORK: another tree of {one.size} entries was signed by the same key and seen before"
            faults.append(Fault(FORK, f"checkpoint {one.size}", message))
    state = AGREES if contained == set(earlier) else UNPROVEN
    for fault in faults:
        state = FORK if FORK in (state, fault.code) else ROLLED_BACK
    if not earlier:
        state = FIRST
    return Comparison(state, max((one.size for one in earlier), default=None), frozenset(contained), tuple(faults))


def remember(memory: Memory, look: Look, time: str) -> Memory:
    """The memory after a look. What disagrees takes the place of nothing: it is kept beside as evidence.

    It is remembered under every key of the log, so that a copy from before a change of keys is held to it as well.
    """
    for key in look.keys if look.note is not None else ():
        memory = _remember(memory, str(key), look, time)
    return memory


def _remember(memory: Memory, key: str, look: Look, time: str) -> Memory:
    sight = Sight((look.note or b"").decode("utf-8"), time)
    if look.comparison.faults:
        against = memory.against.get(key, ())
        if sight.checkpoint not in [one.checkpoint for one in against]:
            against = (*against, sight)[-MAX_SIGHTS:]
        return Memory(memory.seen, {**memory.against, key: against})
    present = sight.checkpoint
    kept = [one for one in memory.seen.get(key, ()) if one.checkpoint not in {*look.comparison.contained, present}]
    largest = sorted([*kept, sight], key=lambda one: one.checkpoint.size)[-MAX_SIGHTS:]
    return Memory({**memory.seen, key: tuple(largest)}, memory.against)


def load(path: Path) -> Memory:
    """The memory in a file; an empty one where there is no file. Raises OSError, and ProofError for other content."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Memory()
    document = table(canonical.decode(data, max_bytes=MAX_BYTES), _CODE)
    if document.get("v") != VERSION or document["v"] is True:
        raise ProofError(_CODE, "the memory is of a version that this verifier does not know")
    seen, against = {}, {}
    for one in rows(document.get("logs"), _CODE):
        log = table(one, _CODE)
        key = str(note.parse_key(text(log, "key", _CODE)))
        seen[key] = _sights(log.get("seen"))
        against[key] = _sights(log.get("against"))
    return Memory(seen, {key: sights for key, sights in against.items() if sights})


def save(path: Path, memory: Memory) -> None:
    """Write the memory, on the disk before this returns. Raises OSError."""
    logs = [
        {"key": key, "seen": _rows(memory.seen.get(key, ())), "against": _rows(memory.against.get(key, ()))}
        for key in sorted({*memory.seen, *memory.against})
    ]
    durable.replace(path, canonical.encode({"v": VERSION, "logs": logs}))


def _sights(value: Any) -> tuple[Sight, ...]:
    found = [table(one, _CODE) for one in rows(value, _CODE)]
    sights = tuple(Sight(text(one, "note", _CODE), text(one, "time", _CODE)) for one in found)
    for sight in sights:
        assert sight.checkpoint  # raises ProofError for what is no checkpoint
    return sights


def _rows(sights: Iterable[Sight]) -> list[dict[str, str]]:
    return [{"note": one.note, "time": one.time} for one in sights]
