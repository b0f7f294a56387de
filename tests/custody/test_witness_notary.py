"""A witness's decisions: every status of C2SP tlog-witness, a memory that comes first, and evidence that stays."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody.witness import notary, request
from archiver.custody.witness.folder import WitnessFolder
from archiver.custody.witness.notary import Answer
from archiver.errors import EvidenceError, UsageError
from archiver.proof import durable
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint, merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.trust import cosignature

ORIGIN = "office-a.example/archive"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = note.VerifierKey(ORIGIN, PRIVATE.public_key().public_bytes_raw())


class Tree:
    """A log's tree; `seed` makes another one."""

    def __init__(self, seed: int = 0, common: int = 0) -> None:
        self.leaves = [merkle.leaf_hash(bytes([0 if n < common else seed, n])) for n in range(64)]

    def root(self, size: int) -> bytes:
        return merkle.root_of(self.leaves[:size])

    def signed(self, size: int, private: Ed25519PrivateKey = PRIVATE, key: note.VerifierKey = LOG) -> note.Note:
        text = Checkpoint(key.name, size, self.root(size)).text()
        return note.Note(text, (key.signature(private.sign(text.encode())),))

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        if not old:
            return ()
        hash_at = lambda level, index: merkle.root_of(self.leaves[index << level : (index + 1) << level])  # noqa: E731
        return tuple(merkle.consistency_proof(old, size, hash_at))

    def body(self, old: int, size: int) -> bytes:
        signed = self.signed(size)
        return request.Request(old, self.proof(old, size), signed, checkpoint.parse(signed.text)).encode()


TREE = Tree()


@pytest.fixture
def witness(tmp_path: Path) -> WitnessFolder:
    folder = WitnessFolder.create(tmp_path / "witness", "office-b.example/witness")
    folder.trust(LOG)
    return folder


def ask(witness: WitnessFolder, body: bytes) -> Answer:
    return notary.answer(witness, body)


def size_of(witness: WitnessFolder) -> int:
    watched = witness.watched(ORIGIN)
    assert watched is not None
    return watched.last.size if watched.last else 0


def test_growth_is_cosigned_and_remembered(witness: WitnessFolder) -> None:
    for old, size in ((0, 3), (3, 3), (3, 7), (7, 50)):
        said = ask(witness, TREE.body(old, size))
        assert said.status == HTTPStatus.OK, said
        (line,) = cosignature.parse_lines(said.body)
        assert cosignature.check_line(TREE.signed(size).text, line, witness.key) > 1_700_000_000
        assert size_of(witness) == size


def test_the_example_of_the_specification_is_read() -> None:
    """The form of tlog-witness's own example, with its hashes."""
    hashes = [
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=", "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
    ]  # fmt: skip
    lines = (
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo"
        "+zyWE+xeMcTOAYQ8=\n"
    )
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    data = ("old 20852014\n" + "".join(f"{one}\n" for one in hashes) + f"\n{text}\n{lines}").encode()
    read = request.parse(data)
    assert (read.old, len(read.proof), read.checkpoint.size) == (20852014, 4, 20852163)
    assert read.encode() == data


def test_what_is_remembered_is_on_the_disk_before_the_cosignature_is_made_known(witness: WitnessFolder) -> None:
    """A crash after the cosignature went out, with the memory behind it, would let the log fork."""
    with mock.patch.object(durable, "replace", side_effect=OSError(28, "disk full")), pytest.raises(OSError):
        ask(witness, TREE.body(0, 3))
    assert size_of(witness) == 0
    assert ask(witness, TREE.body(0, 3)).status == HTTPStatus.OK


@pytest.mark.parametrize(
    ("old", "size", "status"),
    [(0, 9, HTTPStatus.CONFLICT), (4, 9, HTTPStatus.CONFLICT), (9, 9, HTTPStatus.CONFLICT)],
)
def test_another_old_size_is_answered_with_the_one_that_is_remembered(
    witness: WitnessFolder, old: int, size: int, status: HTTPStatus
) -> None:
    ask(witness, TREE.body(0, 7))
    said = ask(witness, TREE.body(old, size))
    assert (said.status, said.remembered, said.alarm) == (status, 7, "")
    assert size_of(witness) == 7


