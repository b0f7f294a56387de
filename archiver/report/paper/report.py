"""report.json on paper: cover, how to verify it, the exhibits, their matches, and the ledger that it all rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.report.paper import annex, copies, exhibit, match
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
from archiver.report.withholding import withheld
from archiver.report.wording import figures, labels, prose

TITLE = "Provenance report"

#: Exhibits, or matches, of one file: 200 exhibits are a thousand pages, and take 1.2 GB while they are set.
PER_PART = 200

#: Of more matches than this nobody reads on paper; the others are in report.html and report.json.
MAX_MATCHES = 2_000

_NO_CASE = "Exported items"


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a large case is in which file."""

    number: int
    exhibits: Sequence[Mapping[str, Any]] = ()
    matches: Sequence[Mapping[str, Any]] = ()


def compose(report: Mapping[str, Any], missing: Mapping[int, str]) -> tuple[Document, ...]:
    """The report in one document, or a large case in several. `missing` says why an exhibit has no pictures."""
    shown = report["matches"][:MAX_MATCHES]
    if len(report["exhibits"]) <= PER_PART and len(shown) <= PER_PART:
        exhibits = _exhibits(report, report["exhibits"], missing)
        whole = (*_front(report, ()), *exhibits, *copies.blocks(report), *_matches(report, shown))
        return (_document(report, (*whole, *annex.blocks(report))),)
    parts = list(_parts(report["exhibits"], shown))
    first = _document(report, (*_front(report, parts), *copies.blocks(report), *annex.blocks(report)))
    return first, *(_document(report, tuple(_of_part(report, part, missing))) for part in parts)


def foot(report: Mapping[str, Any]) -> Sequence[str]:
    """On every page, which state of which ledger it tells of."""
    ledger = report["ledger"]
    return f"{ledger['origin']}, {ledger['checkpoint']['size']} entries, root", ledger["checkpoint"]["root"]


def newest_act(report: Mapping[str, Any]) -> str:
    """The time of the newest act that the report tells: what a file made from it may say of its own time."""
    return max(str(row["time"]) for one in report["exhibits"] for row in one["custody"])


def _document(report: Mapping[str, Any], blocks: Sequence[Block]) -> Document:
    return Document(TITLE, report["case"] or _NO_CASE, foot(report), newest_act(report), blocks)


def _parts(exhibits: Sequence[Mapping[str, Any]], matches: Sequence[Mapping[str, Any]]) -> Iterator[_Part]:
    number = 2
    for at in range(0, len(exhibits), PER_PART):
        yield _Part(number, exhibits=exhibits[at : at + PER_PART])
        number += 1
    for at in range(0, len(matches), PER_PART):
        yield _Part(number, matches=matches[at : at + PER_PART])
        number += 1


def _of_part(report: Mapping[str, Any], part: _Part, missing: Mapping[int, str]) -> Iterator[Block]:
    yield Cover(f"{TITLE}, part {part.number}", report["case"] or _NO_CASE)
    yield Prose(prose.PART)
    yield from _exhibits(report, part.exhibits, missing)
    yield from _matches(report, part.matches)


def _front(report: Mapping[str, Any], parts: Sequence[_Part]) -> Iterator[Block]:
    """Cover, overview, how to verify. With `parts` they are named in the place of pages."""
    part_of = {one["number"]: part.number for part in parts for one in part.exhibits}
    part_of_match = {one["entry"]: part.number for part in parts for one in part.matches}
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
        tuple(_row(one, part_of.get(one["number"])) for one in report["exhibits"]),
    )
    if report["matches"]:
        yield Heading("Matches among the exhibits", 2)
        yield match.overview(report["matches"][:MAX_MATCHES], part_of_match)
        left = len(report["matches"]) - MAX_MATCHES
        if left > 0:
            yield Prose(f"{left} more matches are in report.html and report.json.", note=True)
    yield Heading("How to verify this in ten minutes")
    yield Prose(prose.VERIFIABLE)
    yield Listing(prose.VERIFYING, numbered=True)
    yield Code(prose.COMMANDS)
    yield Box("What this report proves, and what it does not", (Listing(report["limits"]),))
    if withheld.withholds(report["withheld"]):
        yield from _withheld(report["withheld"])


def _withheld(told: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("What this report withholds", 2)
    yield Prose(prose.WITHHELD)
    rows = [
        ("Sealed fields", "; ".join(map(labels.field, told["fields"]))),
        ("Files", "; ".join(labels.ROLES[one] for one in told["objects"])),
        ("Kinds of metadata", ", ".join(told["metadata"])),
    ]
    if told["accepted"]:
        rows.append(("Exceptions", f"{told['accepted']}: {prose.ACCEPTED}"))
    yield Facts(tuple(Fact(label, value) for label, value in rows if value))


def _exhibits(
    report: Mapping[str, Any], exhibits: Sequence[Mapping[str, Any]], missing: Mapping[int, str]
) -> Iterator[Block]:
    of: dict[int, list[Mapping[str, Any]]] = {one["number"]: [] for one in exhibits}
    for other in report["matches"]:
        for number in {other["a"], other["b"]} & of.keys():
            of[number].append(other)
    for one in exhibits:
        yield from exhibit.blocks(one, of[one["number"]], missing.get(one["number"], ""))


def _matches(report: Mapping[str, Any], matches: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if matches:
        yield Heading("Matches, frame by frame")
        yield Prose(prose.MATCHES)
    for one in matches:
        yield from match.blocks(one, note_withheld="note" in report["withheld"]["fields"])


def _about(report: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact("Exhibits", str(len(report["exhibits"])))
    yield Fact("Prepared", figures.moment(report["prepared_at"]))
    yield _named("Prepared by", report["prepared_by"])
    if "prepared_for" in report:
        yield _named("Prepared for", report["prepared_for"])
    if report["custodian"]:
        yield Fact("Custodian", report["custodian"])
    yield Fact("Archive", report["ledger"]["origin"], kind="code")
    yield Fact("Verifier key", report["ledger"]["verifier_key"], kind="code")
    if len(report["ledger"]["verifier_keys"]) > 1:
        yield Fact("Second key", "ML-DSA-44, against quantum computers: see The ledger")


def _named(label: str, name: str) -> Fact:
    return Fact(label, name) if name else Fact(label, "withheld", kind="withheld")


def _row(one: Mapping[str, Any], part: int | None) -> Sequence[Cell]:
    originals = [stored for stored in one["objects"] if stored["role"] == "original"]
    return (
        Cell(str(one["number"])),
        exhibit.title(one),
        Cell(figures.moment(one["ended"])),
        Cell(", ".join(dict.fromkeys(stored["media_type"] for stored in originals))),
        Cell(str(sum(stored["size"] for stored in originals))),
        Cell(f"part {part}") if part else Cell("", page_of=exhibit.anchor(one["number"])),
    )
