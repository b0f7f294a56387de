"""An export made again: the same bytes whatever came later, and nothing at all where they would be others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import findings, forgetting, rotation
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, RefusedError, UsageError
from archiver.model import Ruling
from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report import again as remaking
from archiver.report import export as exporting
from archiver.report import ownnote
from archiver.report import plan as plans
from archiver.report.again import again
from archiver.report.build import Exported
from archiver.report.export import export
from archiver.report.plan import Prepared
from archiver.report.signing.pades import Signing
from archiver.report.withholding.withheld import ask
from tests.report.bundle_story import CASE, FILM, PHOTO, REPOST, Bundle, build, film, ingested, item
from tests.report.certificates import office

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, Path, dict[str, Exported]]:
    """A vault, two zips exported from it (one withholds what it can), and everything that may come after an export."""
    folder = tmp_path_factory.mktemp("again")
    vault = build(folder / "vault")
    made = {
        "open": export(vault, [FILM, REPOST, PHOTO], None, folder / "open.zip", zipped=True),
        "silent": export(
            vault, [FILM, REPOST], None, folder / "silent.zip", zipped=True,
            withhold=ask(["people", "title"], accepted=["original"]), prepared=Prepared("Lina Aoki", "a court"),
        ),
    }  # fmt: skip
    later = item(vault, "ilater2222", "nlater2222.1", film(1, 10), "video/mp4", case=CASE, title="later")
    ingested(vault, "nlater2222.1", later)
    findings.decide(vault, "mrepost222", Ruling.DIFFERENT, note="another square", by="Omar")
    rotation.rotate(vault)
    export(vault, [], CASE, folder / "later")
    return vault, folder, made


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def last_entry(vault: Vault) -> Any:
    (body,) = vault.database.read().execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    return canonical.decode(body)


@pytest.mark.parametrize("which", ["open", "silent"])
def test_later_additions_do_not_change_a_byte(
    story: tuple[Vault, Path, dict[str, Exported]], tmp_path: Path, which: str
) -> None:
    vault, folder, made = story
    done = again(vault, made[which].entry, tmp_path / "again.zip", zipped=True)
    assert sha256(tmp_path / "again.zip") == sha256(folder / f"{which}.zip")
    assert (done.verdict.word, done.entry) == ("VERIFIED", made[which].entry)
    # It was given out once more, and that is on record.
    entry = last_entry(vault)
    assert (entry["type"], entry["outcome"], entry["detail"]["again"]) == ("dissemination", "success", done.entry)
    assert entry["detail"]["files_sha256"] == canonical.decode(vault.ledger.entry(done.entry))["detail"]["files_sha256"]
    with pytest.raises(UsageError, match=f"gave out the bundle of entry {done.entry} again"):
        again(vault, len(vault_entries(vault)) - 1, tmp_path / "twice.zip", zipped=True)


def vault_entries(vault: Vault) -> list[int]:
    return [row[0] for row in vault.database.read().execute("SELECT seq FROM entry")]


def test_the_time_in_the_report_is_that_of_the_entry(story: tuple[Vault, Path, dict[str, Exported]]) -> None:
    _, folder, _ = story
    told = json.loads((folder / "later" / layout.REPORT_JSON).read_bytes())
    entry = json.loads((folder / "later" / layout.EXPORT_ENTRY).read_bytes())
    assert entry["detail"]["prepared_at"] == told["prepared_at"]
    assert entry["detail"]["size"] == told["ledger"]["checkpoint"]["size"]
    assert {one["name"]: one["version"] for one in entry["tools"]} == told["tools"]


def test_what_would_be_another_bundle_is_none(
    story: tuple[Vault, Path, dict[str, Exported]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, _, made = story
    before = len(vault_entries(vault))
    monkeypatch.setattr(plans, "tools", lambda *, signed: {"archiver": "9.9", "typst": "9.9"})
    monkeypatch.setattr(remaking, "tools", plans.tools)
    with pytest.raises(UsageError, match="was made by archiver") as raised:
        again(vault, made["open"].entry, tmp_path / "again.zip", zipped=True)
    assert "Take these versions" in raised.value.line()
    monkeypatch.undo()
    monkeypatch.setattr(remaking, "keys_at", lambda vault, size: ("office-a.example/archive+00000000+AAAA",))
    with pytest.raises(EvidenceError) as differs:
        again(vault, made["open"].entry, tmp_path / "again.zip", zipped=True)
    assert differs.value.code == "export-differs"
    assert list(tmp_path.iterdir()) == []
    assert len(vault_entries(vault)) == before, "the ledger tells of no export that was none"


def test_a_forgotten_name_cannot_come_back(tmp_path: Path) -> None:
    vault = build(tmp_path / "vault")
    made = export(vault, [PHOTO], None, tmp_path / "one", prepared=Prepared(prepared_by="Lina Aoki"))
    forgetting.forget(vault, made.entry, "prepared_by")
    with pytest.raises(EvidenceError, match="would not be the one"):
        again(vault, made.entry, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "vault"]


def test_what_has_no_bundle_or_one_that_nobody_can_make_twice_is_said(
    story: tuple[Vault, Path, dict[str, Exported]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, _, _ = story
    with pytest.raises(UsageError, match="entry 0 is no export"):
        again(vault, 0, tmp_path / "again")
    with pytest.raises(UsageError, match="has no entry"):
        again(vault, 10**6, tmp_path / "again")
    signed = export(vault, [PHOTO], None, tmp_path / "signed", signing=Signing(office().signer()))
    with pytest.raises(UsageError, match="no signature can be made twice"):
        again(vault, signed.entry, tmp_path / "again")
    monkeypatch.setattr(exporting, "build", refused)
    with pytest.raises(RefusedError):
        export(vault, [PHOTO], None, tmp_path / "failed")


def refused(*_: object) -> Exported:
    raise RefusedError("no")


def test_a_report_of_another_time_than_its_entry_says_is_a_fault(bundle: Bundle) -> None:
    told = bundle.json(layout.REPORT_JSON)
    told["prepared_at"] = "2026-01-01T00:00:00.000000Z"
    bundle.write_json(layout.REPORT_JSON, told)
    bundle.seal_again()
    faults = {(fault.code, fault.message) for fault in verify(bundle.folder).faults}
    assert ("report-differs", "the export's entry gives another time or checkpoint than the report") in faults


@pytest.mark.parametrize("accepted", [[], ["original"], ["title:12", "proxy", "note:3"]])
@pytest.mark.parametrize("to", [(), ("age1x", "age1y")])
def test_the_note_is_read_as_it_was_written(accepted: list[str], to: tuple[str, ...]) -> None:
    written = ownnote.write(accepted, to)
    assert ownnote.accepted(written) == frozenset(accepted)
    assert all(name in written for name in to)
