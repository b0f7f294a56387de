"""`archiver forget`: what is gone, what is not, and that nothing may run beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.engine import locks
from tests.calling import Archiver


@pytest.mark.slow
def test_what_is_forgotten_is_in_no_file_but_those_that_are_named(
    archiver: Archiver, picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    """A real ingest, with the engine's files and working copies about."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.png").write_bytes(picture(1))
    archiver(
        "ingest", str(tmp_path / "in"), "--case", "square", "--note", "from Zubaydah-1987", "--source", "Zubaydah-1987"
    )
    (archiver.vault / "engine.db").write_bytes(b"state with Zubaydah-1987 in it")
    (archiver.vault / "working" / "left").write_bytes(b"Zubaydah-1987")
    archiver("backup", str(tmp_path / "copy"))
    (item,) = archiver("items", "--json").json
    shown = archiver("show", item["item_id"], "--json").json
    seq = next(one["entry"] for one in shown["custody"] if one["type"] == "ingestion")
    done = archiver("forget", str(seq), "source", "--reason", "at her wish", "--json").json
    assert done["forgotten"] == [{"entry": seq, "field": "source"}]
    assert done["still"] == [{"entry": seq, "field": "note"}]
    assert any(line.startswith("backups: entry") for line in done["left"])
    told = archiver("forget", str(seq), "note").out
    assert "Not reached: backups" in told
    everything = b"".join(path.read_bytes() for path in archiver.vault.rglob("*") if path.is_file())
    assert b"Zubaydah" not in everything
    assert archiver("verify").code == 0
    assert b"Zubaydah" in (tmp_path / "copy" / "archive.db").read_bytes(), "as it was told"


def test_nothing_is_forgotten_beside_a_run(archiver: Archiver) -> None:
    archiver("add", "https://v.example/1", "--note", "secret")
    with locks.the_run(archiver.vault):
        assert "run" in archiver("forget", "2", "note", code=1).err
    assert archiver("requests", "--json").json[0]["request_id"]
    assert archiver("forget", "2", "note").out


def test_the_same_value_in_many_entries_is_counted(archiver: Archiver) -> None:
    for number in range(5):
        archiver("add", f"https://v.example/{number}", "--note", "said by one person")
    said = archiver("forget", "2", "note").out.splitlines()
    assert said[0] == "Forgotten: note of entry 2"
    (still,) = [line for line in said if line.startswith("Still there")]
    assert "note of 4 entries from 4 to 10" in still
    assert "To forget it there too: archiver forget 4 note --everywhere" in said
    said = archiver("forget", "4", "note", "--everywhere").out.splitlines()
    assert said[0] == "Forgotten: note of 4 entries from 4 to 10"
    assert archiver("verify").code == 0


def test_people_are_told_what_a_disclosure_on_standard_output_is(archiver: Archiver) -> None:
    archiver("add", "https://v.example/1", "--note", "secret")
    said = archiver("disclose", "2", "note")
    assert said.out.startswith("{")
    assert "What follows on standard output is the whole file" in said.err


def test_a_field_and_an_entry_or_a_scrub_alone(archiver: Archiver) -> None:
    archiver("forget", code=2)
    archiver("forget", "0", code=2)
    archiver("forget", "0", "agent", "--scrub", code=2)
    archiver("forget", "--scrub")
    archiver("forget", "0", "title", code=2)
