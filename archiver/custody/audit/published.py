"""Every file below `ledger/`, byte for byte, against the entries; and who is right where the two differ.

Where the entries do not give the signed root but the published tiles do, the tiles are believed, and the entries that
differ from them are named one by one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from archiver.custody import tilefiles
from archiver.custody.audit import tilesread
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.tree import Tree
from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, tiles
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.tiles import ENTRIES, WIDTH, Tile

#: Leaf hashes of entries [256 * index, 256 * index + 256), fewer at the ledger's end.
Leaves = Callable[[int], list[bytes]]

#: Folders within folders: tile, level, six groups of three digits for 63-bit numbers, and one for partial tiles.
_DEPTH = 10

#: By level (`ENTRIES` or 0), indices of full tiles.
Agreeing = Mapping[int, Collection[int]]

_NONE: Agreeing = {}


def leaves_of_entries(connection: sqlite3.Connection, tree: Tree | None = None) -> Leaves:
    """Leaf hashes computed from the entries' bodies. A gap ends the run.

    Those before the beginning of `tree` are taken from its edge, which was authenticated.
    """
    begin, known = (tree.begin, tree.known) if tree else (0, ())

    def read(index: int) -> list[bytes]:
        start = index * WIDTH
        leaves = list(known) if start <= begin < start + WIDTH else []
        for seq, body in connection.execute(
            "SELECT seq, body FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", (start + len(leaves), start + WIDTH)
        ):
            if seq != start + len(leaves):
                break
            leaves.append(merkle.leaf_hash(body))
        return leaves

    return read


def leaves_of_tiles(ledger: Path, size: int) -> Leaves:
    """Leaf hashes as the published tiles of a tree of `size` have them. Raises OSError, ProofError."""

    def read(index: int) -> list[bytes]:
        width = min(WIDTH, size - index * WIDTH)
        return tiles.split_hashes(tilesread.read_hashes(ledger, Tile(0, index, width)), width) if width > 0 else []

    return read


def vouch(ledger: Path, published: Checkpoint, tree: Tree) -> tuple[Leaves, Tree] | None:
    """The published tiles' leaves with their tree, grown from `tree`, where they give the signed root; else None."""
    read = leaves_of_tiles(ledger, published.size)
    try:
        for index in range(tree.begin // WIDTH, -(-published.size // WIDTH)):
            for leaf in read(index)[tree.size % WIDTH :]:
                tree.append(leaf)
    except (OSError, ProofError):
        return None
    return (read, tree) if tree.range.root() == published.root else None


def name_altered_entries(connection: sqlite3.Connection, signed: Leaves, begin: int, size: int, tally: Tally) -> None:
    """Note every entry from `begin` on that is not the one of its number in the signed tree."""
    for index in range(begin // WIDTH, -(-size // WIDTH)):
        found = dict(
            connection.execute(
                "SELECT seq, body FROM entry WHERE seq >= ? AND seq < ?", (index * WIDTH, index * WIDTH + WIDTH)
            )
        )
        for seq, leaf in enumerate(signed(index), index * WIDTH):
            if begin <= seq and seq in found and merkle.leaf_hash(found[seq]) != leaf:
                tally.fault("entry-altered", f"entry {seq}", "it is not the entry that was signed under this number")


class Files:
    """What lies below `ledger/`, compared with leaves and their tree; what ends where the tree begins is left alone."""

    def __init__(self, ledger: Path, leaves: Leaves, tree: Tree, tally: Tally, agreeing: Agreeing = _NONE) -> None:
        """`agreeing` are full tiles that were found to be right already."""
        self._ledger = ledger
        self._leaves = leaves
        self._tree = tree
        self._tally = tally
        self._agreeing = agreeing
        #: Tiles that reach beyond the entries of this look: published meanwhile, or made up.
        self.ahead: list[Tile] = []

    def check(self, size: int) -> None:
        """Check every file, and that none of a tree of `size` is missing."""
        for path in self._walk(self._ledger):
            self._check_file(path)
        for tile in tiles.tiles_of(size):
            if self._is_old(tile):
                continue
            if not os.path.lexists(self._ledger / tile.path) and not os.path.lexists(self._ledger / tile.full.path):
                self._tally.fault("tile-missing", f"ledger/{tile.path}", "it is missing")

    def check_tile(self, tile: Tile) -> bool:
        """Compare one tile. False where it reaches beyond the entries that are known."""
        if tile.level in self._agreeing and tile == tile.full and tile.index in self._agreeing[tile.level]:
            return True
        try:
            data = tilesread.read(self._ledger, tile)
        except FileNotFoundError:
            return True  # a full tile took its place meanwhile, or it is noted as missing
        except OSError as error:
            self._tally.fault("tile-altered", f"ledger/{tile.path}", f"it cannot be read: {error}")
            return True
        expected = self._hashes(tile) if tile.until() <= merkle.MAX_SIZE else []
        if len(expected) < tile.width:
            return False
        if not _holds(tile, data, expected[: tile.width]):
            self._tally.fault("tile-altered", f"ledger/{tile.path}", "it is not what the entries give")
        return True

    def _check_file(self, path: Path) -> None:
        name = path.relative_to(self._ledger).as_posix()
        subject = f"ledger/{name}"
        if path.is_symlink() or not path.is_file():
            if os.path.lexists(path):
                self._tally.fault("ledger-file-extra", subject, "a link or a special file lies in the ledger")
            return
        if name == tilefiles.CHECKPOINT_NAME:
            return
        try:
            tile = tiles.parse_path(name)
        except ProofError:
            self._tally.fault("ledger-file-extra", subject, "it does not belong in the ledger")
            return
        if self._is_old(tile):
            return
        self._tally.count("tiles")
        if not self.check_tile(tile):
            self.ahead.append(tile)

    def _walk(self, folder: Path, depth: int = 0) -> Iterator[Path]:
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return  # superseded partial tiles are cleared away while others read
        except OSError as error:
            self._tally.fault("store-unreachable", folder.name, f"the folder cannot be read: {error.strerror}")
            return
        for name in names:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                if depth < _DEPTH:
                    yield from self._walk(path, depth + 1)
                else:
                    self._tally.fault("ledger-file-extra", f"ledger/{name}", "no tile lies in a folder so deep")
            else:
                yield path

    def _hashes(self, tile: Tile) -> list[bytes]:
        """What a tile should hold, as far as it is known: its first hashes."""
        if tile.level <= 0:
            return self._leaves(tile.index)
        hashes = []
        for index in range(tile.index * WIDTH, tile.index * WIDTH + tile.width):
            one = self._tree.subtree(tile.level, index)
            if one is None:
                break
            hashes.append(one)
        return hashes

    def _is_old(self, tile: Tile) -> bool:
        return tile.level < 64 and tile.until() <= self._tree.begin


def _holds(tile: Tile, data: bytes, hashes: list[bytes]) -> bool:
    if tile.level != ENTRIES:
        return data == b"".join(hashes)
    try:
        return [merkle.leaf_hash(entry) for entry in tiles.decode_bundle(data, tile.width)] == hashes
    except ProofError:
        return False
