"""Which items are copies of each other, and which holds which: findings and rulings in, groups out.

Two items are connected when their bytes are the same, when the program found the same recording in both, or when a
person ruled that they are the same. A person's ruling that they are different cuts that. The same scene connects
nothing (two films of one square are two witnesses), nor does the same sound (one song lies under many films).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archiver.proof.lineage import rulings
from archiver.proof.lineage.rulings import Judged

IDENTICAL, RECORDING, RULING = "identical", "same-recording", "ruling"

#: What may be left of a film that another one holds whole: samples lie a third of a second apart, so that each end of
#: a segment is off by up to half of that, and the last frames of a cut are often lost.
UNCOVERED_MS = 500

#: [a start, a end, b start, b end] in milliseconds.
Segment = Sequence[int]


@dataclass(frozen=True)
class Link:
    """A finding with the number of its entry and the segments that it names."""

    judged: Judged
    entry: int
    segments: Sequence[Segment] = ()


@dataclass(frozen=True)
class Edge:
    """Why two items belong together, or, where it was cut, would have.

    `by` is the finding, or "ruling" where only a person says so; `entry` tells it. `unsure`: a person could not tell.
    """

    a: str
    b: str
    by: str
    match: str
    entry: int
    segments: Sequence[Segment] = ()
    unsure: bool = False


def edges(links: Iterable[Link]) -> tuple[list[Edge], list[Edge]]:
    """What connects, and what a person cut, in the order of their entries. One for each pair, by its best finding."""
    pairs: dict[frozenset[str], list[Link]] = {}
    for link in links:
        if not link.judged.is_of_sound:
            pairs.setdefault(frozenset((link.judged.a, link.judged.b)), []).append(link)
    kept: list[Edge] = []
    cut: list[Edge] = []
    for pair in pairs.values():
        ruling = rulings.standing(link.judged for link in pair)
        best = max(pair, key=_strength)
        is_copy = best.judged.finding in (IDENTICAL, RECORDING)
        if is_copy and ruling == rulings.DIFFERENT:
            ruled = max(pair, key=lambda link: link.judged.entry)
            cut.append(_edge(ruled, RULING, ruled.judged.entry))
        elif is_copy:
            kept.append(_edge(best, best.judged.finding, best.entry, unsure=ruling == "unsure"))
        elif ruling == rulings.SAME:
            ruled = max(pair, key=lambda link: link.judged.entry)
            kept.append(_edge(ruled, RULING, ruled.judged.entry))
    return sorted(kept, key=_place), sorted(cut, key=_place)


def groups(connected: Iterable[Edge]) -> list[list[str]]:
    """Items that hang together, each once, by name."""
    root: dict[str, str] = {}

    def of(item: str) -> str:
        while root.setdefault(item, item) != item:
            root[item] = item = root[root[item]]
        return item

    for edge in connected:
        root[of(edge.a)] = of(edge.b)
    found: dict[str, list[str]] = {}
    for item in sorted(root):
        found.setdefault(of(item), []).append(item)
    return sorted(found.values())


def apart(members: Sequence[str], connected: Sequence[Edge]) -> list[tuple[str, str]]:
    """Pairs that are connected through others alone: nothing shows that they have a moment in common.

    What is true of an item is true of one with the same bytes.
    """
    alike = {item: group[0] for group in groups(e for e in connected if e.by == IDENTICAL) for item in group}
    linked = {frozenset((alike.get(edge.a, edge.a), alike.get(edge.b, edge.b))) for edge in connected}
    heads = sorted({alike.get(item, item) for item in members})
    return [(a, b) for at, a in enumerate(heads) for b in heads[at + 1 :] if frozenset((a, b)) not in linked]


@dataclass(frozen=True)
class Holding:
    """`whole` holds all of `part`: `covered_ms` of its `length_ms`. `both`: and the other way round."""

    whole: str
    part: str
    entry: int
    covered_ms: int
    length_ms: int
    both: bool


def holdings(connected: Iterable[Edge], lengths: Mapping[str, int]) -> Iterator[Holding]:
    """Which item holds which, by the segments of each edge, where the lengths (ms) are known."""
    for edge in connected:
        if edge.by == RULING:
            continue  # its segments are where the two look alike, not where they are the same
        covered = [covered_ms(edge.segments, side) for side in (0, 2)]
        length = [lengths.get(item, 0) for item in (edge.a, edge.b)]
        is_held = [own > 0 and own - seen <= UNCOVERED_MS < own for own, seen in zip(length, covered)]
        if is_held[1]:
            yield Holding(edge.a, edge.b, edge.entry, covered[1], length[1], is_held[0])
        elif is_held[0]:
            yield Holding(edge.b, edge.a, edge.entry, covered[0], length[0], False)


def covered_ms(segments: Iterable[Segment], side: int) -> int:
    """How much of one film the segments cover together: side 0 of `a`, 2 of `b`."""
    total, reached = 0, 0
    for start, end in sorted((one[side], one[side + 1]) for one in segments):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _strength(link: Link) -> tuple[int, int]:
    """The better finding; of equal ones the newer."""
    return (("", RECORDING, IDENTICAL).index(_kind(link.judged.finding)), link.entry)


def _kind(finding: str) -> str:
    return finding if finding in (IDENTICAL, RECORDING) else ""


def _edge(link: Link, by: str, entry: int, unsure: bool = False) -> Edge:
    one = link.judged
    return Edge(one.a, one.b, by, one.match, entry, link.segments, unsure)


def _place(edge: Edge) -> int:
    return edge.entry
