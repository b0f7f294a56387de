"""The index as a person sees it: shown, made anew, mended and said; of no weight for what is evidence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.cli import run
from archiver.engine import events
from tests.calling import Archiver


@pytest.fixture
def filled(archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]) -> Archiver:
    """A vault with two pictures."""
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    archiver("ingest", str(tmp_path / "1.png"), str(tmp_path / "2.png"))
    return archiver


def test_the_index_is_shown_and_made_anew(filled: Archiver) -> None:
    shown = filled("index", "--json").json
    assert (shown["films"], shown["behind"], shown["unread"]) == (2, 0, [])
    assert shown["bytes"] == sum(path.stat().st_size for path in filled.vault.glob("index/*.volume"))
    assert filled("status", "--json").json["index"] == {"films": 2, "bytes": shown["bytes"]}
    assert "2 films" in filled("index").out
    assert filled("index", "rebuild", "--json").json["films"] == 2
    assert "2 films" in filled("index", "rebuild").out


def test_a_vault_of_before_there_was_an_index_gets_one_when_it_is_asked(filled: Archiver, tmp_path: Path) -> None:
    shutil.rmtree(filled.vault / "index")
    assert "nothing yet" in filled("index").out
    assert "2 fingerprints are not in it yet" in filled("index").out
    assert [row["kind"] for row in filled("search", str(tmp_path / "1.png"), "--json").json] == ["identical"]
    assert filled("index", "--json").json["behind"] == 0


def test_a_damaged_index_is_mended_and_said_in_one_line(filled: Archiver, tmp_path: Path) -> None:
    for path in filled.vault.glob("index/*.volume"):
        path.write_bytes(b"damaged")
    said = filled("search", str(tmp_path / "2.png"), "--json")
    assert [row["kind"] for row in said.json] == ["identical"]
    assert said.err.count("\n") == len(said.err.splitlines()) >= 1
    assert "index" in said.err
    assert filled("search", str(tmp_path / "2.png"), "--json").err == ""


def test_neither_verify_nor_a_backup_knows_the_index(filled: Archiver, tmp_path: Path) -> None:
    (filled.vault / "index" / "anything").write_bytes(b"x")
    assert filled("verify", "--json").json["verdict"] == "VERIFIED"
    filled("backup", str(tmp_path / "copy"))
    assert not (tmp_path / "copy" / "index").exists()


def test_a_lost_fingerprint_is_named(filled: Archiver) -> None:
    shown = filled("items", "--json").json
    (lost,) = (held["sha256"] for held in shown[0]["objects"] if held["name"].startswith("archiver-"))
    (filled.vault / "objects" / lost[:2] / lost[2:]).unlink()
    filled("index", "rebuild")
    assert lost in filled("index").out
    assert filled("index", "--json").json["unread"] == [lost]


def test_a_run_tells_that_the_index_is_made_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    watcher = run.PlainWatcher()
    for event in (events.Indexing(0, 70), events.Indexing(1, 70), events.Indexing(70, 70), events.Noted("mended")):
        watcher.observe(event)
    assert capsys.readouterr().err.splitlines() == ["the index of fingerprints takes in 70", "mended"]
    with run.LiveWatcher() as live:
        for done in (0, 35, 70):
            live.observe(events.Indexing(done, 70))
        live.observe(events.Noted("mended"))
    assert "mended" in capsys.readouterr().err
