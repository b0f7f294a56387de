"""The verifier's memory: what continues it, what contradicts it, and what it must never forget."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.trust import memory
from archiver.proof.trust.memory import Look, Memory, compare, remember

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = note.VerifierKey("office-a.example/archive", PRIVATE.public_key().public_bytes_raw())
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(40)]


def point(size: int, first: int = 0) -> Checkpoint:
    return Checkpoint(KEY.name, size, merkle.root_of(LEAVES[first : first + size]))


def root_at(size: int) -> bytes:
    return merkle.root_of(LEAVES[:size])


def unknown(size: int) -> None:
    return None


def signed(one: Checkpoint) -> bytes:
    return note.Note(one.text(), (KEY.signature(PRIVATE.sign(one.text().encode())),)).encode()


def look(known: Memory, one: Checkpoint, *, proven: bool = True, whole: bool = True) -> Memory:
    found = compare(known.of([KEY]), one, root_at if proven else unknown, whole=whole)
    return remember(known, Look((KEY,), signed(one), found), "2026-11-23T12:00:00Z")


def test_a_first_look_is_remembered_and_growth_replaces_it() -> None:
    assert compare((), point(5), unknown, whole=True).state == "first"
    known = look(look(Memory(), point(5)), point(9))
    assert known.of([KEY]) == (point(9),)
    assert compare(known.of([KEY]), point(9), unknown, whole=True).state == "agrees"


def test_a_smaller_vault_is_rolled_back_and_nothing_is_forgotten() -> None:
    known = look(Memory(), point(9))
    found = compare(known.of([KEY]), point(5), root_at, whole=True)
    assert found.state == "rolled-back"
    assert [fault.code for fault in found.faults] == ["rolled-back"]
    assert "ROLLED BACK" in found.faults[0].message
    after = look(known, point(5))
    assert after.of([KEY]) == (point(9),)
    assert [sight.checkpoint for sight in after.against[str(KEY)]] == [point(5)]


def test_a_vault_without_any_checkpoint_is_rolled_back() -> None:
    assert compare([point(9)], None, unknown, whole=True).state == "rolled-back"
    assert compare([point(9)], None, unknown, whole=False).faults == ()


@pytest.mark.parametrize("size", [9, 12])
def test_another_tree_is_a_fork_and_both_notes_are_kept(size: int) -> None:
    known = look(Memory(), point(9))
    other = point(size, 3)
    found = compare(known.of([KEY]), other, lambda at: merkle.root_of(LEAVES[3 : 3 + at]), whole=True)
    assert found.state == "fork"
    assert "FORK" in found.faults[0].message
    after = remember(known, Look((KEY,), signed(other), found), "t")
    assert after.of([KEY]) == (point(9),)
    assert after.against[str(KEY)][0].note.encode() == signed(other)
    assert remember(after, Look((KEY,), signed(other), found), "later") == after


def test_an_older_bundle_is_no_rollback_and_is_held_to_its_word_later() -> None:
    """Nothing relates it now; a vault with the whole tree does, and a forged one is found then."""
    known = look(Memory(), point(9))
    older = look(known, point(5, 2), proven=False, whole=False)
    assert older.of([KEY]) == (point(5, 2), point(9))
    assert compare(older.of([KEY]), point(9), root_at, whole=True).state == "fork"
    honest = look(known, point(5), proven=False, whole=False)
    assert compare(honest.of([KEY]), point(9), root_at, whole=True).state == "agrees"
    assert look(honest, point(9)).of([KEY]) == (point(9),)


def test_what_nothing_relates_is_unproven_and_kept() -> None:
    known = look(Memory(), point(5))
    found = compare(known.of([KEY]), point(9), unknown, whole=False)
    assert (found.state, found.faults) == ("unproven", ())
    assert look(known, point(9), proven=False, whole=False).of([KEY]) == (point(5), point(9))


def test_the_empty_tree_is_the_beginning_of_every_other() -> None:
    assert compare([point(0)], point(9), unknown, whole=True).state == "agrees"


def test_a_log_that_floods_the_memory_loses_its_smallest_sights() -> None:
    known = Memory()
    for size in range(1, 40):
        known = look(known, point(size), proven=False, whole=False)
    assert len(known.of([KEY])) == 39
    many = [Checkpoint(KEY.name, size, bytes(32)) for size in range(1000, 1000 + memory.MAX_SIGHTS)]
    for one in many:
        known = look(known, one, proven=False, whole=False)
    assert known.of([KEY]) == tuple(many)


def test_a_look_without_a_believable_checkpoint_changes_nothing() -> None:
    known = look(Memory(), point(5))
    assert remember(known, Look((KEY,), None, compare(known.of([KEY]), None, unknown, whole=True)), "t") is known


def test_the_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    assert memory.load(path) == Memory()
    known = look(look(Memory(), point(9)), point(5))
    memory.save(path, known)
    assert memory.load(path) == known
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["seen.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"null", b'{"logs":[],"v":2}', b'{"logs":[],"v":true}', b'{"logs":{},"v":1}', b'{"logs":[1],"v":1}',
        b'{"logs":[{"against":[],"key":"x","seen":[]}],"v":1}', b"\xff", b"[" * 5000,
        b'{"logs":[{"against":[],"key":"%s","seen":[{"note":"x","time":"t"}]}],"v":1}' % str(KEY).encode(),
        b'{"logs":[{"against":[],"key":"%s"}],"v":1}' % str(KEY).encode(),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_the_one_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "seen.json").write_bytes(data)
    with pytest.raises(ProofError):
        memory.load(tmp_path / "seen.json")
