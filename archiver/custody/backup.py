"""A safe copy of a vault, consistent while a run goes on. The signing key and cookies stay behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver import config, sites
from archiver.custody import cosigned, database, nextkeys, publish
from archiver.custody.database import Database
from archiver.custody.store import Store
from archiver.custody.vault import Vault
from archiver.custody.witness import appointed
from archiver.errors import EvidenceError, UsageError
from archiver.model import CustodyEvent, EventType, Outcome


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied now; what the target held already, and still holds unaltered, is not copied again."""

    objects: int
    bytes: int


def backup(vault: Vault, target: Path, observe: Callable[[int, int], None] = lambda done, total: None) -> Copied:
    """Bring `target` up to date with the vault: the records first, then every object that they mention.

    An earlier backup of the same vault is brought up to date. Raises UsageError for a folder that holds anything
    else, EvidenceError where an object is missing, altered, or different in the target.
    """
    _check_target(vault, target)
    vault.ledger.publish()
    target.mkdir(parents=True, exist_ok=True)
    fresh = target / f"{database.FILE_NAME}.new"
    fresh.unlink(missing_ok=True)
    with publish.exclusively(vault.folder):  # or a checkpoint could be copied that is ahead of the copied entries
        vault.database.backup(fresh)
        if (vault.folder / cosigned.FOLDER_NAME).is_dir():
            kept = target / cosigned.FOLDER_NAME
            shutil.copytree(vault.folder / cosigned.FOLDER_NAME, kept, dirs_exist_ok=True)
        shutil.copytree(vault.folder / "ledger", target / "ledger", dirs_exist_ok=True, copy_function=_copy_if_new)
        nextkeys.copy_public(vault.folder / publish.KEYS_NAME, target / publish.KEYS_NAME)
    shutil.copyfile(vault.folder / config.FILE_NAME, target / config.FILE_NAME)
    # Without it a restored vault would reach sites directly that are to be reached through a proxy. It may hold a
    # proxy's password; cookies are not copied.
    sites.save(target, sites.load(vault.folder))
    if (vault.folder / appointed.FILE_NAME).is_file():
        shutil.copyfile(vault.folder / appointed.FILE_NAME, target / appointed.FILE_NAME)
    for name in ("objects", "working"):
        (target / name).mkdir(exist_ok=True)
    store = Store(target / "objects")
    records = Database(fresh)
    rows = records.read().execute("SELECT sha256, size FROM object ORDER BY sha256").fetchall()
    records.close()
    copied, size = 0, 0
    for done, (sha256, _) in enumerate(rows):
        if not store.path(sha256).exists():
            with vault.store.open(sha256) as stream:
                digests = store.copy(stream)
            if digests.sha256 != sha256:
                raise EvidenceError(
                    f"object {sha256} is altered", code="object-altered", next_step="Run `archiver verify`"
                )
            copied, size = copied + 1, size + digests.size
        observe(done + 1, len(rows))
    for leftover in ("-wal", "-shm"):
        fresh.with_name(fresh.name + leftover).unlink(missing_ok=True)
        # Of the records that are replaced now: SQLite would read an old log into the new file.
        (target / f"{database.FILE_NAME}{leftover}").unlink(missing_ok=True)
    os.replace(fresh, target / database.FILE_NAME)
    with vault.database.write() as transaction:
        event = CustodyEvent(
            EventType.REPLICATION,
            outcome=Outcome.SUCCESS,
            detail={"objects": copied, "bytes": size},
            sealed={"path": str(target)},
        )
        vault.ledger.append(transaction, [event])
    vault.ledger.publish()
    return Copied(copied, size)


def _check_target(vault: Vault, target: Path) -> None:
    if target.resolve().is_relative_to(vault.folder.resolve()):
        raise UsageError("a backup cannot lie in the vault itself", next_step="Name a folder on another disk")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        origin = config.load(target, {}).origin
    except (UsageError, OSError):  # OSError: a file, and no folder
        origin = ""
    if origin != vault.settings.origin:
        raise UsageError(f"{target} holds something else", next_step="Name an empty folder or an earlier backup")


def _copy_if_new(source: str, target: str) -> str:
    if not os.path.exists(target) or os.path.basename(target) == "checkpoint":
        partial = f"{target}.new"
        shutil.copyfile(source, partial)
        os.replace(partial, target)
    return target
