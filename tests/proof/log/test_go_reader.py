"""A reader of the Go project's checks our `ledger/` as it lies. Skipped where Go or Debian's x/mod is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.custody import cosigned, queue
from archiver.custody.queue import Asked
from archiver.custody.witness import appointed, notary, received
from archiver.custody.witness.folder import WitnessFolder
from archiver.proof.log import note
from tests.vault_story import Copy, finished_vault, vault_copy

__all__ = ["finished_vault", "vault_copy"]

SOURCE = Path(__file__).resolve().parents[2] / "vectors" / "go-reader"
PACKAGES = Path("/usr/share/gocode")

pytestmark = pytest.mark.skipif(
    not shutil.which("go") or not (PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir(),
    reason="Go or golang-golang-x-mod-dev is not installed",
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from Debian's packages alone."""
    folder = tmp_path_factory.mktemp("go")
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GO111MODULE": "off", "GOPATH": str(PACKAGES),
        "GOCACHE": str(folder / "cache"), "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
    }  # fmt: skip
    subprocess.run(["go", "build", "-o", folder / "reader", "."], cwd=SOURCE, env=environ, check=True, timeout=300)
    return folder / "reader"


def read(reader: Path, copy: Copy) -> subprocess.CompletedProcess[str]:
    key = (copy.folder / "keys" / "ledger.vkey").read_text().strip()
    return subprocess.run([reader, "verify", copy.folder / "ledger", key], capture_output=True, text=True, timeout=60)


def test_go_verifies_signature_entries_inclusion_and_consistency(reader: Path, vault_copy: Copy) -> None:
    said = read(reader, vault_copy)
    assert said.returncode == 0, said.stderr
    count = vault_copy.value("SELECT COUNT(*) FROM entry")
    assert f"verified: {count} entries of office-a.example/archive, 1 signatures known, 1 not" in said.stdout
    assert isinstance(count, int)
    assert count > 256  # so that there are full tiles and a second level


def test_go_reads_a_cosigned_checkpoint_and_leaves_the_witness_alone(
    reader: Path, vault_copy: Copy, tmp_path: Path
) -> None:
    witness = WitnessFolder.create(tmp_path / "witness", "office-b.example/witness")
    witness.trust(note.parse_key((vault_copy.folder / "keys" / "ledger.vkey").read_text().strip()))
    with vault_copy.open() as vault:
        appointed.appoint(vault, witness.key)
        received.add(vault, notary.answer(witness, received.request(vault, 0).encode()).body)
        assert cosigned.last_of(vault.folder, witness.key)
    said = read(reader, vault_copy)
    assert said.returncode == 0, said.stderr
    assert "1 signatures known, 2 not" in said.stdout
    with vault_copy.open() as vault:
        queue.add(vault, [Asked("https://video.example/more", "https://video.example/more")])
        vault.ledger.publish()
    assert read(reader, vault_copy).returncode == 0


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/entries/000"])
def test_go_refuses_what_we_refuse(reader: Path, vault_copy: Copy, path: str) -> None:
    place = vault_copy.folder / "ledger" / path
    data = bytearray(place.read_bytes())
    data[40] ^= 1
    place.unlink()
    place.write_bytes(data)
    assert read(reader, vault_copy).returncode == 1
    assert vault_copy.verify().word == "FAILED"


def test_the_committed_vectors_are_what_the_reader_prints(reader: Path) -> None:
    said = subprocess.run([reader, "vectors"], capture_output=True, timeout=60, check=True).stdout
    assert said == (SOURCE.parent / "go-tlog.json").read_bytes()
