"""`archiver copies`: groups with every claim, for people in 80 columns, for machines in full, and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from archiver.custody import findings
from archiver.model import Ruling
from tests.calling import Archiver
from tests.vault_story import FIRST, MATCH, SECOND, Copy


@pytest.fixture
def archiver(vault_copy: Copy) -> Archiver:
    return Archiver(vault_copy.folder)


def test_a_group_names_its_items_and_answers_every_question(archiver: Archiver) -> None:
    (group,) = archiver("copies", "--json").json
    assert group["members"] == [FIRST, SECOND]
    assert group["links"][0]["match"] == MATCH
    told = {one["claim"]: one for one in group["claims"]}
    assert told["first-here"]["members"] == [FIRST]
    assert told["longest"]["why"] == "not-known"
    archiver.environ["COLUMNS"] = "80"
    shown = archiver("copies", SECOND).out
    assert max(map(len, shown.splitlines())) <= 80
    assert "came here first" in shown
    assert "cannot be told" in shown


def test_a_ruling_takes_the_group_apart(archiver: Archiver, vault_copy: Copy) -> None:
    with vault_copy.open() as vault:
        findings.decide(vault, MATCH, Ruling.DIFFERENT, by="Lina")
        vault.ledger.publish()
    assert archiver("copies", "--json").json == []
    assert "no copies are known" in archiver("copies").out
    assert f"no copies of {FIRST} are known" in archiver("copies", FIRST).out


def test_a_case_is_looked_at_by_itself(archiver: Archiver) -> None:
    assert len(archiver("copies", "--case", "square", "--json").json) == 1
    assert archiver("copies", "--case", "other", "--json").json == []
    assert "is not of case" in archiver("copies", FIRST, "--case", "other", code=2).err
    assert "there is no item" in archiver("copies", "inothing", code=2).err


def test_the_picture_is_written_once(archiver: Archiver, tmp_path: Path) -> None:
    path = tmp_path / "group.svg"
    archiver("copies", FIRST, "--picture", str(path))
    assert ET.parse(path).getroot().tag.endswith("svg")
    assert "is there already" in archiver("copies", FIRST, "--picture", str(path), code=2).err
    assert "Name an item" in archiver("copies", "--picture", str(tmp_path / "other.svg"), code=2).err


def test_show_tells_of_an_items_matches_and_copies(archiver: Archiver) -> None:
    said = archiver("show", FIRST, "--json").json
    assert [one["match_id"] for one in said["matches"]] == [MATCH]
    assert said["copies"] == [FIRST, SECOND]
    shown = archiver("show", FIRST).out
    assert MATCH in shown
    assert f"archiver copies {FIRST}" in shown
