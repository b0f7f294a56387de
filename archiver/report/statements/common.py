"""What every statement needs: whose it is, which exhibits it is about, what went wrong with them, and where to sign.

Everything that a program can know is filled in from report.json; what only a person can vouch for is a blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report.paper.blocks import Blanks, Block, Box, Cell, Column, Document, Fact, Facts, Heading, Prose, Table
from archiver.report.paper.report import foot, newest_act
from archiver.report.wording import figures, words

NOT_ADVICE = (
    "A template, filled in by a program from the records of the archive. It is not legal advice, and nobody has judged"
    " whether it meets the rules of your court. Have a lawyer read it. Strike out what is not so, fill in the blanks,"
    " and sign only what you know yourself."
)


def document(title: str, report: Mapping[str, Any], blocks: Sequence[Block]) -> Document:
    """A statement about this report."""
    return Document(title, report["case"], foot(report), newest_act(report), tuple(blocks))


def warning() -> Block:
    """That this is a template."""
    return Box("Before you sign", (Prose(NOT_ADVICE),), "warn")


def matter(report: Mapping[str, Any]) -> Block:
    """What it is about."""
    ledger = report["ledger"]
    rows = [
        Fact("Case", report["case"] or "not named"),
        Fact("Exhibits", figures.ranges([one["number"] for one in report["exhibits"]])),
        Fact("Archive", ledger["origin"], kind="code"),
        Fact("Entries of its ledger", str(ledger["checkpoint"]["size"])),
        Fact("Root of its ledger", ledger["checkpoint"]["root"], kind="code"),
        Fact("Prepared", figures.moment(report["prepared_at"])),
        Fact("Made with", ", ".join(f"{name} {version}" for name, version in report["tools"].items())),
    ]
    if report["custodian"]:
        rows.insert(2, Fact("Custodian", report["custodian"]))
    return Facts(tuple(rows))


def digests(report: Mapping[str, Any]) -> Table:
    """Every original with the digest that it had when it came, and the entry that says so."""
    return Table(
        (
            Column("Exhibit", align="end"),
            Column("Entry", align="end"),
            Column("Taken in"),
            Column("File and SHA-256", 1),
        ),
        tuple(_original(one, stored) for one in report["exhibits"] for stored in _originals(one)),
    )


def _originals(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [stored for stored in one["objects"] if stored["role"] == "original"]


def _original(one: Mapping[str, Any], stored: Mapping[str, Any]) -> Sequence[Cell]:
    taken = row_of(one, "ingestion")
    place = stored.get("path", "withheld")
    return (
        Cell(str(one["number"])),
        Cell(str(taken["entry"])),
        Cell(figures.moment(taken["time"])),
        Cell(stored["sha256"], "code", f"{place}, {figures.size(stored['size'])}"),
    )


def row_of(one: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The last successful act of a kind on an exhibit; empty texts where there is none."""
    nothing = {"entry": "", "time": ""}
    found = [row for row in one["custody"] if row["type"] == kind and row["outcome"] == "success"]
    return found[-1] if found else nothing


def exceptions(report: Mapping[str, Any]) -> Iterator[Block]:
    """What did not go well, by the records themselves: a statement that leaves it out is worth nothing."""
    failed = [
        (one["number"], row) for one in report["exhibits"] for row in one["custody"] if row["outcome"] != "success"
    ]
    reported = [(one["number"], warned) for one in report["exhibits"] for warned in one["warnings"]]
    if not failed and not reported:
        yield Prose("The records hold no failed act on these exhibits, and examination reported nothing unusual.")
    if failed:
        yield Prose("The records hold these acts that did not succeed:")
        yield Table(
            (
                Column("Exhibit", align="end"),
                Column("Entry", align="end"),
                Column("Time"),
                Column("Act", 1),
                Column("Outcome"),
            ),
            tuple(
                (
                    Cell(str(number)),
                    Cell(str(row["entry"])),
                    Cell(figures.moment(row["time"])),
                    Cell(words.ACTS.get(row["type"], row["type"])),
                    Cell(row["outcome"], remark=row.get("reason", "")),
                )
                for number, row in failed
            ),
        )
    if reported:
        yield Prose("Examination of the files reported:")
        yield Table(
            (Column("Exhibit", align="end"), Column("What", 1)),
            tuple((Cell(str(number)), Cell(warned["words"])) for number, warned in reported),
        )


def person(*further: str) -> Block:
    """Who signs."""
    return Blanks(("Name", "Position, organisation", "Address or way to reach", *further))


def signature() -> Iterator[Block]:
    """Where."""
    yield Heading("Signature", 2)
    yield Blanks(("Place and date", "Signature", "Name in print"))
