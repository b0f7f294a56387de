"""report.json on paper: cover, how to verify it, the exhibits, their matches, and the ledger that it all rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report import figures, words
from archiver.report.paper import annex, exhibit, match
from archiver.report.paper.blocks import (
    Block,
    Box,
    Cell,
    Code,
    Column,
    Cover,
    Document,
    Fact,
    Facts,
    Heading,
    Listing,
    Prose,
    Table,
)

TITLE = "Provenance report"

_NO_CASE = "Exported items"


def compose(report: Mapping[str, Any], missing: Mapping[int, str]) -> Document:
    """The document. `missing` says for exhibits why there are no pictures of them."""
    return Document(
        title=TITLE,
        head=report["case"] or _NO_CASE,
        foot=foot(report),
        created=newest_act(report),
        blocks=tuple(_blocks(report, missing)),
    )


def foot(report: Mapping[str, Any]) -> Sequence[str]:
    """On every page, which state of which ledger it tells of."""
    ledger = report["ledger"]
    return f"{ledger['origin']}, {ledger['checkpoint']['size']} entries, root", ledger["checkpoint"]["root"]


def newest_act(report: Mapping[str, Any]) -> str:
    """The time of the newest act that the report tells: what a file made from it may say of its own time."""
    rows = [row for one in report["exhibits"] for row in one["custody"]]
    return str(max(row["time"] for row in rows))


def _blocks(report: Mapping[str, Any], missing: Mapping[int, str]) -> Iterator[Block]:
    yield Cover(TITLE, report["case"] or _NO_CASE)
    yield Facts(tuple(_about(report)))
    yield Heading("The exhibits", 2)
    yield Table(
        (
            Column("No.", align="end"),
            Column("Title", 1),
            Column("Obtained"),
            Column("Kind"),
            Column("Bytes", align="end"),
            Column("Page", align="end"),
        ),
        tuple(_row(one) for one in report["exhibits"]),
    )
    if report["matches"]:
        yield Heading("Matches among the exhibits", 2)
        yield match.overview(report["matches"])
    yield from _how_to_verify(report)
    for one in report["exhibits"]:
        matches = [other for other in report["matches"] if one["number"] in (other["a"], other["b"])]
        yield from exhibit.blocks(one, matches, missing.get(one["number"], ""))
    if report["matches"]:
        yield Heading("Matches, frame by frame", anchor="matches")
        yield Prose(words.MATCHES)
        for one in report["matches"]:
            yield from match.blocks(one)
    yield from annex.blocks(report)


def _about(report: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact("Exhibits", str(len(report["exhibits"])))
    yield Fact("Prepared", figures.moment(report["prepared_at"]))
    yield Fact("Prepared by", report["prepared_by"] or "withheld", kind="" if report["prepared_by"] else "withheld")
    if report["custodian"]:
        yield Fact("Custodian", report["custodian"])
    yield Fact("Archive", report["ledger"]["origin"], kind="code")
    yield Fact("Verifier key", report["ledger"]["verifier_key"], kind="code")


def _row(one: Mapping[str, Any]) -> Sequence[Cell]:
    originals = [stored for stored in one["objects"] if stored["role"] == "original"]
    return (
        Cell(str(one["number"])),
        exhibit.title(one),
        Cell(figures.moment(one["ended"])),
        Cell(", ".join(dict.fromkeys(stored["media_type"] for stored in originals))),
        Cell(str(sum(stored["size"] for stored in originals))),
        Cell("", page_of=exhibit.anchor(one["number"])),
    )


def _how_to_verify(report: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("How to verify this in ten minutes")
    yield Prose(words.VERIFIABLE)
    yield Listing(words.VERIFYING, numbered=True)
    yield Code(words.COMMANDS)
    yield Box("What this report proves, and what it does not", (Listing(report["limits"]),))
