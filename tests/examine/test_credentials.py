"""Content credentials: read in the sandbox, bounded, never trusted, and nothing outside is asked for a file's sake."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from archiver.examine import credentials
from archiver.examine.bounded import RefusedAnswer
from archiver.examine.credited import MAX_TEXT, Credentials, read_credentials
from archiver.examine.examiner import Examiner
from archiver.examine.record import Examination
from archiver.report.withholding import redact
from tests.loopback import serving

BEGIN = datetime(2026, 1, 1)
WORD = "\u202eremoc\u2066 " + 300 * "x"


@pytest.fixture(scope="module")
def signer() -> c2pa.Signer:
    """A camera's key under a root of nobody's list."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root, leaf = _name("Test root"), _name("Camera 7")
    issued = _certificate(leaf, root, key.public_key(), root_key)
    issuer = _certificate(root, root, root_key.public_key(), root_key)
    chain = issued.public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, private, None))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Camera Works")]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    is_root = subject == issuer
    usage = [not is_root, False, False, False, False, is_root, is_root, False, False]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(1 if is_root else 2)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if not is_root:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(key, hashes.SHA256())


def photo() -> bytes:
    made = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(made, "JPEG")
    return made.getvalue()


def signed(signer: c2pa.Signer, *, generator: str = "camera firmware", elsewhere: str = "") -> bytes:
    """A photo with credentials; with `elsewhere` it only names the address where they are."""
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    action = {"action": "c2pa.created", "digitalSourceType": source}
    manifest = {
        "claim_generator_info": [{"name": generator, "version": "1.2"}],
        "title": "photo",
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    with c2pa.Builder(manifest) as builder:
        if elsewhere:
            builder.set_no_embed()
            builder.set_remote_url(elsewhere)
        made = io.BytesIO()
        builder.sign(signer, "image/jpeg", io.BytesIO(photo()), made)
    return made.getvalue()


@pytest.fixture(scope="module")
def examiner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examiner]:
    with Examiner(working=tmp_path_factory.mktemp("working"), slots=1) as examiner:
        yield examiner


def look(examiner: Examiner, folder: Path, *files: bytes) -> Examination:
    for number, data in enumerate(files):
        (folder / f"{number}.jpg").write_bytes(data)
    return examiner.examine([(folder / f"{number}.jpg", "photo.jpg") for number in range(len(files))])


# In the sandbox


def test_credentials_that_hold_are_told_with_signer_and_program_and_not_judged(
    examiner: Examiner, signer: c2pa.Signer, tmp_path: Path
) -> None:
    found = look(examiner, tmp_path, photo(), signed(signer))
    told = {"state": "valid", "signer": "Camera 7, Camera Works", "generator": "camera firmware, 1.2"}
    plain, credited = json.loads(found.metadata)["files"]
    assert "content_credentials" not in plain
    assert credited["content_credentials"] == told
    assert found.summary()["content_credentials"] == (
        "present, signature holds, signer Camera 7, Camera Works (not judged), made by camera firmware, 1.2"
    )
    assert "c2pa" in {tool.name for tool in found.tools}
    assert {one.file_index for one in found.fingerprints} == {0, 1}


def test_credentials_of_a_changed_file_do_not_hold_and_it_is_said_why(
    examiner: Examiner, signer: c2pa.Signer, tmp_path: Path
) -> None:
    changed = bytearray(signed(signer))
    changed[-300] ^= 1
    found = look(examiner, tmp_path, bytes(changed)).files[0].credentials
    assert found is not None
    assert (found.state, found.codes) == ("invalid", ("assertion.dataHash.mismatch",))
    assert "do not hold (assertion.dataHash.mismatch)" in found.words


def test_a_strangers_words_are_cut(examiner: Examiner, signer: c2pa.Signer, tmp_path: Path) -> None:
    found = look(examiner, tmp_path, signed(signer, generator=WORD)).files[0].credentials
    assert found is not None
    assert found.state == "valid"
    assert found.generator == WORD[:MAX_TEXT]


def test_a_file_without_credentials_has_none_and_a_torn_one_is_said_to_be_unreadable(
    examiner: Examiner, signer: c2pa.Signer, tmp_path: Path
) -> None:
    found = look(examiner, tmp_path, photo(), signed(signer)[:400], b"no picture")
    assert [one.credentials for one in found.files] == [None, Credentials("unreadable"), None]


# The address that a file names


def test_an_address_that_a_file_names_is_not_asked_inside_or_outside_of_the_sandbox(
    examiner: Examiner, signer: c2pa.Signer, tmp_path: Path
) -> None:
    with serving() as site:
        data = signed(signer, elsewhere=site.url("/manifest.c2pa"))
        inside = look(examiner, tmp_path, data).files[0].credentials
        outside = credentials.look(str(tmp_path / "0.jpg"), "image/jpeg", 10)
        assert (inside, outside) == (Credentials("elsewhere"), {"state": "elsewhere"})
        assert not site.asked
        with suppress(c2pa.C2paError):  # as the library does when nobody tells it not to
            c2pa.Reader("image/jpeg", io.BytesIO(data))
        assert list(site.asked) == ["/manifest.c2pa"]


# Whatever comes out


def test_a_reading_that_does_not_end_costs_its_own_result_and_nothing_else(signer: c2pa.Signer, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(signed(signer))
    assert credentials.look(str(tmp_path / "photo.jpg"), "image/jpeg", 1e-6) == {"state": "unreadable"}


GOOD: dict[str, Any] = {"state": "invalid", "signer": "x", "generator": "", "codes": ["assertion.dataHash.mismatch"]}


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "trusted"},
        {"state": ["valid"]},
        {"signer": 7},
        {"signer": 61 * "x"},
        {"generator": None},
        {"codes": 9 * ["a"]},
        {"codes": ["two words"]},
        {"codes": "a"},
        {"more": 1},
    ],
)
def test_an_answer_that_is_not_of_the_known_form_is_refused(changed: dict[str, Any]) -> None:
    assert read_credentials(GOOD).document() == {name: value for name, value in GOOD.items() if value}
    with pytest.raises(RefusedAnswer):
        read_credentials(GOOD | changed)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(GOOD)), inner),
    )
)
def test_no_answer_raises_anything_else(untrusted: Any) -> None:
    with suppress(RefusedAnswer):
        assert read_credentials(untrusted).words


# Withholding


@pytest.mark.parametrize(
    ("kinds", "kept"),
    [
        ((), {"signer", "generator", "state"}),
        (("people",), {"generator", "state"}),
        (("software",), {"signer", "state"}),
        (("device",), {"generator", "state"}),
    ],
)
def test_a_redacted_copy_tells_no_signer_and_no_program_of_a_withheld_kind(
    kinds: tuple[str, ...], kept: set[str]
) -> None:
    told = {"state": "valid", "signer": "Zhenya Kvasnikov", "generator": "PhoneCam 4.2-private"}
    document = {"files": [{"exiftool": {}, "content_credentials": told}]}
    made = redact.metadata(json.dumps(document).encode(), 64 * "0", kinds)
    (file,) = json.loads(made.data)["metadata"]["files"]
    assert set(file["content_credentials"]) == kept
    assert made.present == ({*kinds} if kinds else set())
    if "people" in kinds:
        assert made.values == (("people", "Zhenya Kvasnikov"),)
