"""A sealed zip: only its recipients open it, nothing plain is ever beside it, and no bundle tells who they are."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pyrage.x25519 import Identity

from archiver.custody.vault import Vault
from archiver.errors import MachineError, UsageError
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.bundle import sealing
from archiver.report.export import export
from tests.report.bundle_story import PHOTO, photo
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]

OWN = Identity.generate()


def to(*given: str) -> sealing.Recipients:
    made = sealing.recipients(given or [str(OWN.to_public())])
    assert made is not None
    return made


def opened(path: Path, identity: object = OWN) -> bytes:
    plain = io.BytesIO()
    with path.open("rb") as stream:
        pyrage.decrypt_io(stream, plain, [identity])
    return plain.getvalue()


@pytest.fixture(scope="module")
def sealed(exporting_vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Sequence[str]]]:
    """A sealed export, and what lay beside it while it came about."""
    folder = tmp_path_factory.mktemp("sealed")
    seen: list[Sequence[str]] = []
    left = exporting_vault.working / "export.partial" / "bundle"
    left.mkdir(parents=True)  # what a killed export left there goes with the next
    (left / "bagit.txt").write_text("half")

    def look(done: int, total: int, what: str) -> None:
        seen.append(sorted(path.name for path in folder.rglob("*") if path.is_file()))

    done = export(exporting_vault, [PHOTO], None, folder / "case.zip.age", look, to=to())
    assert done.verdict.word == "VERIFIED"
    (folder / "sha256").write_text(done.zip_sha256)
    return folder / "case.zip.age", seen


@pytest.mark.slow
def test_only_the_sealed_file_is_ever_there(sealed: tuple[Path, list[Sequence[str]]], exporting_vault: Vault) -> None:
    path, seen = sealed
    assert {tuple(names) for names in seen} == {(), ("sealed",)}
    assert sorted(one.name for one in path.parent.iterdir()) == ["case.zip.age", "sha256"]
    assert list(exporting_vault.working.iterdir()) == []
    assert photo() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o444


@pytest.mark.slow
def test_what_a_recipient_opens_is_a_zip_that_verifies(
    sealed: tuple[Path, list[Sequence[str]]], tmp_path: Path
) -> None:
    data = opened(sealed[0])
    assert hashlib.sha256(data).hexdigest() == (sealed[0].parent / "sha256").read_text()
    (tmp_path / "case.zip").write_bytes(data)
    assert verify(tmp_path / "case.zip").word == "VERIFIED"
    with pytest.raises(pyrage.DecryptError):
        opened(sealed[0], Identity.generate())


@pytest.mark.slow
def test_the_sealed_file_by_itself_is_incomplete_and_says_what_to_do(sealed: tuple[Path, list[Sequence[str]]]) -> None:
    verdict = verify(sealed[0])
    assert [(verdict.word, fault.code) for fault in verdict.faults] == [("INCOMPLETE", "archive-encrypted")]


@pytest.mark.skipif(not shutil.which("age"), reason="age is not installed")
def test_age_opens_it(sealed: tuple[Path, list[Sequence[str]]], tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{OWN}\n")
    call = ["age", "--decrypt", "--identity", str(tmp_path / "key"), str(sealed[0])]
    said = subprocess.run(call, capture_output=True, timeout=60, check=True)
    assert said.stdout == opened(sealed[0])


@pytest.mark.slow
def test_each_recipient_opens_it_and_the_office_alone_knows_who_they_are(
    exporting_vault: Vault, tmp_path: Path
) -> None:
    other = Identity.generate()
    ssh = Ed25519PrivateKey.generate()
    line = ssh.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " judge@court"
    (tmp_path / "list").write_text(f"# the court\n{other.to_public()}\n\n{line}\n")
    export(exporting_vault, [PHOTO], None, tmp_path / "case.age", to=to(str(OWN.to_public()), str(tmp_path / "list")))
    pem = ssh.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    for identity in (OWN, other, pyrage.ssh.Identity.from_buffer(pem)):
        assert opened(tmp_path / "case.age", identity)[:4] == b"PK\x03\x04"
    # The ledger holds a commitment, its opening stays in the vault, and no later bundle has it.
    ((seq, body),) = exporting_vault.database.read().execute("SELECT seq, body FROM entry ORDER BY seq DESC LIMIT 1")
    assert canonical.decode(body)["type"] == "dissemination"
    assert str(other.to_public()).encode() not in body
    fields = {one.name: one.value for one in map(disclosure.read, exporting_vault.ledger.disclosures(seq))}
    assert fields["note"] == f"encrypted to: {OWN.to_public()}, {other.to_public()}, {line}"
    export(exporting_vault, [PHOTO], None, tmp_path / "later")
    assert f"{layout.ENTRIES}{seq:09}.json" in {str(one.relative_to(tmp_path / "later")) for one in (
        tmp_path / "later" / layout.ENTRIES).iterdir()}  # fmt: skip
    told = b"".join(one.read_bytes() for one in sorted((tmp_path / "later" / "data").rglob("*.json")))
    assert b"encrypted to" not in told
    opened_notes = [disclosure.read(one) for listed in canonical.decode(
        (tmp_path / "later" / layout.DISCLOSURES).read_bytes())["disclosures"].values() for one in listed]  # fmt: skip
    assert not [one for one in opened_notes if "encrypted" in one.value]


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_plain_and_nothing_half(
    exporting_vault: Vault, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(4_000)

    def full(done: int, total: int, what: str) -> None:
        if what == "checking" and not (disk / "ballast").exists():
            fill(disk, 100_000)

    with pytest.raises(MachineError) as raised:
        export(exporting_vault, [PHOTO], None, disk / "case.age", full, to=to())
    assert raised.value.code == "disk-full"
    assert [path.name for path in disk.iterdir()] == ["ballast"]
    assert list(exporting_vault.working.iterdir()) == []
    (body,) = exporting_vault.database.read().execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    assert canonical.decode(body)["reason"] == "export-not-finished"


@pytest.mark.slow
def test_an_interrupt_while_it_is_encrypted_ends_it(exporting_vault: Vault, tmp_path: Path) -> None:
    def interrupt(done: int, total: int, what: str) -> None:
        if what == "encrypting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(exporting_vault, [PHOTO], None, tmp_path / "case.age", interrupt, to=to())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["age1nobody"], "is no recipient of age"),
        (["ssh-ed25519 AAAA"], "is no recipient of age"),
        (["nobody@court.example"], "is no recipient and no file of any"),
        (["\0"], "is no recipient and no file of any"),
        ([str(Identity.generate().to_public()) for _ in range(21)], "21 recipients are more than 20"),
    ],
)
def test_what_is_no_recipient_is_said_before_the_work(given: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        sealing.recipients(given)


def test_a_private_key_is_not_shown_and_an_empty_list_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"# created\n{OWN}\n")
    for given in (str(tmp_path / "key"), str(OWN)):
        with pytest.raises(UsageError, match="private key") as raised:
            sealing.recipients([given])
        assert "AGE-SECRET" not in raised.value.line()
    (tmp_path / "empty").write_text("# nobody\n")
    with pytest.raises(UsageError, match="names no recipient"):
        sealing.recipients([str(tmp_path / "empty")])
    assert sealing.recipients([]) is None
    assert len(to(str(OWN.to_public()), str(OWN.to_public())).keys) == 1
