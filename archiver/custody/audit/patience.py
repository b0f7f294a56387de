"""A second look at what seemed unfinished: in the meantime whoever writes the vault may have finished it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from archiver.custody.audit import snapshot
from archiver.custody.audit.snapshot import Snapshot
from archiver.custody.audit.tally import Tally

#: A batch is recorded and signed within milliseconds; a vault that crashed keeps whoever checks it waiting for this.
_PATIENCE_SECONDS = 1.0
_PATIENCE_LOOKS = 10


def eventually(seen: Snapshot, happened: Callable[[], bool]) -> bool:
    """Whether a writer at work, if there is one, makes it so within `_PATIENCE_SECONDS`."""
    looks = 1 if seen.at_rest else _PATIENCE_LOOKS
    for look in range(looks):
        if look:
            time.sleep(_PATIENCE_SECONDS / looks)
        if happened():
            return True
    return False


def again(seen: Snapshot) -> AbstractContextManager[Snapshot | None]:
    """The vault as it is now. What cannot be opened now could be before, so that its faults are noted already."""
    return snapshot.opened(seen.folder, Tally(), seen.expected, at_rest=seen.at_rest)
