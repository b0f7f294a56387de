"""`archiver export --sign-pdf`, as its user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.cli.signing import VARIABLE
from archiver.proof.bundle import layout
from tests import authority
from tests.authority import Authority
from tests.calling import Archiver
from tests.report.certificates import PASSPHRASE, needs_pdfsig, office, pdfsig, private

pytestmark = pytest.mark.slow


@pytest.fixture
def archiver(tmp_path: Path) -> Archiver:
    one = Archiver(tmp_path / "vault")
    one("init")
    (tmp_path / "note.txt").write_text("seen from the bridge")
    one("ingest", str(tmp_path / "note.txt"), "--case", "march")
    private(tmp_path / "own.p12", office().p12(PASSPHRASE))
    return one


@needs_pdfsig
def test_a_report_is_signed_with_an_authoritys_time(archiver: Archiver, tmp_path: Path) -> None:
    stamps = Authority(tmp_path / "stamps")
    (tmp_path / "passphrase").write_bytes(PASSPHRASE + b"\n")
    archiver.environ[VARIABLE] = str(tmp_path / "passphrase")
    with authority.answering(authority.stamping(stamps)) as url:
        authority.configure(archiver.vault, url, stamps)
        call = ["export", "--case", "march", "--to", str(tmp_path / "bundle")]
        archiver(*call, "--sign-pdf", str(tmp_path / "own.p12"), "--sign-tsa", url)
    assert pdfsig(tmp_path / "bundle" / layout.REPORT_PDF)["Signature Validation"] == "Signature is Valid."
    assert '"PAdES-B-T"' in (tmp_path / "bundle" / layout.REPORT_JSON).read_text()


def test_without_what_it_needs_nothing_is_exported(archiver: Archiver, tmp_path: Path) -> None:
    own = str(tmp_path / "own.p12")
    (tmp_path / "wrong").write_text("wrong")
    stamps = Authority(tmp_path / "stamps")
    authority.configure(archiver.vault, "http://127.0.0.1:9/tsa", stamps)
    key = office()
    plain = str(private(tmp_path / "plain.p12", key.p12()))
    for environ, more, says, code in (
        ({}, ["--sign-pdf", own], "protected by a passphrase", 2),
        ({VARIABLE: str(tmp_path / "wrong")}, ["--sign-pdf", own], "the passphrase is not that", 2),
        ({}, ["--sign-key", own], "Name a certificate with --sign-pdf", 2),
        ({}, ["--sign-pdf", plain, "--sign-tsa", "http://127.0.0.1:1/"], "is not configured", 2),
        ({}, ["--sign-pdf", plain, "--sign-tsa", "http://127.0.0.1:9/tsa"], "leave --sign-tsa out", 1),
    ):
        archiver.environ.pop(VARIABLE, None)
        archiver.environ.update(environ)
        said = archiver("export", "--case", "march", "--to", str(tmp_path / "bundle"), *more, code=code)
        assert says in said.err, more
        assert not (tmp_path / "bundle").exists()
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"
