"""`archiver export --again ENTRY`, as its user meets it."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest
from pyrage.x25519 import Identity

from tests.calling import Archiver

pytestmark = pytest.mark.slow


@pytest.fixture
def archiver(tmp_path: Path) -> Archiver:
    one = Archiver(tmp_path / "vault")
    one("init")
    (tmp_path / "note.txt").write_text("seen from the bridge")
    one("ingest", str(tmp_path / "note.txt"), "--case", "march")
    return one


def test_the_same_bytes_come_out_plain_or_encrypted_whatever_came_later(archiver: Archiver, tmp_path: Path) -> None:
    first = tmp_path / "first.zip"
    entry = archiver("export", "--case", "march", "--zip", "--to", str(first), "--json").json["entry"]
    assert str(entry) in archiver("show", archiver("items", "--json").json[0]["item_id"]).out
    (tmp_path / "later.txt").write_text("came later")
    archiver("ingest", str(tmp_path / "later.txt"), "--case", "march")
    archiver("key", "rotate")
    archiver.environ["ARCHIVER_BY"] = "somebody else"
    archiver("export", "--again", str(entry), "--zip", "--to", str(tmp_path / "second.zip"))
    assert (tmp_path / "second.zip").read_bytes() == first.read_bytes()
    own = Identity.generate()
    sealed = tmp_path / "third.zip.age"
    archiver("export", "--again", str(entry), "--to", str(sealed), "--encrypt-to", str(own.to_public()))
    assert pyrage.decrypt(sealed.read_bytes(), [own]) == first.read_bytes()
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_what_cannot_be_made_again_is_one_line(
    archiver: Archiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for more, says in (
        (["--again", "0", "--to", "out"], "entry 0 is no export"),
        (["--again", "99", "--to", "out"], "the ledger has no entry 99"),
        (["--again", "0"], "where to is missing"),
        (["--again", "0", "--to", "out", "--case", "march"], "--case has no place beside --again"),
        (["--again", "0", "--to", "out", "--withhold", "people"], "--withhold has no place beside --again"),
        (["item", "--again", "0", "--to", "out"], "an item has no place beside --again"),
        (["--again", "0", "--to", "out", "--zip"], "no name of a zip"),
    ):
        said = archiver("export", *more, code=2)
        assert says in said.err, more
        assert "out" not in os.listdir(tmp_path)
