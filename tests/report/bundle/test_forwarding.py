"""Exporting what was received: the history goes along, whole or in part, and both verifiers follow it."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from archiver.custody import audit, catalog, received
from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault, open_vault
from archiver.engine.receiving.later import add_disclosure
from archiver.engine.receiving.receive import Asked
from archiver.errors import RefusedError
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.origins import earlier
from archiver.proof.faults import VERIFIED
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.receiving_story import changing_bundle, office, received_copy, received_vault, take_in, withholding_bundle
from tests.report.bundle_story import CASE, FILM, ORIGIN, REPOST, Bundle
from tests.vault_story import Copy

__all__ = ["changing_bundle", "received_copy", "received_vault", "withholding_bundle"]

HISTORY = "data/received/001.zip"
NO_PICTURES = ask([], ["pictures"])


def standalone(bundle: Path) -> list[str]:
    """What verify.pyz of the bundle itself says of it, line by line."""
    said = subprocess.run(
        [sys.executable, "-I", bundle / layout.VERIFIER, bundle], capture_output=True, text=True, timeout=60
    )
    return said.stdout.splitlines()


@pytest.fixture(scope="module")
def forwarded(received_vault: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole case, exported by the office that received it."""
    folder = tmp_path_factory.mktemp("forwarded")
    vault = Copy(received_vault, folder / "vault", {})
    with vault.open() as opened:
        export(opened, [], CASE, folder / "bundle", withhold=NO_PICTURES)
    return folder / "bundle"


def test_the_history_goes_along_byte_for_byte_and_both_verifiers_tell_of_it(
    forwarded: Path, received_vault: Path
) -> None:
    vault = open_vault(received_vault, {})
    (first, *_) = received.of_item(vault, catalog.items(vault)[0].id)
    assert (forwarded / HISTORY).read_bytes() == vault.store.read(first.file)
    vault.database.close()
    verdict = verify(forwarded)
    assert (verdict.word, verdict.checked["histories"]) == (VERIFIED, 1)
    said = standalone(forwarded)
    assert said[0].startswith("VERIFIED")
    (line,) = [one for one in said if one.startswith("Received from")]
    assert f"{ORIGIN}+" in line
    assert "3 items (nobody had confirmed the key)" in line


def test_the_report_says_where_it_came_from_in_every_form(forwarded: Path) -> None:
    report = json.loads((forwarded / layout.REPORT_JSON).read_bytes())
    (row,) = report["exhibits"][0]["received"]
    assert (row["item"], row["trust"], row["verdict"], row["path"]) == (FILM, "first-use", "VERIFIED", HISTORY)
    assert "digests" not in row, "everything that was acquired there came"
    told = {one["field"]: (one["origin"], one["value"]) for one in row["told"]}
    assert told["url"] == (ORIGIN, "https://video.example/watch?v=1")
    assert "url" not in report["exhibits"][0]["fields"], "this office asked for no address"
    assert report["exhibits"][0]["fields"]["source"]["value"] == ORIGIN
    declaration = (forwarded / "data/statements/declaration.txt").read_text("utf-8")
    assert "watch?v=1" not in declaration, "nobody here may declare to have fetched it"
    page = (forwarded / layout.REPORT_HTML).read_text("utf-8")
    assert "Received from" in page
    assert "nobody had confirmed that office&#39;s key" in page
    graph = json.loads((forwarded / layout.CASE_GRAPH).read_bytes())
    assert graph["@graph"]
    assert b"accession" in (forwarded / layout.PREMIS).read_bytes()


def test_of_a_history_that_tells_more_only_a_part_goes_along(received_copy: Copy, tmp_path: Path) -> None:
    with received_copy.open() as vault:
        film = catalog.items(vault)[0]
        export(vault, [film.id], None, tmp_path / "bundle", withhold=ask(["note", "uploader"], ["pictures"]))
        whole = vault.store.read(received.of_item(vault, film.id)[0].file)
    data = (tmp_path / "bundle" / HISTORY).read_bytes()
    left, all_of_it = (zipfile.ZipFile(io.BytesIO(one)) for one in (data, whole))
    assert layout.EXPORT_FILES in all_of_it.namelist()
    assert layout.EXPORT_FILES not in left.namelist(), "it has the digests of what is not exported"
    entries = {one: json.loads(left.read(one)) for one in left.namelist() if one.startswith(layout.ENTRIES)}
    assert all(left.read(one) == all_of_it.read(one) for one in entries)
    assert {one.get("item") for one in entries.values()} <= {None, FILM}
    assert "match" not in {one["type"] for one in entries.values()}, "its other item is not exported"
    assert not {one["detail"].get("a") for one in entries.values() if "detail" in one} & {REPOST}
    verdict = verify(tmp_path / "bundle")
    assert (verdict.word, verdict.checked["histories"]) == (VERIFIED, 1)
    assert standalone(tmp_path / "bundle")[0].startswith("VERIFIED")


