"""Cosignatures in a vault: through a change of keys, an interruption, and the batch that tells of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest import mock

import pytest

from archiver.custody import audit, cosigned, queue, rotation
from archiver.custody.cosigned import Vouched
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create
from archiver.custody.witness import appointed, notary, received
from archiver.custody.witness.folder import WitnessFolder
from archiver.proof import durable
from archiver.proof.log import note
from archiver.proof.trust import memory, policy
from archiver.proof.trust.memory import Memory
from archiver.proof.trust.outside import Outside

ORIGIN = "office-a.example/archive"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return create(tmp_path / "vault", ORIGIN)


@pytest.fixture
def witness(vault: Vault, tmp_path: Path) -> WitnessFolder:
    made = WitnessFolder.create(tmp_path / "witness", "office-b.example/witness")
    made.trust(key_of(vault))
    appointed.appoint(vault, made.key)
    return made


def key_of(vault: Vault) -> note.VerifierKey:
    return note.parse_key((vault.folder / "keys" / "ledger.vkey").read_text().strip())


def answer(vault: Vault, witness: WitnessFolder) -> bytes:
    said = notary.answer(witness, received.request(vault, cosigned.last_of(vault.folder, witness.key)).encode())
    assert said.status == 200, said
    return said.body


def act(vault: Vault, number: int) -> None:
    url = f"https://video.example/{number}"
    queue.add(vault, [Asked(url, url)])
    vault.ledger.publish()


def types(vault: Vault) -> list[str]:
    rows = vault.database.read().execute("SELECT body FROM entry ORDER BY seq").fetchall()
    return [json.loads(body)["type"] for (body,) in rows]


def test_the_batch_after_a_cosignature_tells_of_it_once(vault: Vault, witness: WitnessFolder) -> None:
    received.add(vault, answer(vault, witness))
    assert types(vault) == ["vault creation"]
    act(vault, 1)
    act(vault, 2)
    assert types(vault) == [
        "vault creation", "checkpoint issued", "cosignature received", "request", "checkpoint issued", "request",
    ]  # fmt: skip
    assert json.loads((vault.folder / "cosigned" / "untold.json").read_text()) == []
    entry = json.loads(vault.ledger.entry(2))
    assert entry["detail"]["witness"] == str(witness.key)
    assert entry["detail"]["size"] == 1
    assert audit.verify(vault).word == "VERIFIED"


def test_an_interruption_at_any_write_leaves_a_vault_that_verifies_and_takes_the_answer_again(
    vault: Vault, witness: WitnessFolder
) -> None:
    data = answer(vault, witness)
    real, calls = durable.replace, 0

    def failing(path: Path, content: bytes, mode: int = 0o600) -> None:
        nonlocal calls
        calls += 1
        if calls == broken:
            raise OSError(28, "No space left on device")
        real(path, content, mode)

    for broken in (1, 2):
        calls = 0
        with mock.patch.object(durable, "replace", failing), pytest.raises(OSError):
            received.add(vault, data)
        assert audit.verify(vault).word == "VERIFIED"
        act(vault, broken)  # nothing is told that is not kept
        assert "cosignature received" not in types(vault)
        assert audit.verify(vault).word == "VERIFIED"
    assert len(received.add(vault, data)) == 1
    act(vault, 3)
    assert types(vault).count("cosignature received") == 1
    act(vault, 4)
    assert types(vault).count("cosignature received") == 1
    assert audit.verify(vault).word == "VERIFIED"


def test_a_witness_goes_on_through_a_change_of_keys_once_it_trusts_the_new_one(
    vault: Vault, witness: WitnessFolder
) -> None:
    received.add(vault, answer(vault, witness))
    old = key_of(vault)
    rotation.rotate(vault)
    new = key_of(vault)
    assert new != old
    received.add(vault, answer(vault, witness))  # the checkpoint of the change bears the old key's line as well
    act(vault, 1)
    refused = notary.answer(witness, received.request(vault, cosigned.last_of(vault.folder, witness.key)).encode())
    assert refused.status == 403
    witness.trust(new)
    received.add(vault, answer(vault, witness))
    for known in (old, new):
        asked = policy.parse(f"log {known}\nwitness W {witness.key}\nquorum W\n".encode())
        verdict = audit.verify(vault, outside=Outside(asked))
        assert verdict.word == "VERIFIED", verdict.faults
    assert len(cosigned.sizes(vault.folder)) == 3


def test_a_line_of_an_old_key_on_a_cosigned_checkpoint_must_hold_too(vault: Vault, witness: WitnessFolder) -> None:
    received.add(vault, answer(vault, witness))
    rotation.rotate(vault)
    received.add(vault, answer(vault, witness))
    size = cosigned.sizes(vault.folder)[-1]
    path = vault.folder / "cosigned" / str(size)
    signed = note.parse(path.read_bytes())
    own = [number for number, line in enumerate(signed.signatures) if line.name == ORIGIN]
    assert len(own) == 4  # two keys before and two after
    for number in own:
        lines = list(signed.signatures)
        line = lines[number]
        lines[number] = note.Signature(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
        path.write_bytes(note.Note(signed.text, tuple(lines)).encode())
        found = {fault.code for fault in audit.verify(vault).faults if fault.subject == f"cosigned/{size}"}
        assert found == {"signature-wrong"}
    path.write_bytes(signed.encode())
    assert audit.verify(vault).word == "VERIFIED"


def test_a_copy_from_before_a_change_of_keys_is_a_rollback_to_whoever_saw_the_new_keys(
    vault: Vault, tmp_path: Path
) -> None:
    vault.database.close()
    shutil.copytree(vault.folder, tmp_path / "older")
    rotation.rotate(vault)
    first = audit.verify(vault, outside=Outside(None, Memory()))
    assert first.look is not None
    known = memory.remember(Memory(), first.look, "t")
    assert audit.verify(vault, outside=Outside(None, known)).told["memory"]["state"] == "agrees"
    codes = {fault.code for fault in audit.verify(tmp_path / "older", outside=Outside(None, known)).faults}
    assert codes == {"rolled-back"}


def test_a_vault_whose_keys_do_not_hold_is_remembered_under_none(vault: Vault, tmp_path: Path) -> None:
    """Or a forger could make the true ledger look like a fork of the forged one."""
    other = create(tmp_path / "other", ORIGIN)
    shutil.copytree(other.folder / "ledger", tmp_path / "kept")
    shutil.rmtree(vault.folder / "ledger")
    shutil.copytree(tmp_path / "kept", vault.folder / "ledger")
    verdict = audit.verify(vault, outside=Outside(None, Memory()))
    assert verdict.word == "FAILED"
    assert verdict.look is None


def told(vault: Vault, number: int) -> Vouched:
    """What an export shows of witnesses, once the ledger tells of all that came."""
    act(vault, number)
    found = cosigned.best(vault.folder, vault.database.read())
    assert found is not None
    return found


def test_only_the_newest_hundred_notes_are_looked_through_and_the_fullest_is_given(
    vault: Vault, witness: WitnessFolder, tmp_path: Path
) -> None:
    second = WitnessFolder.create(tmp_path / "second", "office-c.example/witness")
    second.trust(key_of(vault))
    appointed.appoint(vault, second.key)
    received.add(vault, answer(vault, witness))
    received.add(vault, answer(vault, second))
    act(vault, 1)
    received.add(vault, answer(vault, witness))
    best = told(vault, 2)
    assert best.size == 1  # two witnesses cosigned it, and one the newer one
    assert [one.witness for one in best.witnesses] == sorted([str(witness.key), str(second.key)])
    received.add(vault, answer(vault, witness))
    received.add(vault, answer(vault, second))
    again = cosigned.best(vault.folder, vault.database.read())
    assert again is not None
    assert again.size > 1, "it counts before an entry tells of it"
    # What entries below a number tell is the same for ever.
    assert cosigned.best(vault.folder, vault.database.read(), 2) is None
    assert cosigned.best(vault.folder, vault.database.read(), again.size) == best
    assert told(vault, 3) == again
    assert cosigned.best(vault.folder, vault.database.read(), 10**6) == again


def test_people_may_edit_the_list_of_witnesses_and_appointing_keeps_their_lines(
    vault: Vault, witness: WitnessFolder, tmp_path: Path
) -> None:
    path = vault.folder / appointed.FILE_NAME
    path.write_text(
        path.read_text().replace(
            "quorum none", "# ours\ngroup all-of-us any office-b.example/witness\nquorum all-of-us"
        )
    )
    second = WitnessFolder.create(tmp_path / "second", "office-c.example/witness")
    appointed.appoint(vault, second.key, "https://witness.example/c")
    appointed.appoint(vault, second.key, "https://witness.example/other")
    found = appointed.load(vault.folder)
    assert list(found.urls.values()) == ["https://witness.example/other"]
    assert set(found.witnesses.values()) == {witness.key, second.key}
    assert "# ours" in path.read_text()
    assert found.quorum == "all-of-us"


def test_an_interruption_before_the_checkpoint_shows_it_is_mended_by_the_same_answer(
    vault: Vault, witness: WitnessFolder
) -> None:
    data = answer(vault, witness)
    with mock.patch.object(received, "_show", side_effect=OSError(28, "full")), pytest.raises(OSError):
        received.add(vault, data)
    published = vault.folder / "ledger" / "checkpoint"
    assert b"office-b" not in published.read_bytes()
    assert audit.verify(vault).word == "VERIFIED"
    assert received.add(vault, data) == []
    assert b"office-b" in published.read_bytes()
