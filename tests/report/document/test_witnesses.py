"""The report names who cosigned the checkpoint, when and by which key, and names nobody else."""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.custody import cosigned
from archiver.custody.vault import Vault
from archiver.custody.witness import appointed, notary, received
from archiver.custody.witness.folder import WitnessFolder
from archiver.proof.bundle import layout, named
from archiver.proof.bundle.check import verify
from archiver.proof.log import note
from archiver.proof.trust import cosignature
from archiver.report.again import again
from archiver.report.export import export
from archiver.report.paper import annex
from archiver.report.paper.blocks import File, Prose
from archiver.report.wording import prose
from tests.report.bundle_story import PHOTO, Bundle, build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, Path, WitnessFolder, int]:
    """A vault, a bundle of it exported after a witness cosigned the ledger, the witness, and the export's entry."""
    folder = tmp_path_factory.mktemp("witnessed")
    vault = build(folder / "vault")
    witness = WitnessFolder.create(folder / "witness", "office-b.example/witness")
    witness.trust(note.parse_key((vault.folder / "keys/ledger.vkey").read_text().strip()))
    appointed.appoint(vault, witness.key)
    cosign(vault, witness, 0)
    done = export(vault, [PHOTO], None, folder / "bundle")
    return vault, folder / "bundle", witness, done.entry


def cosign(vault: Vault, witness: WitnessFolder, old: int) -> None:
    answer = notary.answer(witness, received.request(vault, old).encode())
    assert answer.status == 200
    received.add(vault, answer.body)


@pytest.fixture
def bundle(witnessed: tuple[Vault, Path, WitnessFolder, int], tmp_path: Path) -> Bundle:
    shutil.copytree(witnessed[1], tmp_path / "bundle")
    for path in (tmp_path / "bundle").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


def test_the_report_says_who_cosigned_when_and_by_which_key(
    witnessed: tuple[Vault, Path, WitnessFolder, int], bundle: Bundle
) -> None:
    (one,) = bundle.json(layout.REPORT_JSON)["ledger"]["witnesses"]
    signed = note.parse(bundle.read(layout.EXPORT_COSIGNED))
    time = cosignature.check(signed, witnessed[2].key)
    assert time is not None
    assert one == {
        "name": "office-b.example/witness",
        "key": str(witnessed[2].key),
        "size": int(signed.text.splitlines()[1]),
        "time": named.moment(time),
    }
    assert verify(bundle.folder).word == "VERIFIED"
    page = bundle.read(layout.REPORT_HTML).decode()
    assert all(text in page for text in ("office-b.example/witness", prose.WITNESSED))


def test_paper_shows_them_or_says_that_there_were_none(bundle: Bundle) -> None:
    told = bundle.json(layout.REPORT_JSON)
    shown = list(annex.blocks(told))
    (one,) = [block for block in shown if isinstance(block, File) and block.title == "office-b.example/witness"]
    assert one.digests == (("key", (told["ledger"]["witnesses"][0]["key"],)),)
    told["ledger"]["witnesses"] = []
    assert prose.UNWITNESSED in [block.text for block in annex.blocks(told) if isinstance(block, Prose)]


def stranger() -> str:
    """A witness's key that cosigned nothing."""
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    data = cosignature.ALGORITHM + public
    key_id = hashlib.sha256(b"office-c.example/w\n" + data).digest()[:4].hex()
    return f"office-c.example/w+{key_id}+{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time": "2026-01-01T00:00:00.000000Z"}, "report-differs"),
        ({"size": 1}, "report-differs"),
        ({"key": stranger()}, "report-differs"),
        ({"key": "no key"}, "report-differs"),
        ({"size": "1"}, "report-malformed"),
    ],
)
def test_a_witness_that_the_report_makes_up_is_a_fault(bundle: Bundle, change: dict[str, Any], code: str) -> None:
    told = bundle.json(layout.REPORT_JSON)
    told["ledger"]["witnesses"][0].update(change)
    bundle.write_json(layout.REPORT_JSON, told)
    bundle.seal_again()
    assert code in {fault.code for fault in verify(bundle.folder).faults}


def test_a_crowd_of_witnesses_is_not_checked_one_by_one(bundle: Bundle) -> None:
    told = bundle.json(layout.REPORT_JSON)
    told["ledger"]["witnesses"] *= named.MAX_WITNESSES + 1
    bundle.write_json(layout.REPORT_JSON, told)
    bundle.seal_again()
    assert "report-malformed" in {fault.code for fault in verify(bundle.folder).faults}
    assert named.moment(2**53 - 1).startswith("9999")


def test_a_cosignature_that_came_later_changes_nothing_of_the_same_bundle(
    witnessed: tuple[Vault, Path, WitnessFolder, int], tmp_path: Path
) -> None:
    vault, folder, witness, entry = witnessed
    second = WitnessFolder.create(tmp_path / "second", "office-c.example/witness")
    second.trust(note.parse_key((vault.folder / "keys/ledger.vkey").read_text().strip()))
    appointed.appoint(vault, second.key)
    for size in range(1, 3):  # an export that tells of them, and what came after
        again(vault, entry, tmp_path / f"again-{size}")
        cosign(vault, second, 0 if size == 1 else cosigned.last_of(vault.folder, second.key))
    for path in (one for one in folder.rglob("*") if one.is_file()):
        other = tmp_path / "again-2" / path.relative_to(folder)
        assert other.read_bytes() == path.read_bytes(), path
    assert witness.key != second.key
