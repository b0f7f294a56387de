"""Publishing: what lies on disk can be checked by a stranger, whatever moment the last publisher died at."""

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import keys, publish
from archiver.custody.database import FILE_NAME, Database
from archiver.custody.ledger import Ledger
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.model import CustodyEvent, EventType
from archiver.proof.log import checkpoint, merkle, note, tiles
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.tiles import ENTRIES, WIDTH, Tile

ORIGIN = "office-a.example/archive"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    keys.create(tmp_path / "keys", ORIGIN)
    database = Database.create(tmp_path / FILE_NAME)
    yield Ledger(tmp_path, database, ORIGIN, "unnamed")
    database.close()


def append(ledger: Ledger, count: int) -> None:
    """Bring `count` more entries into the ledger, the one about the last checkpoint among them (so 2 or more)."""
    before = size_of(ledger)
    with ledger.database.write() as transaction:
        (seq,) = ledger.append(transaction, [CustodyEvent(EventType.RETRY, request="r")])
        more = count - (seq + 1 - before)
        ledger.append(transaction, [CustodyEvent(EventType.RETRY, request="r")] * more)
    assert size_of(ledger) == before + count


def size_of(ledger: Ledger) -> int:
    (count,) = ledger.database.read().execute("SELECT COUNT(*) FROM entry").fetchone()
    return int(count)


def published(ledger: Ledger) -> dict[str, bytes]:
    top = ledger.folder / "ledger"
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def check_as_a_stranger(ledger: Ledger) -> Checkpoint:
    """Everything that the files claim, from the files and the verifier key alone."""
    files = published(ledger)
    point = checkpoint.open_signed(
        files.pop("checkpoint"), note.parse_key(keys.verifier_key(ledger.folder / "keys", ORIGIN))
    )
    entries: list[bytes] = []
    for tile in tiles.tiles_of(point.size):
        if tile.level == ENTRIES:
            entries += tiles.decode_bundle(files[tile.path], tile.width)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert len(leaves) == point.size
    assert merkle.root_of(leaves) == point.root
    levels = [leaves]
    for tile in tiles.tiles_of(point.size):
        if tile.level > 0 and tile.level == len(levels):
            below = levels[-1]
            levels.append([merkle.root_of(below[i : i + WIDTH]) for i in range(0, len(below) - WIDTH + 1, WIDTH)])
        if tile.level != ENTRIES:
            expected = levels[tile.level][tile.index * WIDTH :][: tile.width]
            assert tiles.split_hashes(files[tile.path], tile.width) == expected
    for path in files:  # what else is there is a superseded partial tile, and true
        tile = tiles.parse_path(path)
        if tile.width < WIDTH and tile.level != ENTRIES:
            assert tile.full.path not in files, "a partial tile goes when the full one is there"
            assert tiles.split_hashes(files[path], tile.width) == levels[tile.level][tile.index * WIDTH :][: tile.width]
    return point


def test_nothing_to_publish_is_no_checkpoint(ledger: Ledger) -> None:
    assert ledger.publish() is None
    assert ledger.latest() is None


def test_sizes_around_whole_tiles_can_be_checked_by_a_stranger(ledger: Ledger) -> None:
    for count in (1, 255, 2, 253, 2, 255, 1000):
        append(ledger, count)
        point = ledger.publish()
        assert point == check_as_a_stranger(ledger)
        assert point is not None
        assert point.size == size_of(ledger)
        assert ledger.publish() == point
    issued = [size for (size,) in ledger.database.read().execute("SELECT size FROM checkpoint ORDER BY size")]
    assert issued == [1, 256, 258, 511, 513, 768, 1768]


@pytest.mark.slow
def test_a_ledger_of_three_levels(ledger: Ledger) -> None:
    append(ledger, 65_530)
    ledger.publish()
    append(ledger, 20)
    assert ledger.publish() == check_as_a_stranger(ledger)
    assert set(tiles.right_edge(65_550)) == {Tile(0, 256, 14), Tile(2, 0, 1)}
    proof = ledger.inclusion_proof(65_540, 65_550)
    latest = ledger.latest()
    assert latest is not None
    merkle.check_inclusion(merkle.leaf_hash(ledger.entry(65_540)), 65_540, 65_550, proof, latest[0].root)


