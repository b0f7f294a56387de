"""Changing keys: both sign the change, each interruption is made good, and old and new readers follow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import keyfile, keys, lockedkey, nextkeys, passphrase, publish, queue, rotation, tilefiles
from archiver.custody.audit import verify
from archiver.custody.vault import Vault, create, open_vault
from archiver.errors import EvidenceError, UsageError
from archiver.model import CustodyEvent, EventType
from archiver.proof.faults import INCOMPLETE, VERIFIED
from archiver.proof.log import eras, logkeys, note
from archiver.proof.log.logkeys import LogKeys
from tests.vault_story import Copy

ORIGIN = "office-a.example/archive"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = create(tmp_path / "vault", ORIGIN)
    yield made
    made.database.close()


def _ask(vault: Vault, name: str = "1") -> None:
    queue.add(vault, [queue.Asked(f"https://v.example/{name}", f"https://v.example/{name}")])


def _now(vault: Vault) -> LogKeys:
    return keys.public_keys(vault.folder / "keys", ORIGIN)


def _signers(vault: Vault) -> set[bytes]:
    found = vault.ledger.latest()
    assert found is not None
    return {line.key_id for line in note.parse(found[1]).signatures}


def test_both_keys_sign_the_change_and_the_new_ones_alone_what_follows(vault: Vault) -> None:
    old = _now(vault)
    done = rotation.rotate(vault, "the laptop was lost")
    new = _now(vault)
    assert (done.old, done.new, done.resumed) == (old, new, False)
    assert not old.key_ids & new.key_ids
    assert _signers(vault) == old.key_ids | new.key_ids
    _ask(vault)
    vault.ledger.publish()
    assert _signers(vault) == new.key_ids
    assert verify(vault).word == VERIFIED
    assert verify(vault, key=old.classic).word == VERIFIED
    assert verify(vault, key=new.classic).word == VERIFIED


def test_the_old_private_keys_are_gone_and_the_old_public_ones_stay(vault: Vault) -> None:
    old = _now(vault)
    private = (vault.folder / "keys" / keys.PRIVATE_NAME).read_bytes()
    rotation.rotate(vault)
    everything = b"".join(path.read_bytes() for path in (vault.folder / "keys").rglob("*") if path.is_file())
    assert private not in everything
    assert old in nextkeys.known(vault.folder / "keys", ORIGIN)[1:]
    assert not (vault.folder / "keys" / "next").exists()


def test_the_entry_names_both_and_the_reason_is_sealed(vault: Vault) -> None:
    done = rotation.rotate(vault, "the laptop was lost")
    body = vault.ledger.entry(done.entry)
    assert b"laptop" not in body
    told = nextkeys.told(vault.database, done.entry + 1)
    assert told == (done.entry, done.new)
    assert any("laptop" in one for one in _opened(vault, done.entry))


def test_keys_change_again_and_again(vault: Vault) -> None:
    first = _now(vault)
    for _ in range(3):
        rotation.rotate(vault)
    _ask(vault)
    vault.ledger.publish()
    verdict = verify(vault, key=first.classic)
    assert (verdict.word, verdict.faults) == (VERIFIED, ())


def test_a_vault_without_a_second_key_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first version made them: one key, and a first entry that names none."""
    vault = _of_the_first_version(tmp_path / "vault", monkeypatch)
    assert _now(vault).quantum is None
    _ask(vault)
    vault.ledger.publish()
    assert verify(vault).word == VERIFIED
    old = _now(vault)
    rotation.rotate(vault)
    _ask(vault, "2")
    vault.ledger.publish()
    assert _now(vault).quantum is not None
    assert verify(vault, key=old.classic).word == VERIFIED
    vault.database.close()


def test_a_locked_vault_stays_locked_with_the_same_passphrase(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockedkey, "COST", 2**14)
    folder = vault.folder / "keys"
    keys.protect(folder, ORIGIN, b"correct horse")
    with pytest.raises(UsageError) as caught:
        rotation.rotate(vault)
    assert caught.value.code == "passphrase-needed"
    assert not (folder / "next").exists()
    with passphrase.held(b"correct horse"):
        rotation.rotate(vault)
    assert keys.is_locked(folder)
    with passphrase.held(b"wrong"), pytest.raises(UsageError):
        keys.load_signer(folder, ORIGIN)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.slow
def test_a_rotation_killed_at_any_step_is_made_good(vault: Vault, tmp_path: Path) -> None:
    """Before each call that changes a file or the records; the next command finds what is there and goes on."""
    _ask(vault)
    vault.ledger.publish()
    vault.database.close()
    total = _steps(_again(vault.folder, tmp_path / "whole"), 0)
    assert total >= 20
    for stop_at in range(1, total + 1):
        crashed = _again(vault.folder, tmp_path / "crashed")
        first = _now(crashed)
        _steps(crashed, stop_at)
        crashed.ledger.latest()
        _ask(crashed, "later")
        crashed.ledger.publish()
        verdict = verify(crashed, key=first.classic)
        assert (verdict.word, verdict.faults) == (VERIFIED, ()), stop_at
        assert rotation.rotate(crashed).old == _signed_last(crashed), stop_at
        assert not (crashed.folder / "keys" / "next").exists()
        crashed.database.close()
        shutil.rmtree(crashed.folder)


