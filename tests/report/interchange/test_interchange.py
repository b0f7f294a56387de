"""Interchange: from report.json and nothing else, the same bytes each time, whatever strangers wrote into it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.interchange import derived
from archiver.report.interchange.csv import COLUMNS, cell
from archiver.report.interchange.premis import text
from archiver.report.interchange.reading import read
from tests.report.bundle_story import Bundle
from tests.report.interchange_story import HOSTILE, NAMED, TITLE, blurring, hostile, report_of, shown_in, withholding


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# In the bundle


def test_every_bundle_has_them_and_its_signed_list_names_them(exported_bundle: Path) -> None:
    listed = {path: size for path, _, size in json.loads((exported_bundle / layout.EXPORT_FILES).read_bytes())["files"]}
    for path, data in derived(report_of(exported_bundle)).items():
        assert (exported_bundle / path).read_bytes() == data
        assert listed[path] == len(data)
    assert {path.name for path in exported_bundle.rglob("*.jsonld")} == {"case.jsonld"}


@pytest.mark.parametrize("path", sorted(layout.INTERCHANGE))
def test_a_changed_or_a_missing_one_is_found_though_all_manifests_were_made_anew(bundle: Bundle, path: str) -> None:
    bundle.write(path, bundle.read(path) + b" ")
    bundle.seal_again()
    _assert_named(bundle, path)
    (bundle.folder / path).unlink()
    bundle.seal_again()
    _assert_named(bundle, path)


def _assert_named(bundle: Bundle, path: str) -> None:
    found = verify(bundle.folder)
    assert found.word == "FAILED"
    assert {one.code for one in found.faults} == {"files-differ", "file-not-exported"}
    assert path in {one.subject for one in found.faults}


# Nothing but the report


def test_the_same_report_gives_the_same_bytes_and_another_export_the_same_names(exported_bundle: Path) -> None:
    report = report_of(exported_bundle)
    assert derived(report) == derived(report)
    later = report.replace(shown_in(exported_bundle)["prepared_at"].encode(), b"2027-01-01T00:00:00.000000Z")
    one, other = read(report), read(later)
    assert one.sha256 != other.sha256
    assert [act.id for act in one.acts] == [act.id for act in other.acts]
    assert [exhibit.id for exhibit in one.exhibits] == [exhibit.id for exhibit in other.exhibits]


def test_what_the_report_withholds_is_in_none_and_that_it_does_is_said(exported_bundle: Path) -> None:
    names = [b"Nadia", b'video.example/watch?v=1"', b"alert(1)", "Площадь".encode(), b"exchange.json"]
    before, after = derived(report_of(exported_bundle)), derived(withholding(report_of(exported_bundle)))
    for name in names:
        assert any(name in data for data in before.values())
        assert not [path for path, data in after.items() if name in data]
    assert all(b"withheld" in data for data in after.values())
    assert b"Office A" in after[layout.CASE_GRAPH]  # who answers for acts of people that are not named


def test_an_act_on_two_exhibits_is_one_act(exported_bundle: Path) -> None:
    told = read(report_of(exported_bundle))
    entries = [act.entry for act in told.acts]
    assert entries == sorted(set(entries))
    (match,) = [act for act in told.acts if act.entry == told.matches[0].entry]
    assert match.exhibits == (1, 2)


def test_acts_have_the_files_that_their_entries_name(exported_bundle: Path) -> None:
    told = read(report_of(exported_bundle))
    ends = {(act.type, act.outcome): act for act in told.acts if 1 in act.exhibits}
    assert ends["capture", "failure"].made == ()
    assert ends["capture", "failure"].started == ""
    capture = ends["capture", "success"]
    assert [one.role for one in capture.made] == ["exchange"]
    assert capture.started == told.exhibit(1).shown["started"]
    assert [one.role for one in ends["message digest calculation", "success"].used] == ["original"]
    metadata = ends["metadata extraction", "success"]
    assert ([one.role for one in metadata.used], [one.role for one in metadata.made]) == (["original"], ["metadata"])
    assert {tool.name for tool in metadata.tools} == {"exiftool"}
    assert ends["decision", "success"].agent.role == "reviewer"


def test_a_blurred_copy_is_derived_from_its_original_and_no_part_of_the_exhibit(exported_bundle: Path) -> None:
    report = blurring(report_of(exported_bundle))
    told = read(report)
    (act,) = [act for act in told.acts if act.type == "redaction"]
    (copy,) = told.exhibit(1).copies.values()
    assert act.used == told.exhibit(1).originals
    assert act.made == (copy,)
    assert copy not in told.exhibit(1).files
    made = derived(report)
    prov = json.loads(made[layout.PROV])
    derivations = [(one["prov:generatedEntity"], one["prov:usedEntity"]) for one in prov["wasDerivedFrom"].values()]
    assert (f"id:{copy.id}", f"id:{told.exhibit(1).originals[0].id}") in derivations
    assert f"id:{copy.id}" not in {one["prov:entity"] for one in prov["hadMember"].values()}
    assert b"original-1-blurred.mp4" in made[layout.CASE_GRAPH]
    assert b"original-1-blurred.mp4" in made[layout.PREMIS]


def test_what_proves_since_when_an_exhibit_was_here_is_told(exported_bundle: Path) -> None:
    shown = shown_in(exported_bundle)
    time = "2026-03-14T10:00:00.000000Z"
    shown["exhibits"][0] |= {
        "proved": {"entry": 6, "claimed": time, "timestamp": 40, "time": time},
        "anchored": {"entry": 6, "claimed": time, "anchor": 41, "block": 900_000},
    }
    made = derived(canonical.encode(shown))
    for path in (layout.CASE_GRAPH, layout.PROV, layout.EXHIBITS_TABLE):
        assert f"here at the latest at {time}, by the time stamp of ledger entry 40" in made[path].decode()
        assert "here before Bitcoin block 900000, by the anchor of ledger entry 41" in made[path].decode()


def test_several_files_of_an_exhibit_stand_in_one_cell_each_with_its_digest(exported_bundle: Path) -> None:
    shown = shown_in(exported_bundle)
    objects = shown["exhibits"][0]["objects"]
    second = objects[0] | {"sha256": 64 * "a", "path": "data/exhibits/001/original-2.mp4"}
    objects.insert(1, second)
    row = table(derived(canonical.encode(shown))[layout.EXHIBITS_TABLE])[0]
    assert row["originals"] == "2"
    assert row["sha256"] == f"{objects[0]['sha256']} | {64 * 'a'}"
    assert row["paths"] == "data/exhibits/001/original-1.mp4 | data/exhibits/001/original-2.mp4"


def test_content_credentials_are_told_in_every_form_and_on_the_page(exported_bundle: Path) -> None:
    for path, data in derived(report_of(exported_bundle)).items():
        assert "signature holds, signer Camera" in data.decode(), path
    page = (exported_bundle / layout.REPORT_HTML).read_text("utf-8")
    assert "Content credentials (C2PA) in the file" in page
    assert "signer Camera <span" in page  # its hidden character is shown by number
    assert "\u202e" not in page


# Strangers' words


def test_hostile_strings_stay_values(exported_bundle: Path) -> None:
    report = hostile(report_of(exported_bundle))
    made = derived(report)
    graph = json.loads(made[layout.CASE_GRAPH])["@graph"]
    plain = json.loads(derived(report_of(exported_bundle))[layout.CASE_GRAPH])["@graph"]
    records = [node for node in graph if node["@type"] == "investigation:ProvenanceRecord"]
    assert records[0]["core:name"] == TITLE
    assert len({node["@id"] for node in graph}) == len(graph) >= len(plain)
    root = ElementTree.fromstring(made[layout.PREMIS])
    names = [one.text or "" for one in root.iter("{http://www.loc.gov/premis/v3}originalName")]
    assert names[0] == text(TITLE)
    assert "[U+0000][U+0008][U+000B][U+001B][31m[U+007F][U+0085][U+FFFE][U+FFFF]" in names[0]
    assert HOSTILE[2] in names[0]
    entities = json.loads(made[layout.PROV])["entity"]
    assert [one["archiver:title"] for one in entities.values() if one.get("archiver:title", "").startswith("=")] == [
        TITLE
    ]


def test_no_cell_of_the_table_is_a_formula_or_moves_its_neighbours(exported_bundle: Path) -> None:
    data = derived(hostile(report_of(exported_bundle)))[layout.EXHIBITS_TABLE]
    rows = table(data)
    assert [list(row) for row in rows] == [list(COLUMNS)] * 3
    assert rows[0]["title"].startswith("'=HYPERLINK")
    assert rows[0]["uploader"] == f"'{NAMED}"
    assert rows[0]["note"] == "'[U+0009]=1+1"
    assert "[U+202E]" in rows[0]["title"]
    assert "\u202e" not in data.decode()
    assert data.count(b"\r\n") == data.count(b"\n") == 4


@given(st.text())
def test_a_cell_neither_calculates_nor_hides_anything(value: str) -> None:
    shown = cell(value)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not any(ord(one) < 32 for one in shown)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_becomes_one_that_xml_holds(value: str) -> None:
    element = ElementTree.Element("x")
    element.text = text(value)
    back = ElementTree.fromstring(ElementTree.tostring(element, encoding="utf-8")).text or ""
    assert back == text(value)
    if value.isprintable():
        assert back == value