def test_tiles_are_read_only_and_the_checkpoint_is_recorded_as_it_lies(ledger: Ledger) -> None:
    append(ledger, 257)
    point = ledger.publish()
    assert point is not None
    for path in (ledger.folder / "ledger" / "tile").rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o444
    ((size, root, data),) = ledger.database.read().execute("SELECT size, root, note FROM checkpoint")
    assert (size, root, data) == (point.size, point.root, published(ledger)["checkpoint"])
    assert ledger.latest() == (point, data)


def test_proofs_are_made_for_every_size_up_to_the_checkpoint(ledger: Ledger) -> None:
    append(ledger, 300)
    ledger.publish()
    append(ledger, 300)
    ledger.publish()
    leaves = [merkle.leaf_hash(ledger.entry(seq)) for seq in range(600)]
    for size in (1, 255, 256, 300, 444, 600):
        root = merkle.root_of(leaves[:size])
        for seq in {0, size // 2, size - 1}:
            merkle.check_inclusion(leaves[seq], seq, size, ledger.inclusion_proof(seq, size), root)
        proof = ledger.consistency_proof(size, 600)
        merkle.check_consistency(size, root, 600, merkle.root_of(leaves), proof)
    for seq, size in ((600, 600), (0, 601), (-1, 600)):
        with pytest.raises(UsageError):
            ledger.inclusion_proof(seq, size)
    with pytest.raises(UsageError):
        ledger.consistency_proof(300, 601)


def test_the_cost_is_that_of_the_new_entries(ledger: Ledger) -> None:
    append(ledger, 5000)
    ledger.publish()
    append(ledger, 2)
    asked: list[str] = []
    ledger.database.read().set_trace_callback(asked.append)
    before = published(ledger)
    ledger.publish()
    after = published(ledger)
    assert len(set(after) - set(before)) <= 3  # one bundle and a tile for each of two levels at most
    assert any("seq >= 4864 AND seq < 5002" in statement for statement in asked)


def refused(ledger: Ledger) -> str:
    files = published(ledger)
    with pytest.raises(EvidenceError) as caught:
        ledger.publish()
    assert published(ledger).get("checkpoint") == files.get("checkpoint"), "nothing was signed"
    return caught.value.code


def change(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_an_altered_tile_is_not_built_upon(ledger: Ledger) -> None:
    append(ledger, 300)
    ledger.publish()
    append(ledger, 2)
    change(ledger.folder / "ledger" / Tile(0, 1, 44).path, bytes(44 * 32))
    assert refused(ledger) == "tile-altered"


def test_a_missing_or_short_tile_is_not_built_upon(ledger: Ledger) -> None:
    append(ledger, 300)
    ledger.publish()
    append(ledger, 2)
    path = ledger.folder / "ledger" / Tile(1, 0, 1).path
    change(path, b"short")
    assert refused(ledger) == "tile-altered"
    path.unlink()
    assert refused(ledger) == "tile-missing"


def test_a_full_tile_that_lies_there_with_other_bytes_is_not_overwritten(ledger: Ledger) -> None:
    append(ledger, 200)
    ledger.publish()
    append(ledger, 100)
    path = ledger.folder / "ledger" / Tile(ENTRIES, 0).path
    path.write_bytes(b"planted")
    assert refused(ledger) == "tile-altered"
    assert path.read_bytes() == b"planted"


@contextmanager
def unguarded(ledger: Ledger) -> Iterator[Any]:
    """Somebody with the database file and without our triggers."""
    with ledger.database.write() as transaction:
        for name in ("entry_is_never_updated", "entry_is_never_deleted"):
            transaction.execute(f"DROP TRIGGER {name}")
        yield transaction


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE entry SET body = CAST('{}' AS BLOB) WHERE seq = 299", "entry-altered"),  # published in a partial tile
        ("UPDATE entry SET body = CAST('{}' AS BLOB) WHERE seq = 305", "entry-altered"),  # not yet published
        ("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 305", "entry-altered"),
        ("DELETE FROM entry WHERE seq = 305", "entry-altered"),
        ("DELETE FROM entry WHERE seq >= 300", None),
        ("DELETE FROM entry WHERE seq >= 299", "entries-missing"),
    ],
)
def test_entries_that_were_altered_in_the_database_are_not_signed(
    ledger: Ledger, statement: str, code: str | None
) -> None:
    append(ledger, 300)
    ledger.publish()
    append(ledger, 10)
    with unguarded(ledger) as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for table in ("subject", "disclosure"):
            connection.execute(f"DELETE FROM {table} WHERE seq >= 299")
        connection.execute(statement)
    if code is None:  # an unpublished tail that is gone leaves no trace in the ledger
        assert ledger.publish() == check_as_a_stranger(ledger)
    else:
        assert refused(ledger) == code


