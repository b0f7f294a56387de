"""docs/peers.md says what is so: its rows are the attacks, and bagit.py and the verifier answer as it has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bagit
import pytest

from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from tests.report.bundle_story import Bundle
from tests.report.peers_story import ATTACKS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "peers.md").read_text("utf-8")
HEAD, _, *ROWS = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in re.findall(r"^\|.*$", TEXT, re.M))
TABLE = {row[0]: dict(zip(HEAD[1:], row[1:], strict=True)) for row in ROWS}

#: Those that need nothing but the bundle itself.
HERE = [name for name, (source, attack) in ATTACKS.items() if source == "bundle" and attack.__name__ != "_stamp"]


def test_the_table_has_every_attack_and_every_program_was_there() -> None:
    assert list(TABLE) == list(ATTACKS)
    assert {cell for row in TABLE.values() for cell in row.values()} == {"passes", "**finds it**", "tells it"}
    assert set(TABLE["nothing"].values()) == {"passes"}
    found = [row for row in TABLE.values() if "**finds it**" in row.values()]
    assert all(row["verify.pyz"] == row["archiver verify"] == "**finds it**" for row in found)
    assert len(found) == len(ATTACKS) - 2, "nothing, and an older bundle, which is whole"


@pytest.mark.parametrize("name", HERE)
def test_bagit_and_the_verifier_say_what_the_table_says(bundle: Bundle, name: str) -> None:
    key = bundle.read(layout.KEY).decode().splitlines()[0]
    nobody: Any = None
    ATTACKS[name][1](bundle, nobody)
    verdict = verify(bundle.folder, key)
    assert (verdict.word == "VERIFIED") == (TABLE[name]["verify.pyz"] == "passes")
    assert bagit.Bag(str(bundle.folder)).is_valid() == (TABLE[name]["bagit.py"] == "passes")
