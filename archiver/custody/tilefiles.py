"""Files of the published ledger: written once, read-only, and durable before anybody is told of them.

Temporary files lie beside the ledger and not in it, because everything in it is served and checked.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from archiver.errors import EvidenceError
from archiver.proof.log.merkle import HASH_BYTES
from archiver.proof.log.tiles import Tile

FOLDER_NAME = "ledger"
CHECKPOINT_NAME = "checkpoint"
TEMPORARY_NAME = "publish.new"


def read(ledger: Path, tile: Tile) -> bytes:
    """A tile of hashes; a partial one may since have become part of the full one. Raises EvidenceError."""
    for path, cut in ((tile.path, None), (tile.full.path, tile.width * HASH_BYTES)):
        try:
            return (ledger / path).read_bytes()[:cut]
        except FileNotFoundError:
            continue
    raise EvidenceError(f"{tile.path} of the ledger is missing", code="tile-missing", next_step="Run `archiver verify`")


class Writer:
    """Writes below `folder`/ledger for the one process that holds the publishing lock."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / FOLDER_NAME
        self._temporary = folder / TEMPORARY_NAME
        self._unsynced: set[Path] = set()
        self._superseded: list[Path] = []
        self._make_folder(self.ledger)

    def write(self, tile: Tile, data: bytes) -> None:
        """Write a tile, or find that an interrupted publisher wrote the same. Raises EvidenceError for other bytes."""
        path = self.ledger / tile.path
        if path.exists():
            if path.read_bytes() != data:
                raise EvidenceError(
                    f"{tile.path} of the ledger is not what the entries give; nothing was overwritten",
                    code="tile-altered",
                    next_step="Run `archiver verify`",
                )
        else:
            self._make_folder(path.parent)
            self._put(path, data, 0o444)
        partials = path.with_name(path.name + ".p")
        if tile == tile.full and partials.is_dir():
            self._superseded.append(partials)

    def settle(self) -> None:
        """Make all names durable; then drop the partial tiles that full ones have taken the place of."""
        self._sync()
        for partials in self._superseded:
            shutil.rmtree(partials)
            self._unsynced.add(partials.parent)
        self._superseded.clear()
        self._sync()

    def write_checkpoint(self, note: bytes) -> None:
        """Put the new checkpoint in the place of the old one, at once."""
        self._put(self.ledger / CHECKPOINT_NAME, note, 0o644)
        self._sync()

    def _put(self, path: Path, data: bytes, mode: int) -> None:
        self._temporary.unlink(missing_ok=True)  # an interrupted run may have left it, and read-only
        with self._temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        self._temporary.rename(path)
        self._unsynced.add(path.parent)

    def _make_folder(self, path: Path) -> None:
        if not path.is_dir():
            self._make_folder(path.parent)
            path.mkdir()
            self._unsynced.add(path.parent)

    def _sync(self) -> None:
        for folder in self._unsynced:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        self._unsynced.clear()