def test_a_leaf_recomputed_after_publication_is_not_signed(ledger: Ledger) -> None:
    append(ledger, 300)
    ledger.publish()
    append(ledger, 2)
    with unguarded(ledger) as connection:
        connection.execute("UPDATE entry SET body = ?, leaf = ? WHERE seq = 299", (b"{}", merkle.leaf_hash(b"{}")))
    assert refused(ledger) == "entry-altered"


def test_a_checkpoint_that_was_put_back_or_removed_is_noticed(ledger: Ledger) -> None:
    append(ledger, 1)
    ledger.publish()
    old = published(ledger)["checkpoint"]
    append(ledger, 2)
    ledger.publish()
    path = ledger.folder / "ledger" / "checkpoint"
    path.write_bytes(old)
    assert refused(ledger) == "checkpoint-rolled-back"
    path.unlink()
    assert refused(ledger) == "checkpoint-missing"


def test_a_size_is_never_signed_with_a_second_root(ledger: Ledger) -> None:
    append(ledger, 3)
    ledger.publish()
    forged = Checkpoint(ORIGIN, 3, bytes(32))
    (ledger.folder / "ledger" / "checkpoint").write_bytes(keys.sign(ledger.folder / "keys", ORIGIN, forged.text()))
    assert refused(ledger) == "checkpoint-fork"


def test_a_checkpoint_of_another_key_is_not_ours(ledger: Ledger, tmp_path: Path) -> None:
    append(ledger, 3)
    ledger.publish()
    keys.create(tmp_path / "other", ORIGIN)
    path = ledger.folder / "ledger" / "checkpoint"
    path.write_bytes(keys.sign(tmp_path / "other", ORIGIN, Checkpoint(ORIGIN, 3, bytes(32)).text()))
    assert refused(ledger) == "signature-missing"


@pytest.mark.parametrize("more", [253, 300, 600])  # sizes 256 and beyond, with the published one at a whole tile
def test_a_database_put_back_from_an_older_copy_signs_nothing(ledger: Ledger, more: int) -> None:
    append(ledger, 3)
    ledger.publish()
    copy = ledger.folder / "copy.db"
    ledger.database.backup(copy)
    append(ledger, 253)
    ledger.publish()
    older = Ledger(ledger.folder, Database(copy), ORIGIN, "unnamed")
    assert refused(older) == "entries-missing"
    append(older, more)
    assert refused(older) == "entry-altered"
    assert refused(older) == "entry-altered"
    older.database.close()


def test_publishing_inside_a_transaction_is_an_error_of_ours(ledger: Ledger) -> None:
    with pytest.raises(AssertionError), ledger.database.write():
        ledger.publish()


