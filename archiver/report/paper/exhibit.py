"""One exhibit on paper: its pictures, where it came from, its files, what is known of it, and what was done to it."""

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
    File,
    Frame,
    Frames,
    Heading,
    Listing,
    Prose,
    Table,
)
from archiver.report.wording import figures, foreign, labels, prose, words

_NO_TITLE = "(no title)"
_CLAIMED = "claimed: it rests on the clock of the archiving office"


def anchor(number: int) -> str:
    """By which pages refer to it."""
    return f"exhibit-{number}"


def title(one: Mapping[str, Any]) -> Cell:
    """What it was called where it came from."""
    told = one["fields"].get("title", {"value": _NO_TITLE})
    return Cell(told["value"]) if "value" in told else Cell("withheld", "withheld")


def blocks(one: Mapping[str, Any], matches: Sequence[Mapping[str, Any]], missing: str) -> Iterator[Block]:
    """All about it; `missing` says why there are no pictures."""
    yield Heading(f"Exhibit {one['number']}", anchor=anchor(one["number"]))
    yield Prose(f"Title: {title(one).text}" if title(one).kind else title(one).text, strong=True)
    yield from _pictures(one, missing)
    yield Heading("Where it came from", 2)
    yield Facts(tuple(_origin(one)))
    if "received" in one:
        yield Prose(foreign.NOTE, note=True)
    yield from _exchange(one["http"])
    yield Heading("Files and digests", 2)
    for stored in one["objects"]:
        yield _file(stored)
    if not one["objects"]:
        yield Prose(foreign.NO_FILE, note=True)
    yield Heading("Technical facts", 2)
    yield Facts(tuple(_technical(one)))
    if one["warnings"]:
        told = tuple(f"{warning['words']} ({warning['code']})" for warning in one["warnings"])
        yield Box("The examination reported:", (Listing(told),), "warn")
    yield Heading("Custody: what was done, by whom, when", 2)
    yield _custody(one["custody"])
    if matches:
        yield Heading("Matches with other exhibits", 2)
        yield Listing(tuple(_match(one["number"], other) for other in matches))


def _pictures(one: Mapping[str, Any], missing: str) -> Iterator[Block]:
    if missing:
        yield Box("", (Prose(missing),), "warn")
    elif one["pictures_ms"]:
        alone = len(one["pictures_ms"]) == 1
        yield Frames(
            tuple(
                Frame((one["number"], at), "the picture" if alone else f"at {figures.clock(at)}")
                for at in one["pictures_ms"]
            )
        )
        yield Prose(prose.pictures(one), note=True)


def _origin(one: Mapping[str, Any]) -> Iterator[Fact]:
    for name, label in labels.FIELDS.items():
        told = one["fields"].get(name)
        if told is None:
            continue
        kind = "code" if name.endswith("url") else "lines" if name == "note" else ""
        remark = f"(entry {told['entry']})"
        yield (
            Fact(label, told["value"], remark, kind) if "value" in told else Fact(label, "withheld", remark, "withheld")
        )
    for label, value, remark, kind in foreign.facts(one.get("received", [])):
        yield Fact(label, value, remark, kind)
    yield Fact("Obtained", f"{figures.moment(one['started'])} to {figures.moment(one['ended'])}", f"({_CLAIMED})")
    proved = one.get("proved")
    if proved:
        remark = (
            f"(proved by the time stamp of entry {proved['timestamp']}, of an authority outside; entry"
            f" {proved['entry']} claims {figures.moment(proved['claimed'])})"
        )
        yield Fact("Here at the latest", figures.moment(proved["time"]), remark)
    else:
        remark = "" if "anchored" in one else "(only the claimed time is known)"
        yield Fact("Here at the latest", "not proved by a time stamp", remark)
    if "anchored" in one:
        yield _anchored(one["anchored"])
    if one["http"]["status"]:
        count = one["http"]["requests"]
        yield Fact(
            "Server's answer", f"HTTP status {one['http']['status']}, {count} request{'s' if count != 1 else ''}"
        )


