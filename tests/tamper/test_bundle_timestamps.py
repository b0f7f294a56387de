"""Bundles with time stamps: what both verifiers and OpenSSL say of good ones, and of each attack."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.config import Authority as Configured
from archiver.custody import queue
from archiver.custody.queue import Asked
from archiver.custody.timestamps import stamping, trust
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.faults import Verdict
from archiver.proof.trust.outside import Outside
from archiver.report.export import export
from tests.authority import Authority, needs_openssl
from tests.report.bundle_story import CASE, FILM, PHOTO, REPOST, Bundle
from tests.report.bundle_story import build as build_vault


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """A bundle with two stamps: the first over its exhibits, and a newer one."""
    vault = build_vault(tmp_path_factory.mktemp("vault") / "vault")
    named = (Configured("https://a.example/tsa", authority.root),)
    vault = replace(vault, settings=replace(vault.settings, timestamp=named))
    for name in ("first", "second", "third"):
        made, errors = stamping.add(vault, lambda url, query: authority.forge(query))
        assert (len(made), errors) == (1, []), name
        queue.add(vault, [Asked(f"https://video.example/{name}", f"https://video.example/{name}")])
    target = tmp_path_factory.mktemp("bundles") / "bundle"
    assert export(vault, [PHOTO], CASE, target).verdict.word == "VERIFIED"
    assert export(vault, [FILM, REPOST], CASE, target.parent / "copies").verdict.word == "VERIFIED"
    vault.database.close()
    return target


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(exported, tmp_path / "bundle")
    return Bundle(tmp_path / "bundle")


def look(bundle: Bundle, authority: Authority | None = None) -> Verdict:
    vouch = trust.voucher(authority.root.read_bytes()) if authority else None
    return verify(bundle.folder, outside=Outside(vouch=vouch))


def stamps_of(bundle: Bundle) -> list[int]:
    return sorted({int(path.name.partition(".")[0]) for path in (bundle.folder / layout.TIMESTAMPS).iterdir()})


def codes(verdict: Verdict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in verdict.faults:
        found.setdefault(one.code, set()).add(one.subject)
    return found


@pytest.mark.honest
def test_the_first_stamp_over_an_exhibit_and_the_newest_are_there(bundle: Bundle) -> None:
    report = bundle.json(layout.REPORT_JSON)
    first, last = report["timestamps"]
    proved = report["exhibits"][0]["proved"]
    assert (proved["timestamp"], proved["time"]) == (first["entry"], first["time"])
    assert last["size"] > first["entry"]
    page = (bundle.folder / layout.REPORT_HTML).read_text()
    assert "Here at the latest" in page
    assert f"time stamp of entry {first['entry']}" in page
    assert "a.example/tsa" in page


@pytest.mark.honest
def test_without_roots_it_is_said_that_the_signature_was_not_checked(bundle: Bundle, authority: Authority) -> None:
    plain, rooted = look(bundle), look(bundle, authority)
    assert (plain.word, rooted.word) == ("VERIFIED", "VERIFIED")
    assert [one["signature_checked"] for one in plain.told["timestamps"]] == [False, False]
    assert [one["signature_checked"] for one in rooted.told["timestamps"]] == [True, True]
    assert plain.checked["timestamps"] == 2


@pytest.mark.honest
def test_verify_pyz_tells_the_command(bundle: Bundle) -> None:
    said = subprocess.run(
        [sys.executable, "-I", bundle.folder / layout.VERIFIER, bundle.folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert "not checked here" in said.stdout
    assert "openssl ts -verify -queryfile" in said.stdout
    assert "-attime" in said.stdout


@needs_openssl
@pytest.mark.honest
def test_openssl_accepts_every_token_by_the_commands_that_are_told(bundle: Bundle, authority: Authority) -> None:
    told = (bundle.folder / layout.VERIFY_TEXT).read_text()
    commands = [line.strip() for line in told.splitlines() if line.startswith("  openssl ts")]
    assert len(commands) == 2
    assert commands == [one["command"] for one in look(bundle).told["timestamps"]]
    for command in commands:
        words = shlex.split(command.replace("ROOT.pem", str(authority.root)))
        done = subprocess.run(words, cwd=bundle.folder, capture_output=True, text=True, check=False)
        assert "Verification: OK" in done.stdout, done.stderr
        by_data = ["-data" if one == "-queryfile" else one.replace(".tsq", ".checkpoint") for one in words]
        done = subprocess.run(by_data, cwd=bundle.folder, capture_output=True, text=True, check=False)
        assert "Verification: OK" in done.stdout, done.stderr


@needs_openssl
def test_openssl_refuses_an_edited_token(bundle: Bundle, authority: Authority) -> None:
    first = stamps_of(bundle)[0]
    path = layout.timestamp_path(first, "tsr")
    data = bytearray(bundle.read(path))
    data[-1] ^= 1
    bundle.write(path, bytes(data))
    command = look(bundle).told.get("timestamps", [{}])[0].get("command", "")
    assert path not in command, "what is not good is not told"


@pytest.mark.parametrize("kind", layout.TIMESTAMP_KINDS)
def test_a_file_of_a_stamp_that_was_removed(bundle: Bundle, kind: str) -> None:
    first = stamps_of(bundle)[0]
    (bundle.folder / layout.timestamp_path(first, kind)).unlink()
    bundle.seal_again()
    assert codes(look(bundle))["timestamp-missing"] == {f"entry {first}"}


@pytest.mark.parametrize(
    ("kind", "code"), [("tsr", "timestamp-invalid"), ("tsq", "timestamp-invalid"), ("pem", "timestamp-invalid")]
)
def test_a_file_of_a_stamp_that_was_edited(bundle: Bundle, kind: str, code: str) -> None:
    first = stamps_of(bundle)[0]
    path = layout.timestamp_path(first, kind)
    data = bytearray(bundle.read(path))
    data[-2] ^= 1
    bundle.write(path, bytes(data))
    bundle.seal_again()
    assert codes(look(bundle))[code] == {f"entry {first}"}


def test_the_token_of_another_checkpoint(bundle: Bundle) -> None:
    first, second = stamps_of(bundle)
    for kind in layout.TIMESTAMP_KINDS:
        bundle.write(layout.timestamp_path(second, kind), bundle.read(layout.timestamp_path(first, kind)))
    bundle.seal_again()
    assert codes(look(bundle))["timestamp-invalid"] == {f"entry {second}"}


def test_the_note_of_another_checkpoint(bundle: Bundle) -> None:
    first, second = stamps_of(bundle)
    note = layout.timestamp_path(second, "checkpoint")
    bundle.write(note, bundle.read(layout.timestamp_path(first, "checkpoint")))
    bundle.seal_again()
    assert codes(look(bundle))["timestamp-of-other"] == {f"entry {second}"}


def test_a_consistency_proof_that_is_missing_or_wrong(bundle: Bundle) -> None:
    first, second = stamps_of(bundle)
    proofs = bundle.json(layout.EXPORT_PROOFS)
    proofs["timestamps"][str(first)] = proofs["timestamps"].pop(str(second))
    bundle.write_json(layout.EXPORT_PROOFS, proofs)
    bundle.seal_again()
    assert codes(look(bundle))["timestamp-of-other"] == {f"entry {first}", f"entry {second}"}


@pytest.mark.needs_memory
def test_an_authority_that_the_reader_does_not_know(bundle: Bundle, tmp_path: Path) -> None:
    verdict = look(bundle, Authority(tmp_path / "other", "Others"))
    assert verdict.word == "FAILED"
    assert codes(verdict) == {"timestamp-unknown-authority": {f"entry {one}" for one in stamps_of(bundle)}}


def test_a_stamp_that_no_entry_tells_of(bundle: Bundle) -> None:
    first = stamps_of(bundle)[0]
    extra = layout.timestamp_path(first + 1, "tsr")
    bundle.write(extra, bundle.read(layout.timestamp_path(first, "tsr")))
    bundle.seal_again()
    assert extra in codes(look(bundle))["timestamp-of-other"]


@pytest.mark.parametrize("what", ["time", "claimed", "stamp", "listed", "left out", "moved"])
def test_a_report_that_tells_times_otherwise(bundle: Bundle, what: str) -> None:
    report = bundle.json(layout.REPORT_JSON)
    exhibit, stamps = report["exhibits"][0], report["timestamps"]
    if what == "time":
        exhibit["proved"]["time"] = "2020-01-01T00:00:00.000000Z"
    elif what == "claimed":
        exhibit["proved"]["claimed"] = "2020-01-01T00:00:00.000000Z"
    elif what == "stamp":
        exhibit["proved"]["timestamp"] = 1
    elif what == "listed":
        stamps[0]["time"] = "2020-01-01T00:00:00.000000Z"
    elif what == "left out":
        stamps.pop()
    else:
        exhibit["proved"]["entry"] = 0
    bundle.write_json(layout.REPORT_JSON, report)
    bundle.seal_again()
    assert "report-differs" in codes(look(bundle))


@pytest.mark.honest
def test_the_schema_of_proofs_knows_stamps(bundle: Bundle) -> None:
    import jsonschema_rs

    schema = json.loads((Path(__file__).parents[2] / "schemas" / "bundle-proofs.schema.json").read_text())
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(bundle.json(layout.EXPORT_PROOFS))


@pytest.mark.honest
def test_copies_under_one_stamp_are_proved_at_one_time(exported: Path) -> None:
    report = Bundle(exported.parent / "copies").json(layout.REPORT_JSON)
    (group,) = report["lineage"]
    numbers = [one["number"] for one in report["exhibits"]]
    for value, exhibit in zip(group["values"], report["exhibits"], strict=True):
        assert value["proved"] == {"entry": exhibit["proved"]["timestamp"], "time": exhibit["proved"]["time"]}
    told = next(one for one in group["claims"] if one["claim"] == "first-proved")
    assert (told["members"], told["why"], told["missing"]) == (numbers, "too-close", [])


@pytest.mark.parametrize("attack", ["other time", "left out"])
def test_a_group_that_gives_another_proved_time_than_the_stamp(exported: Path, tmp_path: Path, attack: str) -> None:
    shutil.copytree(exported.parent / "copies", tmp_path / "bundle")
    forged = Bundle(tmp_path / "bundle")
    report = forged.json(layout.REPORT_JSON)
    value = report["lineage"][0]["values"][0]
    if attack == "left out":
        del value["proved"]
    else:
        value["proved"]["time"] = "2020-01-01T00:00:00.000000Z"
    forged.write_json(layout.REPORT_JSON, report)
    forged.seal_again()
    number = report["lineage"][0]["members"][0]
    assert codes(look(forged))["report-differs"] == {f"exhibit {number}"}