def test_what_the_history_tells_is_withheld_with_the_field(received_copy: Copy, tmp_path: Path) -> None:
    """The leak check looks for what the other office disclosed, too: a name that stands in its entries only."""
    with received_copy.open() as vault:
        export(vault, [], CASE, tmp_path / "bundle", withhold=ask(["agent"], ["pictures"]))
    everything = b"".join(one.read_bytes() for one in (tmp_path / "bundle").rglob("*") if one.is_file())
    assert b"Nadia" not in everything
    assert verify(tmp_path / "bundle").word == VERIFIED


@pytest.mark.parametrize("asked", [ask(["source"], ["pictures"]), ask([], ["history", "pictures"])])
def test_where_it_came_from_can_be_withheld_altogether(asked: object, received_copy: Copy, tmp_path: Path) -> None:
    with received_copy.open() as vault:
        done = export(vault, [], CASE, tmp_path / "bundle", withhold=asked)  # type: ignore[arg-type]  # it is one
    assert "history" in done.withheld.objects
    assert not (tmp_path / "bundle/data/received").exists()
    report = json.loads((tmp_path / "bundle" / layout.REPORT_JSON).read_bytes())
    assert [one["received"][0]["withheld"] for one in report["exhibits"]] == [True] * 3
    assert verify(tmp_path / "bundle").word == VERIFIED


@pytest.mark.slow
def test_a_chain_of_offices_is_followed_to_the_first(
    withholding_bundle: Path, exporting_vault: Vault, tmp_path: Path
) -> None:
    """From office to office, with a field opened on the way; each hands on what it has, and the last sees the first."""
    bundle = withholding_bundle
    for number in range(layout.MAX_OFFICES):
        vault = office(tmp_path / f"vault{number}", f"office-{number}.example/archive")
        rows = take_in(vault, bundle).rows
        if number == 0:
            seq = next(
                one
                for one in catalog.entries_about(exporting_vault, FILM)
                if b'"type":"ingestion"' in exporting_vault.ledger.entry(one)
            )
            add_disclosure(vault, rows[0].item_id, disclose(exporting_vault, seq, "note").file)
        assert audit.verify(vault).word == VERIFIED
        bundle = tmp_path / f"bundle{number}"
        done = export(vault, [], CASE, bundle, withhold=NO_PICTURES)
        assert done.verdict.checked["histories"] == (2 if number == 0 else 1)
    with pytest.raises(RefusedError, match="more than 4 deep"):
        take_in(office(tmp_path / "last"), bundle)
    origin = received.of_item(vault, rows[0].item_id)[0]
    names = [origin.origin]
    history, item = received.read_history(vault, origin), origin.detail["item"]
    while found := list(earlier(history, item)):
        entry, history = found[0]
        item = entry.detail["item"]
        names.append(entry.fields["source"].partition("+")[0])
    told = json.loads((tmp_path / "bundle2" / layout.REPORT_JSON).read_bytes())["exhibits"][0]["received"][0]
    assert {(one["origin"], one["field"]) for one in told["told"]} >= {(ORIGIN, "url"), (ORIGIN, "note")}
    assert [one["role"] for one in told["digests"]] == ["original"], "three offices later, it is still said"
    assert names == ["office-2.example/archive", "office-1.example/archive", "office-0.example/archive", ORIGIN]


def test_a_bundle_that_came_again_with_another_line_under_its_checkpoint_goes_along_once(
    changing_bundle: Bundle, tmp_path: Path
) -> None:
    """As when a witness's line was added to a bundle that had been sent before."""
    vault = office(tmp_path / "vault")
    take_in(vault, changing_bundle.folder)
    line = f"\N{EM DASH} witness.example/w {base64.b64encode(bytes(76)).decode()}\n".encode()
    changing_bundle.write(layout.EXPORT_CHECKPOINT, changing_bundle.read(layout.EXPORT_CHECKPOINT) + line)
    changing_bundle.seal_again()
    again = take_in(vault, changing_bundle.folder, Asked())
    assert [row.outcome for row in again.rows] == ["extended"] * 3
    done = export(vault, [], CASE, tmp_path / "out", withhold=NO_PICTURES)
    assert done.verdict.checked["histories"] == 1
    with zipfile.ZipFile(tmp_path / "out" / HISTORY) as archive:
        assert line in archive.read(layout.EXPORT_CHECKPOINT)
    assert audit.verify(vault).word == VERIFIED
