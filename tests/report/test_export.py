"""The export: peers accept it, nothing of others is in it, numbers stay, and no half bundle is ever left."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import jsonschema_rs
import pytest

from archiver.custody import audit, catalog, queue
from archiver.custody.ledger import Ledger
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.model import Acquisition, Outcome, Role, now
from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.bundle import pyz
from archiver.report.export import export
from archiver.report.plan import Prepared
from archiver.report.withholding.withheld import ask
from tests.report.bundle_story import (
    CASE,
    FILM,
    NEIGHBOUR,
    PHOTO,
    PLANTED,
    PLANTED_PATH,
    REPOST,
    STRANGER,
    build,
    film,
    held,
    ingested,
    item,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh_vault(tmp_path: Path) -> Iterator[Vault]:
    vault = build(tmp_path / "vault")
    yield vault
    vault.database.close()


def numbers(folder: Path) -> dict[str, int]:
    report = json.loads((folder / layout.REPORT_JSON).read_bytes())
    return {one["item"]: one["number"] for one in report["exhibits"]}


def report_of(folder: Path) -> Any:
    return json.loads((folder / layout.REPORT_JSON).read_bytes())


def last_entry(vault: Vault) -> Any:
    body = vault.database.read().execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()[0]
    return canonical.decode(body)


# Peers


def test_bagit_accepts_the_bundle(exported_bundle: Path) -> None:
    assert bagit.Bag(str(exported_bundle)).validate()


def test_the_bundle_verifies_with_a_bare_python(exported_bundle: Path) -> None:
    call = [sys.executable, "-I", str(exported_bundle / layout.VERIFIER), str(exported_bundle)]
    key = (exported_bundle / layout.KEY).read_text().strip()
    said = subprocess.run([*call, "--key", key], capture_output=True, text=True, timeout=60, cwd="/")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("VERIFIED")
    assert "confirm" not in said.stdout
    assert "Ask the office" in subprocess.run(call, capture_output=True, text=True, timeout=60).stdout
    assert subprocess.run([*call[:3], "/nowhere"], capture_output=True, timeout=60).returncode == 2


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_commands_of_the_instructions_work(exported_bundle: Path, tmp_path: Path) -> None:
    """Every indented shell line of part 3 of VERIFY.txt, as a reader would paste it."""
    text = (exported_bundle / layout.VERIFY_TEXT).read_text("utf-8")
    part = text[text.index("3. Check by hand") : text.index("What it proves")]
    lines = [line for line in part.splitlines() if re.match(r"  (sha|grep|\(|head|sed|openssl|  head)", line)]
    script = "set -eu\n" + "\n".join(lines).replace("/tmp/", f"{tmp_path}/")
    said = subprocess.run(["bash", "-c", script], cwd=exported_bundle, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert "Signature Verified Successfully" in said.stdout
    listed = hashlib.sha256((exported_bundle / layout.EXPORT_FILES).read_bytes()).hexdigest()
    assert f"{listed}  {layout.EXPORT_FILES}" in said.stdout
    assert f'"files_sha256":"{listed}"' in said.stdout


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        (layout.REPORT_JSON, "report"),
        (layout.EXPORT_FILES, "bundle-files"),
        (layout.EXPORT_PROOFS, "bundle-proofs"),
        (layout.DISCLOSURES, "bundle-disclosures"),
        (layout.EXPORT_DISCLOSURES, "bundle-disclosures"),
        (layout.EXPORT_ENTRY, "custody-event"),
    ],
)
def test_documents_are_canonical_and_as_their_schemas_say(exported_bundle: Path, name: str, schema: str) -> None:
    data = (exported_bundle / name).read_bytes()
    value = canonical.decode(data, max_bytes=len(data))
    text = (ROOT / "schemas" / f"{schema}.schema.json").read_text("utf-8")
    assert text == (ROOT / "archiver" / "schemas" / f"{schema}.schema.json").read_text("utf-8")
    jsonschema_rs.Draft202012Validator(json.loads(text)).validate(value)


def test_the_verifier_is_the_same_bytes_each_time_and_only_the_proof_core(exported_bundle: Path) -> None:
    assert (exported_bundle / layout.VERIFIER).read_bytes() == pyz.verifier()
    said = subprocess.run(
        [sys.executable, "-I", "-m", "zipfile", "-l", str(exported_bundle / layout.VERIFIER)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    names = {line.split()[0] for line in said.stdout.splitlines()[1:]}
    assert {name for name in names if not name.startswith("archiver/proof/")} == {"__main__.py", "archiver/__init__.py"}


# What is in it


def test_originals_lie_there_untouched_under_safe_names(exported_bundle: Path) -> None:
    assert (exported_bundle / "data/exhibits/001/original-1.mp4").read_bytes() == film(1)
    names = sorted(path.name for path in (exported_bundle / "data/exhibits/003").iterdir())
    assert names == ["fingerprint-1.bin", "info.json", "metadata.json", "original-1.jpg"]


def test_nothing_about_other_items_is_in_the_bundle(exported_bundle: Path) -> None:
    everything = {str(path): path.read_bytes() for path in exported_bundle.rglob("*") if path.is_file()}
    assert everything
    opened = b""
    for name in (layout.DISCLOSURES, layout.EXPORT_DISCLOSURES):
        for entry in json.loads(everything[str(exported_bundle / name)])["disclosures"].values():
            opened += b"".join(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in entry)
    everything["what the disclosures open"] = opened
    for secret in (*PLANTED, PLANTED_PATH, str(exported_bundle.parent)):
        for form in (secret.encode(), secret.encode("utf-16-le"), base64.b64encode(secret.encode())[:-4]):
            assert [name for name, data in everything.items() if form in data] == []
    assert "Площадь".encode() in opened, "the test looks where such words would be"


def test_the_custody_table_tells_every_act_about_an_exhibit(exported_bundle: Path) -> None:
    first = report_of(exported_bundle)["exhibits"][0]
    assert [(row["type"], row["outcome"]) for row in first["custody"]] == [
        ("request", "success"),
        ("capture", "failure"),
        ("capture", "success"),
        ("ingestion", "success"),
        ("message digest calculation", "success"),
        ("metadata extraction", "success"),
        ("fingerprint calculation", "success"),
        ("match", "success"),
        ("decision", "success"),
        ("decision", "success"),
    ]
    assert {row["agent"] for row in first["custody"]} == {"Nadia", "Lina"}


def test_the_export_is_an_entry_and_the_report_cites_the_checkpoint_before_it(exported_bundle: Path) -> None:
    entry = json.loads((exported_bundle / layout.EXPORT_ENTRY).read_bytes())
    assert (entry["type"], entry["outcome"]) == ("dissemination", "success")
    assert entry["detail"]["exhibits"] == [[1, FILM], [2, REPOST], [3, PHOTO]]
    proofs = json.loads((exported_bundle / layout.EXPORT_PROOFS).read_bytes())
    cited = report_of(exported_bundle)["ledger"]["checkpoint"]["size"]
    assert cited <= proofs["export"] < proofs["size"]
    assert 0 in report_of(exported_bundle)["ledger"]["entries"]


def test_only_matches_among_exhibits_are_told_with_their_rulings(exported_bundle: Path) -> None:
    first, second = report_of(exported_bundle)["matches"]
    assert (first["a"], first["b"], first["finding"], first["transform"]) == (
        1,
        2,
        "same-recording",
        {"mirror": True, "speed": "1.1"},
    )
    assert [(one["ruling"], one["by"], one["note"]) for one in first["rulings"]] == [
        ("unsure", "Lina", ""),
        ("same", "Lina", "same banner"),
    ]
    assert (second["a"], second["b"], second["finding"], second["rulings"]) == (2, 3, "same-scene", [])


def test_exhibit_numbers_stay_with_their_items(fresh_vault: Vault, tmp_path: Path) -> None:
    export(fresh_vault, [PHOTO], CASE, tmp_path / "first")
    export(fresh_vault, [FILM, REPOST, PHOTO], None, tmp_path / "second")
    export(fresh_vault, [], CASE, tmp_path / "third")
    export(fresh_vault, [], "PLANTED-case", tmp_path / "other")
    assert numbers(tmp_path / "first") == {PHOTO: 1}
    assert numbers(tmp_path / "second") == {PHOTO: 1, FILM: 2, REPOST: 3}
    assert numbers(tmp_path / "third") == {PHOTO: 1, FILM: 2, REPOST: 3, NEIGHBOUR: 4}
    assert numbers(tmp_path / "other") == {STRANGER: 1}
    types = [row["type"] for row in report_of(tmp_path / "third")["exhibits"][0]["custody"]]
    assert types.count("dissemination") == 2, "earlier exports of exported items are part of their custody"
    assert "No pictures could" not in (tmp_path / "third" / layout.REPORT_HTML).read_text("utf-8")
    assert "are no pictures or video" in (tmp_path / "third" / layout.REPORT_HTML).read_text("utf-8")


def test_an_earlier_export_with_other_items_leaves_only_a_count(fresh_vault: Vault, tmp_path: Path) -> None:
    export(fresh_vault, [], CASE, tmp_path / "whole")
    export(fresh_vault, [REPOST], None, tmp_path / "part")
    report = report_of(tmp_path / "part")
    # The whole export, and the two matches with items that are not in this one.
    assert report["ledger"]["left_out"] == 3
    assert FILM.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "part").rglob("*") if p.is_file())


def test_withheld_fields_stay_behind_and_everything_verifies(fresh_vault: Vault, tmp_path: Path) -> None:
    withheld = ask(["agent,title,requested_by,case,source"])
    done = export(fresh_vault, [FILM, REPOST], CASE, tmp_path / "bundle", withhold=withheld)
    assert verify(done.bundle).word == "VERIFIED"
    everything = b"".join(path.read_bytes() for path in done.bundle.rglob("*") if path.is_file())
    for secret in ("Nadia", "Lina", "Omar", "march.mp4", CASE, "Площадь"):
        assert secret.encode() not in everything
    assert b"video.example/watch" in everything


def test_by_whom_and_for_whom_is_sealed_like_other_names(fresh_vault: Vault, tmp_path: Path) -> None:
    named = Prepared("Dr. Aoki", "Court of Somewhere")
    told = export(fresh_vault, [PHOTO], CASE, tmp_path / "told", prepared=named)
    report = report_of(told.bundle)
    assert (report["prepared_by"], report["prepared_for"]) == ("Dr. Aoki", "Court of Somewhere")
    assert "Court of Somewhere" in (told.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert b"Aoki" not in (told.bundle / layout.EXPORT_ENTRY).read_bytes()

    hidden = ["prepared_by,prepared_for"]
    withheld = export(fresh_vault, [PHOTO], CASE, tmp_path / "withheld", withhold=ask(hidden), prepared=named)
    report = report_of(withheld.bundle)
    assert (report["prepared_by"], report["prepared_for"]) == ("", "")
    everything = b"".join(path.read_bytes() for path in withheld.bundle.rglob("*") if path.is_file())
    assert b"Aoki" not in everything
    assert b"Somewhere" not in everything

    report = report_of(export(fresh_vault, [PHOTO], CASE, tmp_path / "unnamed").bundle)
    assert (report["prepared_by"], "prepared_for" in report) == ("Nadia", False)


def test_an_exchange_that_also_concerns_other_items_is_withheld(fresh_vault: Vault, tmp_path: Path) -> None:
    from archiver.custody import acquisitions

    vault = fresh_vault
    url = "https://video.example/list"
    (answer,) = queue.add(vault, [Asked(url, url, CASE)])
    name = f"{answer.request_id}.1"
    pair = tuple(item(vault, one, name, film(7 + i), "video/mp4") for i, one in enumerate(("ione222222", "itwo222222")))
    exchange = held(vault, b'{"exchanges":[{"url":"https://video.example/two"}]}', Role.EXCHANGE, "application/json")
    acquisition = Acquisition(
        id=name, kind="download", request_id=answer.request_id, attempt=1, source=url, started_at=now(),
        ended_at=now(), outcome=Outcome.SUCCESS, reason="", message="", holdings=(exchange,), items=pair,
    )  # fmt: skip
    detail = {"bytes": 1, "http_status": 200}
    acquisitions.record(vault, acquisition, request=queue.get(vault, answer.request_id), detail=detail)
    done = export(vault, ["ione222222"], None, tmp_path / "one")
    (exhibit,) = report_of(done.bundle)["exhibits"]
    assert [one["role"] for one in exhibit["objects"] if "withheld" in one] == ["exchange"]
    everything = b"".join(path.read_bytes() for path in done.bundle.rglob("*") if path.is_file())
    assert b"itwo222222" not in everything
    assert b"video.example/two" not in everything
    both = export(vault, ["ione222222", "itwo222222"], None, tmp_path / "both")
    assert (both.bundle / "data/exhibits/002/exchange.json").is_file()


def test_footage_that_cannot_be_decoded_is_exported_with_a_word_about_it(fresh_vault: Vault, tmp_path: Path) -> None:
    damaged = item(fresh_vault, "idamaged22", "ndamaged22.1", b"\0\0\0\x18ftypisom" + b"x" * 500, "video/mp4")
    ingested(fresh_vault, "ndamaged22.1", damaged)
    done = export(fresh_vault, ["idamaged22"], None, tmp_path / "bundle")
    assert "No picture could be decoded" in (done.bundle / layout.REPORT_HTML).read_text("utf-8")


# What can go wrong


def test_what_makes_no_sense_is_refused(exporting_vault: Vault, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("keep")
    for items, case, target in [
        ([], None, tmp_path / "a"),
        ([], "no such case", tmp_path / "b"),
        (["inothing22"], None, tmp_path / "c"),
        ([FILM, STRANGER], None, tmp_path / "d"),
        ([STRANGER], CASE, tmp_path / "e"),
        ([FILM], None, full),
        ([FILM], None, full / "mine"),
        ([FILM], None, exporting_vault.folder / "bundle"),
    ]:
        with pytest.raises(UsageError):
            export(exporting_vault, items, case, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]
    assert (full / "mine").read_text() == "keep"


def test_an_empty_folder_is_taken(exporting_vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert export(exporting_vault, [PHOTO], None, tmp_path / "empty").verdict.word == "VERIFIED"


def test_a_full_disk_leaves_nothing(fresh_vault: Vault, tmp_path: Path) -> None:
    large = item(fresh_vault, "ilarge2222", "nlarge2222.1", os.urandom(12_000_000), "application/octet-stream")
    ingested(fresh_vault, "nlarge2222.1", large)
    fresh_vault.ledger.publish()
    out = tmp_path / "out"
    out.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, hard))  # ends like a full disk, in the middle of a file
    try:
        with pytest.raises(MachineError) as raised:
            export(fresh_vault, ["ilarge2222"], None, out / "bundle")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.code == "disk-full"
    assert list(out.iterdir()) == []
    assert last_entry(fresh_vault)["type"] != "dissemination"


def test_an_export_that_fails_after_its_entry_is_recorded_as_failed(
    fresh_vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> list[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Ledger, "consistency_proof", full)
    with pytest.raises(MachineError):
        export(fresh_vault, [PHOTO], None, tmp_path / "bundle")
    monkeypatch.undo()
    assert (last_entry(fresh_vault)["type"], last_entry(fresh_vault)["outcome"]) == ("dissemination", "failure")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vault"]
    assert export(fresh_vault, [PHOTO], None, tmp_path / "bundle").verdict.word == "VERIFIED"


def test_a_target_that_was_filled_meanwhile_is_left_alone(fresh_vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "bundle"

    def fill(done: int, total: int, what: str) -> None:
        if what == "checking":
            target.mkdir(exist_ok=True)
            (target / "mine").write_text("keep")

    with pytest.raises(MachineError):
        export(fresh_vault, [PHOTO], None, target, fill)
    assert [path.name for path in target.iterdir()] == ["mine"]
    assert (last_entry(fresh_vault)["type"], last_entry(fresh_vault)["outcome"]) == ("dissemination", "failure")
    assert audit.verify(fresh_vault.folder).word == "VERIFIED"


def test_an_altered_original_is_never_exported(fresh_vault: Vault, tmp_path: Path) -> None:
    (original,) = catalog.item(fresh_vault, PHOTO).of_role(Role.ORIGINAL)
    path = fresh_vault.store.path(original.object.sha256)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    with pytest.raises(EvidenceError) as raised:
        export(fresh_vault, [PHOTO], None, tmp_path / "bundle")
    assert raised.value.code == "object-altered"
    path.unlink()
    with pytest.raises(EvidenceError) as raised:
        export(fresh_vault, [PHOTO], None, tmp_path / "bundle")
    assert raised.value.code == "object-missing"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["vault"]