def _anchored(told: Mapping[str, Any]) -> Fact:
    """The anchor that proves it to have been there before a block was made."""
    known = "time" in told
    rest = f"{'given in the annex' if known else 'which bears its time'}; anchor of entry {told['anchor']}"
    remark = (
        f"(proved with that block's header, {rest}; entry {told['entry']} claims {figures.moment(told['claimed'])})"
    )
    when = f"{figures.moment(told['time'])}, when " if known else ""
    return Fact("Here before", f"{when}Bitcoin block {told['block']} was made", remark)


def _exchange(http: Mapping[str, Any]) -> Iterator[Block]:
    if http["note"]:
        yield Prose(http["note"], note=True)
    for request in http["shown"]:
        yield Heading(f"{request['method']} request", 3)
        facts = [Fact("Address", request["url"], kind="code"), Fact("Time", request["started"])]
        if request["address"]:
            facts.append(Fact("Answered from", request["address"], kind="code"))
        if "tls" in request:
            facts.append(Fact("Connection", request["tls"]))
        facts.append(Fact("Answer", f"{request['status']} {request['status_text']}".strip()))
        yield Facts((*facts, *_certificate(request.get("certificate"))))
        if request["headers"]:
            yield Table(
                (Column("Header of the answer"), Column("Value", 1)),
                tuple((Cell(name, "code"), Cell(value, "code")) for name, value in request["headers"]),
            )
    left = http["requests"] - len(http["shown"])
    if left:
        yield Prose(f"{left} more requests are in the record of the exchange.", note=True)


def _certificate(told: Mapping[str, Any] | None) -> Iterator[Fact]:
    if told is not None:
        yield Fact("Certificate of the server", told["subject"], f"({prose.CERTIFICATE})")
        yield Fact("Issued by", told["issuer"])
        yield Fact("Valid, as it says", f"{figures.moment(told['from'])} to {figures.moment(told['until'])}")
        yield Fact("SHA-256 of the certificate", told["sha256"], kind="code")


def _file(stored: Mapping[str, Any]) -> File:
    place = [Cell(stored["path"], "code") if "path" in stored else Cell("withheld", "withheld", stored["withheld"])]
    if "redacted" in stored:
        place.append(Cell(stored["redacted"]["path"], "code", "redacted copy"))
    if "blurred" in stored:
        told = stored["blurred"]
        place.append(Cell(told["path"], "code", f"{words.blurred(told)} Entry {told['entry']}."))
    return File(
        labels.ROLES[stored["role"]],
        (*place, Cell(f"{stored['media_type']}, {figures.size(stored['size'])}", "small")),
        (("SHA-256", figures.halves(stored["sha256"])), ("SHA-512", figures.halves(stored["sha512"]))),
    )


def _technical(one: Mapping[str, Any]) -> Iterator[Fact]:
    for name, value in one["technical"].items():
        yield Fact(labels.technical(name), str(value))
    if not one["technical"]:
        yield Fact("From the file itself", "nothing could be read")
    if one["sandbox"]:
        yield Fact("Examined in", f"a sandbox of level {one['sandbox']}")
    if one["tools"]:
        yield Fact("Tools", _tools(one["tools"]))


def _custody(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        (
            Column("Entry", align="end"),
            Column("Time"),
            Column("Act", 3),
            Column("Outcome"),
            Column("Agent", 2),
            Column("Tools", 2),
        ),
        tuple(
            (
                Cell(str(row["entry"])),
                Cell(figures.moment(row["time"])),
                Cell(words.ACTS.get(row["type"], row["type"])),
                Cell(row["outcome"], "" if row["outcome"] == "success" else "warn", row.get("reason", "")),
                Cell(row["agent"]) if "agent" in row else Cell("withheld", "withheld"),
                Cell(_tools(row.get("tools", ())), "small"),
            )
            for row in rows
        ),
    )


def _tools(tools: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{tool['name']} {tool['version']}" for tool in tools)


def _match(number: int, other: Mapping[str, Any]) -> str:
    across = other["b"] if other["a"] == number else other["a"]
    told = f"Exhibit {across}: {words.FINDINGS[other['finding']][0]}"
    if other["contradicts"] and not other["rulings"]:
        told += "; contradicts an earlier ruling"
    if other["rulings"]:
        told += f"; a person ruled: {words.RULINGS[other['rulings'][-1]['ruling']]}"
    return told
