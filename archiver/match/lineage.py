"""Groups of copies: matches and rulings, as records hold them, brought to `proof.copies`, which connects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archiver.match.review import judged
from archiver.model import Decision, Match
from archiver.proof import copies
from archiver.proof.copies import Edge, Link


@dataclass(frozen=True, slots=True)
class Connected:
    """Every group of copies, with what connects their items and what a person cut."""

    groups: Sequence[Sequence[str]]
    edges: Sequence[Edge]
    cut: Sequence[Edge]

    def group_of(self, item: str) -> Sequence[str]:
        """The group that an item is in; empty where it has no copies."""
        return next((group for group in self.groups if item in group), ())


def connected(
    found: Iterable[tuple[Match, Decision | None]], entries: Mapping[str, int], items: Sequence[str]
) -> Connected:
    """What hangs together by matches, each with the latest ruling on it; `entries` are those of the matches, by id.

    Groups and their members stand in the order of `items`.
    """
    edges, cut = copies.edges(
        Link(
            judged(match, decision),
            entries[match.id],
            [[round(1000 * at) for at in (s.a_start, s.a_end, s.b_start, s.b_end)] for s in match.segments],
        )
        for match, decision in found
    )
    place = {item: number for number, item in enumerate(items)}
    groups = [sorted(group, key=place.__getitem__) for group in copies.groups(edges)]
    return Connected(sorted(groups, key=lambda group: place[group[0]]), edges, cut)
