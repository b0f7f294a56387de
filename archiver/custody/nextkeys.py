"""The files of a change of keys: where the new ones wait, who signs meanwhile, and how they take the old ones' place.

    keys/next/            made, and named by no checkpoint yet
    keys/history/KEY-ID/  verifier keys of the past

The order is: new keys, entry, checkpoint signed by both, files. Each step finds what an interruption left of the one
before it, and the mark is the published checkpoint itself: once it bears the new key's signature, the files are moved.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from archiver.custody import keyfile, keys
from archiver.custody.database import Database
from archiver.errors import EvidenceError
from archiver.proof import canonical
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import eras, note
from archiver.proof.log.logkeys import LogKeys

#: The subject of every rotation's entry.
SUBJECT = "rotation"

#: Where new keys wait.
NEXT = "next"
_HISTORY = "history"

#: Verifier key last: until it is moved, a crash is known by it.
_MOVED = (keys.PRIVATE_NAME, keys.QUANTUM_PRIVATE_NAME, keys.QUANTUM_VERIFIER_NAME, keys.VERIFIER_NAME)


def make(folder: Path, origin: str, passphrase: bytes | None) -> LogKeys:
    """New keys in `folder`/next, in the place of any that nothing names. Raises OSError."""
    discard(folder)
    keys.create(folder / NEXT, origin, passphrase)
    return keys.public_keys(folder / NEXT, origin)


def discard(folder: Path) -> None:
    """Remove new keys that no entry names."""
    if (folder / NEXT).exists():
        shutil.rmtree(folder / NEXT)


def known(folder: Path, origin: str) -> list[LogKeys]:
    """The keys in use, then those that wait and those of the past. Raises EvidenceError, MachineError."""
    past = sorted(one for one in (folder / _HISTORY).glob("*") if one.suffix != ".new")
    whole = all((folder / NEXT / name).exists() for name in keys.PUBLIC_NAMES)
    return [keys.public_keys(one, origin) for one in (folder, *([folder / NEXT] if whole else []), *past)]


def copy_public(folder: Path, target: Path) -> None:
    """Copy the verifier keys, of today and of the past, to `target`; private keys stay behind. Raises OSError."""
    target.mkdir(mode=0o700, exist_ok=True)
    for name in keys.PUBLIC_NAMES:
        if (folder / name).exists():
            shutil.copyfile(folder / name, target / name)
    if (folder / _HISTORY).is_dir():
        shutil.copytree(folder / _HISTORY, target / _HISTORY, dirs_exist_ok=True)


def told(database: Database, size: int, above: int = 0) -> tuple[int, LogKeys] | None:
    """Entry and new keys of the last rotation among the entries from `above` to before `size`. Raises EvidenceError."""
    row = (
        database.read()
        .execute(
            "SELECT seq, body FROM subject JOIN entry USING (seq) WHERE id = ? AND seq >= ? AND seq < ?"
            " ORDER BY seq DESC LIMIT 1",
            (SUBJECT, above, size),
        )
        .fetchone()
    )
    found = _keys(row[0], row[1]) if row else None
    return (row[0], found) if found else None


def signing(folder: Path, database: Database, origin: str, old: int, size: int) -> tuple[Path, Path | None]:
    """Folders of the keys that sign the tree of `size` after one of `old` entries: both sides of a rotation.

    Raises EvidenceError where the keys at hand are not those that the ledger names: an older copy of keys/, say.
    """
    current = keys.public_keys(folder, origin)
    before = told(database, old)
    named = before[1] if before else _first(database)
    if named is not None and named != current:
        raise EvidenceError(
            "the keys in keys/ are not those that the ledger names last",
            code="key-superseded",
            next_step="Restore the newest copy of keys/; nothing was signed",
        )
    change = told(database, size, old)
    if change is None:
        return folder, None
    if not (folder / NEXT).is_dir() or keys.public_keys(folder / NEXT, origin) != change[1]:
        raise EvidenceError(
            f"entry {change[0]} brings in new keys, and they are not in {folder / NEXT}",
            code="key-missing",
            next_step="Restore keys/ from a copy; nothing was signed",
        )
    return folder / NEXT, folder


def settle(folder: Path, checkpoint: Path, origin: str) -> bool:
    """Put the waiting keys in the place of the old ones, once the published checkpoint bears their signature.

    True where that was done. Nothing happens where no keys wait. Raises EvidenceError, OSError.
    """
    waiting = folder / NEXT / keys.VERIFIER_NAME
    if not waiting.exists() or not _bears(checkpoint, waiting):
        return False
    past = keys.public_keys(folder, origin) if not _is_moving(folder) else None
    if past is not None:
        _keep(folder, past)
    for name in _MOVED:
        if (folder / NEXT / name).exists():
            (folder / NEXT / name).replace(folder / name)
            keyfile.sync(folder)
    shutil.rmtree(folder / NEXT)
    keyfile.sync(folder)
    return True


def _keep(folder: Path, past: LogKeys) -> None:
    """The verifier keys of the past, under the id of the first."""
    place = folder / _HISTORY / past.classic.key_id.hex()
    if place.exists():
        return
    fresh = place.with_name(f"{place.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (folder / _HISTORY).mkdir(mode=0o700, exist_ok=True)
    keyfile.make_folder(fresh)
    for name, line in zip(keys.PUBLIC_NAMES, past.lines(), strict=False):
        keyfile.write(fresh / name, f"{line}\n".encode())
    keyfile.sync(fresh)
    fresh.replace(place)
    keyfile.sync(folder / _HISTORY, folder)


def _is_moving(folder: Path) -> bool:
    """Whether an interruption left some files moved: the past was kept before the first of them."""
    return not (folder / NEXT / keys.PRIVATE_NAME).exists()


def _bears(checkpoint: Path, waiting: Path) -> bool:
    try:
        key = note.parse_key(waiting.read_text("utf-8").removesuffix("\n"))
        checkpoints.open_signed(checkpoint.read_bytes(), key)
    except (ProofError, FileNotFoundError, UnicodeDecodeError):
        return False
    return True


def _first(database: Database) -> LogKeys | None:
    row = database.read().execute("SELECT body FROM entry WHERE seq = 0").fetchone()
    return _keys(0, row[0]) if row else None


def _keys(seq: int, body: bytes) -> LogKeys | None:
    try:
        found = eras.read_eras([(seq, canonical.decode(body))], None)
    except (ProofError, KeyError, TypeError) as error:
        raise EvidenceError(
            f"entry {seq}, which names the ledger's keys, cannot be read: {error}",
            code="entry-altered",
            next_step="`archiver verify`",
        ) from None
    return found[-1].keys if found else None
