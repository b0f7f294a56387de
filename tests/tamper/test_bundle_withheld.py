"""Bundles that withhold: what both verifiers say when somebody puts back, takes out or swaps what is withheld."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault
from archiver.proof import disclosure
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.report.bundle_story import Bundle
from tests.report.withheld_story import CASE, FIRST, build, metadata

COPY = "data/exhibits/001/metadata-redacted.json"
ASKED = ask(["title", "agent"], ["fingerprint", "comments"], ["times", "text"])


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return build(tmp_path_factory.mktemp("vault") / "vault")


@pytest.fixture(scope="module")
def exported(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bundles") / "bundle"
    assert export(vault, [], CASE, target, withhold=ASKED).verdict.word == "VERIFIED"
    return target


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(exported, tmp_path / "bundle")
    for folder in (tmp_path / "bundle").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


def ingestion(bundle: Bundle) -> str:
    return str(int(Path(bundle.entry_of("ingestion", item=FIRST)).stem))


def opened(bundle: Bundle, vault: Vault, field: str) -> str:
    file = disclose(vault, int(ingestion(bundle)), field).file
    return str(json.loads(file)["disclosure"])


def put_back(bundle: Bundle, seq: str, one: str) -> None:
    document = bundle.json(layout.DISCLOSURES)
    document["disclosures"].setdefault(seq, []).append(one)
    bundle.write_json(layout.DISCLOSURES, document)


def true_disclosure_put_back(bundle: Bundle, vault: Vault) -> None:
    put_back(bundle, ingestion(bundle), opened(bundle, vault, "title"))


def false_disclosure(bundle: Bundle, vault: Vault) -> None:
    real = disclosure.read(opened(bundle, vault, "title"))
    put_back(bundle, ingestion(bundle), disclosure.make(real.salt, "title", "somebody else"))


def moved_disclosure(bundle: Bundle, vault: Vault) -> None:
    put_back(bundle, "0", opened(bundle, vault, "title"))


def report(change: Callable[[Any], object]) -> Callable[[Bundle, Vault], None]:
    def attack(bundle: Bundle, vault: Vault) -> None:
        document = bundle.json(layout.REPORT_JSON)
        change(document)
        bundle.write_json(layout.REPORT_JSON, document)

    return attack


def objects(document: Any, role: str) -> Any:
    return next(one for one in document["exhibits"][0]["objects"] if one["role"] == role)


def told_value(document: Any) -> None:
    document["exhibits"][0]["fields"]["title"] = {
        "entry": document["exhibits"][0]["fields"]["title"]["entry"],
        "value": "x",
    }


def copy(change: Callable[[Any], object]) -> Callable[[Bundle, Vault], None]:
    def attack(bundle: Bundle, vault: Vault) -> None:
        document = bundle.json(COPY)
        change(document)
        bundle.write(COPY, json.dumps(document).encode())

    return attack


def copy_and_report(change: Callable[[Any], object]) -> Callable[[Bundle, Vault], None]:
    """The copy, and its digest in the report, so that only what the copy says of itself is wrong."""

    def attack(bundle: Bundle, vault: Vault) -> None:
        import hashlib

        copy(change)(bundle, vault)
        data = bundle.read(COPY)
        document = bundle.json(layout.REPORT_JSON)
        told = {"path": COPY, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        objects(document, "metadata")["redacted"] = told
        bundle.write_json(layout.REPORT_JSON, document)

    return attack


def object_put_back(bundle: Bundle, vault: Vault) -> None:
    sha256 = objects(bundle.json(layout.REPORT_JSON), "comments")["sha256"]
    bundle.write("data/exhibits/001/comments.json", vault.store.read(sha256))


def another_object_in_its_place(bundle: Bundle, vault: Vault) -> None:
    bundle.write("data/exhibits/001/comments.json", b"{}")


def full_metadata_beside_the_copy(bundle: Bundle, vault: Vault) -> None:
    bundle.write("data/exhibits/001/metadata.json", metadata())


def copy_of_another_exhibit(bundle: Bundle, vault: Vault) -> None:
    bundle.write(COPY, bundle.read("data/exhibits/002/metadata-redacted.json"))


def copy_beside(bundle: Bundle, vault: Vault) -> None:
    bundle.write("data/exhibits/001/metadata-2-redacted.json", bundle.read(COPY))


def copy_removed(bundle: Bundle, vault: Vault) -> None:
    (bundle.folder / COPY).unlink()


def copy_of_an_original(bundle: Bundle, vault: Vault) -> None:
    bundle.write("data/exhibits/001/original-redacted.json", b"{}")


def entry_withholds_less(bundle: Bundle, vault: Vault) -> None:
    entry = bundle.json(layout.EXPORT_ENTRY)
    entry["detail"]["withheld"]["fields"].remove("title")
    bundle.write_json(layout.EXPORT_ENTRY, entry)


ATTACKS: dict[str, tuple[Callable[[Bundle, Vault], None], str]] = {
    "withheld field opened in the bundle": (true_disclosure_put_back, "withheld-differs"),
    "false disclosure of a withheld field": (false_disclosure, "disclosure-foreign"),
    "disclosure moved to another entry": (moved_disclosure, "disclosure-foreign"),
    "report gives a withheld field a value": (report(told_value), "report-differs"),
    "report withholds less": (report(lambda d: d["withheld"]["fields"].remove("title")), "withheld-differs"),
    "report withholds more": (report(lambda d: d["withheld"]["objects"].append("original")), "withheld-differs"),
    "report says nothing of it": (report(lambda d: d.pop("withheld")), "withheld-differs"),
    "report says it in another form": (report(lambda d: d.update(withheld=[])), "withheld-differs"),
    "export's entry withholds less": (entry_withholds_less, "inclusion-proof"),
    "withheld object put back": (object_put_back, "withheld-differs"),
    "another object in the place of the withheld one": (another_object_in_its_place, "exhibit-differs"),
    "full metadata beside the copy": (full_metadata_beside_the_copy, "report-differs"),
    "redacted copy altered": (copy(lambda d: d["metadata"].update(files=[])), "redacted-copy"),
    "redacted copy of another exhibit": (copy_of_another_exhibit, "redacted-copy"),
    "redacted copy removed": (copy_removed, "redacted-copy"),
    "second redacted copy": (copy_beside, "redacted-copy"),
    "redacted copy of what has none": (copy_of_an_original, "file-extra"),
    "copy says another object": (copy_and_report(lambda d: d["of"].update(sha256="0" * 64)), "redacted-copy"),
    "copy says another role": (copy_and_report(lambda d: d["of"].update(role="info")), "redacted-copy"),
    "copy says less is left out": (copy_and_report(lambda d: d["withheld"].pop()), "redacted-copy"),
    "copy is no object": (lambda b, v: b.write(COPY, b"[]"), "redacted-copy"),
    "copy nests without end": (lambda b, v: b.write(COPY, b"[" * 100_000), "redacted-copy"),
    "report's copy leads out of the exhibit": (
        report(lambda d: objects(d, "metadata")["redacted"].update(path="data/exhibits/002/metadata-redacted.json")),
        "redacted-copy",
    ),
    "report names no copy": (report(lambda d: objects(d, "metadata").pop("redacted")), "redacted-copy"),
    "report's exhibit without a number": (report(lambda d: d["exhibits"][0].update(number=[])), "withheld-differs"),
    "report's copy is no object": (report(lambda d: objects(d, "metadata").update(redacted=5)), "withheld-differs"),
}


@pytest.mark.parametrize("sealed", [False, True], ids=["careless", "careful"])
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_what_is_withheld(bundle: Bundle, vault: Vault, name: str, sealed: bool) -> None:
    attack, code = ATTACKS[name]
    attack(bundle, vault)
    if sealed:
        bundle.seal_again()
    verdict = verify(bundle.folder)
    assert verdict.word == "FAILED"
    assert code in {fault.code for fault in verdict.faults}


@pytest.mark.honest
def test_a_bundle_of_before_is_held_to_nothing_that_it_does_not_say(bundle: Bundle, vault: Vault) -> None:
    """Nobody can make one here, so that other faults are there: of the entry that was changed."""
    entry = bundle.json(layout.EXPORT_ENTRY)
    del entry["detail"]["withheld"]
    bundle.write_json(layout.EXPORT_ENTRY, entry)
    document = bundle.json(layout.REPORT_JSON)
    del document["withheld"]
    for exhibit in document["exhibits"]:
        for one in exhibit["objects"]:
            one.pop("redacted", None)
    bundle.write_json(layout.REPORT_JSON, document)
    for path in bundle.folder.rglob("*-redacted.json"):
        path.unlink()
    codes = {fault.code for fault in verify(bundle.folder).faults}
    assert "inclusion-proof" in codes
    assert codes & {"withheld-differs", "redacted-copy"} == set()


@pytest.mark.honest
def test_a_bundle_that_withholds_verifies_with_a_bare_python(bundle: Bundle) -> None:
    assert verify(bundle.folder).word == "VERIFIED"
    call = [sys.executable, "-I", str(bundle.folder / layout.VERIFIER), str(bundle.folder)]
    said = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout.split(":")[0]) == (0, "VERIFIED")
    kept = base64.b64encode(b"Verena Quistorp")[:16]
    assert not any(kept in path.read_bytes() for path in bundle.folder.rglob("*") if path.is_file())
