"""Commands about the ledger's time: authorities that stamp it (RFC 3161), calendars that anchor it (OpenTimestamps)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import anchors, common
from archiver.errors import ArchiverError, UsageError

if TYPE_CHECKING:
    from archiver.custody.timestamps.anchors import Anchor
    from archiver.custody.timestamps.stamps import Stamp
    from archiver.custody.vault import Vault


@click.group("timestamp", help="Have authorities and calendars outside prove the time of the ledger.")
def timestamp_command() -> None:
    """About time stamps (RFC 3161) and anchors (OpenTimestamps)."""


@timestamp_command.command("add", help="Have the configured authorities and calendars stamp the newest checkpoint.")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Only the authority or calendar at this address.")
@click.option("--again", is_flag=True, help="Ask also where nothing is new since the last stamp.")
@common.json_option
def add(urls: Sequence[str], again: bool) -> int:
    """Ask now."""
    vault = common.the_vault()
    calendars = [one.rstrip("/") for one in urls if one.rstrip("/") in {each.url for each in vault.settings.calendar}]
    authorities = [one for one in urls if one.rstrip("/") not in calendars]
    made, errors, given = _ask(vault, authorities, calendars, again=again)
    _print(made, errors, given)
    if not made and not given and not errors and not common.wants_json():
        click.echo("Nothing is new since the last stamp", err=True)
    return 1 if errors else 0


@timestamp_command.command("upgrade", help="Ask the calendars for what completes pending proofs.")
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="Write them to DIR, ask nobody.")
@common.json_option
def upgrade(target: Path | None) -> int:
    """A calendar needs hours to get into a block. With --to, any OpenTimestamps client can complete them elsewhere."""
    vault = common.the_vault()
    if target is not None:
        anchors.write_pending(vault, target)
        return 0
    done = anchors.complete(vault)
    if common.wants_json():
        rows = [anchors.record(one) for one in done.made]
        waiting = [anchors.record(one) for one in done.waiting]
        common.print_json({"anchors": rows, "waiting": waiting, "errors": _lines(done.errors)})
        return 1 if done.errors else 0
    _print([], done.errors, done.made)
    if done.waiting:
        click.echo(f"{len(done.waiting)} proofs still wait for a block: ask again in some hours", err=True)
    elif not done.made:
        click.echo("No proof is pending", err=True)
    return 1 if done.errors else 0


@timestamp_command.command("status", help="Show stamps and anchors, what they prove, and what is pending.")
@common.json_option
def status() -> None:
    """One row a stamp or anchor, then what is pending."""
    from archiver.custody.timestamps import anchors as anchoring
    from archiver.custody.timestamps import stamping, stamps

    vault = common.the_vault()
    found = stamps.listing(vault)
    soon = {one.entry for one in stamps.due(found, datetime.now(UTC))}
    rows = [_row(vault, one, found) | {"due": one.entry in soon} for one in found]
    configured = [one.url for one in vault.settings.timestamp]
    calendars = [one.url for one in vault.settings.calendar]
    pending = stamps.waits_for(vault, configured) + anchoring.waits_for(vault, calendars)
    anchored = anchors.rows(vault)
    size = stamps.meaningful_size(vault)
    new = max(0, size - max((one.size for one in found), default=0))
    loose = max(0, size - max((one["size"] for one in anchored if one["blocks"]), default=0))
    carried = [{"size": size, "query": str(path)} for size, path in stamping.unanswered(vault)]
    if common.wants_json():
        document = {"timestamps": rows, "unstamped": new, "anchors": anchored, "unanchored": loose}
        common.print_json({**document, "pending": pending, "unanswered": carried})
        return
    if rows or configured or not calendars:
        _show(rows)
        click.echo(f"{new} entries are under no time stamp yet" if new else "Every entry is under a time stamp")
    if anchored or calendars:
        anchors.show(anchored, calendars)
        click.echo(f"{loose} entries are anchored in no block yet" if loose else "Every entry is anchored in a block")
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
@click.option("--calendar", is_flag=True, help="Write what an OpenTimestamps client is to stamp.")
@common.json_option
def query(target: Path, calendar: bool) -> None:
    """For offices without a network: send the file to an authority, and bring its reply back."""
    from archiver.custody.timestamps import stamping

    if calendar:
        anchors.write_note(common.the_vault(), target)
        return
    of = stamping.write_query(common.the_vault(), target)
    if common.wants_json():
        common.print_json({"query": str(target), "size": of.size})
    else:
        click.echo(f"{target} asks about {of.size} entries. Elsewhere: curl -H 'Content-Type:"
                   f" application/timestamp-query' --data-binary @{target.name} URL > {target.stem}.tsr")  # fmt: skip
        click.echo("Then here: archiver timestamp import FILE")


@timestamp_command.command("import", help="Take in a reply, or a proof (.ots), that was carried by hand.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--certificates", type=click.Path(path_type=Path), metavar="FILE", help="Its roots, where not configured."
)
@click.option("--source", default="", help="Where it came from, in your words.")
@common.json_option
def import_(file: Path, certificates: Path | None, source: str) -> None:
    """Check it against its query and the roots, or against the checkpoint that it is of, and record it."""
    from archiver.custody.timestamps import carried, stamping, trust
    from archiver.proof.times import opentimestamps, timestamp

    vault = common.the_vault()
    data = _read(file, max(timestamp.MAX_REPLY_BYTES, opentimestamps.MAX_PROOF_BYTES))
    if data.startswith(opentimestamps.MAGIC):
        _print([], [], [carried.take_in(vault, data, source)])
        return
    roots = _read(certificates, trust.MAX_PEM_BYTES) if certificates else b""
    _print([stamping.take_in(vault, data, roots, source)], [])


def catch_up(vault: Vault) -> None:
    """Ask whoever is configured and has not stamped everything. What fails is told, and keeps no command from ending.

    Bounded by one time limit for each authority, and two for each calendar; what stays pending is asked for again by
    the next command.
    """
    if not vault.settings.timestamp and not vault.settings.calendar:
        return
    made: list[Stamp] = []
    given: list[Anchor] = []
    errors: list[ArchiverError] = []
    try:
        done = anchors.complete(vault)
        made, errors, given = _ask(vault)
        given, errors = [*done.made, *given], [*done.errors, *errors]
    except ArchiverError as error:
        errors.append(error)
    for one in made:
        click.echo(common.safe(f"{one.source} stamped {one.size} entries at {one.time}"), err=True)
    for line in anchors.lines(given):
        click.echo(line, err=True)
    for line in _lines(errors):
        click.echo(f"archiver: {line}", err=True)


def _ask(
    vault: Vault, authorities: Sequence[str] = (), calendars: Sequence[str] = (), *, again: bool = False
) -> tuple[list[Stamp], list[ArchiverError], list[Anchor]]:
    """Ask those named, or everybody configured where nobody is named."""
    from archiver.custody.timestamps import ask, stamping

    everybody = not authorities and not calendars
    made: list[Stamp] = []
    given: list[Anchor] = []
    errors: list[ArchiverError] = []
    if authorities or (everybody and (vault.settings.timestamp or not vault.settings.calendar)):
        made, errors = stamping.add(vault, ask.ask, authorities, again=again)
    if calendars or everybody:
        given, failed = anchors.submit(vault, calendars, again=again)
        errors += failed
    return made, errors, given


def _print(made: Sequence[Stamp], errors: Sequence[ArchiverError], given: Sequence[Anchor] = ()) -> None:
    if common.wants_json():
        stamped, anchored = [_stamp(one) for one in made], [anchors.record(one) for one in given]
        common.print_json({"timestamps": stamped, "anchors": anchored, "errors": _lines(errors)})
        return
    for one in made:
        source = one.source or f"authority {one.authority[:16]}"
        click.echo(common.safe(f"{source} stamped {one.size} entries at {one.time}; entry {one.entry}"))
    for line in anchors.lines(given):
        click.echo(line)
    for line in _lines(errors):
        click.echo(f"archiver: {line}", err=True)
    sys.stdout.flush()


def _show(rows: Sequence[dict[str, Any]]) -> None:
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
