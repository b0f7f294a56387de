"""The annex on paper: where all this stands in the ledger, what vouches for its time, and what the words mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.report.paper.blocks import Block, Cell, Code, Column, Fact, Facts, File, Heading, Prose, Table
from archiver.report.wording import figures, prose


def blocks(report: Mapping[str, Any]) -> Iterator[Block]:
    """The annex."""
    yield Heading("The ledger")
    yield Prose(prose.LEDGER)
    yield Facts(tuple(_ledger(report)))
    yield Prose(prose.EXPORT)
    yield Heading("The checkpoint that this report cites", 2)
    yield Prose(prose.SIGNED)
    yield Code(figures.note_text(report["ledger"]))
    if len(report["ledger"]["verifier_keys"]) > 1:
        yield Heading("Keys", 2)
        yield Prose(prose.KEYS)
        names = ("Ed25519", "ML-DSA-44")
        keys = zip(names, report["ledger"]["verifier_keys"], strict=True)
        yield Facts(tuple(Fact(name, key, kind="code") for name, key in keys))
    yield Heading("Witnesses", 2)
    yield Prose(prose.WITNESSES)
    yield from _witnesses(report["ledger"].get("witnesses", []))
    if report["timestamps"]:
        yield Heading("Time stamps", 2)
        yield Prose(prose.STAMPS)
        yield _stamps(report["timestamps"])
    if report["anchors"]:
        yield Heading("Anchors in Bitcoin", 2)
        yield Prose(prose.ANCHORS)
        yield from _anchors(report["anchors"])
    if "signature" in report:
        yield Heading("The signature on this file", 2)
        yield Prose(prose.SIGNATURE)
        yield Facts(tuple(_signature(report["signature"])))
    yield Heading("Proof that the exhibits are in it", 2)
    yield Prose(prose.INCLUSION)
    for one in report["exhibits"]:
        if "inclusion" in one:
            yield _included(one["number"], one["inclusion"])
    yield Heading("Words", 2)
    yield Facts(tuple(Fact(word, meaning) for word, meaning in prose.GLOSSARY.items()))


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


def _witnesses(found: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    yield Prose(prose.WITNESSED if found else prose.UNWITNESSED)
    for one in found:
        said = f"first {one['size']} entries, {figures.moment(one['time'])}"
        yield File(one["name"], (Cell(said, "small"),), (("key", (one["key"],)),))


def _signature(told: Mapping[str, str]) -> Iterator[Fact]:
    yield Fact("Form", told["profile"])
    yield Fact("Certificate (SHA-256)", told["certificate_sha256"], kind="code")


def _included(number: int, told: Mapping[str, Any]) -> Block:
    steps = tuple((str(step), (node,)) for step, node in enumerate(told["path"], 1))
    title = f"Exhibit {number}"
    return File(title, (Cell(f"entry {told['entry']}", "small"),), (("leaf", (told["leaf"],)), *steps))


def _anchors(anchors: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    yield Table(
        (
            Column("Entry", align="end"),
            Column("Bitcoin block"),
            Column("Of the first entries", align="end"),
            Column("Calendar", 1),
        ),
        tuple(
            (
                Cell(str(one["entry"])),
                Cell(", ".join(map(str, one["blocks"])) or "none yet: promised"),
                Cell(str(one["size"])),
                Cell(one.get("source", "")),
            )
            for one in anchors
        ),
    )
    for header in (one["header"] for one in anchors if "header" in one):
        time = Cell(figures.moment(header["time"]), "small")
        lines = (("hash", (header["hash"],)), ("header", figures.halves(header["bytes"])))
        yield File(f"Block {header['block']}", (time,), lines)


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
