"""The clock of whoever checks: an entry cannot be later than it, unless one of two clocks is wrong.

Which of them, no verifier can tell. So a post-dated entry is no proof of a wrong, and the verdict is INCOMPLETE.
"""

from __future__ import annotations

from datetime import datetime, timezone

from archiver.proof.times.timestamped import FORMAT, TOLERANCE

CODE = "time-ahead"


def latest() -> str:
    """The latest time that an entry can honestly bear now, as entries spell it; later ones sort after it."""
    return (datetime.now(timezone.utc) + TOLERANCE).strftime(FORMAT)


def message(time: str) -> str:
    """What there is to say of the first entry that is later."""
    now = datetime.now(timezone.utc).strftime(FORMAT)
    return f"its time, {time}, has not come yet by this machine's clock, {now}: one of the two clocks is wrong"
