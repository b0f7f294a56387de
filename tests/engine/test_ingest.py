from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.vault import open_vault
from archiver.engine.ingest import files_under
from tests.calling import Archiver


def rows(archiver: Archiver, *paths: Path | str, code: int = 0) -> dict[str, dict[str, Any]]:
    said = archiver("ingest", *map(str, paths), "--json", code=code).json
    assert all({"path", "item_id", "sha256", "outcome", "reason"} <= row.keys() for row in said["rows"])
    return {row["path"].rpartition("/")[2]: row for row in said["rows"]}


def verified(archiver: Archiver) -> None:
    verdict = archiver("verify", "--json", code=None).json
    assert (verdict["verdict"], verdict["faults"]) == ("VERIFIED", [])


def test_a_folder_is_taken_in_byte_for_byte(
    archiver: Archiver, tmp_path: Path, clip: bytes, picture: Callable[[int], bytes]
) -> None:
    folder = tmp_path / "from a phone"
    (folder / "deep" / "er").mkdir(parents=True)
    contents = {"a.mp4": clip, "deep/b.png": picture(1), "deep/er/c.bin": b"\x00no media\xff" * 9}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    said = archiver("ingest", str(folder), "--case", "c", "--source", "a witness", "--note", "n", "--json").json["rows"]
    assert [row["outcome"] for row in said] == ["archived"] * 3
    for row in said:
        content = contents[row["path"].removeprefix(f"{folder}/")]
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        assert (archiver.vault / "objects" / row["sha256"][:2] / row["sha256"][2:]).read_bytes() == content
    items = archiver("items", "--case", "c", "--json").json
    assert [item["title"] for item in items] == ["a.mp4", "b.png", "c.bin"]
    verified(archiver)


