from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody.vault import open_vault
from archiver.engine.handout import file_stem, hand_out
from archiver.errors import EvidenceError, UsageError
from archiver.model import Item
from tests.calling import Archiver


def item(title: str) -> Item:
    return Item("iabc", "nabc.1", "", "", title, "")


@given(title=st.text())
def test_a_file_name_is_usable_whatever_the_title_says(title: str) -> None:
    stem = file_stem(item(title))
    assert stem.startswith("iabc")
    assert len(stem) <= 70
    assert stem.isascii()
    assert stem.isprintable()
    assert not set(stem) & set('/\\:*?"<>|')
    assert ".." not in stem.partition(" ")[0]


def test_a_title_that_climbs_stays_in_the_folder(tmp_path: Path) -> None:
    stem = file_stem(item("../../etc/passwd"))
    assert (tmp_path / stem).resolve().parent == tmp_path.resolve()


def test_a_missing_object_is_said_and_an_unknown_item_too(archiver: Archiver, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    row = archiver("ingest", str(tmp_path / "a.txt"), "--json").json["rows"][0]
    vault = open_vault(archiver.vault, {})
    with pytest.raises(UsageError, match="no item"):
        hand_out(vault, "inothing", tmp_path / "out")
    vault.store.path(row["sha256"]).unlink()
    with pytest.raises(EvidenceError, match="missing"):
        hand_out(vault, row["item_id"], tmp_path / "out")
