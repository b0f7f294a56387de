"""Withholding: nothing that was withheld is in the bundle in any spelling, and what would tell it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault, create
from archiver.errors import RefusedError, UsageError
from archiver.model import SEALED_FIELDS, EventType, Role
from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.opened import Opened
from archiver.report import gather
from archiver.report.build import Exported
from archiver.report.export import export
from archiver.report.withholding import redact, suggest
from archiver.report.withholding.withheld import GROUPS, OBJECTS, Asked, ask
from tests.report.bundle_story import film
from tests.report.spellings import SPELLINGS
from tests.report.withheld_story import CASE, FIRST, SECOND, SECRETS, build, info, metadata, planted

EVERYTHING = ask(["all"])


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    made = build(tmp_path_factory.mktemp("secrets") / "vault")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def silent(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A bundle that withholds every field."""
    target = tmp_path_factory.mktemp("silent") / "bundle"
    return export(vault, [], CASE, target, withhold=ask(["all"], metadata=["times"], accepted=["original"]))


def report_of(done: Exported) -> Any:
    return json.loads((done.bundle / layout.REPORT_JSON).read_bytes())


def everything(folder: Path) -> bytes:
    return b"\n".join(
        str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def last_entry(vault: Vault) -> Any:
    body = vault.database.read().execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()[0]
    return canonical.decode(body)


# What is withheld is not there


def test_of_hundreds_of_planted_secrets_none_is_in_the_bundle(silent: Exported) -> None:
    """Each secret was planted in each spelling in the exchange, the comments and the snapshot."""
    secrets = planted()
    assert len(secrets) >= 200
    whole = everything(silent.bundle)
    assert [(field, spelling) for field, spelling, data in secrets if data in whole] == []
    for word in (
        "Quistorp",
        "Ковалёва",
        "kvass",
        "Farid",
        "900123",
        "hidden.example",
        "SN-9F2K",
        "Kvasnikov",
        "PhoneCam",
    ):
        assert word.encode() not in whole
        assert word.encode("utf-16-le") not in whole
    assert b"vquistorp" not in whole
    assert verify(silent.bundle).word == "VERIFIED"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_check_fires_for_each_spelling_that_is_planted(spelling: str, tmp_path: Path) -> None:
    """In a file of a finished bundle, by the very check that an export ends with."""
    from archiver.report.withholding.guard import Guard
    from archiver.report.withholding.leaks import Secret
    from archiver.report.withholding.withheld import Withheld

    for field, value in SECRETS.items():
        guard = Guard([Secret(field, (5,), value)], Withheld())
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / layout.REPORT_HTML).write_bytes(b"<p>" + SPELLINGS[spelling](value) + b"</p>")
        with pytest.raises(RefusedError) as raised:
            guard.check(tmp_path, {layout.REPORT_HTML: 9}, lambda done, total, what: None)
        assert raised.value.code == "leak"
        assert f"{layout.REPORT_HTML}: " in raised.value.what
        assert f"{field} of entry 5" in raised.value.what
        assert value not in raised.value.line()


