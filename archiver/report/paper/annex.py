"""The annex on paper: where all this stands in the ledger, what vouches for its time, and what the words mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report import figures, words
from archiver.report.paper.blocks import Block, Cell, Code, Column, Fact, Facts, File, Heading, Prose, Table


def blocks(report: Mapping[str, Any]) -> Iterator[Block]:
    """The annex."""
    yield Heading("The ledger")
    yield Prose(words.LEDGER)
    yield Facts(tuple(_ledger(report)))
    yield Prose(words.EXPORT)
    yield Heading("The checkpoint that this report cites", 2)
    yield Prose(words.SIGNED)
    yield Code(figures.note_text(report["ledger"]))
    yield Heading("Witnesses", 2)
    yield Prose(words.WITNESSES)
    if report["timestamps"]:
        yield Heading("Time stamps", 2)
        yield Prose(words.STAMPS)
        yield _stamps(report["timestamps"])
    yield Heading("Proof that the exhibits are in it", 2)
    yield Prose(words.INCLUSION)
    for one in report["exhibits"]:
        if "inclusion" in one:
            yield _included(one["number"], one["inclusion"])
    yield Heading("Words", 2)
    yield Facts(tuple(Fact(word, meaning) for word, meaning in words.GLOSSARY.items()))


def _ledger(report: Mapping[str, Any]) -> Iterator[Fact]:
    ledger = report["ledger"]
    yield Fact("Ledger", ledger["origin"], kind="code")
    yield Fact("Entries when this was written", str(ledger["checkpoint"]["size"]))
    yield Fact("Root of the tree", ledger["checkpoint"]["root"], kind="code")
    yield Fact("Entries in this bundle", f"{figures.ranges(ledger['entries'])}, and the entry of this export itself")
    if ledger["left_out"]:
        left_out = f"{ledger['left_out']} entries that also concern items which are not part of this export"
        yield Fact("Left out", left_out)
    yield Fact("Made with", ", ".join(f"{name} {version}" for name, version in report["tools"].items()))


def _included(number: int, told: Mapping[str, Any]) -> Block:
    steps = tuple((str(step), (node,)) for step, node in enumerate(told["path"], 1))
    title = f"Exhibit {number}"
    return File(title, (Cell(f"entry {told['entry']}", "small"),), (("leaf", (told["leaf"],)), *steps))


def _stamps(stamps: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        (
            Column("Entry", align="end"),
            Column("Time, as the authority says"),
            Column("Of the first entries", align="end"),
            Column("Authority", 1),
            Column("Its certificate ends"),
        ),
        tuple(
            (
                Cell(str(one["entry"])),
                Cell(figures.moment(one["time"])),
                Cell(str(one["size"])),
                Cell(one.get("source", ""), remark=one["authority"]),
                Cell(figures.moment(one["expires"])),
            )
            for one in stamps
        ),
    )
