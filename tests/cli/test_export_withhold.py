"""`archiver export` with withholding, as its user meets it: offers, what was withheld as well, and the refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.report.withholding.withheld import GROUPS, OBJECTS
from tests.calling import Archiver

SECRET = "Zubaydah Okonjo"


@pytest.fixture
def filled(archiver: Archiver, picture: Callable[[int], bytes], tmp_path: Path) -> Archiver:
    """A vault with one photo of a source."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.png").write_bytes(picture(1))
    archiver(
        "ingest", str(tmp_path / "in"), "--case", "quay", "--source", SECRET, "--note", f"given by {SECRET} at Pier"
    )
    return archiver


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_what_is_withheld_as_well_is_said_with_the_reason(filled: Archiver, tmp_path: Path) -> None:
    target = tmp_path / "b"
    said = filled("export", "--case", "quay", "--to", str(target), "--withhold", "source")
    assert "Withheld as well, because it holds what another withheld field says: note" in said.out
    assert "Withheld as well, because it may tell the source: " in said.out
    assert SECRET.split()[0].encode() not in everything(target)
    assert SECRET not in said.out + said.err
    assert filled("verify", str(target)).code == 0


@pytest.mark.slow
def test_json_has_it_all(filled: Archiver, tmp_path: Path) -> None:
    call = ("export", "--case", "quay", "--to", str(tmp_path / "b"), "--withhold", "people", "--json")
    done = filled(*call).json
    assert set(done["withheld"]["fields"]) == {*GROUPS["people"], "path"}
    assert done["withheld"]["accepted"] == 0
    assert done["verdict"] == "VERIFIED"
    assert done["unsearched"] == []
    assert set(done["implied"]) >= {"exchange", "people (metadata)"}


@pytest.mark.slow
def test_a_leak_is_refused_without_its_value_and_with_ways_on(
    filled: Archiver, picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "tells.png").write_bytes(picture(2) + SECRET.encode("utf-16-be"))
    filled("ingest", str(tmp_path / "more"), "--case", "quay", "--source", SECRET)
    target = tmp_path / "b"
    said = filled("export", "--case", "quay", "--to", str(target), "--withhold", "source", code=1)
    assert "original-1.png: the source of entr" in said.err
    assert "UTF-16-BE" in said.err
    assert "--withhold-object original" in said.err
    assert SECRET not in said.err
    assert "Traceback" not in said.err
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    filled("export", "--case", "quay", "--to", str(target), "--withhold", "source", "--withhold-object", "original")
    assert SECRET.encode("utf-16-be") not in everything(target)
    options = said.err.partition("on record with ")[2].split()
    assert len(options) == 4
    accepted = ("--withhold", "source", *options)
    filled("export", "--case", "quay", "--to", str(tmp_path / "c"), *accepted)
    whole = everything(tmp_path / "c")
    assert SECRET.encode("utf-16-be") in whole
    assert SECRET.encode() not in whole, "only what could not be helped is told"
    assert filled("verify").code == 0


def test_names_are_offered_and_listed(filled: Archiver) -> None:
    said = filled("export", "--case", "quay", "--suggest")
    assert SECRET in said.out
    assert "--withhold note,source" in said.err
    rows = filled("export", "--case", "quay", "--suggest", "--json").json
    assert {(row["field"], row["kind"], row["text"]) for row in rows} >= {("note", "name", "Pier")}
    assert filled("export", "--case", "quay", "--suggest", "--withhold", "note,source", "--json").json == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("--withhold", "nonsense"),
        ("--withhold-object", "nonsense"),
        ("--withhold-metadata", "nonsense"),
        ("--accept-leak", "nonsense"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(
    archiver: Archiver, tmp_path: Path, wrong: tuple[str, str]
) -> None:
    said = archiver("export", "--case", "quay", "--to", str(tmp_path / "b"), *wrong, code=2)
    assert "nonsense" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_place_is_asked_for(filled: Archiver) -> None:
    assert "--to" in filled("export", "--case", "quay", code=2).err


def test_the_guide_names_every_option_and_value() -> None:
    from archiver.model import SEALED_FIELDS
    from archiver.report.withholding.redact import KINDS

    text = (Path(__file__).resolve().parents[2] / "docs" / "withholding.md").read_text("utf-8")
    for name in (*SEALED_FIELDS, *GROUPS, *OBJECTS, *KINDS):
        assert f"`{name}`" in text, name
    for option in ("withhold", "withhold-object", "withhold-metadata", "accept-leak", "suggest"):
        assert f"--{option}" in text
