"""A field that was withheld and is opened later: true, false, moved to another entry, and of another ledger."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault, create, open_vault
from archiver.errors import UsageError
from archiver.proof import canonical
from archiver.proof.bundle import check as bundles
from archiver.proof.bundle import layout
from archiver.proof.bundle.opened import Opened
from archiver.proof.faults import FAILED, VERIFIED
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.calling import Archiver
from tests.report.bundle_story import CASE, ORIGIN, PHOTO


class Withheld:
    """A bundle without the disclosures of its agents, and the vault that can give them."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.folder = folder
        self.vault = vault
        entries = sorted((folder / layout.ENTRIES).iterdir())
        self.entries = [int(path.stem) for path in entries]

    def verify(self, *files: bytes) -> tuple[str, list[str], list[Opened]]:
        """Verdict, codes and what was opened."""
        told: list[Opened] = []
        verdict = bundles.verify(self.folder, disclosures=files, tell=told.append)
        return verdict.word, [fault.code for fault in verdict.faults], told


@pytest.fixture(scope="module")
def withheld(exporting_vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Withheld:
    top = tmp_path_factory.mktemp("withheld")
    shutil.copytree(exporting_vault.folder, top / "vault")
    vault = open_vault(top / "vault", {"ARCHIVER_BY": "Nadia"})
    export(vault, [PHOTO], CASE, top / "bundle", withhold=ask(["agent"]))
    return Withheld(top / "bundle", vault)


@pytest.mark.honest
def test_what_was_withheld_opens_later(withheld: Withheld) -> None:
    seq = withheld.entries[-1]
    assert b"Nadia" not in (withheld.folder / layout.DISCLOSURES).read_bytes()
    done = disclose(withheld.vault, seq, "agent", "for the court")
    assert (done.value, done.recorded > seq) == ("Nadia", True)
    assert withheld.verify(done.file) == (VERIFIED, [], [Opened(seq, "agent", "Nadia")])


@pytest.mark.honest
def test_the_act_is_recorded_and_the_value_is_not_in_its_entry(withheld: Withheld) -> None:
    seq = withheld.entries[-1]
    done = disclose(withheld.vault, seq, "agent", "for the court")
    body = withheld.vault.ledger.entry(done.recorded)
    entry = canonical.decode(body)
    assert (entry["type"], entry["detail"]) == ("disclosure", {"entry": seq, "field": "agent"})
    assert b"Nadia" not in body
    assert b"court" not in body


def _forged(withheld: Withheld, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(disclose(withheld.vault, withheld.entries[-1], "agent").file)
    change(document)
    return canonical.encode(document) + b"\n"


def _said(disclosure: str, value: str) -> str:
    from archiver.proof import disclosure as disclosures

    opened = disclosures.read(disclosure)
    return disclosures.make(opened.salt, opened.name, value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(disclosure=_said(d["disclosure"], "Omar")), "disclosure-foreign"),
        (lambda d: d.update(entry=0), "disclosure-foreign"),
        (lambda d: d.update(entry=999_999), "disclosure-foreign"),
        (lambda d: d.update(field="note"), "disclosure-malformed"),
        (lambda d: d.update(origin="office-b.example/archive"), "disclosure-foreign"),
        (lambda d: d.update(inclusion=d["inclusion"][1:]), "proof-shape"),
        (lambda d: d["inclusion"].reverse(), "inclusion-proof"),
        (lambda d: d.update(v=True), "disclosure-malformed"),
        (lambda d: d.update(more=1), "disclosure-malformed"),
        (lambda d: d.pop("field"), "disclosure-malformed"),
        (lambda d: d.update(checkpoint="\u2014"), "note-malformed"),
        (lambda d: d.update(checkpoint=d["checkpoint"].replace("office-a", "office-b")), "checkpoint-origin"),
        (lambda d: d.update(disclosure=5), "disclosure-malformed"),
    ],
)
def test_a_false_or_moved_disclosure(withheld: Withheld, change: Callable[[Any], object], code: str) -> None:
    word, codes, told = withheld.verify(_forged(withheld, change))
    assert (word, told) == (FAILED, [])
    assert codes == [code]


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"[]", b"{" * 100, b"x" * 600_000])
def test_what_is_no_disclosure(withheld: Withheld, data: bytes) -> None:
    word, codes, told = withheld.verify(data)
    assert (word, len(codes), told) == (FAILED, 1, [])


def test_a_disclosure_of_another_vault_of_the_same_name(withheld: Withheld, tmp_path: Path) -> None:
    other = create(tmp_path / "other", ORIGIN)
    file = disclose(other, 0, "agent").file
    other.database.close()
    assert withheld.verify(file)[:2] == (FAILED, ["disclosure-foreign"])


def test_one_that_is_false_does_not_hide_one_that_is_true(withheld: Withheld) -> None:
    good = disclose(withheld.vault, withheld.entries[-1], "agent").file
    bad = _forged(withheld, lambda d: d.update(entry=0))
    word, codes, told = withheld.verify(bad, good)
    assert (word, codes, len(told)) == (FAILED, ["disclosure-foreign"], 1)


@pytest.mark.parametrize(("seq", "field"), [(0, "url"), (0, "nonsense"), (10**9, "agent")])
@pytest.mark.honest
def test_what_the_vault_cannot_open_is_not_disclosed(withheld: Withheld, seq: int, field: str) -> None:
    with pytest.raises(UsageError):
        disclose(withheld.vault, seq, field)


def test_both_verifiers_show_the_value_with_the_verdict(withheld: Withheld, tmp_path: Path) -> None:
    seq = withheld.entries[-1]
    archiver = Archiver(withheld.vault.folder)
    said = archiver("disclose", str(seq), "agent", "--to", str(tmp_path / "agent.json"), "--note", "for the court")
    assert "verify BUNDLE --disclosure" in said.err
    assert "Nadia" in said.err
    archiver("disclose", str(seq), "agent", "--to", str(tmp_path / "agent.json"), code=2)
    line = f"entry {seq}: agent = Nadia, VERIFIED"
    given = (str(withheld.folder), "--disclosure", str(tmp_path / "agent.json"))
    assert line in archiver("verify", *given).out
    assert archiver("verify", *given, "--json").json["disclosed"] == [
        {"entry": seq, "field": "agent", "value": "Nadia"}
    ]
    command = [sys.executable, "-I", str(withheld.folder / layout.VERIFIER), *given]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, line)
    (tmp_path / "agent.json").write_bytes(_forged(withheld, lambda d: d.update(entry=0)))
    assert archiver("verify", *given, code=1)
    assert subprocess.run(command, capture_output=True, text=True).returncode == 1


def test_a_vault_is_not_checked_against_a_disclosure(withheld: Withheld, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    Archiver(withheld.vault.folder)("verify", "--disclosure", str(tmp_path / "x"), code=2)
    Archiver(withheld.vault.folder)("verify", str(withheld.folder), "--disclosure", str(tmp_path / "none"), code=1)
