"""Bundles with anchors: what both verifiers and the reference library say of good ones, and of each attack."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.config import Calendar as Configured
from archiver.custody import queue
from archiver.custody.queue import Asked
from archiver.custody.timestamps import anchoring
from archiver.errors import UsageError
from archiver.proof.bundle import anchors, layout
from archiver.proof.bundle.bag import Faults, read_bag
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.evidence import read_evidence
from archiver.proof.bundle.folder import Folder
from archiver.proof.faults import Verdict
from archiver.proof.times import blockheaders, opentimestamps
from archiver.proof.trust.outside import Outside
from archiver.report.export import export
from tests.calendar import Calendar, header, read, verifier
from tests.report.bundle_story import CASE, FILM, PHOTO, REPOST, Bundle
from tests.report.bundle_story import build as build_vault

pytestmark = pytest.mark.usefixtures("easy_blocks")

BLOCKS = (840_000, 840_001)


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar("https://a.example")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, calendar: Calendar) -> Path:
    """A bundle with two anchors, the lowest block over its exhibits and a newer one; a pending one stays behind.

    The office had the header of the first block only.
    """
    vault = build_vault(tmp_path_factory.mktemp("vault") / "vault")
    vault = replace(vault, settings=replace(vault.settings, calendar=(Configured(calendar.url),)))
    for height in (*BLOCKS, None):
        made, errors = anchoring.add(vault, calendar.submit)
        assert (len(made), errors) == (1, [])
        if height is not None:
            calendar.mine(height, 2_000_000_000 + height)
            assert len(anchoring.upgrade(vault, calendar.fetch).made) == 1
        queue.add(vault, [Asked(f"https://video.example/{height}", f"https://video.example/{height}")])
    target = tmp_path_factory.mktemp("bundles") / "bundle"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blockheaders, "EASIEST", 2**256)
        headers = {BLOCKS[0]: blockheaders.read(BLOCKS[0], calendar.headers[BLOCKS[0]])}
        assert export(vault, [PHOTO], CASE, target, headers=headers).verdict.word == "VERIFIED"
        assert export(vault, [FILM, REPOST], CASE, target.parent / "copies", headers=headers).verdict.word == "VERIFIED"
    vault.database.close()
    return target


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(exported, tmp_path / "bundle")
    return Bundle(tmp_path / "bundle")


def look(bundle: Bundle, headers: bytes | None = None) -> Verdict:
    given = blockheaders.parse(headers) if headers is not None else None
    return verify(bundle.folder, outside=Outside(headers=given))


def anchors_of(bundle: Bundle) -> list[int]:
    return sorted({int(path.name.partition(".")[0]) for path in (bundle.folder / layout.ANCHORS).iterdir()})


def codes(verdict: Verdict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in verdict.faults:
        found.setdefault(one.code, set()).add(one.subject)
    return found


@pytest.mark.honest
def test_the_lowest_block_over_an_exhibit_and_the_newest_are_there(bundle: Bundle, calendar: Calendar) -> None:
    report = bundle.json(layout.REPORT_JSON)
    first, last = report["anchors"]
    assert ([first["blocks"], last["blocks"]], first["source"]) == ([[840_000], [840_001]], "https://a.example")
    said = report["exhibits"][0]["anchored"]
    assert (said["anchor"], said["block"], said["time"]) == (first["entry"], 840_000, "2033-05-27T20:53:20.000000Z")
    assert first["header"]["bytes"] == calendar.headers[840_000].hex()
    assert "header" not in last
    assert last["size"] > first["entry"]
    page = (bundle.folder / layout.REPORT_HTML).read_text()
    assert "2033-05-27 20:53:20 UTC, when Bitcoin block 840000 was made" in page
    assert first["header"]["hash"] in page
    assert f"anchor of entry {first['entry']}" in page
    told = (bundle.folder / layout.VERIFY_TEXT).read_text()
    assert f"ots verify -f {layout.anchor_path(first['entry'], 'checkpoint')}" in told


@pytest.mark.honest
def test_headers_of_the_readers_own_give_the_time(bundle: Bundle, calendar: Calendar) -> None:
    plain, known = look(bundle), look(bundle, calendar.header_lines())
    assert (plain.word, known.word) == ("VERIFIED", "VERIFIED")
    assert [one["time"] for one in plain.told["anchors"]] == [None, None]
    assert [one["time"] for one in known.told["anchors"]] == [
        "2033-05-27T20:53:20.000000Z", "2033-05-27T20:53:21.000000Z",
    ]  # fmt: skip
    assert plain.checked["anchors"] == 2
    assert any("made-up anchor" in one for one in plain.told["not_excluded"])
    assert not any("made-up anchor" in one for one in known.told["not_excluded"])


@pytest.mark.honest
def test_verify_pyz_takes_headers_and_says_what_they_show(bundle: Bundle, calendar: Calendar, tmp_path: Path) -> None:
    headers = tmp_path / "headers.txt"

    def said(*more: str) -> tuple[int, str]:
        done = subprocess.run(verifier(bundle.folder, *more), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    headers.write_bytes(calendar.header_lines())
    assert "not checked here: bring the block's header" in said()[1]
    code, text = said("--block-headers", str(headers))
    assert (code, "before Bitcoin block 840000 of 2033-05-27T20:53:20Z" in text) == (0, True)
    headers.write_bytes(calendar.header_lines().replace(b"840001", b"840002"))
    code, text = said("--block-headers", str(headers))
    assert (code, "anchor-header-absent" in text) == (3, True)
    headers.write_bytes(b"hello")
    code, text = said("--block-headers", str(headers))
    assert (code, "line 1 is no height" in text) == (2, True)


@pytest.mark.honest
def test_the_reference_library_comes_to_the_blocks_merkle_roots(bundle: Bundle, calendar: Calendar) -> None:
    for seq, height in zip(anchors_of(bundle), BLOCKS, strict=True):
        proof = read(bundle.read(layout.anchor_path(seq, "ots")))
        assert proof.file_digest == hashlib.sha256(bundle.read(layout.anchor_path(seq, "checkpoint"))).digest()
        roots = [message for message, one in proof.timestamp.all_attestations() if hasattr(one, "height")]
        assert roots == [calendar.headers[height][36:68]]


@pytest.mark.needs_memory
def test_a_header_that_denies_the_anchor(bundle: Bundle, calendar: Calendar) -> None:
    exchanged = "".join(f"{h} {calendar.headers[other].hex()}\n" for h, other in zip(BLOCKS, BLOCKS[::-1], strict=True))
    verdict = look(bundle, exchanged.encode())
    assert verdict.word == "FAILED"
    assert codes(verdict) == {"anchor-header-differs": {f"entry {one}" for one in anchors_of(bundle)}}


@pytest.mark.parametrize("kind", layout.ANCHOR_KINDS)
def test_a_file_of_an_anchor_that_was_removed(bundle: Bundle, kind: str) -> None:
    first = anchors_of(bundle)[0]
    (bundle.folder / layout.anchor_path(first, kind)).unlink()
    bundle.seal_again()
    assert codes(look(bundle))["anchor-missing"] == {f"entry {first}"}


@pytest.mark.parametrize("at", [0, 40, 70, -3])
def test_a_proof_that_was_edited(bundle: Bundle, at: int) -> None:
    first = anchors_of(bundle)[0]
    path = layout.anchor_path(first, "ots")
    data = bytearray(bundle.read(path))
    data[at] ^= 1
    bundle.write(path, bytes(data))
    bundle.seal_again()
    assert codes(look(bundle))["anchor-invalid"] == {f"entry {first}"}


def test_the_proof_of_another_checkpoint(bundle: Bundle) -> None:
    first, second = anchors_of(bundle)
    for kind in layout.ANCHOR_KINDS:
        bundle.write(layout.anchor_path(second, kind), bundle.read(layout.anchor_path(first, kind)))
    bundle.seal_again()
    assert codes(look(bundle))["anchor-invalid"] == {f"entry {second}"}


def test_the_note_of_another_checkpoint(bundle: Bundle) -> None:
    first, second = anchors_of(bundle)
    bundle.write(layout.anchor_path(second, "checkpoint"), bundle.read(layout.anchor_path(first, "checkpoint")))
    bundle.seal_again()
    assert codes(look(bundle))["anchor-of-other"] == {f"entry {second}"}


def test_a_consistency_proof_that_is_missing_or_wrong(bundle: Bundle) -> None:
    first, second = anchors_of(bundle)
    proofs = bundle.json(layout.EXPORT_PROOFS)
    proofs["anchors"][str(first)] = proofs["anchors"].pop(str(second))
    bundle.write_json(layout.EXPORT_PROOFS, proofs)
    bundle.seal_again()
    assert codes(look(bundle))["anchor-of-other"] == {f"entry {first}", f"entry {second}"}


def test_an_anchor_that_no_entry_tells_of(bundle: Bundle) -> None:
    first = anchors_of(bundle)[0]
    extra = layout.anchor_path(first + 1, "ots")
    bundle.write(extra, bundle.read(layout.anchor_path(first, "ots")))
    bundle.seal_again()
    assert extra in codes(look(bundle))["anchor-of-other"]


def test_a_proof_longer_than_any(bundle: Bundle) -> None:
    first = anchors_of(bundle)[0]
    bundle.write(layout.anchor_path(first, "ots"), bytes(opentimestamps.MAX_PROOF_BYTES + 1))
    bundle.seal_again()
    assert f"entry {first}" in {one.subject for one in look(bundle).faults}


@pytest.mark.parametrize(
    "what",
    [
        "block", "claimed", "anchor", "item", "listed", "left out", "pending", "malformed", "time", "both times",
        "bytes", "hash", "another block's", "no bytes", "no header",
    ],
)  # fmt: skip
def test_a_report_that_tells_of_anchors_otherwise(bundle: Bundle, calendar: Calendar, what: str) -> None:
    report = bundle.json(layout.REPORT_JSON)
    said, listed = report["exhibits"][0]["anchored"], report["anchors"]
    shown = listed[0]["header"]
    if what in ("time", "both times"):
        said["time"] = "2020-01-01T00:00:00.000000Z"
    if what == "block":
        said["block"] = 1
    elif what == "claimed":
        said["claimed"] = "2020-01-01T00:00:00.000000Z"
    elif what == "anchor":
        said["anchor"] = 1
    elif what == "item":
        said["entry"] = 0
    elif what == "listed":
        listed[0]["blocks"] = [1]
    elif what == "left out":
        listed.pop()
    elif what == "pending":
        listed[0]["blocks"] = []
    elif what == "malformed":
        report["anchors"] = [[]]
    elif what == "both times":
        shown["time"] = said["time"]
    elif what == "bytes":
        shown["bytes"] = "00" * 80
    elif what == "hash":
        shown["hash"] = "00" * 32
    elif what == "another block's":
        listed[1]["header"] = shown
    elif what == "no bytes":
        del shown["bytes"]
    elif what == "no header":
        del listed[0]["header"]
    bundle.write_json(layout.REPORT_JSON, report)
    bundle.seal_again()
    assert {"report-differs", "report-malformed"} & set(codes(look(bundle)))


def test_a_header_that_was_made_for_the_price_of_nothing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The office shows a header of its own making, easier than the chain allows."""
    monkeypatch.undo()
    assert codes(look(bundle)) == {"report-differs": {f"entry {anchors_of(bundle)[0]}"}}


