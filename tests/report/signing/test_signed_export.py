"""A bundle whose report is signed: the report says so, the verifiers accept it, and no withheld name slips out so."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.custody.vault import Vault
from archiver.errors import RefusedError
from archiver.proof.bundle import layout
from archiver.report.export import export
from archiver.report.paper.typesetting import Typesetter
from archiver.report.plan import Prepared
from archiver.report.signing.pades import Signing
from archiver.report.withholding.leaks import Check, Secret
from archiver.report.withholding.withheld import ask
from archiver.sandbox.failure import Failure, SandboxError
from tests.report.bundle_story import PHOTO
from tests.report.certificates import needs_pdfsig, office, pdfsig

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def signed(exporting_vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed") / "bundle"
    exported = export(exporting_vault, [PHOTO], None, folder, signing=Signing(office().signer()))
    assert exported.verdict.word == "VERIFIED"
    return folder


@needs_pdfsig
def test_the_report_names_the_certificate_that_pdfsig_finds(signed: Path) -> None:
    said = pdfsig(signed / layout.REPORT_PDF)
    assert (said["Signature Validation"], said["Signer Certificate Common Name"]) == ("Signature is Valid.", "Office A")
    told = json.loads((signed / layout.REPORT_JSON).read_bytes())
    assert told["signature"]["profile"] == "PAdES-B-B"
    assert "pyhanko" in told["tools"]
    digest = told["signature"]["certificate_sha256"]
    assert digest in (signed / layout.REPORT_HTML).read_text("utf-8")
    assert digest in (signed / layout.VERIFY_TEXT).read_text("utf-8")
    if shutil.which("pdftotext"):
        call = ["pdftotext", "-layout", str(signed / layout.REPORT_PDF), "-"]
        text = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True).stdout
        assert digest in "".join(text.split())


def test_statements_are_left_to_be_signed_by_people(signed: Path) -> None:
    assert b"/ByteRange" in (signed / layout.REPORT_PDF).read_bytes()
    assert b"/ByteRange" not in (signed / layout.STATEMENTS[0]).read_bytes()


def test_an_unsigned_report_says_nothing_of_a_signature(exported_bundle: Path) -> None:
    assert "signature" not in json.loads((exported_bundle / layout.REPORT_JSON).read_bytes())
    assert b"/ByteRange" not in (exported_bundle / layout.REPORT_PDF).read_bytes()


def test_a_certificate_with_a_withheld_name_is_refused(exporting_vault: Vault, tmp_path: Path) -> None:
    signing = Signing(office("Omar Haddad").signer())
    before = exporting_vault.ledger.publish()
    with pytest.raises(RefusedError) as raised:
        export(
            exporting_vault, [PHOTO], None, tmp_path / "bundle", signing=signing,
            withhold=ask(["prepared_by"]), prepared=Prepared(prepared_by="Omar Haddad"),
        )  # fmt: skip
    assert raised.value.code == "leak"
    assert "the certificate for report.pdf" in raised.value.what
    assert "Omar" not in raised.value.line()
    assert exporting_vault.ledger.publish() == before, "the ledger tells of no export"
    assert not (tmp_path / "bundle").exists()


def test_the_leak_check_reads_names_in_a_signature(signed: Path) -> None:
    check = Check([Secret("agent", (), "An authority"), Secret("note", (), "Omar Haddad")])
    (leak,) = check.file(signed, layout.REPORT_PDF)
    assert (leak.secret.field, leak.encoding) == ("agent", "hexadecimal of UTF-8")


def test_a_report_that_cannot_be_set_is_not_said_to_be_signed(
    exporting_vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> bytes:
        raise SandboxError(Failure.OUT_OF_MEMORY, "the job in the sandbox reached its memory limit")

    monkeypatch.setattr(Typesetter, "set", exhausted)
    with pytest.raises(SandboxError):
        export(exporting_vault, [PHOTO], None, tmp_path / "bundle", signing=Signing(office().signer()))
    assert list(tmp_path.iterdir()) == []
