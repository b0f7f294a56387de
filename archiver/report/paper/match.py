"""Matches on paper: what the program found, what people ruled, and the frames side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report.paper.blocks import (
    Block,
    Box,
    Cell,
    Column,
    Fact,
    Facts,
    Frame,
    Frames,
    Heading,
    Prose,
    Table,
    Together,
)
from archiver.report.pictures import pairs, segments_shown
from archiver.report.wording import figures, words

#: Findings that are evidence of a copy.
_STRONG = ("identical", "same-recording")


def overview(matches: Sequence[Mapping[str, Any]], part_of: Mapping[int, int]) -> Table:
    """One row for each, with its page, or by its entry the part of the report that it is in."""
    return Table(
        (
            Column("Exhibits"),
            Column("Finding of the program", 1),
            Column("Ruling of a person", 1),
            Column("Page", align="end"),
        ),
        tuple(
            (
                Cell(f"{one['a']} and {one['b']}"),
                _finding(one),
                _ruled(one),
                Cell(f"part {part_of[one['entry']]}") if part_of else Cell("", page_of=_anchor(one)),
            )
            for one in matches
        ),
    )


def blocks(one: Mapping[str, Any], *, note_withheld: bool) -> Iterator[Block]:
    """All about one match."""
    name, meaning = words.FINDINGS[one["finding"]]
    heading = Heading(f"Exhibit {one['a']} and exhibit {one['b']}: {name}", 2, _anchor(one))
    yield Together((heading, Prose(meaning), Facts(tuple(_facts(one)))))
    for past in one["earlier"]:
        ruled = f"a person ruled: {words.RULINGS[past['ruling']]} (entry {past['entry']})."
        found = words.FINDINGS[past["finding"]][0].lower()
        yield Prose(f"Before, on match {past['match']} of the same two exhibits ({found}), {ruled}", note=True)
    if one["contradicts"]:
        told = f"{words.CONTRADICTIONS[one['finding']]} Neither overrules the other: a person has to look again."
        yield Box("This finding contradicts an earlier ruling.", (Prose(told),), "warn")
    for ruling in one["rulings"]:
        rows = [
            Fact("Ruling of a person", words.RULINGS[ruling["ruling"]], f"(entry {ruling['entry']})"),
            Fact("When", figures.moment(ruling["time"])),
            Fact("By", ruling["by"] or "withheld", kind="" if ruling["by"] else "withheld"),
        ]
        if note_withheld:
            rows.append(Fact("Note", "withheld", kind="withheld"))
        elif ruling["note"]:
            rows.append(Fact("Note", ruling["note"], kind="lines"))
        yield Box("", (Facts(tuple(rows)),))
    if not one["rulings"]:
        yield Prose("No person has ruled on this match yet.", note=True)
    if one["segments_ms"]:
        yield Table(
            (Column("Segment"), Column(f"In exhibit {one['a']}", 1), Column(f"In exhibit {one['b']}", 1)),
            tuple(_segment(number, segment) for number, segment in enumerate(one["segments_ms"], 1)),
        )
    yield from _frames(one)


def _anchor(one: Mapping[str, Any]) -> str:
    return f"match-{one['entry']}"


def _finding(one: Mapping[str, Any]) -> Cell:
    return Cell(words.FINDINGS[one["finding"]][0], "good" if one["finding"] in _STRONG else "warn")


def _ruled(one: Mapping[str, Any]) -> Cell:
    if one["rulings"]:
        return Cell(words.RULINGS[one["rulings"][-1]["ruling"]])
    if one["contradicts"]:
        return Cell("contradicts an earlier ruling", "warn")
    if one["earlier"]:
        return Cell(f"on an earlier finding: {words.RULINGS[one['earlier'][-1]['ruling']]}", "small")
    return Cell("none yet", "small")


def _facts(one: Mapping[str, Any]) -> Iterator[Fact]:
    if one["kind"] != "identical":
        likeness = "(a measure of likeness, no probability)"
        yield Fact("Strength of the finding", figures.percent(one["score_ppm"]), likeness)
    yield Fact("Found by", one["algorithm"], f"(entry {one['entry']})")
    if one["kind"] != "identical":
        yield Fact("How often it errs", words.error_rate(one.get("error_rate")))
    if changed := words.changes(one["transform"]):
        yield Fact("What was done to one of them", changed)


def _segment(number: int, segment: Sequence[int]) -> Sequence[Cell]:
    sides = (f"{figures.clock(start)} to {figures.clock(end)}" for start, end in (segment[:2], segment[2:]))
    return (Cell(str(number)), *map(Cell, sides))


def _frames(one: Mapping[str, Any]) -> Iterator[Block]:
    shown = segments_shown(one)
    for number, segment in enumerate(shown, 1):
        if one["segments_ms"]:
            yield Heading(f"Segment {number}", 3)
        for pair in pairs(segment):
            sides = ((one["a"], pair.a), (one["b"], pair.b))
            frames = tuple(Frame(side, f"exhibit {side[0]} at {figures.clock(side[1])}") for side in sides)
            yield Frames(frames, across=2, label=pair.place if one["segments_ms"] else "")
    if len(one["segments_ms"]) > len(shown):
        yield Prose(f"Frames are shown for the first {len(shown)} segments.", note=True)
