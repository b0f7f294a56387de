"""Groups of copies on paper: what belongs together, which came first, and the picture of what they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archiver.report.page import lineage_page
from archiver.report.paper.blocks import Block, Box, Cell, Column, Drawing, Heading, Listing, Prose, Table
from archiver.report.wording import figures, prose


def blocks(report: Mapping[str, Any]) -> Iterator[Block]:
    """The chapter, where there are any."""
    if report["lineage"]:
        yield Heading("Copies: what belongs together, and which came first")
        yield Prose(prose.LINEAGE)
    for group in report["lineage"]:
        yield Heading(f"Exhibits {', '.join(map(str, sorted(group['members'])))}", 2)
        yield Drawing(str(lineage_page.drawing(group, report)), f"What {len(group['members'])} copies share")
        yield Prose(prose.DRAWING, note=True)
        yield Table(
            (Column("Question", 1), Column("Answer", 2), Column("On what it rests", 2)),
            tuple(_answer(one) for one in lineage_page.answers(group)),
        )
        if group["holds"]:
            yield Listing(tuple(map(_holds, group["holds"])))
        yield from _links(group)


def _answer(one: lineage_page.Answer) -> tuple[Cell, ...]:
    told = [f"Exhibit {number}: {value}" for number, value in one.exhibits]
    if one.why:
        told.insert(0, f"cannot be told: {one.why}")
    if one.exhibits and one.missing:
        told.append(f"not known of {', '.join(map(str, one.missing))}")
    told += [f"exhibit {number} {prose.DOUBTED}" for number in one.doubted]
    return Cell(one.question), Cell("; ".join(told), "small" if one.why else ""), Cell(one.basis, "small")


def _holds(one: Mapping[str, Any]) -> str:
    if one["both"]:
        return f"Exhibits {one['whole']} and {one['part']} show the same from beginning to end (entry {one['entry']})"
    share = f"{figures.clock(one['covered_ms'])} of {figures.clock(one['length_ms'])}"
    return f"Exhibit {one['whole']} holds all of exhibit {one['part']} ({share}; entry {one['entry']})"


def _links(group: Mapping[str, Any]) -> Iterator[Block]:
    """What connects and what separates beside the program's findings."""
    for one in group["links"]:
        pair = f"exhibits {one['a']} and {one['b']}"
        if one["unsure"]:
            yield Prose(f"A person was unsure whether {pair} are the same; the program found that they are"
                        f" (entry {one['entry']}).", note=True)  # fmt: skip
        elif one["by"] == "ruling":
            yield Prose(f"By a person's ruling {pair} are the same (entry {one['entry']}).", note=True)
    for one in group["cut"]:
        told = f"A person ruled exhibits {one['a']} and {one['b']} to be different (entry {one['entry']}). {prose.CUT}"
        yield Box("", (Prose(told),), "warn")
    apart = group["apart"]
    if apart["pairs"]:
        such = " and ".join(map(str, apart["shown"][0]))
        yield Box("", (Prose(f"Pairs of these exhibits without a known moment in common: {apart['pairs']}, such as"
                             f" {such}. {prose.APART}"),))  # fmt: skip
