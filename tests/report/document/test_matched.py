"""A new finding against an earlier ruling: in the report beside it, in plain words, and checked by the verifier."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import findings
from archiver.model import Finding, Match, MatchKind, Ruling, Segment
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.export import export
from archiver.report.wording import words
from tests.report.bundle_story import FILM, PHOTO, REPOST, Bundle, build
from tests.report.page.test_page import Page


@pytest.fixture(scope="module")
def contradicting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in which a later algorithm calls the same what Lina had called different."""
    folder = tmp_path_factory.mktemp("contradicting")
    vault = build(folder / "vault")
    new = Match(
        "mnew222222", REPOST, PHOTO, MatchKind.NEAR, Finding.SAME_RECORDING, 0.8, "t-2", (Segment(0, 0, 0, 0),)
    )  # fmt: skip
    findings.decide(vault, "mscene2222", Ruling.DIFFERENT, note="another square", by="Lina")
    findings.record(vault, "nphoto2222.1", [new])
    done = export(vault, [FILM, REPOST, PHOTO], None, folder / "bundle")
    assert done.verdict.word == "VERIFIED"
    vault.database.close()
    return done.bundle


@pytest.fixture
def copy(contradicting: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(contradicting, tmp_path / "bundle")
    for folder in (tmp_path / "bundle").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


def test_the_report_shows_the_ruling_beside_the_finding(copy: Bundle) -> None:
    recording, scene, new = copy.json(layout.REPORT_JSON)["matches"]
    assert (recording["earlier"], recording["contradicts"]) == ([], False)
    assert (scene["earlier"], scene["contradicts"]) == ([], False)
    (past,) = new["earlier"]
    assert past == {
        "match": scene["match"], "finding": "same-scene", "ruling": "different", "by": "Lina",
        "entry": scene["rulings"][0]["entry"],
    }  # fmt: skip
    assert new["contradicts"] is True
    assert new["rulings"] == []
    text = " ".join(Page(copy.folder / layout.REPORT_HTML).text.split())
    assert "This finding contradicts an earlier ruling" in text
    assert "a person ruled: different footage" in text


def test_the_report_says_how_often_a_finding_errs_and_of_what_that_says_nothing(copy: Bundle) -> None:
    recording, scene, _ = copy.json(layout.REPORT_JSON)["matches"]
    assert recording["error_rate"] == {"ppm": 584, "errors": 0, "negatives": 5130, "data": "test films/1"}
    assert "error_rate" not in scene
    text = " ".join(Page(copy.folder / layout.REPORT_HTML).text.split())
    assert "In 5,130 comparisons of films that are no copies of each other, a score this high came up not once" in text
    assert "Measured on: test films/1." in text
    assert "at most 0.058 %" in text
    assert "Not known: it was not measured" in text
    assert "mirrored, 1.1 x as fast" in text


def _new(change: Callable[[dict[str, Any]], object]) -> Callable[[Any], object]:
    return lambda report: change(report["matches"][2])


@pytest.mark.parametrize(
    "change",
    [
        _new(lambda match: match.update(earlier=[])),
        _new(lambda match: match.pop("earlier")),
        _new(lambda match: match.update(contradicts=False)),
        _new(lambda match: match.pop("contradicts")),
        _new(lambda match: match["earlier"][0].update(ruling="same")),
        _new(lambda match: match["earlier"][0].update(by="somebody else")),
        _new(lambda match: match["earlier"][0].update(entry=1)),
        _new(lambda match: match["earlier"].append(match["earlier"][0])),
        _new(lambda match: match.update(earlier=[1])),
        _new(lambda match: match.update(transform={"mirror": "[" * 100_000})),
    ],
)
def test_a_history_told_otherwise_is_a_fault(copy: Bundle, change: Callable[[Any], object]) -> None:
    report = copy.json(layout.REPORT_JSON)
    change(report)
    copy.write_json(layout.REPORT_JSON, report)
    copy.seal_again()
    codes = {fault.code for fault in verify(copy.folder).faults}
    assert codes & {"report-differs", "report-malformed"}, codes


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        ({}, ""),
        ({"mirror": False, "speed": 1.0}, ""),
        ({"mirror": True, "speed": 1.1, "crop": 0.56}, "mirrored, 1.1 x as fast, cropped to 56 %"),
        ({"mirror": True, "speed": "0.8", "turn": 90}, "mirrored, turned by 90 degrees, 0.8 x as fast"),
        ({"inset": True, "grey_only": False, "border": "black"}, "inset, border: black"),
    ],
)
def test_what_was_done_to_a_copy_in_words(transform: dict[str, Any], text: str) -> None:
    assert words.changes(transform) == text


@pytest.mark.parametrize(("errors", "times"), [(0, "not once"), (1, "once"), (1200, "1,200 times")])
def test_an_error_rate_in_words(errors: int, times: str) -> None:
    rate = {"ppm": 12_345, "errors": errors, "negatives": 100_000, "data": "clips"}
    assert f"came up {times}; so it is to be expected in at most 1.2 %" in words.error_rate(rate)
