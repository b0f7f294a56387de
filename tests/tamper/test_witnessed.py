"""Attacks on cosignatures and on what only memory and witnesses outside can catch.

Undetectable without outside memory, and proven so here: a fork by the log's key (without policy and memory), a fork by
the keys of log and witnesses together (even with a policy), a rollback of everything to an earlier state, the removal
of a checkpoint that nobody saw.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.custody import audit, cosigned, keys, queue
from archiver.custody.queue import Asked
from archiver.custody.witness import appointed, notary, received
from archiver.custody.witness.folder import WitnessFolder
from archiver.proof.bundle.check import verify as verify_bundle
from archiver.proof.faults import Verdict
from archiver.proof.log import note
from archiver.proof.trust import cosignature, memory, policy
from archiver.proof.trust.cosignature import WitnessKey
from archiver.proof.trust.memory import Memory
from archiver.proof.trust.outside import Outside
from tests.report.bundle_story import Bundle
from tests.vault_story import Copy

PUBLISHED = "ledger/checkpoint"


class Watched:
    """A finished vault whose newest checkpoint a witness cosigned, and whose ledger tells of an earlier cosignature."""

    def __init__(self, copy: Copy, folder: Path) -> None:
        self.copy = copy
        self.witness = WitnessFolder.create(folder / "witness", "office-b.example/witness")
        self.key = self.witness.key
        with copy.open() as vault:
            latest = vault.ledger.latest()
            assert latest is not None
            self.log = note.parse_key((copy.folder / "keys" / "ledger.vkey").read_text().strip())
            self.witness.trust(self.log)
            appointed.appoint(vault, self.key)
        self.told_size = self.cosign()
        self.act("told")
        self.size = self.cosign()

    def act(self, name: str) -> None:
        with self.copy.open() as vault:
            queue.add(vault, [Asked(f"https://video.example/{name}", f"https://video.example/{name}")])
            vault.ledger.publish()

    def cosign(self, witness: WitnessFolder | None = None) -> int:
        with self.copy.open() as vault:
            asked = received.request(vault, cosigned.last_of(vault.folder, self.key))
            said = notary.answer(witness or self.witness, asked.encode())
            assert said.status == 200, said
            return received.add(vault, said.body)[0].size

    def policy(self) -> policy.Policy:
        return policy.parse(f"log {self.log}\nwitness W {self.key}\nquorum W\n".encode())

    def look(self, known: Memory | None = None, *, by: bool = True) -> Verdict:
        return audit.verify(self.copy.folder, outside=Outside(self.policy() if by else None, known))

    def codes(self, known: Memory | None = None, *, by: bool = True) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for fault in self.look(known, by=by).faults:
            found.setdefault(fault.code, set()).add(fault.subject)
        return found

    def remembered(self) -> Memory:
        found = self.look(Memory())
        assert found.look is not None
        return memory.remember(Memory(), found.look, "2026-11-23T12:00:00Z")

    def edit(self, path: str, change: Callable[[note.Note], note.Note]) -> None:
        place = self.copy.folder / path
        data = change(note.parse(place.read_bytes())).encode()
        place.unlink()
        place.write_bytes(data)

    def edit_line(self, path: str, change: Callable[[note.Signature], list[note.Signature]]) -> None:
        def changed(signed: note.Note) -> note.Note:
            lines = [change(line) if self.key.made(line) else [line] for line in signed.signatures]
            return note.Note(signed.text, tuple(one for part in lines for one in part))

        self.edit(path, changed)


@pytest.fixture
def watched(vault_copy: Copy, tmp_path: Path) -> Watched:
    return Watched(vault_copy, tmp_path)


@pytest.mark.honest
def test_the_watched_vault_verifies_before_anybody_tampers(watched: Watched) -> None:
    assert watched.look(watched.remembered()).word == "VERIFIED"
    assert watched.told_size < watched.size


@pytest.mark.honest
def test_a_check_from_a_size_on_relates_earlier_cosignatures_and_memories_to_it(watched: Watched) -> None:
    seen = watched.remembered()
    watched.act("newer")
    for size in (watched.size, watched.told_size):
        found = audit.verify(watched.copy.folder, outside=Outside(watched.policy(), seen), since=size)
        assert {fault.code for fault in found.faults} <= {"unwitnessed-tail"}
        assert found.told["memory"]["state"] == "agrees"
        assert found.told["checkpoint"]["quorum_size"] == watched.size


def test_older_tiles_that_do_not_lead_to_a_cosigned_checkpoint(watched: Watched) -> None:
    """A check from a size on proves each to be the beginning of its tree; older tiles have to show that."""
    tile = watched.copy.folder / f"ledger/tile/0/{watched.told_size // 256:03}.p/{watched.told_size % 256}"
    tile.chmod(0o644)
    tile.write_bytes(bytes(tile.stat().st_size))
    found = audit.verify(watched.copy.folder, outside=Outside(watched.policy()), since=watched.size)
    assert {(fault.code, fault.subject) for fault in found.faults} == {
        ("root-differs", f"cosigned/{watched.told_size}")
    }


def both(watched: Watched) -> tuple[str, str]:
    return PUBLISHED, f"cosigned/{watched.size}"


def test_a_forged_cosignature(watched: Watched) -> None:
    forged = watched.key.signed(1_700_000_000, bytes(64))
    for path in both(watched):
        watched.edit_line(path, lambda line: [forged])
    codes = watched.codes()
    assert codes["cosignature-wrong"] == set(both(watched))
    assert codes["unwitnessed-tail"] == {f"entries {watched.told_size} to {watched.size - 1}"}


def test_an_edited_cosignature(watched: Watched) -> None:
    """Its time is under the signature: a cosignature cannot be dated back."""

    def earlier(line: note.Signature) -> list[note.Signature]:
        return [note.Signature(line.name, line.key_id, (1).to_bytes(8, "big") + line.signature[8:])]

    watched.edit_line(PUBLISHED, earlier)
    assert watched.codes() == {"cosignature-wrong": {PUBLISHED}}


def test_a_duplicated_cosignature(watched: Watched) -> None:
    watched.edit_line(PUBLISHED, lambda line: [line, line])
    assert watched.codes() == {"cosignature-repeated": {PUBLISHED}}


def test_a_cosignature_replayed_from_another_checkpoint(watched: Watched) -> None:
    old = next(
        line
        for line in note.parse((watched.copy.folder / f"cosigned/{watched.told_size}").read_bytes()).signatures
        if watched.key.made(line)
    )
    watched.edit_line(PUBLISHED, lambda line: [old])
    assert watched.codes() == {"cosignature-wrong": {PUBLISHED}}


def test_a_cosignature_under_the_logs_own_key(watched: Watched) -> None:
    """The log's key, spelt as a witness's, is no witness of the policy."""
    with watched.copy.open() as vault:
        private = keys.load_signer(vault.folder / "keys", vault.settings.origin).classic
        text = note.parse((vault.folder / PUBLISHED).read_bytes()).text
        own = WitnessKey(watched.key.name, watched.log.public_key)
        line = own.signed(5, private.sign(cosignature.message(text, 5)))
    for path in both(watched):
        watched.edit_line(path, lambda _: [line])
    assert set(watched.codes()) == {"unwitnessed-tail"}


def test_cosignatures_that_the_ledger_tells_of_removed(watched: Watched) -> None:
    (watched.copy.folder / "cosigned" / str(watched.told_size)).unlink()
    assert watched.codes(by=False) == {"cosignature-missing": {f"checkpoint {watched.told_size}"}}


def test_a_told_cosignature_cut_from_its_checkpoint(watched: Watched) -> None:
    watched.edit_line(f"cosigned/{watched.told_size}", lambda line: [])
    assert watched.codes(by=False) == {"cosignature-missing": {f"checkpoint {watched.told_size}"}}


@pytest.mark.needs_memory
def test_all_cosignatures_removed_with_their_entries_untold_needs_a_policy(watched: Watched) -> None:
    for path in both(watched):
        watched.edit_line(path, lambda line: [])
    assert watched.codes(by=False) == {}
    assert set(watched.codes()) == {"unwitnessed-tail"}


def test_a_cosigned_checkpoint_with_an_edited_size(watched: Watched) -> None:
    size = watched.told_size

    def edited(signed: note.Note) -> note.Note:
        return note.Note(signed.text.replace(f"\n{size}\n", f"\n{size + 1}\n"), signed.signatures)

    watched.edit(f"cosigned/{size}", edited)
    assert watched.codes(by=False)["signature-wrong"] == {f"cosigned/{size}"}


def test_a_cosigned_checkpoint_under_another_name(watched: Watched) -> None:
    folder = watched.copy.folder / "cosigned"
    shutil.copy(folder / str(watched.told_size), folder / "3")
    assert watched.codes() == {"checkpoint-altered": {"cosigned/3"}}


@pytest.mark.parametrize("name", ["notes.txt", "03", "0", "-1", "\u0663"])
def test_a_foreign_file_among_the_cosigned_checkpoints(watched: Watched, name: str) -> None:
    (watched.copy.folder / "cosigned" / name).write_bytes(b"x")
    assert watched.codes() == {"cosigned-file-extra": {f"cosigned/{name}"}}


def test_a_link_in_the_place_of_a_cosigned_checkpoint(watched: Watched, tmp_path: Path) -> None:
    place = watched.copy.folder / "cosigned" / str(watched.size)
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    assert watched.codes()["cosigned-file-extra"] == {f"cosigned/{watched.size}"}


def test_a_list_of_untold_cosignatures_that_lies_is_not_told(watched: Watched) -> None:
    fake = [[watched.size, "a" * 64, str(WitnessKey("x.example", bytes(32))), 5], "nonsense"]
    (watched.copy.folder / "cosigned" / "untold.json").write_text(json.dumps(fake))
    watched.act("more")
    (watched.copy.folder / "cosigned" / "untold.json").write_text(json.dumps(fake[:1]))
    watched.act("still more")
    assert set(watched.codes()) == {"unwitnessed-tail"}


def test_a_small_order_witness_key_in_a_policy_is_refused_before_anything_is_checked() -> None:
    from archiver.proof.faults import ProofError

    weak = WitnessKey("weak.example/w", (1).to_bytes(32, "little"))
    with pytest.raises(ProofError) as caught:
        policy.parse(f"witness W {weak}\nquorum W\n".encode())
    assert caught.value.code == "key-weak"


def test_tail_cut_with_its_checkpoints_and_cosigned_files_left(watched: Watched) -> None:
    _cut(watched.copy, watched.told_size)
    codes = watched.codes(by=False)
    assert codes["entries-missing"] == {f"cosigned/{watched.size}"}


@pytest.mark.needs_memory
def test_tail_cut_with_everything_that_tells_of_it_needs_memory(watched: Watched) -> None:
    """Entries, checkpoints, tiles and cosignatures removed: what is left is an honest earlier state."""
    known = watched.remembered()
    _roll_back(watched)
    assert set(watched.codes(by=False)) == set()
    assert watched.codes(known, by=False) == {"rolled-back": {f"checkpoint {watched.size}"}}


def test_checkpoint_removed_with_all_issued_before_needs_memory(watched: Watched) -> None:
    known = watched.remembered()
    shutil.rmtree(watched.copy.folder / "ledger")
    shutil.rmtree(watched.copy.folder / "cosigned")
    watched.copy.sql("DELETE FROM checkpoint")
    # The ledger's own entries about checkpoints and cosignatures betray the removal even without memory.
    codes = watched.codes(known, by=False)
    assert codes["rolled-back"] == {f"checkpoint {watched.size}"}
    assert codes["checkpoint-missing"]
    assert codes["cosignature-missing"] == {f"checkpoint {watched.told_size}"}


@pytest.mark.needs_memory
def test_fork_by_the_log_key_is_caught_by_the_policy_and_by_memory_and_by_nothing_inside(watched: Watched) -> None:
    known = watched.remembered()
    size = watched.size
    _roll_back(watched)
    watched.act("another story")
    watched.act("and more of it")
    assert watched.codes(by=False) == {}
    assert set(watched.codes()) == {"unwitnessed-tail"}
    assert watched.codes(known, by=False) == {"fork": {f"checkpoint {size}"}}
    with watched.copy.open() as vault:
        said = notary.answer(watched.witness, received.request(vault, size).encode())
    assert said.alarm  # and the witness does not cosign it


@pytest.mark.needs_memory
def test_fork_by_log_and_witness_keys_is_undetectable_without_outside_memory(watched: Watched, tmp_path: Path) -> None:
    known = watched.remembered()
    thief = tmp_path / "thief"
    shutil.copytree(watched.witness.path, thief)
    _roll_back(watched)
    watched.act("another story")
    watched.act("and more of it")
    for path in (thief / "logs").glob("*/checkpoint"):
        path.unlink()  # the thief of the witness's key has a witness without its memory
    with watched.copy.open() as vault:
        said = notary.answer(WitnessFolder(thief), received.request(vault, 0).encode())
        received.add(vault, said.body)
    assert watched.look().word == "VERIFIED"
    assert watched.codes(known)["fork"] == {f"checkpoint {watched.size}"}


def _cut(copy: Copy, size: int) -> None:
    """Drop the newest entries with what the database says of them; the vault is rebuilt around the older checkpoint."""
    with copy.database() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        request = connection.execute("SELECT id FROM request ORDER BY added_at DESC LIMIT 1").fetchone()[0]
        connection.execute("DELETE FROM request WHERE id = ?", (request,))
        for table in ("disclosure", "subject", "entry"):
            connection.execute(f"DELETE FROM {table} WHERE seq >= ?", (size,))
        connection.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
        data = connection.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()[0]
    shutil.rmtree(copy.folder / "ledger" / "tile")
    published = copy.folder / PUBLISHED
    published.unlink()
    # The tiles of the older state are made anew from its entries: publishing from nothing gives the same root.
    with copy.database() as connection:
        rows = connection.execute("DELETE FROM checkpoint RETURNING size, root, note, issued_at").fetchall()
    with copy.open() as vault:
        vault.ledger.publish()
    with copy.database() as connection:
        connection.execute("DELETE FROM checkpoint")
        connection.executemany("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", rows)
    published.unlink()
    published.write_bytes(data)


def _roll_back(watched: Watched) -> None:
    _cut(watched.copy, watched.told_size)
    (watched.copy.folder / "cosigned" / str(watched.size)).unlink()
    (watched.copy.folder / "cosigned" / "untold.json").unlink()


def test_bundle_with_a_forged_cosignature(bundle: Bundle, tmp_path: Path) -> None:
    """A line of a key that the reader knows must hold; of any other key, it says nothing."""
    key = WitnessFolder.create(tmp_path / "w", "office-b.example/witness").key
    path = "data/ledger/export/checkpoint"
    signed = note.parse(bundle.read(path))
    bundle.write(path, cosignature.with_line(signed, key.signed(5, bytes(64))).encode())
    bundle.seal_again()
    log = bundle.read("data/ledger/verifier-key.txt").decode().splitlines()[0]
    asked = policy.parse(f"log {log}\nwitness W {key}\nquorum W\n".encode())
    found = verify_bundle(bundle.folder, outside=Outside(asked))
    assert {fault.code for fault in found.faults} == {"cosignature-wrong", "quorum-not-met"}
    assert verify_bundle(bundle.folder).word == "VERIFIED"
    assert verify_bundle(bundle.folder).told["unchecked_signatures"] == ["office-b.example/witness"]


def test_bundle_with_a_cosigned_checkpoint_of_another_tree(bundle: Bundle) -> None:
    bundle.write("data/ledger/export/cosigned", bundle.read("data/ledger/export/checkpoint"))
    document = bundle.json("data/ledger/export/proofs.json")
    document["cosigned"] = document["consistency"]
    bundle.write_json("data/ledger/export/proofs.json", document)
    bundle.seal_again()
    assert "proof-shape" in {fault.code for fault in verify_bundle(bundle.folder).faults}
    (bundle.folder / "data/ledger/export/cosigned").unlink()
    bundle.seal_again()
    assert {fault.code for fault in verify_bundle(bundle.folder).faults} == {"file-missing"}


@pytest.mark.needs_memory
def test_bundle_of_a_key_that_the_policy_does_not_list(bundle: Bundle, tmp_path: Path) -> None:
    key = WitnessFolder.create(tmp_path / "w", "office-b.example/witness").key
    other = note.VerifierKey("office-a.example/archive", key.public_key)
    asked = policy.parse(f"log {other}\nquorum none\n".encode())
    found = verify_bundle(bundle.folder, outside=Outside(asked))
    assert {fault.code for fault in found.faults} == {"key-other"}


@pytest.mark.needs_memory
def test_bundle_that_contradicts_what_was_seen(bundle: Bundle) -> None:
    first = verify_bundle(bundle.folder, outside=Outside(None, Memory()))
    assert first.look is not None
    known = memory.remember(Memory(), first.look, "t")
    assert verify_bundle(bundle.folder, outside=Outside(None, known)).told["memory"]["state"] == "agrees"
    sight = known.seen[str(first.look.keys[-1])][0]
    # What was seen is of the same size with another root; only a holder of the log's key could have signed it.
    other = sight.checkpoint.text().splitlines()
    forged = f"{other[0]}\n{other[1]}\n{'A' * 43}=\n\n" + sight.note.rpartition("\n\n")[2]
    against = Memory({str(first.look.keys[-1]): (memory.Sight(forged, "t"),)})
    found = verify_bundle(bundle.folder, outside=Outside(None, against))
    assert {fault.code for fault in found.faults} == {"fork"}
