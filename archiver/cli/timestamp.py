"""Commands about time stamps: an authority outside says when it saw the ledger's checkpoint (RFC 3161)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import ArchiverError, UsageError

if TYPE_CHECKING:
    from archiver.custody.timestamps.stamps import Stamp
    from archiver.custody.vault import Vault


@click.group("timestamp", help="Have authorities outside stamp the time of the ledger.")
def timestamp_command() -> None:
    """About time stamps (RFC 3161)."""


@timestamp_command.command("add", help="Ask the configured authorities to stamp the newest checkpoint.")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Only the authority at this address.")
@click.option("--again", is_flag=True, help="Ask also where nothing is new since the last stamp.")
@common.json_option
def add(urls: Sequence[str], again: bool) -> int:
    """Ask now."""
    from archiver.custody.timestamps import ask, stamping

    made, errors = stamping.add(common.the_vault(), ask.ask, urls, again=again)
    _print(made, errors)
    if not made and not errors and not common.wants_json():
        click.echo("Nothing is new since the last stamp", err=True)
    return 1 if errors else 0


@timestamp_command.command("status", help="Show stamps, what they prove, when they end, and what waits for one.")
@common.json_option
def status() -> None:
    """One row a stamp, then what is pending."""
    from archiver.custody.timestamps import stamping, stamps

    vault = common.the_vault()
    found = stamps.listing(vault)
    soon = {one.entry for one in stamps.due(found, datetime.now(UTC))}
    rows = [_row(vault, one, found) | {"due": one.entry in soon} for one in found]
    configured = [one.url for one in vault.settings.timestamp]
    pending = stamps.waits_for(vault, configured)
    covered = max((one.size for one in found), default=0)
    new = max(0, stamps.meaningful_size(vault) - covered)
    carried = [{"size": size, "query": str(path)} for size, path in stamping.unanswered(vault)]
    if common.wants_json():
        common.print_json({"timestamps": rows, "unstamped": new, "pending": pending, "unanswered": carried})
        return
    common.print_table(
        ("entries", "claimed", "proved", "authority", "ends", "state"),
        [
            (
                str(one["size"]), common.moment(one["claimed"]), common.moment(one["time"]),
                one["source"] or one["authority"][:16], one["expires"][:10], _state(one),
            )
            for one in rows
        ],
    )  # fmt: skip
    click.echo(f"{new} entries are under no time stamp yet" if new else "Every entry is under a time stamp")
    for url in pending:
        click.echo(f"Pending: {common.safe(url)}; `archiver timestamp add` or the next run asks")
    for one in carried:
        click.echo(f"Written to a file and not answered yet: a query for {one['size']} entries")


@timestamp_command.command("renew", help="Stamp anew where an authority's certificate ends soon.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(0), help="How soon.")
@common.json_option
def renew(days: int) -> int:
    """The old token is in the ledger, so a stamp over a newer checkpoint carries it on."""
    from archiver.custody.timestamps import ask, stamping

    old, made, errors = stamping.renew(common.the_vault(), ask.ask, timedelta(days=days))
    if common.wants_json():
        rows = [_stamp(one) for one in made]
        common.print_json({"due": [one.entry for one in old], "timestamps": rows, "errors": _lines(errors)})
    else:
        _print(made, errors)
        for one in old if made else ():
            click.echo(f"The stamp of entry {one.entry} is carried on: its token lies under the new one")
        if not old:
            click.echo("No certificate ends that soon", err=True)
    return 1 if errors else 0


@timestamp_command.command("query", help="Write a query for the newest checkpoint, to be carried by hand.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), metavar="FILE")
@common.json_option
def query(target: Path) -> None:
    """For offices without a network: send the file to an authority, and bring its reply back."""
    from archiver.custody.timestamps import stamping

    of = stamping.write_query(common.the_vault(), target)
    if common.wants_json():
        common.print_json({"query": str(target), "size": of.size})
    else:
        click.echo(f"{target} asks about {of.size} entries. Elsewhere: curl -H 'Content-Type:"
                   f" application/timestamp-query' --data-binary @{target.name} URL > {target.stem}.tsr")  # fmt: skip
        click.echo("Then here: archiver timestamp import FILE")


@timestamp_command.command("import", help="Take in an authority's reply that was carried by hand.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--certificates", type=click.Path(path_type=Path), metavar="FILE", help="Its roots, where not configured."
)
@click.option("--source", default="", help="Where it came from, in your words.")
@common.json_option
def import_(file: Path, certificates: Path | None, source: str) -> None:
    """Check it against its query and the roots, and record it."""
    from archiver.custody.timestamps import stamping, trust
    from archiver.proof.timestamp import MAX_REPLY_BYTES

    roots = _read(certificates, trust.MAX_PEM_BYTES) if certificates else b""
    _print([stamping.take_in(common.the_vault(), _read(file, MAX_REPLY_BYTES), roots, source)], [])


def catch_up(vault: Vault) -> None:
    """Ask whoever is configured and has not stamped everything. What fails is told, and keeps no command from ending.

    Bounded by one time limit for each authority; what stays pending is asked for again by the next command.
    """
    if not vault.settings.timestamp:
        return
    from archiver.custody.timestamps import ask, stamping

    try:
        made, errors = stamping.add(vault, ask.ask)
    except ArchiverError as error:
        made, errors = [], [error]
    for one in made:
        click.echo(common.safe(f"{one.source} stamped {one.size} entries at {one.time}"), err=True)
    for line in _lines(errors):
        click.echo(f"archiver: {line}", err=True)


def _print(made: Sequence[Stamp], errors: Sequence[ArchiverError]) -> None:
    if common.wants_json():
        common.print_json({"timestamps": [_stamp(one) for one in made], "errors": _lines(errors)})
        return
    for one in made:
        source = one.source or f"authority {one.authority[:16]}"
        click.echo(common.safe(f"{source} stamped {one.size} entries at {one.time}; entry {one.entry}"))
    for line in _lines(errors):
        click.echo(f"archiver: {line}", err=True)
    sys.stdout.flush()


def _lines(errors: Iterable[ArchiverError]) -> list[str]:
    return [common.safe(one.line()) for one in errors]


def _stamp(one: Stamp) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def _row(vault: Vault, one: Stamp, found: Sequence[Stamp]) -> dict[str, Any]:
    from archiver.custody.timestamps import stamps

    of = stamps.issued(vault, one.size)
    later = stamps.renewed_by(one, found)
    return _stamp(one) | {"claimed": of.claimed if of else "", "carried_on_by": later.entry if later else None}


def _state(row: dict[str, Any]) -> str:
    if row["carried_on_by"] is not None:
        return f"carried on by entry {row['carried_on_by']}"
    return "renew: it ends soon" if row["due"] else "good"


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
