"""Commands about duplicates: matches, search, decide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from archiver.cli import common
from archiver.errors import UsageError
from archiver.model import Decision, Finding, Match, Ruling, Segment

#: What a finding means, in the words that reports use.
MEANING = {
    "identical": "the same bytes",
    "same-recording": "the same recording",
    "same-scene": "looks alike, not shown to be a copy",
    "same-sound": "the same sound",
}


#: What a line of the table takes besides titles: five columns, the spaces between them, and an item's id.
_OTHER_COLUMNS = 72


@click.command("matches", help="List duplicates that were found.")
@click.argument("item_id", required=False, metavar="[ITEM]")
@click.option("--all", "everything", is_flag=True, help="Those already ruled on as well.")
@common.json_option
def matches_command(item_id: str | None, everything: bool) -> None:
    """List matches, open ones unless --all."""
    from archiver.custody import catalog, findings

    vault = common.the_vault()
    if item_id:
        catalog.item(vault, item_id)  # an id that is not there is an error, not an empty list
    found = findings.listing(vault, item=item_id or "", everything=everything)
    if common.wants_json():
        common.print_json([match_json(match, decision) for match, decision in found])
        return
    if not found:
        click.echo("no open matches" if not everything else "no matches")
        return
    titles = {item.id: item.title for item in catalog.items(vault)}
    room = max(8, common.console().width - _OTHER_COLUMNS)
    common.print_table(
        ("match", "finding", "score", "items", "seconds", "ruling"),
        [
            (
                match.id,
                match.finding.value,
                f"{match.score:.2f}",
                common.lines(
                    f"{match.a} {common.shortened(titles.get(match.a, ''), room)}",
                    f"{match.b} {common.shortened(titles.get(match.b, ''), room)}",
                    how(match),
                ),
                common.lines(
                    *(span for s in match.segments for span in (_span(s.a_start, s.a_end), _span(s.b_start, s.b_end)))
                ),
                decision.ruling.value if decision else "",
            )
            for match, decision in found
        ],
        fixed=(0, 1, 2, 4),
    )


@click.command("search", help="Match a file from outside without taking it in.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@common.json_option
def search_command(path: Path) -> None:
    """Say which items hold the file's bytes or look like it, and where. Nothing is recorded."""
    from archiver.engine.matching import Matcher, examine_outside_file

    vault = common.the_vault()
    if not os.path.isfile(path):
        raise UsageError(f"there is no file {path}")
    prints, sha256 = examine_outside_file(path, vault)
    identical, near = Matcher(vault).search(prints, sha256)
    rows: list[dict[str, Any]] = [
        {"item_id": item_id, "kind": "identical", "finding": "identical", "score": 1.0, "segments": []}
        for item_id in identical
    ]
    rows += [
        {
            "item_id": found.item_id,
            "kind": "near",
            "finding": found.finding.value,
            "score": round(found.score, 4),
            "transform": dict(found.transform),
            "segments": _segments(found.segments),
        }
        for found in near
        if found.item_id not in identical
    ]
    if common.wants_json():
        common.print_json(rows)
    elif not rows:
        click.echo("nothing in the vault matches")
    else:
        common.print_table(
            ("item", "finding", "score", "seconds of the item = of the file"),
            [(row["item_id"], row["finding"], f"{row['score']:.2f}", _place(row)) for row in rows],
            fixed=(0, 1, 2),
        )


@click.command("decide", help="Rule on a match; the ruling goes into the ledger.")
@click.argument("match_id", metavar="MATCH")
@click.argument("ruling", type=click.Choice([ruling.value for ruling in Ruling]))
@click.option("--note", default="", help="Why, sealed in the ledger.")
@click.option("--by", default="", metavar="NAME", help="Who rules; else $ARCHIVER_BY.")
@common.json_option
def decide_command(match_id: str, ruling: str, note: str, by: str) -> None:
    """Rule on a match. Earlier rulings stay on record; the latest counts."""
    from archiver.custody import findings

    vault = common.the_vault()
    if len(note) > vault.settings.limits.note_characters:
        raise UsageError(f"the note is longer than {vault.settings.limits.note_characters} characters")
    decision = findings.decide(vault, match_id, Ruling(ruling), note=note, by=by)
    vault.ledger.publish()
    if common.wants_json():
        common.print_json({"match_id": match_id, "decision": ruling, "entry": decision.entry})
    else:
        click.echo(f"{match_id}: {ruling}, by {common.safe(decision.by)}, ledger entry {decision.entry}")


def match_json(match: Match, decision: Decision | None) -> dict[str, Any]:
    """A match as the contract gives it."""
    return {
        "match_id": match.id,
        "a": match.a,
        "b": match.b,
        "kind": match.kind.value,
        "finding": match.finding.value,
        "score": round(match.score, 4),
        "algorithm": match.algorithm,
        "transform": dict(match.transform),
        "segments": _segments(match.segments),
        "decision": decision.ruling.value if decision else None,
    }


def where(segments: Iterable[Segment]) -> Iterator[str]:
    """Segments for people: `0:00.0-0:05.0 = 0:03.0-0:08.0`."""
    return (f"{_span(s.a_start, s.a_end)} = {_span(s.b_start, s.b_end)}" for s in segments)


def _span(start: float, end: float) -> str:
    return f"{common.clock(start)}-{common.clock(end)}"


def _place(row: Mapping[str, Any]) -> str:
    segments = [Segment(*segment["a"], *segment["b"]) for segment in row["segments"]]
    return common.lines(*where(segments), _changes(row.get("transform", {})))


def how(match: Match) -> str:
    """What was done to the copy, for people: `mirrored, 1.1 x as fast`. Two films of one scene are no copies."""
    return _changes(match.transform) if match.finding is Finding.SAME_RECORDING else ""


def _changes(transform: Mapping[str, Any]) -> str:
    parts = ["mirrored"] if transform.get("mirror") else []
    if transform.get("turn"):
        parts.append(f"turned by {transform['turn']} degrees")
    if transform.get("speed", 1.0) != 1.0:
        parts.append(f"{transform['speed']:g} x as fast")
    if "crop" in transform:
        parts.append(f"{transform['crop']:.0%} of the picture")
    return ", ".join(parts)


def _segments(segments: Any) -> list[dict[str, list[float]]]:
    from archiver.custody.findings import segments_json

    return segments_json(segments)
