"""The Merkle tree of the entries: its roots where somebody asks, and what the published tiles have to hold.

What is kept is one hash for 256 entries (so 3 MB for 10 million). A tree may begin at a size whose right edge was
authenticated before: what lies left of it is not known here, and not needed for anything that comes after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy

from archiver.proof.log import merkle
from archiver.proof.log.merkle import CompactRange, root_of
from archiver.proof.log.tiles import HEIGHT, WIDTH, edge_range, right_edge

#: A size, and the root that it should have; None where the root itself is wanted.
Wanted = tuple[int, "bytes | None"]


class Tree:
    """A tree that grows, as far as its leaves are numbered without a gap."""

    def __init__(self, wanted: Iterable[Wanted] = (), size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        """`wanted` is ascending. `edge` holds the hashes of the partial tile of each level of a tree of `size`."""
        levels = [list(hashes) for hashes in edge]
        self.begin = size
        self.range = edge_range(size, [(tile, levels[tile.level]) for tile in right_edge(size)])
        self.roots: dict[int, bytes] = {size: self.range.root()} if size else {}
        #: Sizes at which the root is not the expected one.
        self.differing: set[int] = set()
        self._edge = levels
        self._run = list(self.known)
        self._first_run = size // WIDTH
        self._runs: list[bytes] = []  # root of each full run of 256 leaves, from `_first_run` on
        self._upper: dict[tuple[int, int], bytes] = {}
        self._wanted = iter(wanted)
        self._next = next(self._wanted, None)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.range.size

    def append(self, leaf: bytes) -> None:
        """Add the next leaf."""
        self.range.append(leaf)
        self._run.append(leaf)
        if len(self._run) == WIDTH:
            self._runs.append(root_of(self._run))
            self._run = []
        if self._next is not None and self._next[0] <= self.size:
            self._answer()

    def append_run(self, leaves: Sequence[bytes], root: bytes) -> None:
        """Add 256 leaves, whose root is known, where a run of them begins."""
        if self._next is not None and self._next[0] < self.size + WIDTH:
            for leaf in leaves:
                self.append(leaf)
            return
        self.range.append_subtree(root, HEIGHT)
        self._runs.append(root)
        if self._next is not None and self._next[0] <= self.size:
            self._answer()

    def subtree(self, level: int, index: int) -> bytes | None:
        """Root of a full subtree of height 8 * `level`, from 1; None where the tree, or what is known, has no such."""
        if (index + 1) << HEIGHT * (level - 1) > self._first_run + len(self._runs):
            return None
        if (index + 1) << HEIGHT * level <= self.begin:
            return self._old(level, index)
        if level == 1:
            return self._runs[index - self._first_run]
        if (level, index) not in self._upper:
            below = [self.subtree(level - 1, one) for one in range(index * WIDTH, index * WIDTH + WIDTH)]
            self._upper[level, index] = merkle.root_of([one for one in below if one is not None])
        return self._upper[level, index]

    @property
    def known(self) -> Sequence[bytes]:
        """The leaves before the beginning in the run in which it lies."""
        return self._edge[0] if self._edge else ()

    def begun(self) -> Tree:
        """A tree that begins where this one did."""
        return Tree((), self.begin, self._edge)

    def fork(self) -> Tree:
        """A tree that is equal, and grows on its own."""
        other = copy(self)
        other.range = CompactRange(self.size, self.range.hashes)
        other._run, other._runs, other._upper = list(self._run), list(self._runs), dict(self._upper)
        other._wanted, other._next = iter(()), None
        return other

    def _old(self, level: int, index: int) -> bytes | None:
        places = self.begin >> HEIGHT * level
        hashes = self._edge[level] if level < len(self._edge) else []
        place = index - (places - places % WIDTH)
        return hashes[place] if 0 <= place < len(hashes) else None

    def _answer(self) -> None:
        while self._next is not None and self._next[0] <= self.size:
            size, expected = self._next
            if size == self.size:
                root = self.range.root()
                if expected is None:
                    self.roots[size] = root
                elif root != expected:
                    self.differing.add(size)
            self._next = next(self._wanted, None)
