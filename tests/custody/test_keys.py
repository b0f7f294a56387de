"""The signing key: made for its owner alone, and not used once others can read it."""

import os
import stat
from pathlib import Path

import pytest

from archiver.custody import keys, lockedkey, passphrase
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof.log import logkeys, note
from archiver.proof.log.checkpoint import Checkpoint

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


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711])
def test_a_folder_that_others_can_enter_signs_nothing(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-readable"
    assert f"chmod 700 {folder}" in caught.value.line()


@pytest.mark.parametrize("name", keys.PRIVATE_NAMES)
def test_either_private_key_within_others_reach_signs_nothing(folder: Path, name: str) -> None:
    (folder / name).chmod(0o640)
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-readable"


@pytest.mark.parametrize("name", ["", *keys.PRIVATE_NAMES])
def test_a_key_of_another_owner_signs_nothing(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(folder / name, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-owner"


def test_a_link_in_the_place_of_a_key_is_not_followed(folder: Path) -> None:
    (folder / keys.PRIVATE_NAME).rename(folder / "elsewhere")
    (folder / keys.PRIVATE_NAME).symlink_to("elsewhere")
    with pytest.raises(MachineError):
        keys.sign(folder, ORIGIN, TEXT)


def test_both_keys_sign_and_verify(folder: Path) -> None:
    found = keys.public_keys(folder, ORIGIN)
    assert found.quantum is not None
    assert logkeys.open_signed(keys.sign(folder, ORIGIN, TEXT), [found]) == Checkpoint(ORIGIN, 3, bytes(32))


def test_a_second_key_that_is_half_there_is_named(folder: Path) -> None:
    (folder / keys.QUANTUM_VERIFIER_NAME).unlink()
    with pytest.raises(EvidenceError) as caught:
        keys.sign(folder, ORIGIN, TEXT)
    assert caught.value.code == "key-missing"


def test_a_locked_key_signs_with_its_passphrase_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockedkey, "COST", 2**14)
    keys.protect(folder, ORIGIN, b"correct horse")
    assert keys.is_locked(folder)
    assert stat.S_IMODE((folder / keys.PRIVATE_NAME).stat().st_mode) == 0o600
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in folder.iterdir())
    for given, code in ((None, "passphrase-needed"), (b"wrong", "passphrase-wrong")):
        with passphrase.held(given), pytest.raises(UsageError) as caught:
            keys.sign(folder, ORIGIN, TEXT)
        assert caught.value.code == code
    with passphrase.held(b"correct horse"):
        assert keys.sign(folder, ORIGIN, TEXT)
        keys.protect(folder, ORIGIN, None)
    assert not keys.is_locked(folder)
    assert keys.sign(folder, ORIGIN, TEXT)


def test_the_passphrase_is_asked_for_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockedkey, "COST", 2**14)
    keys.protect(folder, ORIGIN, b"correct horse")
    asked: list[str] = []
    passphrase.ask_with(lambda: asked.append("once") or "correct horse")  # type: ignore[func-returns-value]  # a list's
    try:
        for _ in range(3):
            keys.sign(folder, ORIGIN, TEXT)
    finally:
        passphrase.ask_with(None)
        passphrase.forget()
    assert asked == ["once"]


def test_a_passphrase_comes_from_the_first_line_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    monkeypatch.setenv(passphrase.VARIABLE, str(path))
    for data, expected in (
        (b"one\ntwo\n", b"one"),
        (b"one\r\n", b"one"),
        ("\u043f\u0430".encode(), b"\xd0\xbf\xd0\xb0"),
    ):
        path.write_bytes(data)
        passphrase.forget()
        assert passphrase.current() == expected
    passphrase.forget()
    for wrong in (b"", b"\nx", b"x" * 1100):
        path.write_bytes(wrong)
        with pytest.raises(UsageError):
            passphrase.current()
    path.unlink()
    with pytest.raises(UsageError):
        passphrase.current()


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