def test_the_same_bytes_again_are_a_duplicate_that_names_the_item(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(picture(1))
    first = rows(archiver, tmp_path / "one.png")["one.png"]
    second = rows(archiver, tmp_path / "two.png")["two.png"]
    assert (second["outcome"], second["reason"]) == ("duplicate", first["item_id"])
    assert second["item_id"] not in ("", first["item_id"])
    assert archiver("status", "--json").json["items"] == 2
    (match,) = archiver("matches", "--json").json
    assert (match["a"], match["b"], match["finding"]) == (first["item_id"], second["item_id"], "identical")


def test_what_is_no_file_is_refused_with_a_reason_and_the_rest_goes_on(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(picture(9))
    (folder / "link.png").symlink_to(outside / "secret.png")
    (folder / "linked folder").symlink_to(outside)
    (folder / "to nothing").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(os.path.relpath(folder / "socket"))
    (folder / "empty.mp4").touch()
    (folder / "good.png").write_bytes(picture(1))
    found = rows(archiver, folder, code=1)
    unix.close()
    assert {name: (row["outcome"], row["reason"]) for name, row in found.items()} == {
        "link.png": ("refused", "symbolic-link"),
        "linked folder": ("refused", "symbolic-link"),
        "to nothing": ("refused", "symbolic-link"),
        "pipe": ("refused", "special-file"),
        "socket": ("refused", "special-file"),
        "empty.mp4": ("failed", "empty-body"),
        "good.png": ("archived", ""),
    }
    assert archiver("status", "--json").json["items"] == 1
    verified(archiver)


def test_a_device_a_missing_file_and_one_that_cannot_be_read_are_answered_for(
    archiver: Archiver, tmp_path: Path
) -> None:
    found = rows(archiver, "/dev/zero", tmp_path / "missing.mp4", "/proc/self/mem", "x" * 5000, code=1)
    assert (found["zero"]["outcome"], found["zero"]["reason"]) == ("refused", "special-file")
    assert (found["missing.mp4"]["outcome"], found["missing.mp4"]["reason"]) == ("failed", "file-missing")
    assert found["mem"]["outcome"] == "failed"
    assert found["x" * 5000]["outcome"] == "failed"


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads everything")
def test_files_and_folders_without_rights_are_answered_for(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    folder = tmp_path / "folder"
    barred = folder / "barred"
    barred.mkdir(parents=True)
    (barred / "inside.png").write_bytes(picture(1))
    (folder / "file.png").write_bytes(picture(2))
    (folder / "good.png").write_bytes(picture(3))
    (folder / "file.png").chmod(0)
    barred.chmod(0)
    powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    try:
        said = archiver.process("ingest", str(folder), str(barred / "inside.png"), "--json", code=1, before=powerless)
    finally:
        barred.chmod(0o755)
    outcomes = {row["path"].rpartition("/")[2]: (row["outcome"], row["reason"]) for row in said.json["rows"]}
    assert outcomes == {
        "barred": ("failed", "file-unreadable"),
        "file.png": ("failed", "file-unreadable"),
        "good.png": ("archived", ""),
        "inside.png": ("failed", "file-unreadable"),
    }


def test_names_with_newlines_options_and_other_bytes_are_kept_readable(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    names = [b"-ver", b"new\nline.png", b"not utf8 \xff.png", "\u202egnp.exe".encode(), b"; rm -rf x.png"]
    for number, name in enumerate(names):
        with open(folder + b"/" + name, "wb") as file:
            file.write(picture(number))
    found = archiver("ingest", os.fsdecode(folder), "--json").json["rows"]
    assert [row["outcome"] for row in found] == ["archived"] * len(names)
    assert any(row["path"].endswith("not utf8 \\xff.png") for row in found)
    table = archiver("items").out
    assert "\u202e" not in table
    archiver("show", found[0]["item_id"])
    verified(archiver)


def test_a_file_beyond_the_limit_is_refused(archiver: Archiver, tmp_path: Path) -> None:
    archiver.environ["ARCHIVER_LIMIT_FILE_BYTES"] = "1000"
    (tmp_path / "large.bin").write_bytes(bytes(1001))
    row = rows(archiver, tmp_path / "large.bin", code=1)["large.bin"]
    assert (row["outcome"], row["reason"]) == ("refused", "too-large")


@pytest.mark.parametrize("option", ["--note", "--case", "--source"])
def test_a_label_that_is_too_long_takes_nothing_in(archiver: Archiver, tmp_path: Path, option: str) -> None:
    (tmp_path / "x").write_bytes(b"x")
    said = archiver("ingest", str(tmp_path / "x"), option, "x" * 10_000, code=2)
    assert said.err.count("\n") == 1
    assert archiver("status", "--json").json["items"] == 0


def test_an_empty_folder_is_no_error(archiver: Archiver, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert archiver("ingest", str(tmp_path / "empty"), "--json").json == {"rows": []}


def test_a_refusal_is_an_entry_in_the_ledger(archiver: Archiver, tmp_path: Path) -> None:
    before = archiver("status", "--json").json["entries"]
    os.mkfifo(tmp_path / "pipe")
    rows(archiver, tmp_path / "pipe", code=1)
    vault = open_vault(archiver.vault, {})
    after = archiver("status", "--json").json["entries"]
    assert after > before
    assert b'"outcome":"refusal"' in vault.ledger.entry(after - 1)


def test_files_come_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/3", "c"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [str(path.relative_to(tmp_path)) for path in files_under(tmp_path)] == ["c", "a/3", "b/1", "b/2"]


def test_the_vault_itself_is_never_taken_in_nor_its_key(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    (tmp_path / "photo.png").write_bytes(picture(1))
    key = archiver.vault / "keys" / "ledger.pem"
    (tmp_path / "link-to-keys").symlink_to(key.parent)
    beside = rows(archiver, tmp_path, code=1)
    assert beside["photo.png"]["outcome"] == "archived"
    assert (beside["vault"]["outcome"], beside["vault"]["reason"]) == ("refused", "part-of-a-vault")
    assert set(beside) == {"photo.png", "vault", "link-to-keys"}
    for path in (key, archiver.vault, archiver.vault / "objects", tmp_path / "link-to-keys" / "ledger.pem"):
        assert all(row["reason"] == "part-of-a-vault" for row in rows(archiver, path, code=1).values())
    stored = b"".join(path.read_bytes() for path in (archiver.vault / "objects").glob("*/*"))
    assert b"PRIVATE KEY" not in stored
