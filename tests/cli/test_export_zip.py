"""`archiver export --zip` and `archiver verify FILE.zip`, as their user meets them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from pyrage.x25519 import Identity

from tests.calling import Archiver

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(archiver: Archiver, picture: Callable[[int], bytes], tmp_path: Path) -> Archiver:
    """A vault with one photo."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.png").write_bytes(picture(1))
    archiver("ingest", str(tmp_path / "in"), "--case", "quay")
    return archiver


def test_a_zip_is_written_in_place_of_a_folder_and_verifies(filled: Archiver, tmp_path: Path) -> None:
    target = tmp_path / "out" / "quay.zip"
    said = filled("export", "--case", "quay", "--to", str(target), "--zip")
    assert f"1 exhibits in {target}" in said.out
    assert "take data/verify.pyz out of it, and run python3 -I verify.pyz quay.zip" in said.out
    assert [path.name for path in target.parent.iterdir()] == ["quay.zip"]
    assert filled("verify", str(target), "--json").json["verdict"] == "VERIFIED"
    assert "The key is the bundle's own" in filled("verify", str(target)).out
    said = filled("export", "--case", "quay", "--to", str(target), "--zip", code=2)
    assert "is there already" in said.err


def test_an_encrypted_zip_says_how_it_is_opened(filled: Archiver, tmp_path: Path) -> None:
    own = Identity.generate()
    target = tmp_path / "quay.zip.age"
    said = filled("export", "--case", "quay", "--to", str(target), "--encrypt-to", str(own.to_public()))
    plain = pyrage.decrypt(target.read_bytes(), [own])
    assert f"The zip in it has the SHA-256 {hashlib.sha256(plain).hexdigest()}" in said.out
    assert "age --decrypt --identity KEYFILE --output quay.zip quay.zip.age" in said.out
    assert "archive-encrypted" in filled("verify", str(target), code=3).out


def test_what_is_no_zip_of_ours_is_said_in_one_table(filled: Archiver, tmp_path: Path) -> None:
    (tmp_path / "other.zip").write_bytes(b"PK" * 50)
    said = filled("verify", str(tmp_path / "other.zip"), code=1)
    assert "archive-malformed" in said.out
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (["export", "--case", "quay", "--to", "quay", "--zip"], "no name of a zip"),
        (["export", "--case", "quay", "--to", "quay.zip", "--encrypt-to", "age1"], "is no recipient of age"),
        (["verify", "one.zip", "--since", "3"], "--since is for vaults"),
    ],
)
def test_wrong_usage_is_one_line(
    filled: Archiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.zip").write_bytes(b"")
    said = filled(*call, code=2)
    assert says in said.err
    assert "Traceback" not in said.err
