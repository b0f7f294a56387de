"""Which keys a ledger signs with from when on, as its own entries tell it: the first entry and every key rotation.

The checkpoint of a change is signed by the old and by the new keys, all later ones by the new keys only. So whoever
knows one key of the chain can follow it to the others: the old keys vouch for the entry that names the new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.proof.faults import ProofError
from archiver.proof.log import logkeys
from archiver.proof.log.logkeys import LogKeys
from archiver.proof.untrusted import table, texts

CREATION = "vault creation"
ROTATION = "key rotation"


@dataclass(frozen=True)
class Era:
    """Keys, and the number of the entry that brought them in (-1 for the first ones)."""

    entry: int
    keys: LogKeys


def read_eras(told: Iterable[tuple[int, Mapping[str, Any]]], current: LogKeys | None) -> list[Era]:
    """The eras, oldest first, from the ledger's first entry and its rotations, (number, value) in their order.

    `current` are the keys that whoever made the copy says the ledger has now; a ledger whose entries name none has had
    those for ever, and only an Ed25519 key. Raises ProofError where the chain is broken or does not end in `current`.
    """
    found: list[Era] = []
    for seq, value in told:
        detail = table(value.get("detail", {}), "rotation-broken")
        if value["type"] == CREATION and seq == 0 and "verifier_keys" in detail:
            found = [Era(-1, logkeys.parse(texts(detail["verifier_keys"], "rotation-broken")))]
        elif value["type"] == ROTATION:
            old, new = (logkeys.parse(texts(detail.get(name), "rotation-broken")) for name in ("old", "new"))
            if found and found[-1].keys != old:
                raise ProofError("rotation-broken", f"entry {seq} takes the place of keys that were not in use")
            if old.name != new.name or old.key_ids & new.key_ids:
                raise ProofError("rotation-broken", f"entry {seq} names keys of another ledger, or the same ones again")
            found = [*(found or [Era(-1, old)]), Era(seq, new)]
    if current is None:
        return found
    if not found:
        if current.quantum is not None:
            raise ProofError("key-untold", "no entry of the ledger names its post-quantum key")
        return [Era(-1, current)]
    if found[-1].keys != current:
        raise ProofError("key-untold", "the verifier key is not the one that the ledger's entries name")
    return found


def signers(eras: Sequence[Era], size: int, before: int) -> list[LogKeys]:
    """Who has to have signed the checkpoint of `size` entries, when the one issued before it was of `before`."""
    return [era.keys for era in eras[_at(eras, before) : _at(eras, size) + 1]]


def _at(eras: Sequence[Era], size: int) -> int:
    """Index of the keys in use once `size` entries are signed."""
    return max(index for index, era in enumerate(eras) if era.entry < max(size, 0))