@pytest.mark.parametrize(
    "detail",
    [
        {}, {"blocks": 5}, {"blocks": [[]]}, {"blocks": {}}, {"size": "x"}, {"size": [], "root": {}},
        {"upgrades": [[]]}, {"upgrades": "3"},
    ],
)  # fmt: skip
def test_an_entry_of_another_form_by_whoever_holds_a_key(bundle: Bundle, detail: dict[str, Any]) -> None:
    """A key of the attacker's own signs any entry: the bundle's verifier has no schema and must not fall over it."""
    faults = Faults()
    bag = read_bag(Folder(bundle.folder), faults, lambda done, total: None)
    evidence = read_evidence(bag, None, faults)
    first = anchors_of(bundle)[0]
    told = evidence.entries[first]
    changed = {**told.detail, **detail} if detail else {}
    forged = replace(told, value={**told.value, "detail": changed})
    found = anchors.check(bag, replace(evidence, entries={**evidence.entries, first: forged}), None, faults)
    assert [one["entry"] for one in found] == anchors_of(bundle)[1:]
    assert {one.code for one in faults.found} <= {
        "anchor-invalid",
        "anchor-of-other",
        "report-differs",
        "report-malformed",
    }
    assert f"entry {first}" in {one.subject for one in faults.found}


@pytest.mark.honest
def test_an_export_is_refused_where_a_header_denies_its_anchor(tmp_path: Path) -> None:
    cal, vault = Calendar("https://a.example"), build_vault(tmp_path / "vault")
    vault = replace(vault, settings=replace(vault.settings, calendar=(Configured(cal.url),)))
    anchoring.add(vault, cal.submit)
    cal.mine(7)
    anchoring.upgrade(vault, cal.fetch)
    other = blockheaders.read(7, header(bytes(32), 2_000_000_000))
    with pytest.raises(UsageError, match="not borne out"):
        export(vault, [PHOTO], CASE, tmp_path / "refused", headers={7: other})
    assert not (tmp_path / "refused").exists()
    vault.database.close()


