"""What a recorded time stamp has to be: an entry, the checkpoint that it names, and the token that it vouches for.

The same rules hold in a vault and in a bundle. The authority's signature is not looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.times import timestamp
from archiver.proof.times.timestamp import CODE, OTHER, Token

#: A machine without a time server is wrong by seconds a day; an entry that claims to be later than its proof by more
#: than this claims a wrong time.
TOLERANCE = timedelta(minutes=5)

#: How records spell times.
FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def check(detail: Mapping[str, Any], signed: bytes, query: bytes, reply: bytes) -> tuple[Checkpoint, Token]:
    """Hold the entry's `detail` to the stamped note and the token. Raises ProofError.

    Nothing is said of the note's signatures: its tree has to be shown to be of this ledger by the caller.
    """
    stamped = checkpoints.parse(note.parse(signed).text)
    if (stamped.size, stamped.root.hex()) != (detail.get("size"), detail.get("root")):
        raise ProofError(OTHER, "the stamped checkpoint is not the one that its entry names")
    token = timestamp.check(reply, query, signed)
    if (token.time, str(token.serial)) != (detail.get("time"), detail.get("serial")):
        raise ProofError(OTHER, "the token's time or number is not the one that its entry tells")
    return stamped, token


def check_time(time: str, claimed: str, now: str) -> None:
    """A token's time is not before that of the last entry under it (`claimed`), and not in the future.

    Raises ProofError. Times are as records spell them.
    """
    at = datetime.strptime(time, FORMAT)
    if at + TOLERANCE < datetime.strptime(claimed, FORMAT):
        raise ProofError(
            CODE, f"the authority's time, {time}, is before {claimed}, which the last entry under it claims"
        )
    if at > datetime.strptime(now, FORMAT) + timedelta(days=1):
        raise ProofError(CODE, f"the authority's time, {time}, is in the future")
