"""What `archiver timestamp` does about calendars (OpenTimestamps), and how it shows anchors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common

if TYPE_CHECKING:
    from archiver.custody.timestamps.anchoring import Upgraded
    from archiver.custody.timestamps.anchors import Anchor
    from archiver.custody.vault import Vault
    from archiver.errors import ArchiverError


def submit(vault: Vault, urls: Sequence[str] = (), *, again: bool = False) -> tuple[list[Anchor], list[ArchiverError]]:
    """Give the configured calendars what they were not given yet."""
    from archiver.custody.timestamps import anchoring, calendar

    return anchoring.add(vault, calendar.submit, urls, again=again)


def complete(vault: Vault) -> Upgraded:
    """Ask them what became of it."""
    from archiver.custody.timestamps import anchoring, calendar

    return anchoring.upgrade(vault, calendar.fetch)


def rows(vault: Vault) -> list[dict[str, Any]]:
    """Every anchor, with the time that its last entry claims and its state."""
    from archiver.custody.timestamps import anchors, stamps

    found = anchors.listing(vault)
    made = []
    for one in found:
        of, later = stamps.issued(vault, one.size), anchors.completed_by(one, found)
        more = {"claimed": of.claimed if of else "", "completed_by": later.entry if later else None}
        made.append(record(one) | more | {"calendars": [] if one.blocks else _calendars(vault, one)})
    return made


def show(found: Sequence[dict[str, Any]], configured: Iterable[str]) -> None:
    """The same as a table."""
    known = set(configured)
    if not found:
        return
    common.print_table(
        ("entries", "claimed", "calendar", "state"),
        [
            (str(one["size"]), common.moment(one["claimed"]), one["source"] or "by hand", _state(one, known))
            for one in found
        ],
    )


def lines(made: Iterable[Anchor]) -> list[str]:
    """What was got, for people, one line each."""
    said = []
    for one in made:
        where = f"entry {one.entry}"
        if one.blocks:
            blocks = ", ".join(map(str, one.blocks))
            said.append(f"{one.size} entries are anchored in Bitcoin block {blocks}; {where}")
        else:
            said.append(f"{one.source or 'A calendar'} promises to anchor {one.size} entries; {where}")
    return [common.safe(line) for line in said]


def record(one: Anchor) -> dict[str, Any]:
    """An anchor as JSON has it."""
    return {name: getattr(one, name) for name in one.__slots__}


def write_note(vault: Vault, target: Path) -> None:
    """Write what a client elsewhere is to stamp."""
    from archiver.custody.timestamps import carried

    of = carried.write_note(vault, target)
    if common.wants_json():
        common.print_json({"note": str(target), "size": of.size})
    else:
        click.echo(f"{target} is the checkpoint of {of.size} entries. Elsewhere: ots stamp {target.name}")
        click.echo(f"Then here: archiver timestamp import {target.name}.ots")


def write_pending(vault: Vault, folder: Path) -> None:
    """Write what a client elsewhere is to complete."""
    from archiver.custody.timestamps import carried

    written = [str(path) for path in carried.write_pending(vault, folder)]
    if common.wants_json():
        common.print_json({"proofs": written})
        return
    for path in written:
        click.echo(path)
    if written:
        click.echo("Elsewhere: ots upgrade *.ots; then here, for each: archiver timestamp import FILE.ots")
    else:
        click.echo("No proof is pending", err=True)


def _calendars(vault: Vault, one: Anchor) -> list[str]:
    """Where it is pending; nowhere, where its proof cannot be read."""
    from archiver.custody.timestamps import anchoring
    from archiver.errors import EvidenceError

    try:
        return anchoring.calendars(vault, one)
    except EvidenceError:
        return []


def _state(row: dict[str, Any], configured: set[str]) -> str:
    if row["blocks"]:
        return f"in Bitcoin block {', '.join(map(str, row['blocks']))}"
    if row["completed_by"] is not None:
        return f"completed by entry {row['completed_by']}"
    if not row["calendars"]:
        return "its proof cannot be read: archiver verify"
    where = f"pending at {', '.join(row['calendars'])}"
    return where if configured.intersection(row["calendars"]) else f"{where}, which is not configured"
