"""The signing key: made for its owner alone, and not used once others can read it."""

import stat
from pathlib import Path

import pytest

from archiver.custody import keys
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof import note
from archiver.proof.checkpoint import Checkpoint

ORIGIN = "office-a.example/archive"
TEXT = Checkpoint(ORIGIN, 3, bytes(32)).text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys", ORIGIN)
    return tmp_path / "keys"


def test_only_the_owner_can_read_a_new_key(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / keys.PRIVATE_NAME).stat().st_mode) == 0o600


def test_what_it_signs_verifies_with_the_printed_key(folder: Path) -> None:
    key = note.parse_key(keys.verifier_key(folder, ORIGIN))
    assert key.name == ORIGIN
    signed = note.parse(keys.sign(folder, ORIGIN, TEXT))
    note.check(signed, key)
    assert signed.text == TEXT


def test_two_vaults_of_one_name_have_different_keys(tmp_path: Path, folder: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    assert keys.verifier_key(tmp_path / "other", ORIGIN) != keys.verifier_key(folder, ORIGIN)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o610])
def test_a_key_that_others_can_reach_signs_nothing(folder: Path, mode: int) -> None:
    (folder / keys.PRIVATE_NAME).chmod(mode)
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-readable"
    assert keys.verifier_key(folder, ORIGIN)


def test_a_key_is_never_overwritten(folder: Path) -> None:
    before = (folder / keys.PRIVATE_NAME).read_bytes()
    with pytest.raises(FileExistsError):
        keys.create(folder, ORIGIN)
    assert (folder / keys.PRIVATE_NAME).read_bytes() == before


@pytest.mark.parametrize("name", [keys.PRIVATE_NAME, keys.VERIFIER_NAME])
@pytest.mark.parametrize(("data", "code"), [(None, "key-missing"), (b"\xff nonsense", "key-altered")])
def test_a_missing_or_damaged_key_is_named(folder: Path, name: str, data: bytes | None, code: str) -> None:
    path = folder / name
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == code


def test_a_private_key_that_was_exchanged_signs_nothing(tmp_path: Path, folder: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    (tmp_path / "other" / keys.PRIVATE_NAME).rename(folder / keys.PRIVATE_NAME)
    with pytest.raises(EvidenceError):
        keys.sign(folder, ORIGIN, TEXT)


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / keys.PRIVATE_NAME).write_bytes(pem)
    with pytest.raises(EvidenceError):
        keys.sign(folder, ORIGIN, TEXT)


def test_the_origin_of_the_settings_must_be_that_of_the_key(folder: Path) -> None:
    with pytest.raises(EvidenceError):
        keys.sign(folder, "office-b.example/archive", TEXT)


@pytest.mark.parametrize("origin", [ORIGIN, "vault-01ab.invalid/archive", "\u0430\u0440\u0445\u0438\u0432.example"])
def test_schema_less_urls_are_origins(origin: str) -> None:
    keys.check_origin(origin)


@pytest.mark.parametrize(
    "origin", ["", "https://office.example/a", "a b", "a+b", "a\nb", "a\x1bb", "a\u2003b", "/a", "a/", "x" * 300]
)
def test_what_is_no_schema_less_url_is_refused(origin: str) -> None:
    with pytest.raises(UsageError):
        keys.check_origin(origin)


@pytest.mark.parametrize("name", [keys.PRIVATE_NAME, keys.VERIFIER_NAME])
def test_a_key_that_cannot_be_read_is_one_clear_error(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(MachineError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-unreadable"
