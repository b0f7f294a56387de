"""The witnesses that a report names: each has to have cosigned, in the bundle, what the report says.

Whose cosignature counts for anything is for the reader's policy (`trust.policy`); here it is only that the report does
not make one up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.trust import cosignature
from archiver.proof.untrusted import rows, table, text, whole

_CODE = "report-malformed"

#: More than any ledger has; each costs a signature check of a few milliseconds.
MAX_WITNESSES = 64

#: The end of the year 9999: a witness may sign any number.
_LAST = 253_402_300_799


def differences(bag: Bag, ledger: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Subject and message for each witness in the report's `ledger` whose cosignature is not there. Raises ProofError.

    Reports before version 0.3 name none.
    """
    named = rows(ledger.get("witnesses", []), _CODE)
    if len(named) > MAX_WITNESSES:
        raise ProofError(_CODE, f"the report names more than {MAX_WITNESSES} witnesses")
    notes = _notes(bag) if named else {}
    for one in named:
        row = table(one, _CODE)
        signed = notes.get(whole(row, "size", _CODE))
        try:
            key = cosignature.parse_key(text(row, "key", _CODE))
            time = cosignature.check(signed, key) if signed else None
        except ProofError:
            time = None
        if time is None or moment(time) != text(row, "time", _CODE):
            yield (
                layout.REPORT_JSON,
                "the report names a witness that did not cosign a checkpoint of the bundle then",
            )


def moment(seconds: int) -> str:
    """The time of a cosignature as the report gives it: RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(min(seconds, _LAST), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _notes(bag: Bag) -> dict[int, note.Note]:
    """The notes that may bear cosignatures, by the size of their checkpoints. Raises ProofError."""
    found = {}
    for path in (layout.EXPORT_COSIGNED, layout.EXPORT_CHECKPOINT):
        if path in bag.sizes:
            signed = note.parse(bag.read(path, note.MAX_BYTES))
            found[checkpoints.parse(signed.text).size] = signed
    return found
