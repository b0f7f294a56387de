"""Attacks on the objects of a vault: each is named, with the object that it concerns."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from archiver.proof.faults import FAILED, INCOMPLETE, VERIFIED
from tests.vault_story import FIRST, Copy


def _name(path: Path) -> str:
    return path.parent.name + path.name


def _replace(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


@pytest.mark.honest
def test_the_untouched_vault_verifies(vault_copy: Copy) -> None:
    verdict = vault_copy.verify()
    assert (verdict.word, verdict.faults) == (VERIFIED, ())
    assert dict(verdict.checked) == {
        "objects": 12, "bytes": 101_212, "entries": 306, "tiles": 11, "checkpoints": 5, "requests": 282, "items": 2,
        "matches": 1, "hash_lists": 0, "timestamps": 0, "anchors": 0, "histories": 0,
        "clock_set_back": 0,
    }  # fmt: skip


@pytest.mark.parametrize("role", ["original", "info", "metadata", "fingerprint"])
def test_an_object_swapped_for_other_bytes_of_the_same_length(vault_copy: Copy, role: str) -> None:
    path = vault_copy.object_path(role)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    _replace(path, bytes(data))
    verdict = vault_copy.verify()
    assert [(fault.code, fault.subject) for fault in verdict.faults] == [("object-altered", _name(path))]
    assert verdict.word == FAILED
    assert f"the {role} of {FIRST}" in verdict.faults[0].message


def test_two_originals_exchanged(vault_copy: Copy) -> None:
    one, other = vault_copy.object_path(), vault_copy.object_path(item_id="isecond222")
    held = one.read_bytes()
    _replace(one, other.read_bytes())
    _replace(other, held)
    assert vault_copy.codes() == {"object-altered": {_name(one), _name(other)}}


def test_an_original_truncated(vault_copy: Copy) -> None:
    path = vault_copy.object_path()
    _replace(path, path.read_bytes()[:-1])
    assert vault_copy.codes() == {"object-altered": {_name(path)}}


def test_an_original_removed(vault_copy: Copy) -> None:
    path = vault_copy.object_path()
    path.unlink()
    assert vault_copy.codes() == {"object-missing": {_name(path)}}


def test_a_whole_folder_of_objects_removed(vault_copy: Copy) -> None:
    path = vault_copy.object_path()
    shutil.rmtree(path.parent)
    assert _name(path) in vault_copy.codes()["object-missing"]


def test_all_objects_removed(vault_copy: Copy) -> None:
    shutil.rmtree(vault_copy.folder / "objects")
    verdict = vault_copy.verify()
    assert verdict.word == FAILED
    assert sum(fault.code == "object-missing" for fault in verdict.faults) == 12


def test_an_original_replaced_by_a_link_to_the_same_bytes(vault_copy: Copy, tmp_path: Path) -> None:
    path = vault_copy.object_path()
    outside = tmp_path / "outside"
    shutil.copyfile(path, outside)
    path.unlink()
    path.symlink_to(outside)
    assert vault_copy.codes() == {"object-is-link": {_name(path)}}


def test_a_folder_of_objects_replaced_by_a_link(vault_copy: Copy, tmp_path: Path) -> None:
    path = vault_copy.object_path()
    shutil.move(path.parent, tmp_path / "outside")
    path.parent.symlink_to(tmp_path / "outside")
    assert vault_copy.codes()["object-is-link"] >= {_name(path), f"objects/{path.parent.name}"}


def test_an_original_replaced_by_a_pipe_does_not_hang(vault_copy: Copy) -> None:
    path = vault_copy.object_path()
    path.unlink()
    os.mkfifo(path)
    assert vault_copy.codes() == {"object-altered": {_name(path)}}


def test_an_original_replaced_by_a_folder(vault_copy: Copy) -> None:
    path = vault_copy.object_path()
    path.unlink()
    path.mkdir()
    assert vault_copy.codes() == {"object-altered": {_name(path)}}


def test_an_extra_file_that_is_no_object(vault_copy: Copy) -> None:
    (vault_copy.folder / "objects/notes.txt").write_text("planted")
    path = vault_copy.object_path().with_name("0" * 62)
    path.write_text("planted")
    (path.parent / "readme").write_text("planted")
    verdict = vault_copy.verify()
    assert verdict.word == FAILED
    subjects = {fault.subject for fault in verdict.faults if fault.code == "stray-object"}
    assert subjects == {"objects/notes.txt", path.parent.name + "0" * 62, f"objects/{path.parent.name}/readme"}


def test_a_whole_object_that_no_record_mentions_is_incomplete(vault_copy: Copy) -> None:
    with vault_copy.open() as vault:
        digests = vault.store.put(b"of an interrupted attempt")
    verdict = vault_copy.verify()
    assert verdict.word == INCOMPLETE
    assert [(fault.code, fault.subject) for fault in verdict.faults] == [("unrecorded-object", digests.sha256)]


def test_an_unfinished_write_is_incomplete(vault_copy: Copy) -> None:
    (vault_copy.folder / "objects/.new-x1y2").write_bytes(b"half")
    assert vault_copy.codes() == {"unrecorded-object": {"objects/.new-x1y2"}}


def test_an_object_exchanged_together_with_its_rows(vault_copy: Copy) -> None:
    """The forger writes new footage under its own digest and turns every row to it; the ledger remembers."""
    old, forged = vault_copy.object_path(), b"forged footage"
    new = hashlib.sha256(forged).hexdigest()
    target = vault_copy.folder / "objects" / new[:2] / new[2:]
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(forged)
    old.unlink()
    with vault_copy.database() as connection:
        connection.execute(
            "UPDATE object SET sha256 = ?, sha512 = ?, size = ? WHERE sha256 = ?",
            (new, hashlib.sha512(forged).hexdigest(), len(forged), _name(old)),
        )
        connection.execute("UPDATE holding SET sha256 = ? WHERE sha256 = ?", (new, _name(old)))
    assert vault_copy.codes() == {
        "object-row-missing": {_name(old)},
        "object-untold": {new},
        "holding-missing": {FIRST},
        "holding-untold": {FIRST},
    }


@pytest.mark.parametrize(("column", "value"), [("sha512", "0" * 128), ("size", 1), ("media_type", "text/plain")])
def test_a_row_of_the_objects_edited(vault_copy: Copy, column: str, value: object) -> None:
    name = _name(vault_copy.object_path())
    vault_copy.sql(f"UPDATE object SET {column} = ? WHERE sha256 = ?", value, name)
    assert vault_copy.codes() == {"object-row-altered": {name}}


def test_a_row_of_the_objects_that_leads_out_of_the_vault(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO object VALUES ('../../../etc/passwd', '', 1, 'text/plain')")
    codes = vault_copy.codes()
    assert codes["object-row-altered"] == codes["object-untold"] == {"../../../etc/passwd"}


def test_a_row_of_the_objects_deleted(vault_copy: Copy) -> None:
    name = _name(vault_copy.object_path())
    vault_copy.sql("DELETE FROM object WHERE sha256 = ?", name)
    codes = vault_copy.codes()
    assert codes["object-row-missing"] == codes["unrecorded-object"] == {name}
