from __future__ import annotations

import io
from pathlib import Path

from archiver.custody.vault import Vault, open_vault
from archiver.engine import recovery
from tests.calling import Archiver


def opened(archiver: Archiver) -> Vault:
    return open_vault(archiver.vault, {})


def test_an_object_that_no_record_mentions_is_taken_up_and_then_verified(archiver: Archiver) -> None:
    vault = opened(archiver)
    vault.store.copy(io.BytesIO(b"left by an interrupted attempt"))
    assert archiver("verify", "--json", code=3).json["verdict"] == "INCOMPLETE"
    assert recovery.take_up(vault) == 1
    assert recovery.take_up(vault) == 0
    vault.ledger.publish()
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_a_taken_up_object_is_told_as_one_of_its_attempt(archiver: Archiver) -> None:
    vault = opened(archiver)
    folder = vault.working / "attempts" / "rabcdefghjk.2"
    folder.mkdir(parents=True)
    (folder / "00001.0.mp4").write_bytes(b"film")
    vault.store.take(folder / "00001.0.mp4")
    assert recovery.take_up(vault) == 1
    last = archiver("status", "--json").json["entries"] - 1
    entry = vault.ledger.entry(last)
    assert b'"type":"recovery"' in entry
    assert b'"acquisition":"rabcdefghjk.2"' in entry
    assert (folder / "00001.0.mp4").exists(), "the attempt goes on with it"


def test_an_object_whose_bytes_are_not_its_name_is_left_for_verify(archiver: Archiver) -> None:
    vault = opened(archiver)
    digests = vault.store.copy(io.BytesIO(b"before"))
    path = vault.store.path(digests.sha256)
    path.chmod(0o644)
    path.write_bytes(b"after")
    assert recovery.take_up(vault) == 0
    assert path.read_bytes() == b"after"
    assert archiver("verify", "--json", code=1).json["verdict"] == "FAILED"


def test_what_never_had_a_name_is_cleared_and_links_are_not_followed(archiver: Archiver, tmp_path: Path) -> None:
    vault = opened(archiver)
    (vault.store.folder / ".new-abc").write_bytes(b"half")
    outside = tmp_path / "outside"
    outside.write_bytes(b"x")
    (vault.store.folder / "ab").mkdir()
    (vault.store.folder / "ab" / ("c" * 62)).symlink_to(outside)
    assert recovery.take_up(vault) == 0
    assert not (vault.store.folder / ".new-abc").exists()
    assert outside.read_bytes() == b"x"


def test_what_is_left_of_a_request_that_was_cancelled_while_nothing_ran_is_cleared(archiver: Archiver) -> None:
    (row,) = archiver("add", "http://example.org/a.mp4", "--json").json["rows"]
    vault = opened(archiver)
    folder = vault.working / "attempts" / f"{row['request_id']}.1"
    folder.mkdir(parents=True)
    (folder / "00001.mp4.part").write_bytes(b"half a film")
    recovery.take_up(vault)
    assert folder.exists()
    archiver("cancel", row["request_id"])
    recovery.take_up(vault)
    assert not folder.exists()
