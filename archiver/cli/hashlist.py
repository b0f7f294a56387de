"""Commands about hash lists: what teams share instead of footage."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import UsageError
from archiver.hashlist.records import Kind

if TYPE_CHECKING:
    from archiver.custody.hashlists import HashList
    from archiver.engine.lists import Hit

#: Of names of lists and titles, so that five columns fit a terminal of 80 characters.
_SHORT = 17
_KINDS = click.Choice([kind.value for kind in Kind])


@click.group(
    "hashlist",
    invoke_without_command=True,
    help="Share hashes with other teams instead of footage, and compare theirs.",
)
@common.json_option
@click.pass_context
def hashlist_command(ctx: click.Context) -> None:
    """List the lists that were taken in, unless a command follows."""
    if ctx.invoked_subcommand is not None:
        return
    from archiver.custody import hashlists

    lists = hashlists.listing(common.the_vault())
    if common.wants_json():
        common.print_json([list_json(one) for one in lists])
    elif not lists:
        click.echo("no hash lists; `archiver hashlist import FILE` takes one in")
    else:
        common.print_table(
            ("list", "kind", "rows", "refused", "imported", "name", "from"),
            [
                (one.id, one.kind.value, str(one.rows), str(one.refused), common.moment(one.imported_at), one.name,
                 one.source)
                for one in lists
            ],
            fixed=(0, 1, 2, 3, 4),
        )  # fmt: skip


@hashlist_command.command("export", help="Write hashes of items into a file for others: no names, addresses or cases.")
@click.option("--case", default=None, help="Only items of this case.")
@click.option("--kind", type=_KINDS, default=Kind.DIGESTS.value, show_default=True, help="What the list holds.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, metavar="FILE", help="A new file.")
@common.json_option
def export_list(case: str | None, kind: str, target: Path) -> None:
    """Write a list; the act is on record before the file is there."""
    from archiver.custody import hashlists
    from archiver.engine import lists
    from archiver.proof import durable

    if os.path.lexists(target):
        raise UsageError(f"{target} exists already", next_step="Name a new file")
    vault = common.the_vault()
    made = lists.export(vault, Kind(kind), case)
    if not made.rows:
        raise UsageError(
            f"there is nothing to put into a list of {kind}",
            next_step="`archiver refingerprint --all` makes fingerprints that items lack",
        )
    entry = hashlists.record_export(vault, made.data, Kind(kind), made.rows, case=case)
    durable.replace(target, made.data)
    if common.wants_json():
        common.print_json({"file": str(target), "rows": made.rows, "entry": entry, "without": list(made.without)})
        return
    click.echo(f"{made.rows} rows in {common.safe(str(target))}, ledger entry {entry}")
    if made.without:
        click.echo(f"{len(made.without)} items have nothing of this kind: see --json", err=True)


@hashlist_command.command("import", help="Take in a list of hashes that others share, and compare it with all items.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", default="", metavar="LIST", help="What to call it; else its file's name.")
@click.option("--kind", type=_KINDS, default=None, help="What it holds, where that cannot be seen.")
@click.option("--source", default="", help="Who or what it came from, sealed in the ledger.")
@common.json_option
def import_list(path: Path, name: str, kind: str | None, source: str) -> int:
    """Keep a list. Rows that make no sense are told one by one; exit code 1 says that there were some."""
    from archiver.custody import hashlists
    from archiver.hashlist import reading

    vault = common.the_vault()
    for what, value in (("name", name), ("source", source)):
        if len(value) > vault.settings.limits.title_characters:
            raise UsageError(f"the {what} is longer than {vault.settings.limits.title_characters} characters")
    data = _read(path)
    parsed = reading.parse(data, Kind(kind) if kind else None)
    for number, why in parsed.refused:
        click.echo(f"row {number} refused: {why}", err=True)
    shown = str(path.name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    held = hashlists.keep(vault, data, parsed, name=name or Path(shown).stem, file_name=shown, source=source)
    found = _hits(vault, [held])
    if common.wants_json():
        refused = [{"row": number, "reason": why} for number, why in parsed.refused]
        common.print_json({**list_json(held), "refused_rows": refused, "hits": len(found)})
    else:
        click.echo(f"{held.id} {common.safe(held.name)}: {held.rows} rows of {held.kind}, {held.refused} refused")
        items = len({hit.item_id for hit in found})
        click.echo(f"{len(found)} hits on {items} items" + ("; `archiver hashlist hits` shows them" if found else ""))
    return 1 if parsed.refused else 0


@hashlist_command.command("hits", help="Show the items that are on a list of others.")
@click.argument("named", metavar="[LIST]", required=False)
@common.json_option
def show_hits(named: str | None) -> None:
    """Compare all items with one list, or with every one."""
    from archiver.custody import catalog, hashlists

    vault = common.the_vault()
    lists = [hashlists.find(vault, named)] if named else hashlists.listing(vault)
    found = _hits(vault, lists)
    if common.wants_json():
        common.print_json([hit_json(hit) for hit in found])
        return
    if not found:
        click.echo("no item is on a list" if lists else "no hash lists")
        return
    titles = {item.id: item.title for item in catalog.items(vault)}
    common.print_table(
        ("list", "item", "finding", "differs", "seconds"),
        [
            (
                common.lines(
                    common.shortened(hit.list.name or hit.list.id, _SHORT),
                    f"row {hit.row}" + (f", {more} more" if more else ""),
                ),
                common.lines(hit.item_id, common.shortened(titles.get(hit.item_id, ""), _SHORT)),
                hit.finding,
                _distance(hit),
                "-".join(map(common.clock, hit.seconds)) if hit.seconds else "",
            )
            for hit, more in _strongest(found)
        ],
        fixed=(0, 1, 2, 3, 4),
    )


@hashlist_command.command("remove", help="Remove a list; the ledger keeps that it was there.")
@click.argument("named", metavar="LIST")
@click.option("--note", default="", help="Why, sealed in the ledger.")
@common.json_option
def remove_list(named: str, note: str) -> None:
    """Remove a list by its id or name."""
    from archiver.custody import hashlists

    vault = common.the_vault()
    if len(note) > vault.settings.limits.note_characters:
        raise UsageError(f"the note is longer than {vault.settings.limits.note_characters} characters")
    held = hashlists.remove(vault, named, note=note)
    if common.wants_json():
        common.print_json({"list_id": held.id, "removed": True})
    else:
        click.echo(f"{held.id} {common.safe(held.name)} is removed")


def list_json(one: HashList) -> dict[str, Any]:
    """A list for machines."""
    return {
        "list_id": one.id, "name": one.name, "source": one.source, "kind": one.kind.value, "rows": one.rows,
        "refused": one.refused, "bytes": one.size, "imported_at": one.imported_at, "entry": one.entry,
    }  # fmt: skip


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit for machines."""
    return {
        "list_id": hit.list.id, "list": hit.list.name, "row": hit.row, "item_id": hit.item_id, "kind": hit.kind,
        "finding": hit.finding, "score": hit.score, "bits": hit.bits,
        "seconds": [round(second, 2) for second in hit.seconds] if hit.seconds else None,
    }  # fmt: skip


def _hits(vault: Any, lists: Sequence[HashList]) -> list[Hit]:
    from archiver.engine import lists as compared

    with common.progress() as observe:
        return compared.hits(vault, lists, observe)


def _strongest(found: Sequence[Hit]) -> list[tuple[Hit, int]]:
    """Of each item on each list its strongest hit, and how many more there are: a film is many pictures of a list."""
    grouped: dict[tuple[str, str], list[Hit]] = {}
    for hit in found:
        grouped.setdefault((hit.list.id, hit.item_id), []).append(hit)
    return [(max(hits, key=lambda hit: hit.score), len(hits) - 1) for hits in grouped.values()]


def _distance(hit: Hit) -> str:
    if hit.bits is None:
        return "" if hit.finding == "identical" else f"score {hit.score:.2f}"
    return f"{hit.bits:g} of 256 bits"


def _read(path: Path) -> bytes:
    """The file's bytes, and one more than a list may have where it is longer. Raises UsageError."""
    from archiver.hashlist.reading import MAX_BYTES

    if not os.path.isfile(path):
        raise UsageError(f"there is no file {path}")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
