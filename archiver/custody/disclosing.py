"""Opening one sealed field of an entry for somebody outside: a file that proves the value against any bundle.

The act is an entry, and it is recorded and signed before the value is handed out.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import SEALED_FIELDS, CustodyEvent, EventType
from archiver.proof import canonical, disclosure
from archiver.proof.bundle.opened import VERSION


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A field that was opened: its value, the file for the recipient, and the number of the entry about the act."""

    entry: int
    field: str
    value: str
    file: bytes
    recorded: int


def disclose(vault: Vault, seq: int, field: str, note: str = "") -> Disclosed:
    """Open a field. `note`, sealed, says for whom. Raises UsageError where there is nothing to open."""
    value = vault.ledger.entry(seq)
    opening = find(vault, seq, field)
    act = CustodyEvent(EventType.DISCLOSURE, detail={"entry": seq, "field": field}, sealed={"note": note})
    event = about(act, canonical.decode(value))
    with vault.database.write() as transaction:
        (recorded,) = vault.ledger.append(transaction, [event])
    vault.ledger.publish()
    latest = vault.ledger.latest()
    assert latest is not None, "it was just published"
    newest, signed = latest
    document = {
        "v": VERSION,
        "origin": newest.origin,
        "entry": seq,
        "field": field,
        "disclosure": disclosure.make(*opening),
        "checkpoint": signed.decode("utf-8"),
        "inclusion": [base64.b64encode(one).decode("ascii") for one in vault.ledger.inclusion_proof(seq, newest.size)],
    }
    return Disclosed(seq, field, opening[2], canonical.encode(document) + b"\n", recorded)


def find(vault: Vault, seq: int, field: str) -> tuple[str, str, str]:
    """Salt, name and value of a field. Raises UsageError where the vault cannot open it."""
    if field not in SEALED_FIELDS:
        raise UsageError(f"there is no sealed field {field!r}", next_step=f"There are {', '.join(SEALED_FIELDS)}")
    row = (
        vault.database.read()
        .execute("SELECT salt, name, value FROM disclosure WHERE seq = ? AND name = ?", (seq, field))
        .fetchone()
    )
    if row is None:
        raise UsageError(
            f"the vault cannot open a {field} of entry {seq}", next_step="It was never there, or it was forgotten"
        )
    salt, name, value = row
    return salt, name, value


def about(event: CustodyEvent, entry: Mapping[str, Any]) -> CustodyEvent:
    """`event` with what an entry is about, so that an entry about that entry stands in the same records."""
    # A recovery may name an attempt that never became an acquisition.
    acquisition = entry.get("acquisition", "") if entry["type"] != EventType.RECOVERY else ""
    request, item, match = (str(entry.get(name, "")) for name in ("request", "item", "match"))
    return replace(event, request=request, acquisition=acquisition, item=item, match=match)
