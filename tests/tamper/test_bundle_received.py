"""Bundles of received items in the hands of an attacker: what both verifiers say of a forged history in one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.receiving_story import repacked
from tests.report.bundle_story import CASE, Bundle
from tests.vault_story import Copy

HISTORY = layout.received_path(1, "zip")


@pytest.fixture(scope="module")
def forwarded(received_vault: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was received, exported again without notes."""
    folder = tmp_path_factory.mktemp("forwarded")
    with Copy(received_vault, folder / "vault", {}).open() as vault:
        export(vault, [], CASE, folder / "bundle", withhold=ask(["note"], ["pictures"]))
    return folder / "bundle"


@pytest.fixture
def forged(forwarded: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(forwarded, tmp_path / "bundle")
    for path in (tmp_path / "bundle").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


def codes(bundle: Bundle) -> set[str]:
    """What both verifiers name, the manifests and the list of files made to fit; the list is not vouched for then."""
    listed = json.loads(bundle.read(layout.EXPORT_FILES))
    bundle.seal_again()
    inside = verify(bundle.folder)
    said = subprocess.run(
        [sys.executable, "-I", bundle.folder / layout.VERIFIER, bundle.folder, "--json"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    standalone = json.loads(said.stdout)
    assert standalone["verdict"] == inside.word == "FAILED"
    assert [one["code"] for one in standalone["faults"]] == [one.code for one in inside.faults]
    assert listed
    return {one.code for one in inside.faults}


#: What says that a file is not the exported one, whatever it is.
_LISTED = {"files-differ", "file-not-exported"}


def edit(bundle: Bundle, change: Callable[[dict[str, bytes]], None]) -> None:
    bundle.write(HISTORY, repacked(bundle.read(HISTORY), change))


def test_the_history_removed(forged: Bundle) -> None:
    (forged.folder / HISTORY).unlink()
    (forged.folder / "data/received").rmdir()
    assert codes(forged) == _LISTED | {"history-missing", "report-differs"}


def test_an_entry_of_the_other_office_edited(forged: Bundle) -> None:
    def change(files: dict[str, bytes]) -> None:
        path = next(one for one in sorted(files) if one.startswith(layout.ENTRIES) and b'"capture"' in files[one])
        files[path] = canonical.encode({**json.loads(files[path]), "outcome": "success"})

    edit(forged, change)
    assert codes(forged) == _LISTED | {"history-invalid"}


def test_the_history_of_another_bundle_of_that_office(forged: Bundle, withholding_bundle: Path) -> None:
    files = {
        path.relative_to(withholding_bundle).as_posix(): path.read_bytes()
        for path in withholding_bundle.rglob("*")
        if path.is_file() and layout.is_history(path.relative_to(withholding_bundle).as_posix())
    }

    def exchange(old: dict[str, bytes]) -> None:
        old.clear()
        old.update(files)

    edit(forged, exchange)
    assert codes(forged) == _LISTED | {"history-missing", "history-of-other", "report-differs"}


def test_a_second_history_beside_the_true_one(forged: Bundle) -> None:
    forged.write(layout.received_path(2, "zip"), forged.read(HISTORY))
    assert codes(forged) == _LISTED | {"history-of-other", "report-differs"}


def test_what_opens_nothing_put_beside_the_history(forged: Bundle) -> None:
    forged.write(layout.received_path(2, "json"), b"{}\n")
    assert codes(forged) == _LISTED | {"history-of-other"}


def test_a_withheld_field_open_in_the_history(forged: Bundle, received_vault: Path, tmp_path: Path) -> None:
    """The history as it came: with the notes, which the export withholds."""
    with Copy(received_vault, tmp_path / "vault", {}).open() as vault:
        from archiver.custody import catalog, received

        whole = vault.store.read(received.of_item(vault, catalog.items(vault)[0].id)[0].file)
    forged.write(HISTORY, whole)
    assert codes(forged) == _LISTED | {"withheld-differs", "report-differs"}


def test_a_history_within_itself(forged: Bundle) -> None:
    """Again and again, deeper than a chain of offices is followed."""
    data = forged.read(HISTORY)
    for _ in range(layout.MAX_OFFICES + 1):
        inner = data
        data = repacked(data, lambda files, inner=inner: files.update({HISTORY: inner}))  # type: ignore[misc]  # bound
    forged.write(HISTORY, data)
    assert codes(forged) == _LISTED | {"history-of-other", "history-invalid"}


def change_row(bundle: Bundle, change: Callable[[dict[str, object]], object]) -> None:
    report = bundle.json(layout.REPORT_JSON)
    change(report["exhibits"][0]["received"][0])
    bundle.write_json(layout.REPORT_JSON, report)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(trust="given"),
        lambda row: row.update(verdict="INCOMPLETE"),
        lambda row: row.update(key="office-x.example/archive+00000000+AAAA"),
        lambda row: row.update(exhibit=9),
        lambda row: row.update(digests=[{"role": "original"}]),
        lambda row: row.update(withheld=True),
        lambda row: row.pop("path"),
    ],
)
def test_a_report_that_tells_otherwise_from_where_it_came(change: Callable[[object], object], forged: Bundle) -> None:
    change_row(forged, change)
    assert codes(forged) >= {"report-differs", "files-differ"}


def test_a_report_that_hides_where_it_came_from(forged: Bundle) -> None:
    report = forged.json(layout.REPORT_JSON)
    del report["exhibits"][0]["received"]
    forged.write_json(layout.REPORT_JSON, report)
    assert codes(forged) == _LISTED | {"report-differs"}


def test_a_name_of_the_other_office_forged_in_its_disclosures(forged: Bundle) -> None:
    def change(files: dict[str, bytes]) -> None:
        document = json.loads(files[layout.DISCLOSURES])
        seq = next(iter(document["disclosures"]))
        told = disclosure.read(document["disclosures"][seq][0])
        document["disclosures"][seq][0] = disclosure.make(told.salt, told.name, "somebody else")
        files[layout.DISCLOSURES] = canonical.encode(document)

    edit(forged, change)
    assert codes(forged) == _LISTED | {"history-invalid"}


def test_an_archive_in_the_place_of_the_history(forged: Bundle) -> None:
    """Bytes that unpack to much more than they are: nothing of them is unpacked."""
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(layout.KEY, bytes(50_000_000))
    forged.write(HISTORY, made.getvalue())
    assert codes(forged) >= _LISTED | {"history-invalid", "history-missing"}
