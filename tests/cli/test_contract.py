"""The command-line contract: fields of `--json`, before and after the command, exit codes, help."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from archiver import cli
from tests.calling import ROOT, Archiver

ITEM_FIELDS = {"item_id", "case", "url", "title", "acquired_at", "objects"}
OBJECT_FIELDS = {"sha256", "size", "media_type", "role"}
MATCH_FIELDS = {"match_id", "a", "b", "kind", "finding", "score", "segments", "decision", "error_rate"}
MATCH_FIELDS |= {"transform", "algorithm", "earlier", "contradicts"}
STATES = {"queued", "running", "archived", "failed", "refused", "cancelled"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, picture: Callable[[int], bytes]) -> Archiver:
    """A vault with two items of the same bytes and one other."""
    folder = tmp_path_factory.mktemp("filled")
    archiver = Archiver(folder / "vault")
    archiver("init")
    for name, number in (("Víctor's march.png", 1), ("copy.png", 1), ("other AND thing.png", 200)):
        (folder / name).write_bytes(picture(number))
        archiver("ingest", str(folder / name), "--case", "c", "--note", 'said "now" OR never')
    return archiver


def test_init(tmp_path: Path) -> None:
    archiver = Archiver(tmp_path / "new")
    said = archiver("init", "--origin", "office.example/a", "--custodian", "A", "--json").json
    assert said["vault"] == str(tmp_path / "new")
    assert said["origin"] == "office.example/a"
    assert said["verifier_key"].startswith("office.example/a+")
    assert archiver("key", "show").out.splitlines() == [said["verifier_key"]]


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["status"], {"requests", "items", "objects", "bytes", "entries", "checkpoint"}),
        (["verify"], {"verdict", "checked", "faults"}),
        (["checkpoint"], {"origin", "size", "root"}),
        (["key", "show"], {"verifier_key"}),
        (["doctor"], {"tools", "sandbox", "missing"}),
        (["add", "http://a.example/"], {"rows"}),
    ],
)
def test_documents_have_their_fields_with_json_before_and_after(
    filled: Archiver, arguments: list[str], fields: set[str]
) -> None:
    assert filled(*arguments, "--json").json.keys() >= fields
    assert filled("--json", *arguments).json.keys() >= fields


def test_status_counts_every_state_and_names_the_checkpoint(filled: Archiver) -> None:
    document = filled("status", "--json").json
    assert document["requests"].keys() == STATES
    assert document["checkpoint"].keys() == {"origin", "size", "root"}
    assert document["items"] == 3


def test_items_and_show(filled: Archiver) -> None:
    items = filled("items", "--json").json
    assert len(items) == 3
    for item in items:
        assert item.keys() >= ITEM_FIELDS
        assert item["objects"]
        assert all(one.keys() >= OBJECT_FIELDS for one in item["objects"])
        assert filled("show", item["item_id"], "--json").json.keys() >= ITEM_FIELDS
        assert item["item_id"] in filled("show", item["item_id"]).out


def test_get_copies_files_out_once(filled: Archiver, tmp_path: Path) -> None:
    item = filled("items", "--json").json[0]
    written = filled("get", item["item_id"], "--to", str(tmp_path / "out"), "--json").json
    original = [one for one in written if one["role"] == "original"]
    assert Path(original[0]["path"]).read_bytes()
    assert Path(original[0]["path"]).suffix == ".png"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {Path(one["path"]).name for one in written}
    said = filled("get", item["item_id"], "--to", str(tmp_path / "out"), code=2)
    assert "is there already" in said.err


def test_matches_decide_and_search(filled: Archiver, tmp_path: Path, picture: Callable[[int], bytes]) -> None:
    found = filled("matches", "--json").json
    identical = next(match for match in found if match["kind"] == "identical")
    assert all(match.keys() >= MATCH_FIELDS for match in found)
    assert identical["decision"] is None
    ruled = filled("decide", identical["match_id"], "same", "--note", "n", "--by", "R", "--json").json
    assert ruled["match_id"] == identical["match_id"]
    assert ruled["decision"] == "same"
    assert b'"ruling":"same"' in _entry(filled, ruled["entry"])
    assert identical["match_id"] not in {match["match_id"] for match in filled("matches", "--json").json}
    after = {match["match_id"]: match for match in filled("matches", identical["a"], "--all", "--json").json}
    assert after[identical["match_id"]]["decision"] == "same"
    filled("decide", identical["match_id"], "unsure")
    after = {match["match_id"]: match for match in filled("matches", "--all", "--json").json}
    assert after[identical["match_id"]]["decision"] == "unsure"
    (tmp_path / "outside.png").write_bytes(picture(1))
    before = filled("status", "--json").json["entries"]
    hits = filled("search", str(tmp_path / "outside.png"), "--json").json
    assert all(hit.keys() >= {"item_id", "kind", "score", "segments", "finding", "error_rate"} for hit in hits)
    assert {hit["item_id"] for hit in hits if hit["kind"] == "identical"} == {identical["a"], identical["b"]}
    assert filled("status", "--json").json["entries"] == before


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("victor", ["Víctor's march.png"]),
        ("mar", ["Víctor's march.png"]),
        ('said "now', 3),
        ("AND", ["other AND thing.png"]),
        ("NEAR(", []),
        ('"', []),
        ("title:march", []),
        ("*", []),
        ("march -copy", []),
        ("Víctor's", ["Víctor's march.png"]),
        ("x" * 10_000, []),
        ("\x00", []),
        ("  ", 3),
    ],
)
def test_full_text_takes_operators_and_quotes_as_words(filled: Archiver, text: str, titles: Any) -> None:
    said = filled("items", "--text", text, "--json").json
    if isinstance(titles, int):
        assert len(said) == titles
    else:
        assert [item["title"] for item in said] == titles


def test_a_backup_verifies_and_is_brought_up_to_date(
    filled: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    target = tmp_path / "backup"
    assert filled("backup", str(target), "--json").json["objects"] > 0
    names = sorted(path.name for path in (target / "keys").iterdir())
    assert names == ["ledger-pq.vkey", "ledger.vkey"], "only the public keys"
    verdict = filled("verify", str(target), "--json", code=None).json
    assert verdict["verdict"] == "VERIFIED", verdict
    assert filled("backup", str(target), "--json").json["objects"] == 0
    filled("backup", str(filled.vault / "inside"), code=2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    filled("backup", str(tmp_path / "other"), code=2)


def test_verify_ends_with_1_and_names_the_object_that_was_altered(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    sha256 = archiver("ingest", str(tmp_path / "a.png"), "--json").json["rows"][0]["sha256"]
    path = archiver.vault / "objects" / sha256[:2] / sha256[2:]
    path.chmod(0o644)
    path.write_bytes(b"something else")
    document = archiver("verify", "--json", code=1).json
    assert document["verdict"] == "FAILED"
    assert all(fault.keys() >= {"code", "subject", "message"} for fault in document["faults"])
    assert "FAILED" in archiver("verify", code=1).out


def test_every_command_has_help_and_the_list_says_the_same(archiver: Archiver) -> None:
    context = click.Context(cli.cli)
    for name, (_, line) in cli.COMMANDS.items():
        command = cli.cli.get_command(context, name)
        assert command is not None
        assert command.help == line, name
        said = archiver(name, "--help")
        assert line in said.out
        assert archiver(name, "-h").out == said.out
    listed = archiver("--help").out
    assert all(name in listed for name in cli.COMMANDS)


def test_the_list_of_commands_and_a_command_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom archiver import cli\n"
        "cli._run(['--help']); cli._run(['requests'])\n"
        "heavy = {'dbos', 'yt_dlp', 'av', 'numpy', 'PIL', 'sqlalchemy', 'requests'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_standard_output_holds_one_json_document_and_nothing_else(archiver: Archiver) -> None:
    said = archiver.process("--json", "add", "http://a.example/", "nonsense", code=1)
    assert len(json.loads(said.out)["rows"]) == 2
    assert said.err == ""


def _entry(archiver: Archiver, number: int) -> bytes:
    from archiver.custody.vault import open_vault

    return open_vault(archiver.vault, {}).ledger.entry(number)
