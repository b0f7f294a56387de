"""Reading published tiles as an auditor does: regular files only, no more of them than a tile can hold."""

from __future__ import annotations

from pathlib import Path

from archiver.custody.audit.snapshot import read_plain
from archiver.proof.canonical import MAX_BYTES
from archiver.proof.log.merkle import HASH_BYTES
from archiver.proof.log.tiles import ENTRIES, WIDTH, Tile

_MAX_BUNDLE = WIDTH * (2 + MAX_BYTES)


def read(ledger: Path, tile: Tile) -> bytes:
    """The bytes of that very file, and one more than a tile has where it is longer. Raises OSError."""
    return read_plain(ledger / tile.path, _MAX_BUNDLE if tile.level == ENTRIES else WIDTH * HASH_BYTES)


def read_hashes(ledger: Path, tile: Tile) -> bytes:
    """The first hashes of a tile, out of the full one where it has taken the partial one's place. Raises OSError."""
    wanted = tile.width * HASH_BYTES
    try:
        return read(ledger, tile)[: wanted + 1]
    except FileNotFoundError:
        return read(ledger, tile.full)[:wanted]
