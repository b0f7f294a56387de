"""The export command names by whom and for whom, and says which file could not be made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.bundle import layout
from archiver.report.paper.typesetting import Typesetter
from archiver.sandbox.failure import Failure, SandboxError
from tests.calling import Archiver

pytestmark = pytest.mark.slow


@pytest.fixture
def archiver(tmp_path: Path) -> Archiver:
    one = Archiver(tmp_path / "vault")
    one("init")
    (tmp_path / "note.txt").write_text("seen from the bridge")
    one("ingest", str(tmp_path / "note.txt"), "--case", "march")
    return one


def exported(archiver: Archiver, target: Path, *more: str) -> Any:
    archiver("export", "--case", "march", "--to", str(target), *more)
    return json.loads((target / layout.REPORT_JSON).read_bytes())


def test_names_are_told_and_can_be_withheld(archiver: Archiver, tmp_path: Path) -> None:
    names = ("--prepared-by", "Dr. Aoki ", "--prepared-for", "محكمة")
    told = exported(archiver, tmp_path / "told", *names)
    assert (told["prepared_by"], told["prepared_for"]) == ("Dr. Aoki", "محكمة")
    hidden = exported(archiver, tmp_path / "hidden", *names, "--withhold", "people")
    assert (hidden["prepared_by"], hidden["prepared_for"]) == ("", "")
    assert archiver("verify", str(tmp_path / "hidden"), "--json").json["verdict"] == "VERIFIED"


def test_a_name_that_no_record_can_hold_leaves_nothing(archiver: Archiver, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    said = archiver("export", "--case", "march", "--to", str(target), "--prepared-for", "x" * 70_000, code=1)
    assert "longer than a record can hold" in said.err
    assert not target.exists()
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_a_file_that_could_not_be_set_is_named(
    archiver: Archiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> bytes:
        raise SandboxError(Failure.TIMED_OUT, "the job in the sandbox was stopped at its time limit")

    monkeypatch.setattr(Typesetter, "set", exhausted)
    said = archiver("export", "--case", "march", "--to", str(tmp_path / "bundle"))
    assert "data/report.pdf is not in the bundle: the job in the sandbox was stopped at its time limit" in said.err
    assert (tmp_path / "bundle" / "data/statements/declaration.txt").exists()
    assert archiver("verify", str(tmp_path / "bundle"), "--json").json["verdict"] == "VERIFIED"
