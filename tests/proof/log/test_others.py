"""What other people's implementations made, read by ours; and the other way round: Go, pymerkle, Wycheproof."""

from __future__ import annotations

import base64
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint, merkle, note
from archiver.proof.signature import ed25519

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


@pytest.fixture(scope="module")
def go() -> Any:
    """Notes that Go's note package signed and proofs that its tlog package made, by vectors/go-reader."""
    return json.loads((VECTORS / "go-tlog.json").read_text())


def hashes(listed: list[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in listed]


def test_notes_that_go_signed_are_opened_and_spelt_alike(go: Any) -> None:
    key = note.parse_key(go["key"])
    for size, text in enumerate(go["notes"], 1):
        point = checkpoint.open_signed(text.encode(), key)
        assert (point.size, base64.b64encode(point.root).decode()) == (size, go["roots"][size - 1])
        assert note.parse(text.encode()).encode() == text.encode()
    assert len(go["notes"]) == 13


def test_roots_and_proofs_of_gos_tlog_are_the_ones_that_we_make_and_take(go: Any) -> None:
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(len(go["notes"]))]
    roots = [merkle.EMPTY_ROOT, *hashes(go["roots"])]

    def hash_at(level: int, index: int) -> bytes:
        return merkle.root_of(leaves[index << level : (index + 1) << level])

    assert [merkle.root_of(leaves[:size]) for size in range(len(roots))] == roots
    for one in go["inclusion"]:
        proof = hashes(one["proof"])
        assert merkle.inclusion_proof(one["index"], one["size"], hash_at) == proof
        merkle.check_inclusion(leaves[one["index"]], one["index"], one["size"], proof, roots[one["size"]])
    for one in go["consistency"]:
        proof = hashes(one["proof"])
        assert merkle.consistency_proof(one["old"], one["new"], hash_at) == proof
        merkle.check_consistency(one["old"], roots[one["old"]], one["new"], roots[one["new"]], proof)
    assert (len(go["inclusion"]), len(go["consistency"])) == (91, 91)


def test_a_root_that_go_signed_with_another_size_is_refused(go: Any) -> None:
    key = note.parse_key(go["key"])
    with pytest.raises(ProofError):
        checkpoint.open_signed(go["notes"][6].replace("\n7\n", "\n5\n").encode(), key)


def test_pymerkle_gives_the_same_roots_and_proofs() -> None:
    pymerkle = pytest.importorskip("pymerkle")
    entries = [b"entry %d" % number for number in range(40)]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)

    def hash_at(level: int, index: int) -> bytes:
        return merkle.root_of(leaves[index << level : (index + 1) << level])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        roots = [merkle.EMPTY_ROOT, *(tree.get_state(size) for size in range(1, 41))]
    assert roots[1:] == [merkle.root_of(leaves[:size]) for size in range(1, 41)]
    for size in range(1, 41):
        for number in range(1, size + 1):
            # Its proofs begin with the leaf, and count entries from 1.
            leaf, *path = (bytes.fromhex(one) for one in tree.prove_inclusion(number, size).serialize()["path"])
            assert leaf == leaves[number - 1]
            assert path == merkle.inclusion_proof(number - 1, size, hash_at)
        for old in range(1, size):
            # Its consistency proofs are of another form than RFC 6962's: what they prove of our roots is compared.
            pymerkle.verify_consistency(roots[old], roots[size], tree.prove_consistency(old, size))
            ours = merkle.consistency_proof(old, size, hash_at)
            merkle.check_consistency(old, roots[old], size, roots[size], ours)
    with pytest.raises(pymerkle.InvalidProof):
        pymerkle.verify_consistency(roots[6], roots[9], tree.prove_consistency(7, 9))


def test_every_wycheproof_vector_is_judged_rightly_in_every_clone() -> None:
    tests = json.loads((VECTORS / "wycheproof-ed25519.json").read_text())["tests"]
    assert len(tests) == 151
    judged = [
        ed25519.verify(*(bytes.fromhex(part) for part in (key, signature, message))) == (result == "valid")
        for _, key, message, signature, result in tests
    ]
    assert all(judged)
