"""The commands about keys: shown, exported, locked, changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.custody import lockedkey, passphrase
from tests.calling import Archiver


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of scrypt's cost, and no passphrase left from another test."""
    monkeypatch.setattr(lockedkey, "COST", 2**14)
    passphrase.forget()


def _locked(archiver: Archiver, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    archiver("key", "protect", "--new-file", str(tmp_path / "secret"))
    archiver.environ[passphrase.VARIABLE] = str(tmp_path / "secret")


def test_both_keys_are_shown_and_exported(archiver: Archiver, tmp_path: Path) -> None:
    shown = archiver("key", "show", "--json").json
    assert shown["verifier_key"] == shown["verifier_keys"][0]
    assert len(shown["verifier_keys"]) == 2
    assert archiver("key", "show").out.splitlines() == [shown["verifier_key"]]
    assert archiver("key", "export-public").out.splitlines() == shown["verifier_keys"]
    archiver("key", "export-public", "--to", str(tmp_path / "keys.txt"))
    assert (tmp_path / "keys.txt").read_text().splitlines() == shown["verifier_keys"]
    assert "exists already" in archiver("key", "export-public", "--to", str(tmp_path / "keys.txt"), code=2).err


def test_what_is_recorded_without_the_passphrase_is_kept_and_signed_later(archiver: Archiver, tmp_path: Path) -> None:
    _locked(archiver, tmp_path)
    assert archiver("add", "https://v.example/1").code == 0
    del archiver.environ[passphrase.VARIABLE]
    assert "passphrase" in archiver("add", "https://v.example/2", code=2).err
    (tmp_path / "other").write_text("wrong\n")
    archiver.environ[passphrase.VARIABLE] = str(tmp_path / "other")
    assert "passphrase is wrong" in archiver("add", "https://v.example/3", code=2).err
    assert archiver("verify", "--json", code=3).json["faults"][0]["code"] == "unsigned-tail"
    archiver.environ[passphrase.VARIABLE] = str(tmp_path / "secret")
    archiver("add", "https://v.example/4")
    assert len(archiver("requests", "--json").json) == 4
    assert archiver("verify").code == 0


def test_a_run_asks_before_it_works(archiver: Archiver, tmp_path: Path) -> None:
    _locked(archiver, tmp_path)
    archiver("add", "https://v.example/1")
    archiver.environ.pop(passphrase.VARIABLE)
    assert "passphrase" in archiver.process("run", code=2).err
    assert archiver("requests", "--json").json[0]["state"] == "queued"


def test_a_vault_can_be_born_locked(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    command = Archiver(tmp_path / "vault")
    made = command("init", "--passphrase-file", str(tmp_path / "secret"), "--json").json
    assert len(made["verifier_keys"]) == 2
    assert command("verify").code == 0
    assert command("add", "https://v.example/1", code=2).err
    command.environ[passphrase.VARIABLE] = str(tmp_path / "secret")
    command("add", "https://v.example/2")
    command("key", "protect", "--remove")
    del command.environ[passphrase.VARIABLE]
    command("add", "https://v.example/3")
    assert command("verify").code == 0


def test_keys_are_changed_and_the_past_ones_shown(archiver: Archiver) -> None:
    before = archiver("key", "show", "--json").json
    done = archiver("key", "rotate", "--note", "stolen", "--json").json
    after = archiver("key", "show", "--json").json
    assert (done["old"], done["new"]) == (before["verifier_keys"], after["verifier_keys"])
    assert after["past"] == [before["verifier_keys"]]
    assert archiver("verify").code == 0
    assert "trust the old one no more" in archiver("key", "rotate").out


@pytest.mark.parametrize("arguments", [("protect",), ("protect", "--remove", "--new-file", "x")])
def test_a_passphrase_has_to_come_from_somewhere(archiver: Archiver, arguments: tuple[str, ...]) -> None:
    archiver("key", *arguments, code=2)
    archiver("add", "https://v.example/1")
