"""A safe copy: whole, without the private key, brought up to date, and never of a damaged object."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.custody import acquisitions, queue
from archiver.custody.audit import verify
from archiver.custody.backup import backup
from archiver.custody.vault import Vault, open_vault
from archiver.errors import EvidenceError, UsageError
from archiver.model import Outcome
from archiver.proof.faults import VERIFIED
from tests.vault_story import Copy, ingested, item


@pytest.fixture
def vault(vault_copy: Copy) -> Iterator[Vault]:
    with vault_copy.open() as opened:
        yield opened


def test_a_backup_verifies_by_itself(vault: Vault, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    copied = backup(vault, tmp_path / "backup", lambda *step: done.append(step))
    assert (copied.objects, copied.bytes, done[-1]) == (12, 101_212, (12, 12))
    assert verify(tmp_path / "backup").faults == ()
    assert verify(vault).word == VERIFIED


def test_the_private_key_stays_behind(vault: Vault, tmp_path: Path) -> None:
    backup(vault, tmp_path / "backup")
    private = (vault.folder / "keys/ledger.pem").read_bytes()
    assert all(private not in path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())


def test_a_second_backup_copies_what_is_new(vault: Vault, tmp_path: Path) -> None:
    backup(vault, tmp_path / "backup")
    assert backup(vault, tmp_path / "backup").objects == 0
    one = item(vault, "inew222222", "nnew222222.1", b"new footage")
    acquisitions.record(vault, ingested("nnew222222.1", Outcome.SUCCESS, items=(one,)))
    assert backup(vault, tmp_path / "backup").objects == 4
    assert verify(tmp_path / "backup").faults == ()


def test_a_backup_can_be_opened_and_read(vault: Vault, tmp_path: Path) -> None:
    backup(vault, tmp_path / "backup")
    copy = open_vault(tmp_path / "backup", {})
    assert len(queue.listing(copy)) == len(queue.listing(vault))
    copy.database.close()


def test_the_log_of_an_older_copy_is_not_read_into_the_new_one(vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup(vault, target)
    reader = sqlite3.connect(target / "archive.db")  # somebody looks at the copy, writes, and is cut off
    reader.execute("PRAGMA journal_mode = WAL")
    reader.execute("UPDATE item SET title = 'stale'")
    reader.commit()
    shutil.copyfile(target / "archive.db-wal", tmp_path / "log")
    reader.close()
    shutil.copyfile(tmp_path / "log", target / "archive.db-wal")
    backup(vault, target)
    assert verify(target).faults == ()


def test_an_altered_object_is_not_copied_as_if_it_were_whole(vault: Vault, vault_copy: Copy, tmp_path: Path) -> None:
    path = vault_copy.object_path()
    path.unlink()
    path.write_bytes(b"forged")
    with pytest.raises(EvidenceError) as caught:
        backup(vault, tmp_path / "backup")
    assert caught.value.code == "object-altered"


def test_a_missing_object_ends_it(vault: Vault, vault_copy: Copy, tmp_path: Path) -> None:
    vault_copy.object_path().unlink()
    with pytest.raises(EvidenceError) as caught:
        backup(vault, tmp_path / "backup")
    assert caught.value.code == "object-missing"


def test_a_folder_that_holds_anything_else_is_left_alone(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").write_text("dear")
    for target in (tmp_path / "letters", vault.folder / "backup", tmp_path / "letters/one.txt"):
        with pytest.raises(UsageError):
            backup(vault, target)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["one.txt"]
    assert not (vault.folder / "backup").exists()


def test_the_backup_of_another_vault_is_left_alone(vault: Vault, tmp_path: Path) -> None:
    from archiver.custody.vault import create

    create(tmp_path / "other", "office-b.example/archive").database.close()
    with pytest.raises(UsageError, match="something else"):
        backup(vault, tmp_path / "other")
