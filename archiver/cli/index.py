"""The commands about the index by which copies are found, and how its making is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common

if TYPE_CHECKING:
    from archiver.custody.indexlist import VolumeList


@click.group("index", invoke_without_command=True, help="Show the index by which copies are found, or make it anew.")
@common.json_option
@click.pass_context
def index_command(ctx: click.Context) -> None:
    """Show what it holds and where. It is made of the fingerprints, and is no evidence."""
    if ctx.invoked_subcommand is not None:
        return
    from archiver.custody import catalog, indexlist

    vault = common.the_vault()
    found = indexlist.glance(vault.folder / indexlist.FOLDER_NAME)
    behind = sum(1 for _ in catalog.fingerprints(vault, found.row))
    document = {**_document(found), "behind": behind, "unread": list(found.unread)}
    if common.wants_json():
        common.print_json(document)
        return
    click.echo(_line(found))
    if behind:
        click.echo(f"{behind} fingerprints are not in it yet: the next `archiver run` or `search` takes them in")
    for sha256 in found.unread:
        click.echo(f"not in it: fingerprint {sha256} is missing or damaged; `archiver verify` says more")


@index_command.command("rebuild", help="Make the index anew from the fingerprints.")
@common.json_option
def rebuild() -> None:
    """Nothing is decoded anew."""
    from archiver.engine.indexing import VaultIndex

    vault = common.the_vault()
    with watching() as watch:
        found = VaultIndex(vault, tell=watch.tell, progress=watch.progress).rebuild()
    if common.wants_json():
        common.print_json(_document(found))
    else:
        click.echo(_line(found))


@dataclass(frozen=True, slots=True)
class Watch:
    """What the index's making is told to: a line, and fingerprints done of all."""

    tell: Callable[[str], None]
    progress: Callable[[int, int], None]


@contextmanager
def watching() -> Iterator[Watch]:
    """Tell on standard error how the index comes along: a bar for a person, a line for a log."""

    def tell(line: str) -> None:
        click.echo(line, err=True)

    if common.wants_json() or not sys.stderr.isatty():
        yield Watch(tell, lambda done, total: None if done else tell(f"the index takes in {total} fingerprints"))
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("index"), BarColumn(), MofNCompleteColumn(), TextColumn("fingerprints"), TimeRemainingColumn()
    with Progress(*columns, console=common.console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield Watch(
            lambda line: bar.console.print(line, soft_wrap=True),
            lambda done, total: bar.update(task, completed=done, total=total, visible=done < total),
        )


def _document(found: VolumeList) -> dict[str, Any]:
    return {"films": found.films, "codes": found.codes, "bytes": found.bytes, "volumes": len(found.volumes)}


def _line(found: VolumeList) -> str:
    if not found.volumes:
        return "The index holds nothing yet"
    return (
        f"The index holds {found.films:,} films by {found.codes:,} codes,"
        f" in {len(found.volumes)} files of together {common.size(found.bytes)}"
    )
