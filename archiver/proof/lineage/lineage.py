"""A group of copies as one document: what connects it, what is known of each, and every claim about them.

The archive makes it for people and for reports; the verifier of a bundle makes it once more and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from archiver.proof.lineage import copies
from archiver.proof.lineage.claims import claims
from archiver.proof.lineage.copies import Edge
from archiver.proof.lineage.traits import Copy, values

#: Pairs without a moment in common that a group names; all are counted.
SHOWN_APART = 20


def document(
    group: Sequence[Copy], connected: Iterable[Edge], cut: Iterable[Edge], name: Callable[[str], Any]
) -> dict[str, Any]:
    """A group as JSON holds it, with whole numbers only; `name` says what an item is called there."""
    members = {copy.item for copy in group}
    inside = [edge for edge in connected if edge.a in members]
    apart = copies.apart(sorted(members), inside)
    lengths = {copy.item: copy.picture.length_ms for copy in group if copy.picture}
    return {
        "members": [name(copy.item) for copy in group],
        "values": [{"member": name(copy.item), **values(copy)} for copy in group],
        "links": [_edge(edge, name) | {"by": edge.by, "unsure": edge.unsure} for edge in inside],
        "cut": [_edge(edge, name) for edge in cut if {edge.a, edge.b} <= members],
        "apart": {"pairs": len(apart), "shown": [[name(a), name(b)] for a, b in apart[:SHOWN_APART]]},
        "claims": [
            {
                "claim": claim.name,
                "members": [name(item) for item in claim.items],
                "why": claim.why,
                "missing": [name(item) for item in claim.missing],
                "doubted": [name(item) for item in claim.doubted],
            }
            for claim in claims(group)
        ],
        "holds": [
            {
                "whole": name(one.whole),
                "part": name(one.part),
                "both": one.both,
                "entry": one.entry,
                "covered_ms": one.covered_ms,
                "length_ms": one.length_ms,
            }
            for one in copies.holdings(inside, lengths)
        ],
    }


def _edge(edge: Edge, name: Callable[[str], Any]) -> dict[str, Any]:
    return {"a": name(edge.a), "b": name(edge.b), "match": edge.match, "entry": edge.entry}