def test_a_rotation_that_was_cut_off_is_finished_and_none_begun_anew(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _now(vault)
    with monkeypatch.context() as patch:
        patch.setattr(keys, "sign", _raise)
        with pytest.raises(Killed):
            rotation.rotate(vault)
    assert verify(vault).word == INCOMPLETE
    done = rotation.rotate(vault)
    assert done.resumed
    assert (done.old, done.new) == (old, _now(vault))
    assert len(eras.read_eras(_told(vault), _now(vault))) == 2


def test_an_older_copy_of_the_keys_signs_nothing(vault: Vault, tmp_path: Path) -> None:
    shutil.copytree(vault.folder / "keys", tmp_path / "kept")
    rotation.rotate(vault)
    shutil.rmtree(vault.folder / "keys")
    shutil.copytree(tmp_path / "kept", vault.folder / "keys")
    _ask(vault)
    with pytest.raises(EvidenceError) as caught:
        vault.ledger.publish()
    assert caught.value.code in ("key-superseded", "signature-unknown")


def test_new_keys_that_are_lost_before_they_signed_are_named(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(keys, "sign", _raise)
        with pytest.raises(Killed):
            rotation.rotate(vault)
    shutil.rmtree(vault.folder / "keys" / "next")
    with pytest.raises(EvidenceError) as caught:
        vault.ledger.publish()
    assert caught.value.code == "key-missing"


def test_a_backup_has_the_public_keys_of_the_past_and_verifies(vault: Vault, tmp_path: Path) -> None:
    from archiver.custody.backup import backup

    old = _now(vault)
    rotation.rotate(vault)
    backup(vault, tmp_path / "copy")
    assert verify(tmp_path / "copy", key=old.classic).word == VERIFIED
    names = {path.name for path in (tmp_path / "copy" / "keys").rglob("*") if path.is_file()}
    assert names == set(keys.PUBLIC_NAMES)


def test_a_rotation_forged_without_the_old_keys_is_found(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the machine and not the old key: new keys, their entry, and a checkpoint signed by them alone."""
    with vault_copy.open() as vault:
        folder = vault.folder / "keys"
        old = keys.public_keys(folder, ORIGIN)
        monkeypatch.setattr(nextkeys, "signing", lambda *_: (folder / "next", None))
        new = nextkeys.make(folder, ORIGIN, None)
        with vault.database.write() as transaction:
            event = CustodyEvent(EventType.ROTATION, detail={"old": old.lines(), "new": new.lines()})
            vault.ledger.append(transaction, [event])
        vault.ledger.publish()
    codes = vault_copy.codes()
    assert codes["signature-missing"] >= {"ledger/checkpoint"}


def test_signing_on_with_the_old_key_after_the_change_is_found(
    vault_copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thief of the old key, on a machine whose ledger knows the change."""
    shutil.copytree(vault_copy.folder / "keys", tmp_path / "stolen")
    with vault_copy.open() as vault:
        rotation.rotate(vault)
        _ask(vault, "forged")
        monkeypatch.setattr(nextkeys, "signing", lambda *_: (tmp_path / "stolen", None))
        vault.ledger.publish()
    codes = vault_copy.codes()
    assert codes["signature-missing"] >= {"ledger/checkpoint"}


def test_the_checkpoint_of_the_change_taken_away_is_found(vault_copy: Copy) -> None:
    with vault_copy.open() as vault:
        rotation.rotate(vault)
        _ask(vault, "late")
        newest = vault.ledger.publish()
    assert newest is not None
    size = vault_copy.value("SELECT MAX(size) FROM checkpoint WHERE size < ?", newest.size)
    vault_copy.sql("DELETE FROM checkpoint WHERE size = ?", size)
    codes = vault_copy.codes()
    assert codes["checkpoint-missing"] == {f"checkpoint {size}"}
    assert f"checkpoint {newest.size}" in codes["signature-missing"]


def _of_the_first_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    with monkeypatch.context() as patch:
        real = keys.public_keys

        def classic_only(place: Path, origin: str) -> LogKeys:
            for name in (keys.QUANTUM_PRIVATE_NAME, keys.QUANTUM_VERIFIER_NAME):
                (place / name).unlink(missing_ok=True)
            return real(place, origin)

        patch.setattr(keys, "public_keys", classic_only)
        patch.setattr("archiver.custody.vault.CustodyEvent", lambda type_, **_: CustodyEvent(type_))
        return create(folder, ORIGIN)


def _steps(vault: Vault, stop_at: int) -> int:
    """Rotate, ending before step `stop_at`. Gives how many steps there were."""
    count = 0

    def counted(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == stop_at:
                raise Killed
            return real(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (keyfile, "write"), (keyfile, "sync"), (Path, "replace"), (shutil, "rmtree"), (publish, "_record"),
            (tilefiles.Writer, "write_checkpoint"),
        ):  # fmt: skip
            patch.setattr(owner, name, counted(getattr(owner, name)))
        try:
            rotation.rotate(vault)
        except Killed:
            assert stop_at
    return count


def _signed_last(vault: Vault) -> LogKeys:
    """The keys that were in use before the last change."""
    return eras.read_eras(_told(vault), None)[-2].keys


def _again(folder: Path, target: Path) -> Vault:
    shutil.copytree(folder, target)
    return open_vault(target, {})


def _told(vault: Vault) -> list[tuple[int, dict[str, Any]]]:
    from archiver.proof import canonical

    rows = vault.database.read().execute("SELECT seq, body FROM entry ORDER BY seq")
    return [(seq, canonical.decode(body)) for seq, body in rows]


def _opened(vault: Vault, seq: int) -> list[str]:
    from archiver.proof import disclosure

    return [disclosure.read(one).value for one in vault.ledger.disclosures(seq)]


def _raise(*_: object) -> None:
    raise Killed


def test_the_checks_of_the_audit_are_those_of_the_proof_core() -> None:
    from archiver.custody.audit.signers import FAST
    from tests.proof.log.test_logkeys import CHECKPOINT, OURS, _note

    assert logkeys.open_signed(_note(*OURS.lines()), [OURS.keys], FAST) == CHECKPOINT
