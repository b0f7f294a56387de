"""`archiver receive` and what `archiver show` tells of another office, as their user meets them."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault, open_vault
from archiver.engine import recovery
from archiver.proof.bundle import layout
from tests.calling import COMMAND, Archiver
from tests.receiving_story import received_vault, withholding_bundle
from tests.report.bundle_story import FILM, ORIGIN, bundle, exported_bundle, exporting_vault

__all__ = ["bundle", "exported_bundle", "exporting_vault", "received_vault", "withholding_bundle"]


@pytest.fixture
def office(tmp_path: Path) -> Archiver:
    command = Archiver(tmp_path / "vault")
    command("init", "--origin", "office-b.example/archive")
    return command


def note_of_the_film(vault: Vault, to: Path) -> Path:
    """A file that opens it."""
    rows = vault.database.read().execute("SELECT seq, body FROM entry WHERE instr(body, ?)", (FILM.encode(),))
    seq = next(seq for seq, body in rows if json.loads(body)["type"] == "ingestion")
    to.write_bytes(disclose(vault, seq, "note").file)
    return to


def test_a_key_has_to_be_vouched_for_and_the_line_says_how(office: Archiver, withholding_bundle: Path) -> None:
    said = office("receive", str(withholding_bundle), code=1)
    assert "nobody vouches for the key office-a.example/archive+" in said.err
    assert "--first-use accepts this one unconfirmed" in said.err
    refused = office("receive", str(withholding_bundle), "--json", code=1).json
    assert (refused["outcome"], refused["reason"], refused["rows"]) == ("refused", "sender-unconfirmed", [])
    key = (withholding_bundle / layout.KEY).read_text("utf-8").splitlines()[0]
    taken = office("receive", str(withholding_bundle), "--key", key, "--case", "theirs", "--json").json
    assert (taken["outcome"], taken["origin"], taken["key"], taken["trust"]) == ("received", ORIGIN, key, "given")
    assert taken["verdict"] == "VERIFIED"
    assert [row["outcome"] for row in taken["rows"]] == ["archived"] * 3
    assert {row["exhibit"]: row["other_item"] for row in taken["rows"]}[1] == FILM
    assert [one["case"] for one in office("items", "--json").json] == ["theirs"] * 3
    again = office("receive", str(withholding_bundle))
    assert "3 duplicate, from office-a.example/archive (VERIFIED; its key is that of an earlier bundle)" in again.out
    assert office("verify", "--json").json["verdict"] == "VERIFIED"


def test_a_failed_bundle_is_shown_with_its_faults(office: Archiver, bundle: object) -> None:
    folder: Path = bundle.folder  # type: ignore[attr-defined]  # a Bundle
    bundle.write("data/report.json", b"{}")  # type: ignore[attr-defined]
    said = office("receive", str(folder), "--first-use", code=1)
    assert "digest-differs" in said.out
    assert "FAILED its checks, and nothing of it was taken in" in said.err
    told = office("receive", str(folder), "--first-use", "--json", code=1).json
    assert told["reason"] == "bundle-failed"
    assert {"digest-differs", "report-malformed"} <= {fault["code"] for fault in told["faults"]}
    assert office("items", "--json").json == []


def test_show_tells_the_history_and_what_is_withheld(
    office: Archiver, withholding_bundle: Path, exporting_vault: Vault, tmp_path: Path
) -> None:
    taken = office("receive", str(withholding_bundle), "--first-use", "--json").json
    item = taken["rows"][0]["item_id"]
    said = " ".join(office("show", item).out.split())
    assert "exhibit 1 of its export" in said
    assert "NOBODY CONFIRMED ITS KEY" in said
    assert "note, fingerprint, original, pictures, thumbnail" in said
    assert "digest only original, video/mp4, 4831 bytes" in said
    assert "history at office-a.example/archive" in said
    assert "told there" in said
    assert "loud" not in said
    file = note_of_the_film(exporting_vault, tmp_path / "note.json")
    opened = office("receive", item, "--disclosure", str(file), "--json").json
    assert (opened["field"], opened["value"]) == ("note", "loud\nscene")
    assert "It is held already" in office("receive", item, "--disclosure", str(file)).out
    assert "note, opened later" in office("show", item).out
    first, later = office("show", item, "--json").json["received"]
    assert (first["origin"], first["exhibit"], first["trust"]) == (ORIGIN, 1, "first-use")
    assert [one["role"] for one in first["digests"]] == ["original"]
    assert {one["body"]["type"] for one in first["entries"]} >= {"capture", "ingestion", "match", "decision"}
    assert first["earlier"] == []
    assert (later["opens"], later["value"]) == (opened["entry"], "loud\nscene")
    assert office("verify", "--json").json["verdict"] == "VERIFIED"


def test_an_own_item_has_no_history_elsewhere(office: Archiver, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("text")
    (row,) = office("ingest", str(tmp_path / "note.txt"), "--json").json["rows"]
    assert office("show", row["item_id"], "--json").json["received"] == []
    (tmp_path / "field.json").write_bytes(b"{}")
    said = office("receive", row["item_id"], "--disclosure", str(tmp_path / "field.json"), code=2)
    assert "was not received from another office" in said.err


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (["receive", "nowhere"], "there is nothing at nowhere"),
        (["receive", "."], "nobody vouches|FAILED|nothing of it was taken in"),
        (["receive", "ifilm", "--disclosure", "nowhere.json"], "there is nothing at nowhere.json"),
        (["receive", "ifilm", "--disclosure", "x", "--first-use"], "--disclosure is for an item that was received"),
        (["receive", ".", "--policy", "nowhere"], "cannot be read"),
    ],
)
def test_wrong_usage_is_one_line(
    call: list[str], says: str, office: Archiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    said = office(*call, code=None)
    assert said.code in (1, 2)
    assert re.search(says, said.err)
    assert len(said.err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["object", "accession"])
def test_a_kill_in_the_middle_loses_nothing_and_repeats_nothing(
    moment: str, office: Archiver, withholding_bundle: Path
) -> None:
    """Killed when the first object lies there, and when the first accession is recorded."""
    process = subprocess.Popen(
        [*COMMAND, "receive", str(withholding_bundle), "--first-use"],
        env={"PATH": "/usr/bin:/bin", **office.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    records = sqlite3.connect(office.vault / "archive.db")
    moments: dict[str, Callable[[], object]] = {
        "object": lambda: any((office.vault / "objects").glob("??/*")),
        "accession": lambda: _count(records, "entry", "instr(body, '\"accession\"')"),
    }
    reached = moments[moment]
    patience = time.monotonic() + 60
    while process.poll() is None and not reached() and time.monotonic() < patience:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    items = _count(records, "item", "1")
    assert _count(records, "entry", "instr(body, '\"accession\"')") == items, "no item without its history"
    records.close()
    assert office("verify", "--json", code=None).json["verdict"] in ("VERIFIED", "INCOMPLETE")
    rows = office("receive", str(withholding_bundle), "--first-use", "--json").json["rows"]
    assert [row["outcome"] for row in rows] == ["duplicate"] * items + ["archived"] * (3 - items)
    vault = open_vault(office.vault, {})
    assert recovery.take_up(vault) == 0, "what the next run does: it clears away what was half written"
    vault.database.close()
    assert office("verify", "--json").json["verdict"] == "VERIFIED"


def _count(records: sqlite3.Connection, table: str, condition: str) -> int:
    (count,) = records.execute(f"SELECT COUNT(*) FROM {table} WHERE {condition}").fetchone()
    return int(count)
