"""docs/formats.md names what the code has."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from archiver.model import SEALED_FIELDS, EventType, Role
from archiver.proof.log import merkle

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "formats.md").read_text("utf-8")


def test_every_type_of_event_has_its_row_and_no_other_has() -> None:
    table = TEXT.split("## Types of events")[1].split("## Tree")[0]
    named = {name.strip() for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in row.split(",")}
    assert named - {"type", "---"} == set(EventType)


def test_every_role_and_every_sealed_field_is_named() -> None:
    assert all(f"| {role} |" in TEXT for role in Role)
    assert ", ".join(SEALED_FIELDS) + "." in " ".join(TEXT.split())


def test_the_shell_line_gives_the_leaf_of_an_entry(tmp_path: Path) -> None:
    entry = tmp_path / "data" / "ledger" / "entries" / "000000012.json"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b'{"v":1}')
    (line,) = re.findall(r"^    (\{ printf .*)$", TEXT, re.MULTILINE)
    printed = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert printed.split()[0] == merkle.leaf_hash(b'{"v":1}').hex() == hashlib.sha256(b'\0{"v":1}').hexdigest()