@pytest.mark.honest
def test_the_schema_of_proofs_knows_anchors(bundle: Bundle) -> None:
    import jsonschema_rs

    schema = json.loads((Path(__file__).parents[2] / "schemas" / "bundle-proofs.schema.json").read_text())
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(bundle.json(layout.EXPORT_PROOFS))


@pytest.mark.honest
def test_copies_under_one_anchor_are_in_one_block(exported: Path) -> None:
    report = Bundle(exported.parent / "copies").json(layout.REPORT_JSON)
    (group,) = report["lineage"]
    for value, exhibit in zip(group["values"], report["exhibits"], strict=True):
        assert value["anchored"] == {"entry": exhibit["anchored"]["anchor"], "block": BLOCKS[0]}
    told = next(one for one in group["claims"] if one["claim"] == "first-anchored")
    assert (told["members"], told["why"]) == (group["members"], "too-close")
    assert "In the earliest block" in (exported.parent / "copies" / layout.REPORT_HTML).read_text()


@pytest.mark.parametrize("block", [1, None])
def test_a_group_that_gives_another_block_than_the_anchor(exported: Path, tmp_path: Path, block: int | None) -> None:
    shutil.copytree(exported.parent / "copies", tmp_path / "bundle")
    forged = Bundle(tmp_path / "bundle")
    report = forged.json(layout.REPORT_JSON)
    value = report["lineage"][0]["values"][0]
    if block is None:
        del value["anchored"]
    else:
        value["anchored"]["block"] = block
    forged.write_json(layout.REPORT_JSON, report)
    forged.seal_again()
    number = report["lineage"][0]["members"][0]
    found = {fault.subject for fault in look(forged).faults if fault.code == "report-differs"}
    assert found == {f"exhibit {number}"}
