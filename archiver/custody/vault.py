"""A vault: the folder in which everything lies, opened as one thing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archiver import config
from archiver.custody import database, keys
from archiver.custody.database import Database
from archiver.custody.ledger import Ledger
from archiver.custody.publish import KEYS_NAME
from archiver.custody.store import Store
from archiver.errors import MachineError, UsageError
from archiver.model import CustodyEvent, EventType


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault. Paths are below `folder` as design section 3 draws them."""

    folder: Path
    settings: config.Settings
    database: Database
    store: Store
    ledger: Ledger

    @property
    def working(self) -> Path:
        """Derived copies and attempts under way: may be deleted while nothing runs."""
        return self.folder / "working"


def open_vault(folder: Path, environ: Mapping[str, str] = os.environ) -> Vault:
    """Open what `create` made. Raises UsageError where there is no vault or one of a newer version."""
    if not folder.is_dir():
        raise UsageError(f"there is no vault at {folder}", next_step="`archiver init` makes one")
    folder = folder.resolve()  # processes of ours have other working folders
    settings = config.load(folder, environ)
    records = Database(folder / database.FILE_NAME)
    return Vault(
        folder=folder,
        settings=settings,
        database=records,
        store=Store(folder / "objects"),
        ledger=Ledger(folder, records, settings.origin, settings.by),
    )


def create(
    folder: Path,
    origin: str = "",
    custodian: str = "",
    environ: Mapping[str, str] = os.environ,
    passphrase: bytes | None = None,
) -> Vault:
    """Make a vault with keys of its own and open it; its making, which names them, is the ledger's first entry.

    Without an origin it gets a random one under `.invalid`, because a machine's name is nobody else's business.
    Raises UsageError where something lies there already or the origin is not a schema-less URL.
    """
    origin = origin or f"vault-{secrets.token_hex(4)}.invalid/archive"
    keys.check_origin(origin)
    if not custodian.isprintable():  # TOML has no spelling for some of what a terminal can send
        raise UsageError("the custodian's name holds characters that cannot be shown", next_step="Write it plainly")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / config.FILE_NAME).exists():
            raise UsageError(f"{folder} is a vault already", next_step="Nothing was changed")
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", next_step="A vault begins in a folder of its own")
        keys.create(folder / KEYS_NAME, origin, passphrase)
        Store.create(folder / "objects")
        (folder / "working").mkdir()
        Database.create(folder / database.FILE_NAME).close()
        config.save(folder, origin, custodian)
    except OSError as error:
        raise MachineError(f"no vault can be made at {folder}: {error.strerror}", next_step="Choose another") from error
    vault = open_vault(folder, environ)
    with vault.database.write() as transaction:
        named = keys.public_keys(folder / KEYS_NAME, origin).lines()
        vault.ledger.append(transaction, [CustodyEvent(EventType.VAULT_CREATION, detail={"verifier_keys": named})])
    vault.ledger.publish()
    return vault
