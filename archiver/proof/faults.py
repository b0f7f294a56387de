"""What checking can say: one error, one kind of fault, one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archiver.proof import codes

if TYPE_CHECKING:
    from archiver.proof.trust.memory import Look

VERIFIED = "VERIFIED"
FAILED = "FAILED"
INCOMPLETE = "INCOMPLETE"

#: Process exit codes of a verdict (design section 5).
EXIT_CODES = {VERIFIED: 0, FAILED: 1, INCOMPLETE: 3}


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
    """The outcome of checking. `word` is VERIFIED, FAILED or INCOMPLETE; `checked` counts what was looked at.

    `told` is what `proof.outside.describe` says of the newest checkpoint, `look` what a memory is to keep of it.
    """

    word: str
    checked: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    look: Look | None = None

    def document(self) -> dict[str, Any]:
        """The verdict as JSON has it (design section 5)."""
        faults = [{"code": one.code, "subject": one.subject, "message": one.message} for one in self.faults]
        next_steps = codes.steps(one.code for one in self.faults)
        return {
            "verdict": self.word,
            "checked": dict(self.checked),
            "faults": faults,
            "next_steps": next_steps,
            **self.told,
        }

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return EXIT_CODES[self.word]


def judge(checked: Mapping[str, int], faults: Iterable[Fault]) -> Verdict:
    """The verdict that follows from all faults: one that is not in `codes.INCOMPLETE_CODES` is enough for FAILED."""
    found = tuple(faults)
    if not found:
        return Verdict(VERIFIED, dict(checked))
    wrong = any(fault.code not in codes.INCOMPLETE_CODES for fault in found)
    return Verdict(FAILED if wrong else INCOMPLETE, dict(checked), found)
