"""What an audit has found and counted so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from archiver.proof.faults import Fault, Verdict, judge
from archiver.proof.trust.memory import Look

#: Told of progress: how much is done, of how much, and what it is ("objects", "entries", ...).
Observe = Callable[[int, int, str], None]

#: What a verdict counts, in this order. The last are entries that were made under a clock set back.
COUNTED = (
    "objects",
    "bytes",
    "entries",
    "tiles",
    "checkpoints",
    "requests",
    "items",
    "matches",
    "hash_lists",
    "timestamps",
    "anchors",
    "histories",
    "clock_set_back",
)

#: Of one code. A ledger of millions of entries that is wrong throughout would fill the memory; the rest is counted.
LISTED = 10_000


#: A fault is a line for people; longer names are an attacker's.
_SHOWN_CHARACTERS = 300


def silent(done: int, total: int, what: str) -> None:
    """Tell nobody."""


class Tally:
    """Faults and counts. Every fault is kept once; beyond `LISTED` of one code their number is told."""

    def __init__(self, observe: Observe = silent) -> None:
        self.progress = observe
        #: What the verdict tells of the newest checkpoint, and what a memory is to keep of it.
        self.told: Mapping[str, Any] = {}
        self.look: Look | None = None
        self._counts: Counter[str] = Counter()
        self._faults: dict[Fault, None] = {}
        self._of_code: Counter[str] = Counter()

    def fault(self, code: str, subject: str, message: str) -> None:
        """Note that something is wrong, or could not be checked."""
        found = Fault(code, _shown(subject), _shown(message))
        if found in self._faults:
            return
        self._of_code[code] += 1
        if self._of_code[code] <= LISTED:
            self._faults[found] = None

    def count(self, what: str, number: int = 1) -> None:
        """Note that something was looked at."""
        self._counts[what] += number

    def take(self, other: Tally) -> None:
        """Add what another tally has, such as that of a worker process."""
        for found in other._faults:
            self.fault(found.code, found.subject, found.message)
        for code, number in other._of_code.items():
            self._of_code[code] += max(0, number - LISTED)
        self._counts.update(other._counts)

    def counted(self, what: str) -> int:
        """How many were looked at."""
        return self._counts[what]

    def has(self, *codes: str) -> bool:
        """Whether a fault of one of these codes was noted."""
        return any(self._of_code[code] for code in codes)

    def verdict(self) -> Verdict:
        """The verdict on everything noted."""
        faults = list(self._faults)
        for code, number in self._of_code.items():
            if number > LISTED:
                faults.append(Fault(code, f"{number - LISTED} more", f"{number - LISTED} more faults of this kind"))
        verdict = judge({what: self._counts[what] for what in COUNTED}, faults)
        return replace(verdict, told=self.told, look=self.look)


def _shown(text: str) -> str:
    """Text that a terminal shows and does not obey: names in a tampered vault are an attacker's."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text[:_SHOWN_CHARACTERS])
