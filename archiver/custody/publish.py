"""Publishing the ledger: entries are committed already, tiles come next, the signed checkpoint last.

There is no recovery code: every run starts from the last issued checkpoint, checks that the tiles on disk give its
root, and writes what is missing. What an interrupted run left behind is found, compared and built upon. The cost is
that of the new entries, plus one tile for each level of the tree.
"""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from archiver import model
from archiver.custody import cosigned, keys, nextkeys, tilefiles
from archiver.custody.database import Database
from archiver.custody.tilefiles import Writer
from archiver.errors import EvidenceError, MachineError
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import logkeys, merkle, tiles
from archiver.proof.log import note as notes
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.logkeys import LogKeys
from archiver.proof.log.tiles import ENTRIES, HEIGHT, WIDTH, Tile

LOCK_NAME = "publish.lock"
KEYS_NAME = "keys"


def publish(folder: Path, database: Database, origin: str) -> Checkpoint | None:
    """Sign the committed entries; gives the newest checkpoint, or None for a ledger without entries.

    Waits for another publisher. Raises EvidenceError, and signs nothing, where entries, tiles and the checkpoints
    issued so far do not tell one story; MachineError where files cannot be written.
    """
    assert not database.read().in_transaction, "publish comes after database.write(), not inside it"
    with _disk_explained(), exclusively(folder):
        return publish_held(folder, database, origin)


def publish_held(folder: Path, database: Database, origin: str) -> Checkpoint | None:
    """As `publish`, for a caller that holds the lock and goes on holding it."""
    settle_keys(folder, origin)
    (size,) = database.read().execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()
    issued = _issued(folder, database, origin, size)
    old = issued.size if issued else 0
    if size == old:
        return issued
    edge = _edge(folder, issued) if issued else []
    writer = Writer(folder)
    newest = Checkpoint(origin, size, _extend(writer, database, edge, old, size))
    writer.settle()
    first, also = nextkeys.signing(folder / KEYS_NAME, database, origin, old, size)
    note = keys.sign(first, origin, newest.text(), also)
    writer.write_checkpoint(note)
    _record(database, newest, note)
    cosigned.settle(folder, database.read())
    settle_keys(folder, origin)
    return newest


def settle_keys(folder: Path, origin: str) -> None:
    """Bring a change of keys to its end, where its checkpoint is published. For a caller that holds the lock."""
    nextkeys.settle(folder / KEYS_NAME, folder / tilefiles.FOLDER_NAME / tilefiles.CHECKPOINT_NAME, origin)