def test_the_report_says_what_it_withholds_of_every_exhibit_alike(silent: Exported) -> None:
    report = report_of(silent)
    assert report["withheld"]["fields"] == sorted(SEALED_FIELDS)
    assert report["case"] == report["prepared_by"] == ""
    first, second = report["exhibits"]
    for name in ("title", "note", "source", "uploader", "location"):  # the second has no note, nobody has a location
        assert first["fields"][name]["withheld"] is True
        assert second["fields"][name]["withheld"] is True
    assert "requested_by" not in second["fields"]  # no entry of it could hold one
    page = (silent.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert "What this report withholds" in page
    assert "(no title)" not in page


def test_objects_that_would_tell_are_withheld_with_the_reason(silent: Exported) -> None:
    (first, _) = report_of(silent)["exhibits"]
    roles = {one["role"]: one for one in first["objects"]}
    assert roles["exchange"]["withheld"] == "withheld because it may tell the canonical_url"
    assert {role for role, one in roles.items() if "path" in one} == {"original", "fingerprint", "subtitles"}
    assert {role for role, one in roles.items() if "redacted" in one} == {"info", "metadata"}
    assert silent.withheld.because["comments"] == "it may tell the source"


def test_a_redacted_copy_names_its_object_and_keeps_what_names_nobody(silent: Exported) -> None:
    (first, _) = report_of(silent)["exhibits"]
    (told,) = [one for one in first["objects"] if one["role"] == "metadata"]
    copy = json.loads((silent.bundle / told["redacted"]["path"]).read_bytes())
    assert copy["of"] == {"role": "metadata", "sha256": told["sha256"]}
    assert copy["withheld"] == sorted(redact.KINDS)
    (file,) = copy["metadata"]["files"]
    assert list(file["exiftool"]) == ["QuickTime:ImageWidth"]
    assert "created" not in first["technical"]


def test_the_exports_own_entry_says_what_was_withheld_and_no_value(vault: Vault, silent: Exported) -> None:
    entry = json.loads((silent.bundle / layout.EXPORT_ENTRY).read_bytes())
    assert entry["detail"]["withheld"] == report_of(silent)["withheld"]
    assert entry["detail"]["withheld"]["accepted"] == 1
    assert json.loads((silent.bundle / layout.EXPORT_DISCLOSURES).read_bytes())["disclosures"] == {}


def test_a_field_that_is_disclosed_later_verifies_against_the_same_bundle(vault: Vault, silent: Exported) -> None:
    (first, _) = report_of(silent)["exhibits"]
    seq = first["fields"]["title"]["entry"]
    file = disclose(vault, seq, "title", "for the court").file
    told: list[Opened] = []
    assert verify(silent.bundle, disclosures=[file], tell=told.append).word == "VERIFIED"
    assert told == [Opened(seq, "title", SECRETS["title"])]


# What follows from it


def test_a_field_that_holds_a_withheld_value_is_withheld_too(vault: Vault, tmp_path: Path) -> None:
    done = export(vault, [FIRST], None, tmp_path / "b", withhold=ask(["uploader"], accepted=["original"]))
    assert {"url", "final_url"} <= done.withheld.fields  # the handle is part of the address
    assert done.withheld.because["url"] == "it holds what another withheld field says"
    assert b"kvass" not in everything(done.bundle)
    assert "note" not in done.withheld.fields


def test_fields_that_nobody_asked_for_stay(vault: Vault, tmp_path: Path) -> None:
    done = export(vault, [SECOND], None, tmp_path / "b", withhold=ask(["agent"]))
    assert done.withheld.fields == {"agent", "path"}
    assert done.withheld.because == {}
    (exhibit,) = report_of(done)["exhibits"]
    assert exhibit["fields"]["case"]["value"] == CASE
    assert all("path" in one for one in exhibit["objects"])


def test_groups_and_lists_are_taken_apart_and_nonsense_is_refused() -> None:
    assert ask(["people", "case, title"]).fields == {*GROUPS["people"], "case", "title"}
    assert ask(objects=["original"], metadata=["location,device"]).metadata == {"location", "device"}
    assert ask() == Asked()
    for wrong in (["nonsense"], ["Title"], ["titel,agent"]):
        with pytest.raises(UsageError):
            ask(wrong)
    for accepted in ("title", "title:", "nonsense:1", "title:x", "title:-1", "exchange"):
        with pytest.raises(UsageError):
            ask(accepted=[accepted])
    with pytest.raises(UsageError):
        ask(objects=["timestamp-token"])
    with pytest.raises(UsageError):
        ask(metadata=["gps"])


def test_an_original_is_withheld_with_everything_that_shows_the_same(vault: Vault, tmp_path: Path) -> None:
    done = export(vault, [FIRST], None, tmp_path / "b", withhold=ask(objects=["original"]))
    (exhibit,) = report_of(done)["exhibits"]
    kept = {one["role"] for one in exhibit["objects"] if "path" in one}
    assert kept == {"comments", "exchange", "info", "metadata", "snapshot", "subtitles"}
    assert exhibit["pictures_ms"] == []
    page = (done.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert "The pictures are withheld on purpose" in page
    assert "data:image" not in page


def test_every_other_role_can_be_withheld(vault: Vault, tmp_path: Path) -> None:
    roles = set(OBJECTS) - {"original"}
    done = export(vault, [FIRST], None, tmp_path / "b", withhold=ask(objects=[",".join(roles)]))
    (exhibit,) = report_of(done)["exhibits"]
    assert {one["role"] for one in exhibit["objects"] if "path" in one} == {"original"}
    assert {one.get("withheld", "withheld on purpose") for one in exhibit["objects"]} == {"withheld on purpose"}
    assert not any("redacted" in one for one in exhibit["objects"])
    assert report_of(done)["withheld"]["objects"] == sorted(roles)


# What is refused


def refusal(vault: Vault, target: Path, asked: Asked) -> str:
    before = vault.database.read().execute("SELECT COUNT(*) FROM entry").fetchone()
    with pytest.raises(RefusedError) as raised:
        export(vault, [FIRST], None, target, withhold=asked)
    assert raised.value.code == "leak"
    assert list(target.parent.iterdir()) == []
    assert vault.database.read().execute("SELECT COUNT(*) FROM entry").fetchone() == before, "nothing was exported"
    line = raised.value.line()
    assert not any(value in line for value in SECRETS.values())
    return line


def test_an_original_that_holds_the_withheld_metadata_itself_is_refused(vault: Vault, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    line = refusal(vault, out / "b", ask(metadata=["location", "device"]))
    assert "the original of exhibit 1 holds metadata of the withheld kinds itself: device, location" in line
    assert "--withhold-object original" in line
    done = export(
        vault, [FIRST], None, out / "b", withhold=ask(["location"], ["original", "comments"], ["device", "people"])
    )
    assert b"SN-9F2K77QX31" not in everything(done.bundle)
    kept = export(vault, [FIRST], None, out / "c", withhold=ask(metadata=["times"]))
    assert b"SN-9F2K77QX31" in everything(kept.bundle)
    assert b"13:37" not in everything(kept.bundle)


def test_an_original_whose_bytes_hold_a_value_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    vault = build(tmp_path / "vault", film(1) + SECRETS["title"].encode("utf-16-le"))
    line = refusal(vault, tmp_path / "out" / "b", ask(["title"]))
    assert "data/exhibits/001/original-1.mp4: the title of entry " in line
    assert "as UTF-16-LE" in line
    assert "--withhold-object original" in line
    assert "--accept-leak title:" in line
    out = tmp_path / "out"
    done = export(vault, [FIRST], None, out / "b", withhold=ask(["title"], ["original,comments"]))
    assert SECRETS["title"].encode("utf-16-le") not in everything(done.bundle)
    accepted = export(vault, [FIRST], None, out / "c", withhold=ask(["title"], ["comments"], accepted=["original"]))
    assert report_of(accepted)["withheld"]["accepted"] == 1
    vault.database.close()


def test_a_value_that_is_accepted_may_be_found_and_only_that_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    vault = build(tmp_path / "vault", film(1) + b" Verena Quistorp ")
    line = refusal(vault, tmp_path / "out" / "b", ask(["agent"]))
    option = line.partition("--accept-leak ")[2].split()[0]
    assert option.startswith("agent:")
    done = export(vault, [FIRST], None, tmp_path / "out" / "b", withhold=ask(["agent"], accepted=[option]))
    assert report_of(done)["withheld"]["accepted"] == 1
    note = (
        vault.database.read().execute("SELECT value FROM disclosure WHERE name = 'note' ORDER BY seq DESC").fetchone()
    )
    assert note == (f"accepted to be found in the bundle: {option}",)
    assert b"accepted to be found" not in everything(done.bundle)
    vault.database.close()


def test_what_cannot_be_looked_for_is_told(vault: Vault, tmp_path: Path) -> None:
    done = export(vault, [SECOND], None, tmp_path / "b", withhold=ask(["all"], accepted=["original"]))
    assert done.unsearchable == ()
    assert done.unsearched == ()


# Redaction


def test_what_is_no_metadata_is_withheld_whole(tmp_path: Path) -> None:
    for broken in (b"", b"[]", b"{}", b'{"files":5}', b"\xff", b"[" * 100_000, b'{"files":[5]}'):
        with pytest.raises(ValueError):
            redact.metadata(broken, "0" * 64, {"location"})
    for broken in (b"[]", b"\xff", b'{"a":' * 100_000):
        with pytest.raises(ValueError):
            redact.info(broken, "0" * 64, {"text"})


@pytest.mark.parametrize("kind", redact.KINDS)
def test_each_kind_is_left_out_by_itself(kind: str) -> None:
    made = redact.metadata(metadata(), "0" * 64, {kind})
    kept = json.loads(made.data)["metadata"]["files"][0]["exiftool"]
    assert {redact.kind_of(name) for name in kept} >= {"technical"}
    assert all(redact.kind_of(name) != kind for name in kept)
    assert "Maker:NobodyKnows" not in kept
    assert made.present <= {kind}
    kept_info = json.loads(redact.info(info(), "0" * 64, {kind}).data)["info"]
    assert "description" not in kept_info
    assert "formats" not in kept_info
    assert kept_info["duration"] == 3
    assert ("title" in kept_info) is (kind != "text")
    assert ("uploader" in kept_info) is (kind != "people")
    assert ("location" in kept_info) is (kind != "location")


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("GPS:GPSLatitude", "location"), ("EXIF:ExifIFD:SerialNumber", "device"), ("XMP:LensSerialNumber", "device"),
        ("EXIF:IFD0:Make", "device"), ("EXIF:IFD0:Artist", "people"), ("MakerNotes:OwnerName", "people"),
        ("IPTC:By-line", "people"), ("QuickTime:ItemList:Comment", "text"), ("XMP:XMP-dc:Description", "text"),
        ("QuickTime:Keys:LocationISO6709", "location"), ("EXIF:ExifIFD:DateTimeOriginal", "times"),
        ("QuickTime:Track1:MediaCreateDate", "times"), ("EXIF:IFD0:Software", "software"),
        ("PDF:Author", "people"), ("XMP:XMP-mm:InstanceID", "device"), ("QuickTime:Track1:ImageHeight", "technical"),
        ("File:MIMEType", "technical"), ("Maker:NobodyKnows", ""), ("IPTC:City", "location"),
        ("XMP:XMP-mwg-rs:RegionInfo", "people"), ("QuickTime:HandlerVendorID", "software"), ("Source", "addresses"),
    ],
)  # fmt: skip
def test_tags_are_of_the_kind_that_a_reader_expects(tag: str, kind: str) -> None:
    assert redact.kind_of(tag) == kind


# What leaks by itself


def test_notes_about_disclosures_are_the_offices_own_affair(vault: Vault, tmp_path: Path) -> None:
    entries, _ = gather.select(vault, gather.choose(vault, [FIRST], None), 10**6)
    seq = next(one.seq for one in entries if one.type == EventType.INGESTION)
    disclose(vault, seq, "source", "for Lawyer Brandauer")
    done = export(vault, [FIRST], None, tmp_path / "b")
    types = {row["type"] for row in report_of(done)["exhibits"][0]["custody"]}
    assert "disclosure" in types
    whole = everything(done.bundle)
    assert b"Brandauer" not in whole
    assert b"vquistorp" not in whole
    assert str(tmp_path).encode() not in whole
    assert str(vault.folder).encode() not in whole


def test_a_path_is_withheld_and_stands_in_nobodys_way(tmp_path: Path) -> None:
    """Whoever asked is called as the folder is, and a file that was named without folders is its own title."""
    from tests.report.bundle_story import ingested, item

    made = create(tmp_path / "vault", "office-a.example/archive", "", {"ARCHIVER_BY": "Verena"})
    for name, path in (("ione222222", "/home/verena/films/a.mp4"), ("itwo222222", "march.mp4")):
        ingested(made, f"n{name}.1", item(made, name, f"n{name}.1", b"x", "text/plain", path=path, title="march.mp4"))
    done = export(made, ["ione222222", "itwo222222"], None, tmp_path / "b")
    assert b"/verena/" not in everything(done.bundle)
    asked = export(made, ["ione222222"], None, tmp_path / "c", withhold=ask(["path"]))
    assert asked.withheld.because["agent"] == "it holds what another withheld field says"
    assert b"erena" not in everything(asked.bundle)
    told = export(made, ["ione222222"], None, tmp_path / "d", withhold=ask(["path"], accepted=["path:1"]))
    assert "agent" in told.withheld.fields, "that it may be found is no reason to tell it"
    made.database.close()


def test_names_are_offered(vault: Vault) -> None:
    entries, _ = gather.select(vault, gather.choose(vault, [], CASE), 10**6)
    found = {(one.field, one.kind, one.text) for one in suggest.suggest(entries, frozenset({"case"}))}
    assert ("note", "number", "+44 7700 900123") in found
    assert ("note", "name", "Farid Nasrallah") in found
    assert ("title", "name", "Дарья Ковалёва") in found
    assert not any(field == "case" for field, _, _ in found)
    asked = [one for one in suggest.suggest(entries, frozenset()) if one.kind == "address of who asked"]
    assert asked == []
    assert Role.EXCHANGE in OBJECTS