def test_extension_lines_of_a_log_are_cosigned_as_they_stand(witness: WitnessFolder) -> None:
    """C2SP tlog-checkpoint allows them, and tlog-witness names no refusal for them."""
    for old, size in ((0, 3), (3, 7)):
        text = TREE.signed(size).text + "extension of the log\nand another\n"
        signed = note.Note(text, (LOG.signature(PRIVATE.sign(text.encode())),))
        point = checkpoint.parse(text, extended=True)
        said = ask(witness, request.Request(old, TREE.proof(old, size), signed, point).encode())
        assert said.status == HTTPStatus.OK, said
        (line,) = cosignature.parse_lines(said.body)
        assert cosignature.check_line(text, line, witness.key)
        with pytest.raises(ProofError):
            cosignature.check_line(TREE.signed(size).text, line, witness.key)
        assert size_of(witness) == size
    with pytest.raises(ProofError):
        checkpoint.parse(text)
    with pytest.raises(ProofError):
        checkpoint.parse(TREE.signed(3).text + "one\n\ntwo\n", extended=True)


def test_an_unknown_log_and_an_unknown_key_are_told_apart(witness: WitnessFolder) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    other = note.VerifierKey("office-c.example/archive", stranger.public_key().public_bytes_raw())
    for key, status in ((other, 404), (note.VerifierKey(ORIGIN, other.public_key), 403)):
        signed = TREE.signed(3, stranger, key)
        body = request.Request(0, (), signed, checkpoint.parse(signed.text)).encode()
        assert ask(witness, body).status == status
    forged = note.Note(TREE.signed(3).text, (LOG.signature(bytes(64)),))
    assert ask(witness, request.Request(0, (), forged, checkpoint.parse(forged.text)).encode()).status == 403
    assert size_of(witness) == 0


def test_an_old_size_beyond_the_checkpoint_is_a_bad_request(witness: WitnessFolder) -> None:
    body = TREE.body(3, 3).replace(b"old 3", b"old 4")
    assert ask(witness, body).status == HTTPStatus.BAD_REQUEST


def test_a_fork_of_the_same_size_is_refused_and_both_checkpoints_are_kept(witness: WitnessFolder) -> None:
    ask(witness, TREE.body(0, 7))
    said = ask(witness, Tree(1).body(7, 7))
    assert (said.status, said.alarm, said.remembered) == (HTTPStatus.CONFLICT, "fork", None)
    assert said.evidence is not None
    kept = {path.name: path.read_bytes() for path in said.evidence.iterdir()}
    assert kept == {"refused": Tree(1).signed(7).encode(), "remembered": TREE.signed(7).encode()}
    for data in kept.values():
        assert checkpoint.open_signed(data, LOG).size == 7
    assert ask(witness, TREE.body(7, 9)).status == HTTPStatus.OK


def test_a_larger_fork_has_no_proof_and_is_refused(witness: WitnessFolder) -> None:
    ask(witness, TREE.body(0, 7))
    said = ask(witness, Tree(1, common=3).body(7, 9))
    assert (said.status, said.alarm) == (HTTPStatus.UNPROCESSABLE_ENTITY, "not-consistent")
    assert said.evidence is not None
    assert size_of(witness) == 7


def test_a_rollback_is_refused_and_kept(witness: WitnessFolder) -> None:
    ask(witness, TREE.body(0, 7))
    said = ask(witness, TREE.body(3, 5))
    assert (said.status, said.alarm, said.remembered) == (HTTPStatus.CONFLICT, "rolled-back", 7)
    assert size_of(witness) == 7


def test_proof_lines_that_prove_nothing_are_refused(witness: WitnessFolder) -> None:
    more = base64.b64encode(bytes(32)) + b"\n"
    assert ask(witness, TREE.body(0, 3).replace(b"old 0\n", b"old 0\n" + more)).status == 422
    ask(witness, TREE.body(0, 3))
    assert ask(witness, TREE.body(3, 3).replace(b"old 3\n", b"old 3\n" + more)).status == 422


def test_two_forks_at_once_are_not_both_cosigned(witness: WitnessFolder) -> None:
    """All start together; one tree wins, and everything that was cosigned is of that tree."""
    trees = [Tree(seed) for seed in range(8)]
    gate = threading.Barrier(len(trees))

    def race(tree: Tree) -> Answer:
        gate.wait()
        return ask(WitnessFolder(witness.path), tree.body(0, 5))

    with ThreadPoolExecutor(len(trees)) as pool:
        said = list(pool.map(race, trees))
    assert sorted(one.status for one in said) == [HTTPStatus.OK, *[HTTPStatus.CONFLICT] * 7]
    assert sum(one.alarm == "fork" for one in said) == 7


