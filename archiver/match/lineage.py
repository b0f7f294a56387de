"""Groups of copies: matches and rulings, as records hold them, brought to `proof.copies`, which connects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archiver.match.review import judged
from archiver.model import Decision, Match
from archiver.proof.lineage import copies
from archiver.proof.lineage.copies import Edge, Link


@dataclass(frozen=True, slots=True)
class Group:
    """Items that hang together, what connects them, and pairs of them that a person cut."""

    items: Sequence[str]
    edges: Sequence[Edge]
    cut: Sequence[Edge]


def groups(
    found: Iterable[tuple[Match, Decision | None]], entries: Mapping[str, int], items: Sequence[str]
) -> list[Group]:
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
    members = sorted(
        (sorted(group, key=place.__getitem__) for group in copies.groups(edges)), key=lambda g: place[g[0]]
    )
    of = {item: number for number, group in enumerate(members) for item in group}
    inside: list[tuple[list[Edge], list[Edge]]] = [([], []) for _ in members]
    for edge in edges:
        inside[of[edge.a]][0].append(edge)
    for edge in cut:
        if edge.a in of and of[edge.a] == of.get(edge.b):
            inside[of[edge.a]][1].append(edge)
    return [Group(group, *own) for group, own in zip(members, inside, strict=True)]
