"""The audit itself: the honest passes, nothing is changed by looking, what is in use is judged at one moment."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.custody import acquisitions, queue
from archiver.custody.audit import crew, published, verify
from archiver.custody.audit.entry import examine
from archiver.custody.audit.requests import standing
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.told import Told
from archiver.custody.audit.tree import Tree
from archiver.custody.backup import backup
from archiver.custody.vault import Vault, create
from archiver.errors import UsageError
from archiver.model import CustodyEvent, EventType, Holding, Item, Outcome, Role, State, StoredObject
from archiver.proof.faults import INCOMPLETE, VERIFIED
from archiver.proof.log import merkle
from archiver.proof.log.tiles import Tile
from tests.vault_story import Copy, captured, held, ingested, item


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = create(tmp_path / "new", "office-a.example/archive")
    yield made
    made.database.close()


def _ask(vault: Vault, count: int, first: int = 0) -> list[str]:
    rows = [queue.Asked(f"https://v.example/{n}", f"https://v.example/{n}") for n in range(first, first + count)]
    return [answer.request_id for answer in queue.add(vault, rows)]


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with its permissions and digest."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_looking_changes_nothing_and_leaves_nothing(vault_copy: Copy) -> None:
    before = _files(vault_copy.folder)
    assert vault_copy.verify().word == VERIFIED
    assert _files(vault_copy.folder) == before


def test_a_vault_on_media_that_cannot_be_written_verifies(vault_copy: Copy) -> None:
    for path in [*vault_copy.folder.rglob("*"), vault_copy.folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert vault_copy.verify().word == VERIFIED
    finally:
        for path in [vault_copy.folder, *vault_copy.folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)


def test_a_new_vault_verifies(vault: Vault) -> None:
    verdict = verify(vault)
    assert (verdict.word, dict(verdict.checked)["entries"]) == (VERIFIED, 1)


def test_there_is_nothing_to_verify_where_no_folder_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify(tmp_path / "nowhere")


def test_an_empty_folder_is_a_verdict_and_no_exception(tmp_path: Path) -> None:
    assert {fault.code for fault in verify(tmp_path).faults} == {"database-missing", "key-absent"}


def test_a_vault_whose_writer_has_it_open_verifies_with_what_is_in_the_log(vault: Vault) -> None:
    _ask(vault, 3)
    vault.ledger.publish()
    assert (vault.folder / "archive.db-wal").stat().st_size > 0
    verdict = verify(vault)
    assert (verdict.word, verdict.checked["requests"]) == (VERIFIED, 3)


def test_a_crashed_vault_whose_log_was_not_taken_in_verifies(vault: Vault, tmp_path: Path) -> None:
    _ask(vault, 3)
    vault.ledger.publish()
    shutil.copytree(vault.folder, tmp_path / "crashed")
    assert verify(tmp_path / "crashed").checked["requests"] == 3
    assert verify(tmp_path / "crashed").word == VERIFIED


def test_progress_is_told(vault_copy: Copy) -> None:
    told: list[tuple[int, int, str]] = []
    verify(vault_copy.folder, lambda *step: told.append(step))
    assert {what for _, _, what in told} == {"objects", "entries", "requests", "acquisitions", "items", "matches"}
    assert all(done <= total for done, total, _ in told)
    assert (12, 12, "objects") in told
    assert (282, 282, "requests") in told


def test_a_backup_verifies_also_after_it_was_brought_up_to_date(vault_copy: Copy, tmp_path: Path) -> None:
    with vault_copy.open() as vault:
        for _ in range(2):
            backup(vault, tmp_path / "backup")
            verdict = verify(tmp_path / "backup")
            assert {fault.code for fault in verdict.faults} <= {"key-absent"}
            assert not (tmp_path / "backup/keys/ledger.pem").exists()
            held(vault, os.urandom(20), Role.INFO, "application/json")  # mentioned by no record, so not copied
            _ask(vault, 2, first=1000)


def test_a_tail_that_is_signed_while_the_audit_runs_is_no_fault(vault: Vault) -> None:
    _ask(vault, 3)

    def publish_meanwhile(done: int, total: int, what: str) -> None:
        if what == "entries":
            _in_a_thread(lambda: _ask_and_publish(vault, 300))

    verdict = verify(vault, publish_meanwhile)
    assert (verdict.word, verdict.checked["requests"]) == (VERIFIED, 3)
    assert verify(vault).checked["requests"] == 303


def test_tiles_that_appear_while_the_audit_runs_are_no_fault(vault: Vault) -> None:
    _ask(vault, 3)
    vault.ledger.publish()

    def publish_meanwhile(done: int, total: int, what: str) -> None:
        if what == "entries":
            _in_a_thread(lambda: _ask_and_publish(vault, 600))

    assert verify(vault, publish_meanwhile).word == VERIFIED


def test_an_object_that_is_recorded_while_the_audit_runs_is_no_fault(vault: Vault) -> None:
    vault.ledger.publish()
    holding = held(vault, b"first", Role.ORIGINAL, "video/mp4")
    acquisitions.record(vault, ingested("n2.1", Outcome.SUCCESS, items=(item(vault, "i2", "n2.1", b"film"),)))
    vault.ledger.publish()

    def record_meanwhile(done: int, total: int, what: str) -> None:
        if what == "objects" and done == total:
            one = item(vault, "i3", "n3.1", b"first")
            _in_a_thread(lambda: _take_in_and_publish(vault, one))

    assert verify(vault).word == INCOMPLETE
    verdict = verify(vault, record_meanwhile)
    assert verdict.word == VERIFIED, verdict.faults
    assert holding.object.sha256


def test_a_vault_that_wakes_up_while_it_is_read_at_rest_is_read_again(vault_copy: Copy) -> None:
    woken: list[bool] = []

    def wake(done: int, total: int, what: str) -> None:
        if what == "entries" and not woken:
            woken.append(True)
            with vault_copy.open() as vault:
                _ask(vault, 2, first=5000)
                vault.ledger.publish()

    verdict = verify(vault_copy.folder, wake)
    assert (verdict.word, verdict.checked["requests"]) == (VERIFIED, 284)


def test_the_same_bytes_taken_for_another_type_later_are_no_fault(vault: Vault) -> None:
    first = item(vault, "i2", "n2.1", b'{"a":1}')
    acquisitions.record(vault, ingested("n2.1", Outcome.SUCCESS, items=(first,)))
    again = item(vault, "i3", "n3.1", b"other")
    same = Holding(
        StoredObject(first.holdings[0].object.sha256, first.holdings[0].object.sha512, 7, "application/json"), Role.INFO
    )
    acquisitions.record(vault, ingested("n3.1", Outcome.SUCCESS, items=(_with(again, same),)))
    vault.ledger.publish()
    assert verify(vault).faults == ()


def test_an_object_of_an_interrupted_attempt_that_was_taken_up_verifies(vault: Vault) -> None:
    found = held(vault, b"left behind", Role.ORIGINAL, "application/octet-stream")
    with vault.database.write() as transaction:
        one = found.object
        transaction.execute(
            "INSERT INTO object VALUES (?, ?, ?, ?)", (one.sha256, one.sha512, one.size, one.media_type)
        )
        vault.ledger.append(transaction, [CustodyEvent(EventType.RECOVERY, acquisition="r9.1", holdings=(found,))])
    vault.ledger.publish()
    assert verify(vault).faults == ()


def test_every_path_through_the_queue_verifies(vault: Vault) -> None:
    names = _ask(vault, 8)

    def attempt(name: str, outcome: Outcome, reason: str, number: int = 1, retry_in: float | None = None) -> None:
        acquisitions.record(
            vault,
            captured(vault, name, outcome, reason=reason, attempt=number),
            request=queue.get(vault, name),
            retry_in=retry_in,
            detail={"bytes": 0, "http_status": 0},
        )

    attempt(names[0], Outcome.FAILURE, "timeout", retry_in=1.0)
    attempt(names[0], Outcome.FAILURE, "timeout", 2, retry_in=1.0)
    attempt(names[0], Outcome.SUCCESS, "", 3)
    attempt(names[1], Outcome.REFUSAL, "address-not-global")
    queue.retry(vault, [names[1]])
    queue.mark_running(vault, names[2])
    queue.cancel(vault, [names[2]])
    attempt(names[2], Outcome.CANCELLED, "cancelled")
    queue.cancel(vault, [names[3]])
    attempt(names[3], Outcome.SUCCESS, "")  # it was there before the cancelling was noticed
    queue.cancel(vault, [names[4]])
    attempt(names[4], Outcome.FAILURE, "timeout", retry_in=1.0)
    queue.mark_running(vault, names[5])
    attempt(names[6], Outcome.FAILURE, "timeout", retry_in=1.0)
    queue.cancel(vault, [names[6]])
    queue.retry(vault, [names[6]])
    vault.ledger.publish()
    assert verify(vault).faults == ()


def test_many_entries_are_examined_by_other_processes_too(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", 10)
    monkeypatch.setattr(crew, "PIECE", 50)
    assert vault_copy.verify().word == VERIFIED
    vault_copy.sql("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 120")
    assert vault_copy.codes() == {"leaf-altered": {"entry 120"}}


@pytest.mark.parametrize("worth", [10, 1_000_000], ids=["in processes", "alone"])
def test_text_that_is_none_is_a_fault_and_ends_nothing(
    vault_copy: Copy, monkeypatch: pytest.MonkeyPatch, worth: int
) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", worth)
    vault_copy.sql("UPDATE disclosure SET value = CAST(x'ff41' AS TEXT) WHERE seq = 120 AND name = 'note'")
    vault_copy.sql("UPDATE request SET note = CAST(x'ff41' AS TEXT) WHERE id = ?", vault_copy.names["queued"])
    codes = vault_copy.codes()
    assert codes["disclosure-foreign"] == {"entry 120"}
    assert vault_copy.names["queued"] in codes["request-altered"]


def test_the_index_is_compared_in_both_directions(vault_copy: Copy) -> None:
    with vault_copy.database() as connection:
        subject, seq = connection.execute("SELECT id, seq FROM subject WHERE seq = 50").fetchone()
        connection.execute("UPDATE subject SET seq = 51 WHERE id = ? AND seq = ?", (subject, seq))
    codes = vault_copy.codes()  # as many pairs as before, and not the same ones
    assert (codes["subject-missing"], codes["subject-foreign"]) == ({"entry 50"}, {"entry 51"})


def test_numbers_at_both_ends_of_what_sqlite_holds_are_named(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE entry SET seq = -9223372036854775808 WHERE seq = 300")
    vault_copy.sql("UPDATE entry SET seq = 9223372036854775807 WHERE seq = 301")
    codes = vault_copy.codes()
    assert "entry -9223372036854775808" in codes["entry-number"]
    assert "entries 302 to 9223372036854775806" in codes["entries-missing"] or "entry-altered" not in codes


def test_faults_without_number_do_not_fill_the_memory(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.custody.audit.tally.LISTED", 5)
    vault_copy.sql("UPDATE entry SET leaf = zeroblob(32)")
    faults = vault_copy.verify().faults
    assert [fault.subject for fault in faults] == [*(f"entry {seq}" for seq in range(5)), "301 more"]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513])
def test_the_tree_gives_the_roots_that_are_asked_for(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([n % 251, n % 17])) for n in range(size)]
    wanted = sorted({1, size // 2 or 1, size})
    tree = Tree((one, None) for one in wanted)
    for at in range(0, size, 256):
        run = leaves[at : at + 256]
        if len(run) == 256:
            tree.append_run(run, merkle.root_of(run))
        else:
            for leaf in run:
                tree.append(leaf)
    assert tree.roots == {one: merkle.root_of(leaves[:one]) for one in wanted}
    runs = [merkle.root_of(leaves[at : at + 256]) for at in range(0, size - size % 256, 256)]
    assert [tree.subtree(1, index) for index in range(len(runs) + 1)] == [*runs, None]


def test_the_tree_compares_the_roots_that_are_expected() -> None:
    leaves = [merkle.leaf_hash(bytes([n % 251])) for n in range(600)]
    expected = [(size, merkle.root_of(leaves[:size])) for size in (1, 256, 300, 512)]
    tree = Tree([*expected[:2], (299, bytes(32)), *expected[2:], (600, expected[0][1])])
    for leaf in leaves:
        tree.append(leaf)
    assert (tree.differing, tree.roots) == ({299, 600}, {})


def test_higher_tiles_are_computed_from_the_runs_below(tmp_path: Path) -> None:
    runs = [merkle.leaf_hash(str(n).encode()) for n in range(256 * 3 + 7)]
    tree, tally = Tree(), Tally()
    for root in runs:
        tree.append_run([], root)
    files = published.Files(tmp_path, lambda index: [], tree, tally)
    for tile, hashes in (
        (Tile(1, 2), runs[512:768]),
        (Tile(1, 3, 7), runs[768:]),
        (Tile(2, 0, 3), [merkle.root_of(runs[at : at + 256]) for at in (0, 256, 512)]),
    ):
        (tmp_path / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / tile.path).write_bytes(b"".join(hashes))
        assert files.check_tile(tile)
    assert tally.verdict().faults == ()
    (tmp_path / "tile/2/000.p/4").write_bytes(bytes(128))
    assert not files.check_tile(Tile(2, 0, 4))


def test_a_row_without_bytes_is_a_fault() -> None:
    (fault,) = examine((4, "text", None), []).faults
    assert (fault.code, fault.subject) == ("entry-invalid", "entry 4")


def test_a_failure_leaves_open_whether_another_attempt_follows() -> None:
    asked = Told(1, {"type": "request", "outcome": "success"}, {})
    tried = Told(2, {"type": "capture", "outcome": "failure", "reason": "timeout", "detail": {"attempt": 1}}, {})
    assert standing([asked, tried]).states == {State.QUEUED, State.RUNNING, State.FAILED}
    assert standing([asked, tried, Told(3, {"type": "cancellation", "outcome": "success"}, {})]).states == {
        State.CANCELLED
    }


def _with(one: Item, holding: Holding) -> Item:
    return replace(one, holdings=(*one.holdings, holding))


def _ask_and_publish(vault: Vault, count: int) -> None:
    _ask(vault, count, first=10)
    vault.ledger.publish()
    vault.database.close()


def _take_in_and_publish(vault: Vault, one: Item) -> None:
    acquisitions.record(vault, ingested(one.acquisition_id, Outcome.SUCCESS, items=(one,)))
    vault.ledger.publish()
    vault.database.close()


def _in_a_thread(act: Callable[[], None]) -> None:
    """Run it as another writer would: on a connection of its own."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
