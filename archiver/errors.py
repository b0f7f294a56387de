"""Errors by cause: each says what happened, whose fault it is and what to do next.

The proof core has errors of its own (`archiver.proof`), because it imports nothing of ours.
"""


class ArchiverError(Exception):
    """Base of every error that a command may end with.

    `what` is one line for a person, `next_step` says what to do about it, and `code` is a stable word for machines.
    """

    exit_code = 1

    def __init__(self, what: str, *, next_step: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.code = code

    def line(self) -> str:
        """One line for standard error."""
        return f"{self.what}. {self.next_step}" if self.next_step else self.what


class UsageError(ArchiverError):
    """The caller asked for something that does not exist or does not make sense (exit code 2)."""

    exit_code = 2


class RefusedError(ArchiverError):
    """Policy forbids it: a scheme, an address, a special file. `code` is the recorded reason. Never retried."""


class CaptureError(ArchiverError):
    """The other side, or the way to it, failed. `code` is the recorded reason.

    `passing` says that the same request may succeed later; `retry_after` is the server's own wish, in seconds.
    """

    def __init__(
        self, what: str, *, code: str, passing: bool = False, retry_after: float | None = None, next_step: str = ""
    ) -> None:
        super().__init__(what, next_step=next_step, code=code)
        self.passing = passing
        self.retry_after = retry_after


class MachineError(ArchiverError):
    """This machine cannot: disk full, a tool missing, a folder not writable."""


class EvidenceError(ArchiverError):
    """What is stored is not what was recorded. Nothing is repaired silently: run `archiver verify`."""


class BusyError(ArchiverError):
    """Another process of ours holds what this command needs."""
