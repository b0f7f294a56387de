"""RFC 6962: every proof of every tree up to 64 leaves, and what must be refused."""

import contextlib
import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.log import merkle

SIZES = 64
LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(SIZES)]


def mth(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@given(st.lists(st.integers(0, 4), max_size=12))
def test_whole_subtrees_are_appended_as_their_leaves_would_be(heights: list[int]) -> None:
    tree, size = merkle.CompactRange(), 0
    for height in heights:
        if size % (1 << height) or size + (1 << height) > SIZES:
            with pytest.raises(ProofError) if size % (1 << height) else contextlib.nullcontext():
                merkle.CompactRange(tree.size, tree.hashes).append_subtree(FOREIGN, height)
            continue
        tree.append_subtree(mth(LEAVES[size : size + (1 << height)]), height)
        size += 1 << height
        assert (tree.size, tree.root()) == (size, ROOTS[size])


FOREIGN = bytes(32)
ROOTS = [mth(LEAVES[:size]) for size in range(SIZES + 1)]


def hash_at(level: int, index: int) -> bytes:
    part = LEAVES[index << level : (index + 1) << level]
    assert len(part) == 1 << level, "only complete subtrees are asked for"
    return mth(part)


def refused(check: object, *arguments: object) -> str:
    with pytest.raises(ProofError) as caught:
        check(*arguments)  # type: ignore[operator]  # any of the two checks
    return caught.value.code


def test_the_compact_range_gives_every_root() -> None:
    tree = merkle.CompactRange()
    for size, leaf in enumerate(LEAVES):
        assert tree.root() == ROOTS[size]
        assert merkle.CompactRange(size, tree.hashes).root() == ROOTS[size]
        tree.append(leaf)
    assert tree.root() == ROOTS[SIZES] == merkle.root_of(LEAVES)


def test_a_range_of_the_wrong_shape_is_refused() -> None:
    assert refused(merkle.CompactRange, 3, [LEAVES[0]]) == "range-shape"
    assert refused(merkle.CompactRange, 1, [b"short"]) == "range-shape"


def test_known_roots_of_the_certificate_transparency_test_suite() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [merkle.leaf_hash(bytes.fromhex(one)) for one in inputs]
    assert leaves[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root_of(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_every_inclusion_proof_is_accepted_and_only_in_its_place() -> None:
    for size in range(1, SIZES + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, hash_at)
            merkle.check_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            assert refused(merkle.check_inclusion, LEAVES[index], index, size, [*proof, LEAVES[0]], ROOTS[size])
            if proof:
                assert refused(merkle.check_inclusion, LEAVES[index], index, size, proof[1:], ROOTS[size])
                assert refused(merkle.check_inclusion, LEAVES[index], index, size, proof[:-1], ROOTS[size])
                assert refused(merkle.check_inclusion, LEAVES[index], index ^ 1, size, proof, ROOTS[size])
                assert refused(merkle.check_inclusion, LEAVES[index - 1], index, size, proof, ROOTS[size])
                assert refused(merkle.check_inclusion, LEAVES[index], index, size, proof, ROOTS[size - 1])


def test_every_consistency_proof_is_accepted_and_only_for_its_sizes() -> None:
    for new in range(SIZES + 1):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, hash_at)
            merkle.check_consistency(old, ROOTS[old], new, ROOTS[new], proof)
            assert refused(merkle.check_consistency, old, ROOTS[old], new, ROOTS[new], [*proof, LEAVES[0]])
            assert refused(merkle.check_consistency, old, LEAVES[3], new, ROOTS[new], proof) if old != 1 else True
            if 0 < old < new:
                assert refused(merkle.check_consistency, old, ROOTS[old], new, ROOTS[new], proof[:-1])
                assert refused(merkle.check_consistency, old, ROOTS[old], new, ROOTS[new - 1], proof)
                assert refused(merkle.check_consistency, old, ROOTS[old - 1], new, ROOTS[new], proof)
                for at in range(len(proof)):
                    changed = [*proof[:at], FOREIGN, *proof[at + 1 :]]
                    assert refused(merkle.check_consistency, old, ROOTS[old], new, ROOTS[new], changed)


@pytest.mark.parametrize(
    ("old", "new"), [(1, 7), (3, 7), (4, 7), (6, 7), (7, 7), (5, 5), (5, 6), (5, 9), (5, 16), (0, 7)]
)
def test_a_proof_serves_for_no_size_of_another_shape(old: int, new: int) -> None:
    # Hashes alone cannot tell a tree of 7 from one of 8 whose last two leaves were taken for one: that is why sizes
    # come from the signed checkpoint. What has another shape is refused all the same.
    proof = merkle.consistency_proof(5, 7, hash_at)
    assert refused(merkle.check_consistency, old, ROOTS[5], new, ROOTS[7], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (7, 7), (8, 7), (-1, 7), (2**63, 2**63 + 1)])
def test_an_index_beyond_the_checkpoint_is_refused(index: int, size: int) -> None:
    assert refused(merkle.check_inclusion, LEAVES[0], index, size, [], LEAVES[0]) == "proof-size"
    assert refused(merkle.inclusion_proof, index, size, hash_at) == "proof-size"


@pytest.mark.parametrize(("old", "new"), [(8, 7), (-1, 7)])
def test_a_tree_cannot_begin_with_a_larger_one(old: int, new: int) -> None:
    assert refused(merkle.check_consistency, old, LEAVES[0], new, LEAVES[0], []) == "proof-size"
    assert refused(merkle.consistency_proof, old, new, hash_at) == "proof-size"


def test_a_proof_of_hashes_of_another_length_is_refused() -> None:
    proof = merkle.inclusion_proof(2, 7, hash_at)
    assert refused(merkle.check_inclusion, LEAVES[2], 2, 7, [proof[0][:31], *proof[1:]], ROOTS[7]) == "proof-shape"


def test_a_node_is_not_taken_for_a_leaf() -> None:
    left, right = LEAVES[:2]
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


@given(st.integers(1, 2**63 - 1), st.data())
def test_proofs_of_huge_trees_have_the_length_of_the_way_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, lambda level, at: bytes(32))
    assert len(proof) <= size.bit_length()
    assert refused(merkle.check_inclusion, LEAVES[0], index, size, [*proof, bytes(32)], LEAVES[0]) == "proof-shape"


def test_every_proof_of_every_tree_up_to_256_is_made_from_complete_subtrees_and_accepted() -> None:
    count = 256
    levels = [[merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(count)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([merkle.node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)])
    tree, roots = merkle.CompactRange(), [merkle.EMPTY_ROOT]
    for leaf in levels[0]:
        tree.append(leaf)
        roots.append(tree.root())
    assert roots[: SIZES + 1] == ROOTS
    for size in range(1, count + 1):
        root = roots[size]
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, lambda level, at: levels[level][at])
            merkle.check_inclusion(levels[0][index], index, size, proof, root)
            proof = merkle.consistency_proof(index, size, lambda level, at: levels[level][at])
            merkle.check_consistency(index, roots[index], size, root, proof)
        assert refused(merkle.check_inclusion, levels[0][0], size, size, [], root) == "proof-size"
