"""What forgetting a field leaves: derived files that may go at once, and places that it cannot reach, named plainly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress

from archiver.custody.forgetting import Forgotten
from archiver.custody.vault import Vault
from archiver.engine.enginefile import FILE_NAME
from archiver.errors import ArchiverError
from archiver.model import EventType, Role

#: Larger objects are footage; reading them through for a name would take minutes and prove nothing about pictures.
_SEARCHED_BYTES = 64 * 1024**2


def clear_working(vault: Vault) -> None:
    """Delete what can be made again: working copies and the engine's own state. The caller holds the run's lock."""
    for one in vault.working.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    for suffix in ("", "-wal", "-shm"):
        (vault.folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)


def left(vault: Vault, done: Forgotten, value: str) -> list[str]:
    """Where the value is or may be still, one line each."""
    return [*_objects(vault, done, value), *_files(vault, value), *_copies(vault), *_ALWAYS]


_ALWAYS = (
    "bundles and disclosures that were handed out, and what other offices and witnesses keep",
    "what the footage itself shows or says, and blocks of the disk that the file system has freed but not overwritten",
)


def _objects(vault: Vault, done: Forgotten, value: str) -> Iterator[str]:
    """Objects of the items and attempts concerned: the evidence, which is never altered."""
    query = "SELECT DISTINCT sha256, role, size FROM holding JOIN object USING (sha256) WHERE acquisition_id = ?"
    rows = sorted(
        {row for one in done.family.acquisitions for row in vault.database.read().execute(query, (one,)).fetchall()}
    )
    for sha256, role, size in rows:
        if role == Role.FINGERPRINT:
            continue
        if size > _SEARCHED_BYTES:
            yield f"object {sha256} ({role}) was not searched: it is long"
            continue
        with suppress(ArchiverError):
            if _holds(vault.store.read(sha256), value):
                yield f"object {sha256} ({role}) holds it, and objects are never altered"
            elif role == Role.HISTORY:
                yield f"object {sha256} ({role}) may hold it: what another office told, and objects are never altered"
            elif role in (Role.EXCHANGE, Role.SNAPSHOT):
                yield f"object {sha256} ({role}) may hold it in a compressed form"


def _files(vault: Vault, value: str) -> Iterator[str]:
    """Other files of the vault, found by reading them."""
    for path in sorted(vault.folder.rglob("*")):
        name = path.relative_to(vault.folder)
        if name.parts[0] in ("objects", "ledger", "keys", "index") or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size <= _SEARCHED_BYTES and _holds(path.read_bytes(), value):
            yield f"{name} holds it"


def _copies(vault: Vault) -> Iterator[str]:
    for kind, words in ((EventType.REPLICATION, "backups"), (EventType.DISSEMINATION, "bundles")):
        numbers = [
            row[0]
            for row in vault.database.read().execute(
                "SELECT seq FROM entry WHERE json_extract(CAST(body AS TEXT), '$.type') = ? ORDER BY seq", (kind.value,)
            )
        ]
        if numbers:
            yield f"{words}: " + ", ".join(f"entry {number}" for number in numbers)


def _holds(data: bytes, value: str) -> bool:
    escaped = json.dumps(value)[1:-1].encode("ascii")
    return value.encode("utf-8", "surrogatepass") in data or escaped in data
