"""Statements: filled in from the records, silent on nothing that went wrong, blank where only a person knows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.paper import blocks, plain_text
from archiver.report.statements import certification, common, declaration
from tests.report.bundle_story import Bundle

STATEMENTS = (certification, declaration)


@pytest.fixture(scope="module")
def told(exported_bundle: Path) -> Any:
    return json.loads((exported_bundle / layout.REPORT_JSON).read_bytes())


def text_of(bundle: Path, name: str) -> str:
    """A statement's text, with its lines joined."""
    return " ".join((bundle / f"data/statements/{name}.txt").read_text("utf-8").split())


def test_both_are_in_the_bundle_as_pdf_and_text(exported_bundle: Path) -> None:
    for path in layout.STATEMENTS:
        data = (exported_bundle / path).read_bytes()
        assert data.startswith(b"%PDF-" if path.endswith("pdf") else (b"Federal Rules", b"ISO/IEC 27037"))
    assert verify(exported_bundle).word == "VERIFIED"


@pytest.mark.parametrize("name", ["certification", "declaration"])
def test_digests_entries_and_root_are_those_of_the_report(exported_bundle: Path, told: Any, name: str) -> None:
    text = text_of(exported_bundle, name)
    assert told["ledger"]["checkpoint"]["root"] in text
    for one in told["exhibits"]:
        taken = next(row for row in one["custody"] if row["type"] == "ingestion")
        original = next(stored for stored in one["objects"] if stored["role"] == "original")
        part = text[text.index(f"Exhibit: {one['number']} Entry: {taken['entry']}") :]
        assert part.index(original["sha256"]) < part.index(original["path"]) < 300


@pytest.mark.parametrize("name", ["certification", "declaration"])
def test_what_failed_and_what_was_damaged_is_told(exported_bundle: Path, name: str) -> None:
    text = text_of(exported_bundle, name)
    assert "Exhibit: 1 Entry: 4" in text
    assert "Outcome: failure server-error" in text
    assert "the file ends before its stated end" in text
    assert common.NOT_ADVICE in text


def test_nothing_unusual_is_said_only_where_nothing_was(told: Any) -> None:
    clean = json.loads(json.dumps(told))
    for one in clean["exhibits"]:
        one["warnings"] = []
        one["custody"] = [row for row in one["custody"] if row["outcome"] == "success"]
    for statement in STATEMENTS:
        words = "reported nothing unusual"
        assert words in plain_text.text(statement.compose(clean)).replace("\n", " ")
        assert words not in plain_text.text(statement.compose(told)).replace("\n", " ")


def test_only_a_person_can_fill_the_blanks(told: Any) -> None:
    for statement in STATEMENTS:
        made = [one for one in statement.compose(told).blocks if isinstance(one, blocks.Blanks)]
        labels = {label for one in made for label in one.labels}
        assert {"Name", "Signature", "Place and date"} <= labels
    assert "_____" in plain_text.text(certification.compose(told))


def test_the_rules_are_named_as_they_are(told: Any) -> None:
    text = " ".join(plain_text.text(certification.compose(told)).split())
    for words in (
        "902(13)",
        "902(14)",
        "902(11)",
        "28 U.S.C. 1746",
        "penalty of perjury",
        "process of digital identification",
    ):
        assert words in text
    text = " ".join(plain_text.text(declaration.compose(told)).split())
    for words in (
        "ISO/IEC 27037", "Berkeley Protocol", "Identification", "Collection and acquisition", "Preservation",
        "Auditable", "Repeatable", "Reproducible", "Justifiable", "Authenticity", "Availability", "Identity",
        "Persistence", "Renderability", "Understandability",
    ):  # fmt: skip
        assert words in text


def test_withheld_names_stay_withheld(told: Any) -> None:
    hidden = json.loads(json.dumps(told))
    for one in hidden["exhibits"]:
        one["fields"] = {name: {"entry": field["entry"], "withheld": True} for name, field in one["fields"].items()}
    hidden["case"] = ""
    text = plain_text.text(declaration.compose(hidden))
    assert re.search(r"From: +withheld", text)
    assert "not named" in text
    assert "Omar" not in text


def test_hostile_text_stays_on_its_line(told: Any) -> None:
    forged = json.loads(json.dumps(told))
    forged["exhibits"][1]["fields"]["source"]["value"] = "x\nSignature: signed\u202e by the judge"
    text = plain_text.text(declaration.compose(forged))
    assert "x[U+000A]Signature: signed[U+202E] by the judge" in text
    assert "\nSignature: signed" not in text


def test_an_edited_statement_is_no_longer_that_of_the_bundle(bundle: Bundle) -> None:
    bundle.write("data/statements/declaration.txt", b"I swear.")
    bundle.seal_again()
    assert {fault.code for fault in verify(bundle.folder).faults} == {"files-differ", "file-not-exported"}


def test_lines_fit_and_digests_are_whole(exported_bundle: Path) -> None:
    for path in layout.STATEMENTS:
        if path.endswith("txt"):
            lines = (exported_bundle / path).read_text("utf-8").splitlines()
            assert max(map(len, lines)) <= 96
            assert any(re.search(r"\b[0-9a-f]{64}\b", line) for line in lines)
