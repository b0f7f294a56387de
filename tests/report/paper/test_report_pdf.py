"""report.pdf: it is in every bundle, says what report.json says, and is vouched for like every other file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.paper import report, typesetting
from archiver.report.paper.blocks import Box, Fact, Facts, Table
from archiver.report.wording import words
from archiver.report.wording.labels import ROLES
from archiver.sandbox.failure import Failure, SandboxError
from tests.report.bundle_story import Bundle


@pytest.fixture(scope="module")
def told(exported_bundle: Path) -> Any:
    return json.loads((exported_bundle / layout.REPORT_JSON).read_bytes())


@pytest.fixture(scope="module")
def text(exported_bundle: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler) is not installed")
    call = ["pdftotext", "-layout", str(exported_bundle / layout.REPORT_PDF), "-"]
    return subprocess.run(call, capture_output=True, timeout=60, check=True).stdout.decode()


def everything(blocks: Any) -> str:
    """All texts of blocks, in one piece."""
    if isinstance(blocks, str):
        return blocks
    if isinstance(blocks, list | tuple):
        return "\n".join(map(everything, blocks))
    return "\n".join(everything(getattr(blocks, name)) for name in getattr(blocks, "__dataclass_fields__", ()))


def facts(blocks: Any) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for one in blocks:
        if isinstance(one, Facts):
            found |= {row.label: row for row in one.rows}
        elif isinstance(one, Box):
            found |= facts(one.blocks)
    return found


def texts_of(value: Any) -> set[str]:
    """Every text that a JSON document holds."""
    if isinstance(value, dict):
        return set().union(*map(texts_of, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(texts_of, value)) if value else set()
    return {value} if isinstance(value, str) else set()


#: Fields of report.json whose values are shown in words, as parts, or not to people at all.
SPELT = re.compile(
    r"[0-9a-f]{128}|\d{4}-\d\d-\d\dT.*Z|[rinm][a-z2-9]{9,10}(\.\d)?|vault creation|identical|near|same.*|unsure"
)


def test_paper_says_all_that_the_document_says(told: Any) -> None:
    (document,) = report.compose(told, {})
    shown = everything(document.blocks)
    lacking = {one for one in texts_of(told) if one not in shown and not SPELT.fullmatch(one)}
    acts = {row["type"] for one in told["exhibits"] for row in one["custody"]}
    titles = {one["fields"]["case"]["value"] for one in told["exhibits"]}
    codes = {*words.CLAIMS, *words.WHYS, *ROLES, "path"}  # said in words
    unused = {"upload_date", "mpeg4"}  # what claims rest on that cannot be told
    assert lacking - acts - titles - codes - unused == set()
    assert {words.ACTS[one] for one in acts} <= set(shown.splitlines())


def test_digests_times_and_pages_are_on_paper(told: Any, text: str) -> None:
    one_line = text.replace("\n", " ")
    for exhibit in told["exhibits"]:
        assert f"Exhibit {exhibit['number']}" in text
        for stored in exhibit["objects"]:
            assert stored["sha256"] in text
            assert stored["sha512"][:64] in text
            assert stored["sha512"][64:] in text
    pages = text.count("\f")
    assert re.search(rf"\b1 of {pages}\b", text)
    assert one_line.count(told["ledger"]["checkpoint"]["root"]) >= pages, "the root is at the foot of every page"


def test_a_withheld_field_is_shown_as_withheld(told: Any) -> None:
    changed = json.loads(json.dumps(told))
    first = changed["exhibits"][0]
    first["fields"]["title"] = {"entry": 6, "withheld": True}
    first["fields"]["uploader"] = {"entry": 6, "withheld": True}
    del first["custody"][0]["agent"]
    first["objects"][1] = {**first["objects"][1], "withheld": "it also concerns others"}
    del first["objects"][1]["path"]
    changed["prepared_by"] = ""
    changed["matches"][0]["rulings"][0]["by"] = ""
    blocks = report.compose(changed, {})[0].blocks
    found = facts(blocks)
    assert found["Uploader, as the source says"].kind == "withheld"
    assert found["Prepared by"].kind == "withheld"
    shown = everything(blocks)
    assert "Title: withheld" in shown
    assert "it also concerns others" in shown
    tables = [one for one in blocks if isinstance(one, Table)]
    assert any(cell.kind == "withheld" for one in tables for row in one.rows for cell in row)


def test_the_reason_for_missing_pictures_is_told(told: Any) -> None:
    assert "No pictures: damaged." in everything(report.compose(told, {1: "No pictures: damaged."})[0].blocks)


def test_another_report_pdf_is_noticed(bundle: Bundle) -> None:
    assert verify(bundle.folder).word == "VERIFIED"
    bundle.write(layout.REPORT_PDF, b"%PDF-1.7 another story")
    bundle.seal_again()
    assert {fault.code for fault in verify(bundle.folder).faults} == {"files-differ", "file-not-exported"}
    (bundle.folder / layout.REPORT_PDF).unlink()
    bundle.seal_again()
    assert {fault.code for fault in verify(bundle.folder).faults} == {"files-differ", "file-not-exported"}


def test_a_layout_that_fails_keeps_no_evidence_back(
    tmp_path: Path, exporting_vault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archiver.report.export import export
    from tests.report.bundle_story import PHOTO

    def exhausted(*_: Any, **__: Any) -> bytes:
        raise SandboxError(Failure.OUT_OF_MEMORY, "the job in the sandbox reached its memory limit")

    monkeypatch.setattr(typesetting.Typesetter, "set", exhausted)
    done = export(exporting_vault, [PHOTO], None, tmp_path / "bundle")
    assert done.verdict.word == "VERIFIED"
    assert not (tmp_path / "bundle" / layout.REPORT_PDF).exists()
    assert done.left_out[0] == "data/report.pdf is not in the bundle: the job in the sandbox reached its memory limit"


def test_a_large_case_comes_in_parts(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "PER_PART", 2)
    many = json.loads(json.dumps(told))
    first = many["matches"][0]
    many["matches"] = [{**first, "entry": first["entry"] + number} for number in range(5)]
    front, *parts = report.compose(many, {})
    assert [everything(one.blocks[0]).splitlines()[0] for one in parts] == [
        f"Provenance report, part {number}" for number in range(2, 7)
    ]
    assert re.findall("^part .*", everything(front.blocks), re.MULTILINE) == [
        "part 2", "part 2", "part 3", "part 4", "part 4", "part 5", "part 5", "part 6",
    ]  # fmt: skip
    assert "Exhibit 3" in everything(parts[1].blocks)
    with typesetting.Typesetter() as typesetter:
        assert typesetter.set(front, {}), "no page of another file is asked for"
    assert layout.REPORT_PART.fullmatch(layout.report_part(2))
    assert layout.report_part(1) == layout.REPORT_PDF


def test_more_matches_than_anybody_reads_are_counted(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MAX_MATCHES", 1)
    (document,) = report.compose(told, {})
    assert "1 more matches are in report.html and report.json." in everything(document.blocks)
