"""Whatever is typed, what a command says is one clear line, and never a traceback (every call checks that)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from tests.calling import Archiver


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["add"],
        ["add", "--priority", "high", "http://a.example/"],
        ["add", "--from", "missing.csv"],
        ["add", "--from", "/"],
        ["ingest"],
        ["run", "--workers", "0"],
        ["run", "--workers", "999999"],
        ["run", "--workers", "two"],
        ["requests", "--state", "sleeping"],
        ["retry"],
        ["retry", "rnothing"],
        ["cancel"],
        ["cancel", "rnothing"],
        ["show", "inothing"],
        ["show", "\x1b[2J"],
        ["get", "inothing", "--to", "out"],
        ["matches", "inothing"],
        ["search", "missing.mp4"],
        ["search", "/"],
        ["search", "x" * 5000],
        ["decide", "mnothing", "same"],
        ["decide", "mnothing", "maybe"],
        ["decide", "mnothing", "same", "--note", "x" * 10_000],
        ["verify", "missing"],
        ["verify", "--key", "x"],
        ["export", "--to", "out"],
        ["export", "inothing", "--to", "out"],
        ["key"],
        ["key", "nonsense"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(archiver: Archiver, arguments: list[str]) -> None:
    said = archiver(*arguments, code=2)
    assert said.err
    assert "\x1b" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "command",
    [
        ["status"], ["add", "http://a.example/"], ["items"], ["requests"], ["run"], ["matches"], ["verify"],
        ["key", "show"], ["checkpoint"], ["ingest", "x"], ["backup", "x"], ["show", "i"], ["search", "x"],
        ["retry", "r"], ["cancel", "r"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["missing", "empty", "file", "newer", "no database", "rubbish"])
def test_a_vault_that_is_none_is_said_in_one_line(tmp_path: Path, command: list[str], kind: str) -> None:
    folder = tmp_path / "vault"
    archiver = Archiver(folder)
    if kind == "file":
        folder.touch()
    elif kind == "empty":
        folder.mkdir()
    elif kind != "missing":
        archiver("init")
        if kind == "newer":
            connection = sqlite3.connect(folder / "archive.db")
            connection.execute("PRAGMA user_version = 999")
            connection.close()
        elif kind == "no database":
            (folder / "archive.db").unlink()
        else:
            (folder / "archive.db").write_bytes(b"rubbish" * 1000)
    if command[0] == "verify" and kind != "missing":
        said = archiver(*command, code=None)
        assert said.code in (1, 2, 3)
        return
    said = archiver(*command, code=2)
    assert said.err.count("\n") == 1
    assert said.err.startswith("archiver: ")
    if kind == "newer":
        assert "999" in said.err


@pytest.mark.parametrize("kind", ["file", "a vault", "something"])
def test_no_vault_is_made_over_anything(tmp_path: Path, kind: str) -> None:
    archiver = Archiver(tmp_path / "vault")
    if kind == "file":
        archiver.vault.touch()
    elif kind == "a vault":
        archiver("init")
    else:
        archiver.vault.mkdir()
        (archiver.vault / "letter.txt").touch()
    said = archiver("init", code=None)
    assert said.code in (1, 2)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    ["nonsense =", "colour = 1", "limits = 3", "[limits]\nfile_bytes = 'much'", "allow_net = 7", "allow_net = ['x']"],
)
def test_settings_that_make_no_sense_are_named(archiver: Archiver, line: str) -> None:
    path = archiver.vault / "archiver.toml"
    del archiver.environ["ARCHIVER_ALLOW_NET"]
    text = "\n".join(row for row in path.read_text().splitlines() if not row.startswith("allow_net"))
    path.write_text(f"{text}\n{line}\n")
    assert archiver("status", code=2).err.count("\n") == 1


def test_arguments_that_are_not_utf8_are_refused_or_recorded(archiver: Archiver) -> None:
    bad = os.fsdecode(b"x\xff")
    (row,) = archiver("add", f"http://a.example/{bad}", "--json", code=1).json["rows"]
    assert (row["outcome"], row["reason"]) == ("refused", "not-utf8")
    (row,) = archiver("add", "http://a.example/", "--note", bad, "--json", code=1).json["rows"]
    assert row["reason"] == "not-utf8"
    for arguments in (["show", bad], ["items", "--case", bad], ["items", "--text", bad], ["cancel", bad]):
        said = archiver(*arguments, code=None)
        assert said.code in (1, 2)
        assert said.err.count("\n") == 1


def test_a_terminal_with_another_alphabet_gets_escapes_and_no_error(archiver: Archiver, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + "/Πλατεία \U0001f4f7".encode() + b"\xff.txt"
    with open(name, "wb") as file:
        file.write(b"x")
    for encoding in ("ascii", "latin-1", "utf-8"):
        environ = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"}
        archiver.process("ingest", name, environ=environ)
        assert "u03a0" in archiver.process("items", environ=environ).out or encoding == "utf-8"
        assert "Πλατεία" in archiver.process("items", "--json", environ=environ).out


def test_a_reader_that_leaves_early_is_no_error(archiver: Archiver) -> None:
    archiver("add", *(f"http://a.example/{n}" for n in range(3000)))
    for arguments in (["requests"], ["requests", "--json"]):
        running = archiver.start(*arguments)
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        err = running.stderr.read()
        running.stderr.close()
        assert running.wait() in (0, 1)
        assert err == b""


def test_a_vault_that_may_not_be_written_is_said_in_one_line(archiver: Archiver) -> None:
    os.chmod(archiver.vault / "archive.db", 0o444)
    (archiver.vault / "archive.db-wal").unlink(missing_ok=True)
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    os.chmod(archiver.vault, 0o555)
    try:
        said = archiver.process("add", "http://a.example/", code=1, before=powerless)
    finally:
        os.chmod(archiver.vault, 0o755)
    assert said.err.count("\n") == 1
