"""Groups of copies in the report: from the entries of the exhibits alone, and in words that a lawyer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archiver.custody import findings
from archiver.model import Finding, Match, MatchKind, Ruling, Segment
from archiver.proof.bundle import layout
from archiver.report.export import export
from archiver.report.page.lineage_page import answers
from archiver.report.wording import words
from tests.report.bundle_story import FILM, PHOTO, REPOST, Bundle, build
from tests.report.page.test_page import Page


def claims(group: Any) -> dict[str, Any]:
    return {one["claim"]: one for one in group["claims"]}


def test_the_copies_among_the_exhibits_are_one_group_and_the_scene_is_in_none(bundle: Bundle) -> None:
    (group,) = bundle.json(layout.REPORT_JSON)["lineage"]
    assert group["members"] == [1, 2]
    assert [(one["a"], one["b"], one["by"]) for one in group["links"]] == [(1, 2, "same-recording")]
    told = claims(group)
    assert told["first-posted"]["members"] == [1]
    assert told["first-here"]["members"] == [1]
    assert told["longest"]["members"] == [1]
    assert told["largest-picture"]["members"] == [1, 2]
    assert (told["first-proved"]["members"], told["first-proved"]["why"]) == ([], "not-known")
    assert [(one["whole"], one["part"], one["both"]) for one in group["holds"]] == [(1, 2, False)]
    assert group["apart"] == {"pairs": 0, "shown": []}


def test_each_value_names_the_entry_or_the_object_that_it_is_from(bundle: Bundle) -> None:
    report = bundle.json(layout.REPORT_JSON)
    (group,) = report["lineage"]
    for value in group["values"]:
        exhibit = report["exhibits"][value["member"] - 1]
        objects = {one["role"]: one["sha256"] for one in exhibit["objects"]}
        assert value["posted"]["sha256"] == objects["info"]
        assert value["picture"]["sha256"] == objects["original"]
        assert value["picture"]["metadata"] == objects["metadata"]
        row = next(row for row in exhibit["custody"] if row["entry"] == value["acquired"]["entry"])
        assert (row["type"], row["time"]) == ("ingestion", value["acquired"]["time"])
    assert group["values"][0]["posted"]["first"] == "2024-03-14T16:00:00.000000Z"


def test_the_page_answers_every_question_and_draws_the_group(bundle: Bundle) -> None:
    page = Page(bundle.folder / layout.REPORT_HTML)
    text = " ".join(page.text.split())
    section = text[text.index("Copies: what belongs together") : text.index("Matches, frame by frame")]
    for question, basis in (
        words.CLAIMS[one["claim"]] for one in bundle.json(layout.REPORT_JSON)["lineage"][0]["claims"]
    ):
        assert question in section
        assert basis in section
    assert "cannot be told nothing is known that would tell it" in section
    assert "Exhibit 1 holds all of exhibit 2 (00:02.0 of 00:02.0)" in section
    assert "2024-03-14 16:00:00 UTC (“timestamp” in what the site said)" in section
    assert "Exhibit 1: 3.0 s" in section
    assert [tag for tag, _ in page.tags].count("svg") == 1


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in which a person cut the copies apart, and connected both with the photo."""
    folder = tmp_path_factory.mktemp("ruled")
    vault = build(folder / "vault")
    film = Match("mfilm22222", FILM, PHOTO, MatchKind.NEAR, Finding.SAME_SCENE, 0.4, "t-1", (Segment(0, 0, 0, 0),))
    findings.record(vault, "nphoto2222.1", [film])
    findings.decide(vault, "mrepost222", Ruling.DIFFERENT, by="Lina")
    findings.decide(vault, "mscene2222", Ruling.SAME, by="Lina")
    findings.decide(vault, film.id, Ruling.SAME, by="Lina")
    done = export(vault, [FILM, REPOST, PHOTO], None, folder / "bundle")
    assert done.verdict.word == "VERIFIED"
    vault.database.close()
    return done.bundle


def test_rulings_connect_and_cut_and_what_does_not_go_together_is_said(ruled: Path) -> None:
    (group,) = Bundle(ruled).json(layout.REPORT_JSON)["lineage"]
    assert {(one["a"], one["b"], one["by"]) for one in group["links"]} == {(1, 3, "ruling"), (2, 3, "ruling")}
    assert [(one["a"], one["b"]) for one in group["cut"]] == [(1, 2)]
    assert group["apart"] == {"pairs": 1, "shown": [[1, 2]]}
    assert group["holds"] == []
    text = " ".join(Page(ruled / layout.REPORT_HTML).text.split())
    assert "A person ruled exhibits 1 and 2 to be different" in text
    assert "has no known moment in common, such as 1 and 2" in text
    assert "stand together because a person ruled that they are the same" in text


def test_every_claim_and_every_reason_has_words() -> None:
    from archiver.proof.lineage import claims as claimed
    from archiver.proof.lineage import lineage
    from archiver.proof.lineage.traits import Copy

    reasons = {
        value for name, value in vars(claimed).items() if isinstance(value, str) and name.isupper() and name != "FORMAT"
    }
    assert reasons == set(words.WHYS)
    group = [Copy("ia", 1, "2024-03-14T16:00:00.000000Z", anchor=4, block=9)]
    assert [one.name for one in claimed.claims(group)] == list(words.CLAIMS)
    told = lineage.document(group, [], [], lambda item: 1)
    assert [one.question for one in answers(told)] == [title for title, _ in words.CLAIMS.values()]


def test_a_day_is_shown_as_a_day(bundle: Bundle) -> None:
    (group,) = bundle.json(layout.REPORT_JSON)["lineage"]
    first = next(one for one in group["claims"] if one["claim"] == "first-posted")
    first["members"] = [1, 2]
    shown = dict(answers(group)[0].exhibits)
    assert shown[1].startswith("2024-03-14 16:00:00 UTC (")
    assert shown[2].startswith("2024-04-02 (“upload_date”")