def test_publishers_take_turns(ledger: Ledger) -> None:
    append(ledger, 1)
    done = threading.Event()
    sizes: list[int] = []

    def other() -> None:
        point = ledger.publish()
        assert point is not None
        sizes.append(point.size)
        ledger.database.close()
        done.set()

    with publish.exclusively(ledger.folder):
        thread = threading.Thread(target=other)
        thread.start()
        append(ledger, 1)  # appending goes on while somebody holds the lock
        assert not done.is_set()
    thread.join(timeout=30)
    assert sizes in ([1], [2])
    point = ledger.publish()
    assert point is not None
    assert point.size == 2


def test_many_threads_publish_and_append_at_once(ledger: Ledger) -> None:
    def work() -> None:
        for _ in range(10):
            with ledger.database.write() as transaction:
                ledger.append(transaction, [CustodyEvent(EventType.RETRY, request="r")] * 7)
            ledger.publish()
        ledger.database.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert ledger.publish() == check_as_a_stranger(ledger)
    assert size_of(ledger) >= 280


def test_a_full_disk_is_one_clear_error_and_no_loss(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    append(ledger, 3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(MachineError) as caught:
            ledger.publish()
    assert caught.value.code == "disk-full"
    assert ledger.publish() == check_as_a_stranger(ledger)


class Killed(BaseException):
    """The process ends here, as far as the code under test can tell."""


class Steps:
    """Counts the calls that make something durable, and ends the process before or after one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.stop_at = 0
        self.after = False
        for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "mkdir"), (shutil, "rmtree"), (publish, "_record")):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.stop_at and not self.after:
                raise Killed
            result = real(*arguments, **options)
            if self.count == self.stop_at:
                raise Killed
            return result

        return call


def prepare(ledger: Ledger) -> None:
    append(ledger, 250)
    ledger.publish()
    append(ledger, 300)


def test_a_publisher_killed_at_any_step_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = tmp_path / "start"
    start.mkdir()
    keys.create(start / "keys", ORIGIN)
    Database.create(start / FILE_NAME).close()
    first = Ledger(start, Database(start / FILE_NAME), ORIGIN, "unnamed")
    prepare(first)
    first.database.close()

    def fresh(name: str) -> Ledger:
        shutil.copytree(start, tmp_path / name)
        return Ledger(tmp_path / name, Database(tmp_path / name / FILE_NAME), ORIGIN, "unnamed")

    whole = fresh("whole")
    with monkeypatch.context() as patch:
        steps = Steps(patch)
        expected = whole.publish()
    files, total = published(whole), steps.count
    whole.database.close()
    assert total >= 20
    # Killed after a step is killed before the next one, so only the last step is stopped on both sides.
    for stop_at, after in [*((step, False) for step in range(1, total + 1)), (total, True)]:
        crashed = fresh(f"{stop_at}-{after}")
        with monkeypatch.context() as patch:
            steps = Steps(patch)
            steps.stop_at, steps.after = stop_at, after
            with pytest.raises(Killed):
                crashed.publish()
        check_interrupted(crashed)
        assert crashed.publish() == expected
        assert unsigned(published(crashed)) == unsigned(files)
        recorded = list(crashed.database.read().execute("SELECT size FROM checkpoint ORDER BY size"))
        assert recorded == [(250,), (550,)]
        append(crashed, 5)
        assert crashed.publish() == check_as_a_stranger(crashed)
        crashed.database.close()
        shutil.rmtree(crashed.folder)


def unsigned(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the signatures: ML-DSA's are different each time."""
    return {name: data.split(b"\n\n")[0] if name == "checkpoint" else data for name, data in files.items()}


def check_interrupted(ledger: Ledger) -> None:
    """In between, readers see the old checkpoint or the new one, and can make proofs for what it says."""
    latest = ledger.latest()
    assert latest is not None
    assert latest[0].size in (250, 550)
    proof = ledger.inclusion_proof(249, latest[0].size)
    merkle.check_inclusion(merkle.leaf_hash(ledger.entry(249)), 249, latest[0].size, proof, latest[0].root)
