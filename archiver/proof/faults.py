"""What checking can say: one error, one kind of fault, one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

VERIFIED = "VERIFIED"
FAILED = "FAILED"
INCOMPLETE = "INCOMPLETE"

#: Process exit codes of a verdict (design section 5).
EXIT_CODES = {VERIFIED: 0, FAILED: 1, INCOMPLETE: 3}

#: Faults that say "could not be checked" and not "is wrong". Any other code makes the verdict FAILED.
INCOMPLETE_CODES = frozenset(
    {
        "unsigned-tail",
        "unrecorded-object",
        "tool-absent",
        "store-unreachable",
        "file-unreadable",
        "key-absent",
        "schema-older",
    }
)


class ProofError(Exception):
    """Bytes that are not what they should be. `code` is a stable word for machines, `message` one line for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong or could not be checked. `subject` names the entry, object, item or file."""

    code: str
    subject: str
    message: str

    @classmethod
    def of(cls, error: ProofError, subject: str) -> Fault:
        """A fault from the error that a check of `subject` raised."""
        return cls(error.code, subject, error.message)


@dataclass(frozen=True)
class Verdict:
    """The outcome of checking. `word` is VERIFIED, FAILED or INCOMPLETE; `checked` counts what was looked at."""

    word: str
    checked: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return EXIT_CODES[self.word]


def judge(checked: Mapping[str, int], faults: Iterable[Fault]) -> Verdict:
    """The verdict that follows from all faults: one that is not in `INCOMPLETE_CODES` is enough for FAILED."""
    found = tuple(faults)
    if not found:
        return Verdict(VERIFIED, dict(checked))
    wrong = any(fault.code not in INCOMPLETE_CODES for fault in found)
    return Verdict(FAILED if wrong else INCOMPLETE, dict(checked), found)
