"""Where a check begins that leaves out what was checked before: a checkpoint of a size, and the tree under it.

The right edge of the published tiles at that size has to give the checkpoint's root. From then on the tree grows as if
all entries before had been read; any one of them can be proved to be in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from archiver.custody.audit import checkpoints, tilesread
from archiver.custody.audit.signers import Signers
from archiver.custody.audit.snapshot import Snapshot
from archiver.errors import UsageError
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import checkpoint, merkle, note, tiles
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.merkle import HASH_BYTES
from archiver.proof.log.tiles import Tile, TileHashes
from archiver.proof.trust import memory
from archiver.proof.trust.outside import Outside

#: How many entries were checked before, or the size of the last checkpoint that the reader's memory holds.
Since = int | Literal["last"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """The checkpoint to begin at, and whether the reader's own memory vouches for it or the ledger's record only."""

    checkpoint: Checkpoint
    remembered: bool


class Base:
    """The authenticated tree of a checkpoint."""

    def __init__(self, ledger: Path, point: Checkpoint) -> None:
        """Raises ProofError unless the tiles below `ledger` give the root, and OSError where one cannot be read."""
        self.checkpoint = point
        self._ledger = ledger
        edge = self._edge(point.size)
        if tiles.edge_range(point.size, edge).root() != point.root:
            raise ProofError(
                "root-differs", f"the published tiles do not give the root of the first {point.size} entries"
            )
        self._hash_at = TileHashes(point.size, partial(tilesread.read_hashes, ledger))
        self.edge: list[list[bytes]] = [[] for _ in range(1 + max(tile.level for tile, _ in edge))]
        for tile, hashes in edge:
            self.edge[tile.level] = hashes

    def root_at(self, size: int) -> bytes | None:
        """The root of the first `size` entries, proved to be of this tree; None where nothing proves it."""
        point = self.checkpoint
        try:
            root = tiles.edge_range(size, self._edge(size)).root()
            proof = merkle.consistency_proof(size, point.size, self._hash_at)
            merkle.check_consistency(size, root, point.size, point.root, proof)
        except (ProofError, OSError):
            return None
        return root

    def prove(self, seq: int, body: bytes) -> None:
        """Raises ProofError unless these are the bytes of entry `seq` of this tree, and OSError."""
        point = self.checkpoint
        proof = merkle.inclusion_proof(seq, point.size, self._hash_at)
        merkle.check_inclusion(merkle.leaf_hash(body), seq, point.size, proof, point.root)

    def _edge(self, size: int) -> list[tuple[Tile, list[bytes]]]:
        return [
            (tile, tiles.split_hashes(tilesread.read_hashes(self._ledger, tile)[: tile.width * HASH_BYTES], tile.width))
            for tile in tiles.right_edge(size)
        ]


def find(seen: Snapshot, signers: Signers, issued: Checkpoint | None, outside: Outside, since: Since) -> Beginning:
    """The checkpoint of that size: as the reader remembers it, else as the ledger issued it.

    Raises UsageError for a size of which none is known, and ProofError for one that is not signed.
    """
    keys = [era.keys.classic for era in signers.eras]
    remembered = {one.size: one for one in (outside.memory.of(keys) if outside.memory else ()) if one.size}
    if since == "last" and not remembered:
        raise UsageError(
            "nothing of this ledger was seen before", next_step="`archiver verify` checks all, and remembers"
        )
    size = max(remembered) if since == "last" else since
    if size in remembered:
        return Beginning(remembered[size], remembered=True)
    own = _issued(seen, size)
    if own is None:
        message = f"no checkpoint of {size} entries was issued or seen here"
        raise UsageError(message, next_step=_nearest(seen, issued, size))
    return Beginning(signers.open(own, checkpoints.size_before(seen.connection, size)), remembered=False)


def forks(seen: Snapshot, signers: Signers, point: Checkpoint) -> bool:
    """Whether the ledger issued another checkpoint of that size, signed with its key."""
    own = _issued(seen, point.size)
    try:
        return own is not None and checkpoint.parse(note.parse(own).text) != point and bool(signers.eras)
    except ProofError:
        return False


def rolled_back(point: Checkpoint, issued: Checkpoint | None) -> tuple[Fault, ...]:
    """What there is to say where the ledger shows less than was seen before; nothing where it does not."""
    if issued is not None and issued.size >= point.size:
        return ()
    return memory.compare([point], issued, lambda size: None, whole=True).faults


def _issued(seen: Snapshot, size: int) -> bytes | None:
    row = seen.connection.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
    return bytes(row[0]) if row else None


def _nearest(seen: Snapshot, issued: Checkpoint | None, size: int) -> str:
    newest = issued.size if issued else 0
    if size > newest:
        return f"The newest is of {newest}"
    (below,) = seen.connection.execute("SELECT MAX(size) FROM checkpoint WHERE size < ?", (size,)).fetchone()
    (above,) = seen.connection.execute("SELECT MIN(size) FROM checkpoint WHERE size > ?", (size,)).fetchone()
    return "The nearest are of " + " and ".join(str(one) for one in (below, above or newest) if one)
