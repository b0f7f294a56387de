"""The Merkle tree of RFC 6962: hashes, a compact range that grows, and both proofs, made and checked.

Sizes and roots come from a signed checkpoint, never from whoever hands over the proof. A proof is walked down the one
tree of that size, so its length and order are fixed before the first hash is computed. Two sizes of one shape, such as
7 and 8 for entry 3, cannot be told apart by any proof: only the signature binds root and size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from archiver.proof.faults import ProofError

HASH_BYTES = 32

#: Root of the tree without leaves.
EMPTY_ROOT = hashlib.sha256(b"").digest()

#: Trees are numbered by 63 bits in C2SP's tile format.
MAX_SIZE = 2**63 - 1

#: `hash_at(level, index)`: root of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level).
HashAt = Callable[[int, int], bytes]

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The roots of a tree's complete subtrees, largest first: all that is needed to append and to give the root."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """A tree of `size` leaves from what `hashes` of an equal one gave. Raises ProofError where they do not fit."""
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != bin(size).count("1") or any(len(part) != HASH_BYTES for part in self.hashes):
            raise ProofError("range-shape", f"these are not the subtrees of a tree of {size} leaves")

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        size = self.size
        while size & 1:
            leaf = _sha256(b"\x01" + self.hashes.pop() + leaf).digest()
            size >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def append_subtree(self, root: bytes, height: int) -> None:
        """Add 2^`height` leaves by the root of their subtree. Raises ProofError where none such begins at this size."""
        if self.size % (1 << height):
            raise ProofError("range-shape", f"no subtree of height {height} begins at leaf {self.size}")
        places = self.size >> height
        while places & 1:
            root = node_hash(self.hashes.pop(), root)
            places >>= 1
        self.hashes.append(root)
        self.size += 1 << height

    def root(self) -> bytes:
        """Merkle tree hash of all leaves so far."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Merkle tree hash of leaf hashes."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """Hashes from the leaf's sibling upwards (RFC 6962, 2.1.1). Raises ProofError for an index beyond the tree."""
    _check_index(index, size)
    return [_range_root(start, end, hash_at) for start, end, _ in _siblings(index, size)]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises ProofError unless `leaf` (a leaf hash) is number `index` of the tree that a checkpoint describes."""
    _check_index(index, size)
    siblings = _siblings(index, size)
    _check_shape(proof, len(siblings))
    for (_, _, is_right), sibling in zip(siblings, proof):
        leaf = node_hash(leaf, sibling) if is_right else node_hash(sibling, leaf)
    if leaf != root:
        raise ProofError("inclusion-proof", f"the inclusion proof of entry {index} does not lead to the root")


def consistency_proof(old: int, new: int, hash_at: HashAt) -> list[bytes]:
    """Hashes that show the tree of `old` leaves to be the beginning of that of `new` (RFC 6962, 2.1.2)."""
    _check_sizes(old, new)
    if old in (0, new):
        return []
    siblings, seed = _consistency_path(old, new)
    nodes = [seed] if seed else []
    nodes += [(start, end) for start, end, _ in siblings]
    return [_range_root(start, end, hash_at) for start, end in nodes]


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises ProofError unless the tree of the newer checkpoint begins with that of the older one."""
    _check_sizes(old, new)
    if old in (0, new):
        _check_shape(proof, 0)
        if old_root != (new_root if old == new else EMPTY_ROOT):
            raise ProofError("consistency-proof", f"two roots of size {old} differ")
        return
    siblings, seed = _consistency_path(old, new)
    _check_shape(proof, len(siblings) + (seed is not None))
    hashes = iter(proof)
    old_hash = new_hash = next(hashes) if seed else old_root
    for (_, _, is_right), sibling in zip(siblings, hashes):
        if is_right:
            new_hash = node_hash(new_hash, sibling)
        else:
            old_hash, new_hash = node_hash(sibling, old_hash), node_hash(sibling, new_hash)
    if old_hash != old_root or new_hash != new_root:
        raise ProofError("consistency-proof", f"the tree of {new} entries does not begin with that of {old}")


def _siblings(index: int, size: int) -> list[tuple[int, int, bool]]:
    """Leaf ranges beside the way from leaf to root, lowest first, and whether each lies to the right."""
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end, True))
            end = middle
        else:
            path.append((start, middle, False))
            start = middle
    return path[::-1]


def _consistency_path(old: int, new: int) -> tuple[list[tuple[int, int, bool]], tuple[int, int] | None]:
    """As `_siblings`, for the subtree in which the old tree ends; and that subtree, where it is not the old tree."""
    start, end = 0, new
    path = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end, True))
            end = middle
        else:
            path.append((start, middle, False))
            start = middle
    return path[::-1], (start, end) if start else None


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(start: int, end: int, hash_at: HashAt) -> bytes:
    """Merkle tree hash of leaves [start, end), where `start` is aligned as RFC 6962's splits are."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(hash_at(level, start >> level))
        start += 1 << level
    return _fold(parts)


def _fold(hashes: Sequence[bytes]) -> bytes:
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError("proof-size", f"there is no entry {index} in a tree of {size}")


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofError("proof-size", f"a tree of {new} entries cannot begin with one of {old}")


def _check_shape(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length or any(len(part) != HASH_BYTES for part in proof):
        raise ProofError("proof-shape", f"a proof here is {length} hashes of {HASH_BYTES} bytes")
