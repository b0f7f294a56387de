"""What an interrupted run left behind, put in order when the next one starts."""

from __future__ import annotations

import shutil
from pathlib import Path

from archiver.custody import acquisitions
from archiver.custody.store import digest
from archiver.custody.vault import Vault
from archiver.model import FINISHED_STATES, CustodyEvent, EventType, Holding, Role, StoredObject

#: What no examination has looked at.
UNKNOWN_TYPE = "application/octet-stream"


def take_up(vault: Vault) -> int:
    """Record objects that no record mentions, and clear folders of attempts that are recorded. Returns how many.

    Design section 3: such an object comes from an interrupted attempt. Where its bytes match its name it becomes a
    recorded object of that attempt; where they do not, it is left for `verify` to report.
    """
    known = {row[0] for row in vault.database.read().execute("SELECT sha256 FROM object")}
    orphans = []
    for name, path in vault.store.names():
        if path.name.startswith(".new-"):
            path.unlink()  # never had a name: the write that made it did not finish
            continue
        if name in known or path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            digests = digest(stream)
        if digests.sha256 == name:
            orphans.append((StoredObject(name, digests.sha512, digests.size, UNKNOWN_TYPE), _attempt_of(vault, path)))
    _clear_folders(vault)
    if not orphans:
        return 0
    with vault.database.write() as transaction:
        transaction.executemany(
            "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?)",
            [(found.sha256, found.sha512, found.size, found.media_type) for found, _ in orphans],
        )
        vault.ledger.append(
            transaction,
            [
                CustodyEvent(EventType.RECOVERY, acquisition=attempt, holdings=(Holding(found, Role.ORIGINAL),))
                for found, attempt in orphans
            ],
        )
    return len(orphans)


def _attempt_of(vault: Vault, path: Path) -> str:
    """The attempt whose working folder holds the same file under another name."""
    inode = path.stat().st_ino
    for candidate in (vault.working / "attempts").glob("*/*"):
        if not candidate.is_symlink() and candidate.stat().st_ino == inode:
            return candidate.parent.name
    return ""


def _clear_folders(vault: Vault) -> None:
    folder = vault.working / "attempts"
    if not folder.is_dir():
        return
    for attempt in folder.iterdir():
        if acquisitions.is_recorded(vault, attempt.name) or _is_over(vault, attempt.name.partition(".")[0]):
            shutil.rmtree(attempt, ignore_errors=True)


def _is_over(vault: Vault, request_id: str) -> bool:
    """Whether nobody waits for the request any more, such as one that was cancelled while nothing ran."""
    row = vault.database.read().execute("SELECT state FROM request WHERE id = ?", (request_id,)).fetchone()
    return row is not None and row[0] in FINISHED_STATES