def test_a_second_key_of_a_log_is_trusted_beside_the_first(witness: WitnessFolder) -> None:
    ask(witness, TREE.body(0, 3))
    fresh = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    key = note.VerifierKey(ORIGIN, fresh.public_key().public_bytes_raw())
    signed = TREE.signed(7, fresh, key)
    body = request.Request(3, TREE.proof(3, 7), signed, checkpoint.parse(signed.text)).encode()
    assert ask(witness, body).status == 403
    witness.trust(key)
    witness.trust(key)
    assert ask(witness, body).status == 200
    assert [len(one.keys) for one in witness.all_watched()] == [2]


def test_lines_of_strangers_are_not_remembered(witness: WitnessFolder) -> None:
    signed = TREE.signed(3)
    stranger = note.Signature("stranger.example", b"abcd", bytes(100))
    body = request.Request(0, (), note.Note(signed.text, (*signed.signatures, stranger)), checkpoint.parse(signed.text))
    assert ask(witness, body.encode()).status == 200
    watched = witness.watched(ORIGIN)
    assert watched is not None
    assert watched.note == signed.encode()


def test_a_memory_that_somebody_changed_stops_the_witness(witness: WitnessFolder) -> None:
    ask(witness, TREE.body(0, 7))
    (path,) = (witness.path / "logs").glob("*/checkpoint")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"\n7\n", b"\n6\n"))
    with pytest.raises(EvidenceError) as caught:
        ask(witness, TREE.body(7, 9))
    assert caught.value.code == "memory-altered"


def test_a_key_that_others_can_read_signs_nothing(witness: WitnessFolder) -> None:
    (witness.path / "witness.pem").chmod(0o640)
    with pytest.raises(EvidenceError) as caught:
        ask(witness, TREE.body(0, 3))
    assert caught.value.code == "key-readable"
    assert size_of(witness) == 0


def test_a_witness_lies_outside_of_every_vault(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "archiver.toml").write_text("")
    for place in (tmp_path / "vault", tmp_path / "vault" / "deep" / "witness"):
        with pytest.raises(UsageError):
            WitnessFolder.create(place, "w.example")
    made = WitnessFolder.create(tmp_path / "w", "w.example")
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert (made.path / "witness.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError):
        WitnessFolder.create(tmp_path / "w", "w.example")
    with pytest.raises(UsageError):
        WitnessFolder.create(tmp_path / "x", "a b")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 0\n", b"old 0\n\n", b"old 00\n\n" + TREE.signed(3).encode(), b"old -1\n\n" + TREE.signed(3).encode(),
        b"old 0\r\n\r\n" + TREE.signed(3).encode(), b"Old 0\n\n" + TREE.signed(3).encode(),
        b"old 9999999999999999999\n\n" + TREE.signed(3).encode(), b"old \xd9\xa1\n\n" + TREE.signed(3).encode(),
        b"old 1\nAAAA\n\n" + TREE.signed(3).encode(), TREE.body(0, 3) + b"\n", TREE.body(0, 3)[:-1],
        b"old 1\n" + b"A" * 43 + b"\n\n" + TREE.signed(3).encode(),
        b"old 1\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n" + TREE.signed(3).encode(),
        b"old 0\n\n" + TREE.signed(3).encode().replace(b"\n3\n", b"\n3\nextension\n", 1)[:40], b"\xff" * 100,
        b"old 0\n\n" + b"x" * request.MAX_BYTES,
    ],
)  # fmt: skip
def test_other_bytes_are_a_bad_request_and_change_nothing(witness: WitnessFolder, body: bytes) -> None:
    assert ask(witness, body).status == HTTPStatus.BAD_REQUEST
    assert size_of(witness) == 0


@given(st.binary(max_size=200), st.integers(0, 150), st.integers(1, 60))
def test_arbitrary_requests_are_read_in_one_spelling_or_refused(noise: bytes, at: int, size: int) -> None:
    for data in (noise, TREE.body(1, size)[:at] + noise + TREE.body(1, size)[at + len(noise) :]):
        try:
            read = request.parse(data)
        except ProofError:
            continue
        assert read.encode() == data


def test_sixty_three_hashes_are_the_most() -> None:
    hash_line = base64.b64encode(bytes(32)) + b"\n"
    data = b"old 1\n" + hash_line * 63 + b"\n" + TREE.signed(3).encode()
    assert len(request.parse(data).proof) == 63
