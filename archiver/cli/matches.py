"""Commands about copies that were found: matches, decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import click

from archiver.cli import common
from archiver.errors import UsageError
from archiver.model import Decision, ErrorRate, Finding, Match, Ruling, Segment

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.match.review import Reviewed

#: What a table of matches takes beside an item's title: three columns with their spaces, and the item's id.
_BESIDE_TITLE = 49

#: What stands in place of an error rate where a match rests on SHA-256.
SAME_BYTES = "the same bytes (SHA-256)"


@click.command("matches", help="List copies that were found, the strongest first.")
@click.argument("item_id", required=False, metavar="[ITEM]")
@click.option("--all", "everything", is_flag=True, help="Those already ruled on as well.")
@common.json_option
def matches_command(item_id: str | None, everything: bool) -> None:
    """List matches, open ones unless --all. A new finding against an earlier ruling is open, and says so."""
    from archiver.custody import catalog

    vault = common.the_vault()
    if item_id:
        catalog.item(vault, item_id)  # an id that is not there is an error, not an empty list
    found = [one for one in reviewed(vault, item_id or "") if everything or one.is_open]
    if common.wants_json():
        common.print_json([as_json(one) for one in found])
    elif not found:
        click.echo("no matches" if everything else "no open matches; --all lists those ruled on as well")
    else:
        show(found, {item.id: item.title for item in catalog.items(vault)})


@click.command("decide", help="Rule on a match; the ruling goes into the ledger.")
@click.argument("match_id", metavar="MATCH")
@click.argument("ruling", type=click.Choice([ruling.value for ruling in Ruling]))
@click.option("--note", default="", help="Why, sealed in the ledger.")
@click.option("--by", default="", metavar="NAME", help="Who rules; else $ARCHIVER_BY.")
@common.json_option
def decide_command(match_id: str, ruling: str, note: str, by: str) -> None:
    """Rule whether both hold the same recording (of a same-sound match: the same sound). The latest ruling counts,
    earlier ones stay on record.
    """
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


def reviewed(vault: Vault, item: str = "") -> list[Reviewed]:
    """Matches, of one item or all, with what people ruled on them and before them; the strongest first."""
    from archiver.custody import findings
    from archiver.match import review

    return review.reviewed(findings.listing(vault, item=item))


def show(found: Iterable[Reviewed], titles: Mapping[str, str]) -> None:
    """Print matches as a table that fits 80 columns."""
    room = max(8, common.console().width - _BESIDE_TITLE)
    common.print_table(
        ("match", "finding", "score", "items, and where they are the same"),
        [
            (
                one.match.id,
                one.match.finding.value,
                f"{one.match.score:.2f}",
                common.lines(
                    *(f"{item} {common.shortened(titles.get(item, ''), room)}" for item in (one.match.a, one.match.b)),
                    *where(one.match.segments),
                    how(one.match),
                    SAME_BYTES if one.match.finding is Finding.IDENTICAL else errs(one.match.error_rate),
                    *_history(one),
                ),
            )
            for one in found
        ],
        fixed=(0, 1, 2),
    )


def show_briefly(found: Iterable[Reviewed], item_id: str) -> None:
    """Print the matches of one item, a line each."""
    common.print_table(
        ("match", "finding", "score", "with", "ruling"),
        [
            (
                one.match.id,
                one.match.finding.value,
                f"{one.match.score:.2f}",
                one.match.b if one.match.a == item_id else one.match.a,
                _standing(one),
            )
            for one in found
        ],
        fixed=(0, 1, 2, 3),
    )


def _standing(one: Reviewed) -> str:
    """What a person has ruled, in a word or two."""
    if one.decision:
        return one.decision.ruling.value
    if one.contradicts:
        return f"CONTRADICTS {one.earlier[-1][1].ruling.value}"
    return "" if one.is_open else f"{one.earlier[-1][1].ruling.value}, before"


def _history(one: Reviewed) -> Iterator[str]:
    """What people ruled, in the order in which they did."""
    for match, decision in one.earlier:
        yield f"ruled before: {decision.ruling.value} ({match.id} {match.finding.value}), by {decision.by}"
    if one.contradicts:
        yield "CONTRADICTS what was ruled before"
    if one.decision:
        yield f"ruled: {one.decision.ruling.value}, by {one.decision.by}, entry {one.decision.entry}"


def as_json(one: Reviewed) -> dict[str, Any]:
    """A match as the contract gives it."""
    match = one.match
    return {
        "match_id": match.id,
        "a": match.a,
        "b": match.b,
        "kind": match.kind.value,
        "finding": match.finding.value,
        "score": round(match.score, 4),
        "error_rate": error_rate_json(match.error_rate),
        "algorithm": match.algorithm,
        "transform": dict(match.transform),
        "segments": segments_json(match.segments),
        "decision": one.decision.ruling.value if one.decision else None,
        "earlier": [_earlier_json(*past) for past in one.earlier],
        "contradicts": one.contradicts,
    }


def _earlier_json(match: Match, decision: Decision) -> dict[str, Any]:
    return {
        "match_id": match.id,
        "finding": match.finding.value,
        "algorithm": match.algorithm,
        "ruling": decision.ruling.value,
        "by": decision.by,
        "note": decision.note,
        "decided_at": decision.decided_at,
        "entry": decision.entry,
    }


def error_rate_json(rate: ErrorRate | None) -> dict[str, Any] | None:
    """`rate` is the upper bound of the share of non-copies that reach the score; None where it is not known."""
    if rate is None:
        return None
    return {"rate": rate.ppm / 1_000_000, "errors": rate.errors, "negatives": rate.negatives, "data": rate.data}


def segments_json(segments: Iterable[Segment]) -> list[dict[str, list[float]]]:
    """Segments as the contract gives them."""
    from archiver.custody import findings

    return findings.segments_json(tuple(segments))


def errs(rate: ErrorRate | None) -> str:
    """A measured error rate in a few words."""
    from archiver.report.wording import words

    if rate is None:
        return "error rate not known"
    return f"errs at most {words.percent(rate.ppm)}: {rate.errors} of {rate.negatives:,} non-copies"


def where(segments: Iterable[Segment]) -> Iterator[str]:
    """Segments for people: `0:00.0-0:05.0 = 0:03.0-0:08.0`."""
    return (f"{_span(s.a_start, s.a_end)} = {_span(s.b_start, s.b_end)}" for s in segments)


def _span(start: float, end: float) -> str:
    return f"{common.clock(start)}-{common.clock(end)}"


class _Changed(Protocol):
    """A match, or what a search found."""

    @property
    def finding(self) -> Finding: ...
    @property
    def transform(self) -> Mapping[str, Any]: ...


def how(found: _Changed) -> str:
    """What was done to the copy, for people: `mirrored, 1.1 x as fast`. Two films of one scene are no copies."""
    from archiver.report.wording import words

    return words.changes(found.transform) if found.finding is Finding.SAME_RECORDING else ""
