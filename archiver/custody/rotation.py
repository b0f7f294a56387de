"""Changing a vault's keys: new ones, an entry that names both, and one checkpoint that both sign."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.custody import keys, nextkeys, passphrase, publish
from archiver.custody.vault import Vault
from archiver.errors import MachineError
from archiver.model import CustodyEvent, EventType
from archiver.proof.log.logkeys import LogKeys


@dataclass(frozen=True, slots=True)
class Rotated:
    """A change of keys: which, and the number of its entry. `resumed` says that one was cut off before and is done."""

    old: LogKeys
    new: LogKeys
    entry: int
    resumed: bool


def rotate(vault: Vault, note: str = "") -> Rotated:
    """Make new keys and sign with them from now on; the old private ones are gone afterwards.

    A vault without a second, post-quantum key gets one. Where a rotation was cut off, that one is finished instead.
    Raises as `publish`, and UsageError for a wrong passphrase; the old keys stay in use then.
    """
    folder, origin = vault.folder / publish.KEYS_NAME, vault.settings.origin
    try:
        with publish.exclusively(vault.folder):
            old = nextkeys.known(folder, origin)
            publish.publish_held(vault.folder, vault.database, origin)  # so that the change is signed by itself
            done = keys.public_keys(folder, origin)
            if done != old[0]:
                return Rotated(old[0], done, _entry(vault), resumed=True)
            locked = keys.is_locked(folder)
            keys.load_signer(folder, origin)  # a wrong passphrase ends it here
            new = nextkeys.make(folder, origin, passphrase.current() if locked else None)
            event = CustodyEvent(
                EventType.ROTATION, detail={"old": done.lines(), "new": new.lines()}, sealed={"note": note}
            )
            with vault.database.write() as transaction:
                (entry,) = vault.ledger.append(transaction, [event])
            publish.publish_held(vault.folder, vault.database, origin)
    except OSError as error:
        raise MachineError(
            f"the keys could not be changed: {error.strerror}", next_step="Make room, and call it again"
        ) from error
    return Rotated(done, new, entry, resumed=False)


def changes_of_keys(vault: Vault, size: int) -> list[tuple[int, bytes]]:
    """Size and note of each checkpoint that brought in new keys, among those of at most `size` entries."""
    rows = vault.database.read().execute(
        "SELECT DISTINCT size, note FROM checkpoint JOIN subject ON subject.id = ?1 AND size ="
        " (SELECT MIN(size) FROM checkpoint WHERE size > subject.seq) WHERE size <= ?2 ORDER BY size",
        (nextkeys.SUBJECT, size),
    )
    return [(found, bytes(note)) for found, note in rows]


def _entry(vault: Vault) -> int:
    row = vault.database.read().execute("SELECT MAX(seq) FROM subject WHERE id = ?", (nextkeys.SUBJECT,)).fetchone()
    return int(row[0])
