"""Making and opening a vault."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from archiver.custody import keys
from archiver.custody.audit import verify
from archiver.custody.vault import create, open_vault
from archiver.errors import ArchiverError, MachineError, UsageError
from archiver.proof.faults import VERIFIED


def test_a_new_vault_has_a_signed_first_entry(tmp_path: Path) -> None:
    vault = create(tmp_path / "vault", "office-a.example/archive", "Büro A\n".strip())
    latest = vault.ledger.latest()
    assert latest is not None
    assert (latest[0].origin, latest[0].size) == ("office-a.example/archive", 1)
    assert vault.settings.custodian == "Büro A"
    vault.database.close()
    assert verify(tmp_path / "vault").word == VERIFIED


def test_the_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    create(tmp_path / "vault", "office-a.example/archive").database.close()
    assert stat.S_IMODE((tmp_path / "vault/keys").stat().st_mode) == 0o700
    for path in (tmp_path / "vault/keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_an_origin_it_gets_one_that_names_no_machine(tmp_path: Path) -> None:
    vault = create(tmp_path / "vault")
    assert vault.settings.origin.split("/")[0].endswith(".invalid")
    vault.database.close()


def test_it_is_opened_with_what_it_was_made_with(tmp_path: Path) -> None:
    made = create(tmp_path / "vault", "office-a.example/archive", "Office A")
    made.database.close()
    vault = open_vault(tmp_path / "vault", {"ARCHIVER_BY": " Nadia "})
    assert (vault.settings.origin, vault.settings.custodian, vault.settings.by) == (
        "office-a.example/archive", "Office A", "Nadia",
    )  # fmt: skip
    assert vault.working == tmp_path / "vault/working"
    vault.database.close()


def test_nobody_named_is_unnamed(tmp_path: Path) -> None:
    create(tmp_path / "vault").database.close()
    vault = open_vault(tmp_path / "vault", {"USER": "omar"})
    assert vault.settings.by == "unnamed"
    vault.database.close()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_vault_is_not_made_over_another(tmp_path: Path) -> None:
    create(tmp_path / "vault").database.close()
    key = keys.load_verifier(tmp_path / "vault/keys", open_vault(tmp_path / "vault", {}).settings.origin)
    with pytest.raises(UsageError):
        create(tmp_path / "vault", key.name)
    assert keys.load_verifier(tmp_path / "vault/keys", key.name) == key


@pytest.mark.parametrize("origin", ["https://office-a.example", "office a", "a+b", "/archive", "x" * 300, "a\n"])
def test_an_impossible_origin_leaves_nothing(tmp_path: Path, origin: str) -> None:
    with pytest.raises(UsageError):
        create(tmp_path / "vault", origin)
    assert not (tmp_path / "vault").exists()


@pytest.mark.parametrize("custodian", ["a\x7fb", "\udc80", "a\nb", "\x00"])
def test_a_custodian_that_cannot_be_written_leaves_nothing(tmp_path: Path, custodian: str) -> None:
    with pytest.raises(UsageError):
        create(tmp_path / "vault", "office-a.example/archive", custodian)
    assert not (tmp_path / "vault").exists()


@pytest.mark.parametrize("custodian", ['Büro "A"', "back\\slash", "مكتب", "😀"])
def test_a_custodians_name_is_kept_as_given(tmp_path: Path, custodian: str) -> None:
    create(tmp_path / "vault", "office-a.example/archive", custodian).database.close()
    vault = open_vault(tmp_path / "vault", {})
    assert vault.settings.custodian == custodian
    vault.database.close()


def test_where_nothing_can_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MachineError):
        create(tmp_path / "file")
    with pytest.raises(MachineError):
        create(tmp_path / "file/vault")


def test_what_is_no_vault_is_wrong_usage(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError):
            open_vault(folder, {})


@pytest.mark.parametrize("text", ["", "origin = 5", "origin = ''", "origin = [", "\x00", 'origin = "a"\nmore = 1'])
def test_settings_that_make_no_sense_are_said_in_one_line(tmp_path: Path, text: str) -> None:
    create(tmp_path / "vault").database.close()
    (tmp_path / "vault/archiver.toml").write_text(text)
    with pytest.raises(ArchiverError) as caught:
        open_vault(tmp_path / "vault", {})
    assert "\n" not in caught.value.what[:40]
