"""A declaration on how the exhibits were obtained and preserved, along ISO/IEC 27037 and the Berkeley Protocol.

ISO/IEC 27037:2012 asks for identification, collection, acquisition and preservation that are auditable, repeatable,
reproducible and justifiable (5.3, 5.4), and for a record of custody (6.1). The Berkeley Protocol on Digital Open Source
Investigations (OHCHR and Human Rights Center, 2022) lists what to collect (chapter VI, C) and six attributes of what is
preserved (chapter VI, D).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report.paper.blocks import (
    Blanks,
    Block,
    Cell,
    Column,
    Cover,
    Document,
    Fact,
    Facts,
    Heading,
    Prose,
    Table,
)
from archiver.report.statements import common
from archiver.report.wording import figures

TITLE = "Declaration on acquisition and preservation"

#: How the archive meets the four requirements of ISO/IEC 27037, 5.3.
_HANDLING = (
    Fact(
        "Auditable",
        "Every act is an entry of a signed, append-only ledger with time, tool, version and outcome. The entries about"
        " the exhibits are in the bundle, with proofs that they are in the ledger.",
    ),
    Fact(
        "Repeatable",
        "Digests, examination and comparison of the same stored file by the same tools give the same result; versions"
        " are on record.",
    ),
    Fact(
        "Reproducible",
        "Others reach the same digests with any program for SHA-256 and SHA-512, and the same verdict on the bundle"
        " with data/verify.pyz or by the commands of data/VERIFY.txt. What a server answers cannot be had twice: the"
        " exact exchange is kept instead.",
    ),
    Fact(
        "Justifiable",
        "That the methods were the best that could be had in the circumstances is for whoever signs to say, below.",
    ),
)

#: How it meets the attributes of the Berkeley Protocol, VI D. Blanks for what a program cannot know follow.
_ATTRIBUTES = (
    Fact("Authenticity", "SHA-256 and SHA-512 of each file at intake, in signed entries; equal at export."),
    Fact("Availability", "The bundle holds the files, or says which are withheld and their digests."),
    Fact(
        "Identity", "Each item has an identifier and, in this case, an exhibit number that it keeps in later exports."
    ),
    Fact("Persistence", "Originals are stored once, never written again, and can be digested again at any time."),
    Fact(
        "Renderability",
        "Files are kept in the format in which they came; the report tells it, and what damage was found.",
    ),
    Fact("Understandability", "The report says in plain words where each came from and what was done to it."),
)

_KNOWN = (
    "To the best of my knowledge the above is complete and correct, the evidentiary copies have not been altered, and"
    " everybody who handled them is on record, except as stated."
)


def compose(report: Mapping[str, Any]) -> Document:
    """The declaration, with blanks for what its signer alone can say."""
    return common.document(TITLE, report, tuple(_blocks(report)))


def _blocks(report: Mapping[str, Any]) -> Iterator[Block]:
    yield Cover("ISO/IEC 27037 and Berkeley Protocol", TITLE)
    yield common.warning()
    yield common.matter(report)
    yield Heading("1. Who declares", 2)
    yield common.person("Role (first responder, specialist, custodian)", "Training", "Mandate or authority to collect")
    yield Heading("2. Identification", 2)
    yield Prose("How the items were found, and why they were taken to matter, is for whoever signs to say.")
    yield Blanks(("How found", "Why relevant", "What was looked for and not found"))
    yield Heading("3. Collection and acquisition", 2)
    yield Prose("By the records, each exhibit was obtained like this. The report has more, with the HTTP exchange.")
    yield _acquired(report["exhibits"])
    yield Blanks(("Where, and on whose computer and line", "Accounts used, if any"))
    yield Heading("4. Preservation", 2)
    yield Facts(_ATTRIBUTES)
    yield Blanks(("Where the originals are kept", "Who has access to them", "Copies and backups", "Kept until"))
    yield Heading("5. Digests at intake", 2)
    yield common.digests(report)
    yield Heading("6. Custody", 2)
    yield Prose(
        "The report lists every act on each exhibit with its agent. These are the entries; what happened outside of the"
        " archive, such as handing over a disk, is not among them."
    )
    yield _custody(report["exhibits"])
    yield Blanks(("Handed over by, to, when, why", "Changes that could not be avoided, and why"))
    yield Heading("7. How it was handled", 2)
    yield Facts(_HANDLING)
    yield Blanks(("Why these methods", "Deviations from them"))
    yield Heading("8. What did not go as it should", 2)
    yield from common.exceptions(report)
    yield Heading("9. Declaration", 2)
    yield Prose(_KNOWN)
    yield from common.signature()


def _acquired(exhibits: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        (Column("Exhibit", align="end"), Column("From", 1), Column("Began, ended"), Column("Entries", align="end")),
        tuple(
            (
                Cell(str(one["number"])),
                _source(one["fields"]),
                Cell(figures.moment(one["started"]), remark=figures.moment(one["ended"])),
                Cell(", ".join(str(row["entry"]) for row in one["custody"] if row["type"] in ("capture", "ingestion"))),
            )
            for one in exhibits
        ),
    )


def _source(fields: Mapping[str, Any]) -> Cell:
    """The address, or what a file was called that somebody handed in."""
    for name, kind in (("final_url", "code"), ("url", "code"), ("source", ""), ("file_name", "")):
        if name in fields:
            told = fields[name]
            return Cell(told["value"], kind) if "value" in told else Cell("withheld", "withheld")
    return Cell("a local file", "small")


def _custody(exhibits: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        (Column("Exhibit", align="end"), Column("First act"), Column("Last act"), Column("Entries", 1)),
        tuple(
            (
                Cell(str(one["number"])),
                Cell(figures.moment(one["custody"][0]["time"])),
                Cell(figures.moment(one["custody"][-1]["time"])),
                Cell(figures.ranges([row["entry"] for row in one["custody"]])),
            )
            for one in exhibits
        ),
    )