@contextmanager
def exclusively(folder: Path) -> Iterator[None]:
    """While this is held nothing is published, so that the ledger's files can be copied as a whole."""
    with (folder / LOCK_NAME).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read_checkpoint(folder: Path, origin: str) -> tuple[Checkpoint, bytes] | None:
    """The published checkpoint and its note, byte for byte. Raises EvidenceError where our keys did not sign it."""
    known = nextkeys.known(folder / KEYS_NAME, origin)
    try:
        note = (folder / tilefiles.FOLDER_NAME / tilefiles.CHECKPOINT_NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _opened(note, known), note
    except ProofError as error:
        raise EvidenceError(
            f"the ledger's checkpoint is not ours: {error.message}", code=error.code, next_step="Run `archiver verify`"
        ) from None


def _opened(data: bytes, known: list[LogKeys]) -> Checkpoint:
    """The checkpoint, signed by the keys in use (the first of `known`) and by none that is not known.

    A rotation that was cut off after the signing shows both keys; who signs when is for `archiver verify` to judge.
    """
    signed = notes.parse(data)
    checkpoint = checkpoints.parse(signed.text)
    logkeys.check(signed, checkpoint, known[0])
    logkeys.check_strangers(signed, known)
    return checkpoint


def hashes(folder: Path, size: int) -> tiles.TileHashes:
    """The hashes of a published tree, read from its tiles."""
    return tiles.TileHashes(size, partial(tilefiles.read, folder / tilefiles.FOLDER_NAME))


def _issued(folder: Path, database: Database, origin: str, size: int) -> Checkpoint | None:
    """The last issued checkpoint, found to agree with the record of those issued before."""
    published = read_checkpoint(folder, origin)
    row = database.read().execute("SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    recorded = Checkpoint(origin, row[0], bytes(row[1])) if row else None
    if published is None:
        if recorded is None:
            return None
        raise _disagreement(f"the checkpoint of {recorded.size} entries is missing", "checkpoint-missing")
    issued, note = published
    if size < issued.size:
        raise _disagreement(
            f"the ledger was published with {issued.size} entries and now has {size}", "entries-missing"
        )
    if recorded and recorded.size > issued.size:
        raise _disagreement(
            f"a checkpoint of {recorded.size} entries was issued, but the ledger shows one of {issued.size}",
            "checkpoint-rolled-back",
        )
    if recorded and recorded.size == issued.size and recorded != issued:
        raise _disagreement(f"two checkpoints of {issued.size} entries have different roots", "checkpoint-fork")
    if recorded != issued:  # an interrupted run got as far as the file, or archive.db is an older copy
        _compare(folder, database, recorded.size if recorded else 0, issued)
        _record(database, issued, note)
    return issued


def _extend(writer: Writer, database: Database, edge: list[list[bytes]], old: int, size: int) -> bytes:
    """Write the tiles that a tree of `size` has beyond one of `old`, and give its root.

    `edge` holds the hashes of the old tree's partial tiles by level. Every entry is digested anew and compared with
    the row's leaf and with what was published, so that nothing altered is signed.
    """
    start = old - old % WIDTH
    published = list(edge[0]) if edge else []
    levels = edge or [[]]
    bundle: list[bytes] = []
    expected = start
    rows = database.read().execute(
        "SELECT seq, body, leaf FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", [start, size]
    )
    for seq, body, recorded in rows:
        leaf = merkle.leaf_hash(body)
        if seq != expected or leaf != recorded or (seq < old and leaf != published[seq - start]):
            raise _disagreement(f"entry {expected} is not what was recorded", "entry-altered")
        expected += 1
        bundle.append(body)
        if seq >= old:
            levels[0].append(leaf)
        if len(bundle) == WIDTH:
            writer.write(Tile(ENTRIES, seq // WIDTH), tiles.encode_bundle(bundle))
            bundle.clear()
            _promote(writer, levels, expected)
    if expected != size:
        raise _disagreement(f"entry {expected} is missing", "entries-missing")
    if bundle:
        writer.write(Tile(ENTRIES, size // WIDTH, len(bundle)), tiles.encode_bundle(bundle))
    right = [(tile, levels[tile.level]) for tile in tiles.right_edge(size)]
    for tile, hashes_of_tile in right:
        writer.write(tile, b"".join(hashes_of_tile))
    return tiles.edge_range(size, right).root()


def _promote(writer: Writer, levels: list[list[bytes]], size: int) -> None:
    """Write the tiles that became full with leaf number `size`, and hash each into the level above."""
    level = 0
    while len(levels[level]) == WIDTH:
        full = levels[level]
        writer.write(Tile(level, (size >> HEIGHT * (level + 1)) - 1), b"".join(full))
        levels[level] = []
        level += 1
        if level == len(levels):
            levels.append([])
        levels[level].append(merkle.root_of(full))


def _edge(folder: Path, issued: Checkpoint) -> list[list[bytes]]:
    """The hashes of the partial tiles by level, found to give the root that was signed."""
    edge = []
    try:
        for tile in tiles.right_edge(issued.size):
            data = tilefiles.read(folder / tilefiles.FOLDER_NAME, tile)
            edge.append((tile, tiles.split_hashes(data, tile.width)))
        whole = tiles.edge_range(issued.size, edge).root() == issued.root
    except ProofError:
        whole = False
    if not whole:
        raise _disagreement(f"the tiles do not give the signed root of {issued.size} entries", "tile-altered")
    levels: list[list[bytes]] = [[] for _ in range(edge[-1][0].level + 1)] if edge else []
    for tile, found in edge:
        levels[tile.level] = found
    return levels


def _compare(folder: Path, database: Database, start: int, issued: Checkpoint) -> None:
    """Find the entries from `start` on to be those that were published."""
    _edge(folder, issued)
    hash_at = hashes(folder, issued.size)
    rows = database.read().execute(
        "SELECT seq, body FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", [start, issued.size]
    )
    for expected, (seq, body) in enumerate(rows, start):
        if seq != expected or merkle.leaf_hash(body) != hash_at(0, seq):
            raise _disagreement(f"entry {expected} is not what was published", "entry-altered")


def _record(database: Database, checkpoint: Checkpoint, note: bytes) -> None:
    with database.write() as transaction:
        transaction.execute(
            "INSERT INTO checkpoint (size, root, note, issued_at) VALUES (?, ?, ?, ?)",
            [checkpoint.size, checkpoint.root, note, model.now()],
        )


def _disagreement(what: str, code: str) -> EvidenceError:
    return EvidenceError(what, code=code, next_step="Nothing was signed: run `archiver verify`")


@contextmanager
def _disk_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise MachineError(
            f"the ledger cannot be published: {error.strerror}",
            code="disk-full" if full else "disk-error",
            next_step="Mend that; the entries are safe in archive.db, and the next command publishes them",
        ) from error
