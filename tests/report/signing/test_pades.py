"""The signature in a PDF: other people's readers accept it, find one changed byte, and nothing else is touched."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typst
from asn1crypto import cms

from archiver import config
from archiver.config import Settings
from archiver.custody.timestamps import ask, stamping
from archiver.errors import EvidenceError, MachineError
from archiver.report.paper.typst_inside import STANDARDS
from archiver.report.signing import pades
from archiver.report.signing.pades import PdfSigner, Signing, Stamp
from archiver.sandbox.failure import SandboxError
from tests import authority
from tests.authority import Authority, needs_openssl
from tests.report.certificates import needs_pdfsig, office, pdfsig, rsa_key

TIME = "2026-11-30T10:00:00.000000Z"


@pytest.fixture(scope="module")
def pdf() -> bytes:
    text = (
        '#set document(title: "Report", date: datetime(year: 2026, month: 1, day: 1))\n#set text(lang: "en")\n= Report'
    )
    made = typst.compile(text.encode(), format="pdf", pdf_standards=STANDARDS, timestamp=1_700_000_000)
    assert isinstance(made, bytes)
    return made


@pytest.fixture(scope="module")
def signed(pdf: bytes) -> bytes:
    with PdfSigner(Signing(office().signer()), TIME) as signer:
        return signer.signed(pdf)


def place(signed: bytes) -> tuple[int, int]:
    """Where the signature lies, by the range that it is of."""
    begin, end, rest = map(int, signed[signed.rindex(b"/ByteRange [0 ") + 14 :].split(b"]")[0].split())
    assert end + rest == len(signed)
    return begin, end


def content(signed: bytes) -> Any:
    """The CMS in it."""
    begin, end = place(signed)
    return cms.ContentInfo.load(bytes.fromhex(signed[begin + 1 : end - 1].decode()), strict=False)["content"]


@needs_pdfsig
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_pdfsig_says_that_it_is_valid(pdf: bytes, tmp_path: Path, kind: str) -> None:
    own = office("Büro Ж", rsa_key() if kind == "rsa" else None)
    with PdfSigner(Signing(own.signer()), TIME, tmp_path) as signer:
        (tmp_path / "one.pdf").write_bytes(signer.signed(pdf))
    said = pdfsig(tmp_path / "one.pdf")
    assert said["Signature Validation"] == "Signature is Valid."
    assert said["Signature Type"] == "ETSI.CAdES.detached"
    assert said["Signing Hash Algorithm"] == "SHA-256"
    assert said["Signer full Distinguished Name"] == "CN=Büro Ж"


@needs_pdfsig
def test_pdfsig_finds_one_changed_byte_wherever_it_is(pdf: bytes, signed: bytes, tmp_path: Path) -> None:
    _, end = place(signed)
    for at in (len(pdf) // 3, signed.index(b"/TU (Sig") + 6, signed.index(b"/M (D", end) + 12):
        changed = bytearray(signed)
        changed[at] ^= 1
        (tmp_path / "one.pdf").write_bytes(changed)
        assert pdfsig(tmp_path / "one.pdf")["Signature Validation"] != "Signature is Valid.", at


def test_what_was_set_is_not_touched_and_stays_of_its_standards(pdf: bytes, signed: bytes) -> None:
    assert signed.startswith(pdf)
    more = signed[len(pdf) :]
    # What PDF/A and PDF/UA say of themselves, title and dates are not written anew; the widget is printed and unseen.
    assert not any(word in more for word in (b"pdfaid", b"pyHanko", b"/ModDate", b"/Producer"))
    assert b"/F 4\n" in more or b"/F 132\n" in more
    assert not any(word in more for word in (b"/JavaScript", b"/URI", b"/EmbeddedFile", b"/AA ", b"/XFA"))
    begin, end = place(signed)
    assert b"".join((signed[:begin], signed[end:])).count(b"/SubFilter /ETSI.CAdES.detached") == 1


def test_the_signature_names_its_certificate_and_brings_the_chain(signed: bytes) -> None:
    told = content(signed)
    names = {one.chosen.subject.native["common_name"] for one in told["certificates"]}
    assert names == {"Office A", "An authority"}
    (info,) = told["signer_infos"]
    names = {one["type"].native for one in info["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= names
    assert "signing_time" not in names  # PAdES has it in the dictionary, outside
    assert not info["unsigned_attrs"]


def asking(url: str, one: Authority) -> Stamp:
    """A stamp of the authority at an address, whose root is trusted."""
    settings = Settings("office-a.example/archive", timestamp=(config.Authority(url, one.root),))
    return lambda signed: stamping.of_bytes(settings, ask.ask, url, signed)


@needs_openssl
@needs_pdfsig
def test_an_authoritys_time_is_over_the_signature(pdf: bytes, tmp_path: Path) -> None:
    one = Authority(tmp_path / "authority")
    with (
        authority.answering(authority.stamping(one)) as url,
        PdfSigner(signing := Signing(office().signer(), asking(url, one)), TIME) as signer,
    ):
        (tmp_path / "one.pdf").write_bytes(signer.signed(pdf))
    assert signing.document()["profile"] == "PAdES-B-T"
    assert pdfsig(tmp_path / "one.pdf")["Signature Validation"] == "Signature is Valid."
    (info,) = content((tmp_path / "one.pdf").read_bytes())["signer_infos"]
    (attribute,) = info["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    (tmp_path / "token").write_bytes(attribute["values"][0].dump())
    (tmp_path / "value").write_bytes(info["signature"].native)
    said = subprocess.run(
        ["openssl", "ts", "-verify", "-token_in", "-in", tmp_path / "token", "-data", tmp_path / "value", "-CAfile",
         one.root, "-untrusted", one.folder / "middle.pem"], capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "Verification: OK" in said.stdout, said.stderr


def test_a_reply_that_is_not_good_ends_it(pdf: bytes, tmp_path: Path) -> None:
    honest, other = Authority(tmp_path / "honest"), Authority(tmp_path / "other")
    with authority.answering(authority.stamping(other)) as url:
        signing = Signing(office().signer(), asking(url, honest))
        with PdfSigner(signing, TIME) as signer, pytest.raises(EvidenceError, match="is not good"):
            signer.signed(pdf)


def test_a_token_without_room_is_an_error_and_no_torn_file(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pades, "_ROOM", -1_000)
    with PdfSigner(Signing(office().signer()), TIME) as signer, pytest.raises(MachineError, match="is the room"):
        signer.signed(pdf)


def test_what_is_no_pdf_gets_no_signature() -> None:
    with PdfSigner(Signing(office().signer()), TIME) as signer, pytest.raises(SandboxError):
        signer.signed(b"no PDF")


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"12 34\n",
        b"99999999 999999999\n%PDF",
        b"0 2\n<>",
        b"no place\n",
    ],
)
def test_a_sandbox_that_was_taken_over_gets_nothing_signed(
    pdf: bytes, lie: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser of a hostile PDF may answer anything: above all another PDF, or a range that leaves parts out."""
    with PdfSigner(Signing(office().signer()), TIME) as signer:
        monkeypatch.setattr(signer._sandbox, "run", lambda *_, **__: lie)
        with pytest.raises(SandboxError, match="is not the PDF"):
            signer.signed(pdf)


def test_another_pdf_or_a_range_with_a_gap_is_not_signed(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with PdfSigner(Signing(office().signer()), TIME) as signer:
        room = pades._ROOM + sum(map(len, office().signer().certificates()))
        honest = signer._sandbox.run(
            "archiver.report.signing.pades_inside:prepare",
            [io.BytesIO(pdf)],
            {"time": 0, "room": room},
            seconds=60,
            max_bytes=10**8,
        )
        head, _, prepared = honest.partition(b"\n")
        begin, end = map(int, head.split())
        for lie in (
            head + b"\n" + prepared.replace(b"/Lang", b"/Lank", 1),
            head + b"\n" + prepared.replace(b"[0 %d %d " % (begin, end), b"[0 %d %d " % (begin - 1, end), 1),
            b"%d %d\n" % (begin + 1, end) + prepared,
            head + b"\n" + prepared + b"more",
        ):
            assert lie != honest
            monkeypatch.setattr(signer._sandbox, "run", lambda *_, lie=lie, **__: lie)
            with pytest.raises(SandboxError, match="is not the PDF"):
                signer.signed(pdf)
