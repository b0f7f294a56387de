"""C2SP tlog-tiles: names of tiles, entry bundles, and reading the tree's hashes out of tiles. Pure.

A tile of level L holds up to 256 hashes of complete subtrees of height 8 * L. Level `ENTRIES` stands for bundles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from archiver.proof.canonical import MAX_BYTES
from archiver.proof.faults import ProofError
from archiver.proof.log.merkle import HASH_BYTES, CompactRange, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT

#: Level of the bundles of entries beside the levels of hashes.
ENTRIES = -1

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Tile:
    """A tile's place: level (`ENTRIES` for a bundle), index in the level, and width (256 when full)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, below the ledger's folder."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        name = "/".join(reversed(groups))
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def full(self) -> Tile:
        """The full tile of this place."""
        return Tile(self.level, self.index)

    def until(self) -> int:
        """The size of tree that this tile reaches to: leaves before its right end."""
        return (self.index * WIDTH + self.width) << HEIGHT * max(self.level, 0)


def parse_path(path: str) -> Tile:
    """The tile that a path names. Raises ProofError for every other spelling."""
    found = _PATH.fullmatch(path)
    if found:
        level = ENTRIES if found[1] == "entries" else int(found[1])
        index = int(found[2].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(found[3]) if found[3] else WIDTH)
        if level <= 63 and tile.path == path:
            return tile
    raise ProofError("tile-name", f"{path[:200]!r} is not the name of a tile")


def right_edge(size: int) -> list[Tile]:
    """The partial tiles of a tree of `size` leaves, lowest level first (hashes only)."""
    tiles = []
    level = 0
    while size:
        if size % WIDTH:
            tiles.append(Tile(level, size // WIDTH, size % WIDTH))
        size //= WIDTH
        level += 1
    return tiles


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, bundles included."""
    for level in (ENTRIES, *range(63)):
        count = size >> HEIGHT * max(level, 0)
        if not count:
            return
        for index in range(count // WIDTH):
            yield Tile(level, index)
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def edge_range(size: int, edge: Iterable[tuple[Tile, Sequence[bytes]]]) -> CompactRange:
    """The compact range of a tree from its right edge (`right_edge`) with the hashes of each tile."""
    parts: list[bytes] = []
    for _, hashes in edge:
        part = CompactRange()
        for one in hashes:
            part.append(one)
        parts = part.hashes + parts
    return CompactRange(size, parts)


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. Raises ProofError where the length is not that of `width` hashes."""
    if len(data) != width * HASH_BYTES:
        raise ProofError("tile-shape", f"a tile of {width} hashes is {width * HASH_BYTES} bytes, not {len(data)}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each after its length as a big-endian uint16. Raises ProofError for one over 65,535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_BYTES:
            raise ProofError("entry-too-long", f"an entry of {len(entry)} bytes does not fit a bundle")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def decode_bundle(data: bytes, count: int) -> list[bytes]:
    """The `count` entries of a bundle. Raises ProofError where there are more, fewer or half ones."""
    entries = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        at += 2 + length
        entries.append(entry)
        if at > len(data) or len(entries) > count:
            break
    if at != len(data) or len(entries) != count:
        raise ProofError("bundle-shape", f"a bundle does not hold exactly {count} whole entries")
    return entries


#: Tiles that are kept for the next proof: some 5 MB.
_KEPT = 256


class TileHashes:
    """`hash_at` for a tree of `size` leaves, read from its tiles; a tile is kept for a while after it was read.

    `read` gives a tile's bytes and raises what it likes; a partial tile may have been replaced by the full one, so it
    is for `read` to fall back on that and to cut it to the width asked for.
    """

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[Tile, list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The root of the complete subtree. Raises ProofError where the tree of this size has none such."""
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        tile = self._tile(tile_level, first // WIDTH)
        hashes = self._hashes(tile)[first % WIDTH : first % WIDTH + (1 << height)]
        if len(hashes) != 1 << height:
            raise ProofError("proof-size", f"there is no complete subtree {index} of height {level} in this tree")
        return root_of(hashes)

    def _tile(self, level: int, index: int) -> Tile:
        width = min(WIDTH, (self._size >> HEIGHT * level) - index * WIDTH)
        if width <= 0 or index < 0:
            raise ProofError("proof-size", f"there is no tile {index} of level {level} in a tree of {self._size}")
        return Tile(level, index, width)

    def _hashes(self, tile: Tile) -> list[bytes]:
        if tile not in self._tiles:
            if len(self._tiles) >= _KEPT:
                self._tiles.clear()
            self._tiles[tile] = split_hashes(self._read(tile), tile.width)
        return self._tiles[tile]
