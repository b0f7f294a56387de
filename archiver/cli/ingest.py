"""The command that takes in local files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from archiver.cli import common
from archiver.cli.index import watching
from archiver.errors import UsageError


@click.command("ingest", help="Take in local files and folders.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--case", default="", help="The case that they belong to.")
@click.option("--source", default="", help="Who or what they came from, sealed in the ledger.")
@click.option("--note", default="", help="A note, sealed in the ledger.")
@common.json_option
def ingest_command(paths: Sequence[Path], case: str, source: str, note: str) -> int:
    """Copy every file in, untouched, and examine it."""
    from archiver.engine.ingest import Label, Taken, ingest
    from archiver.engine.matching import Matcher

    def show(taken: Taken) -> None:
        if not common.wants_json():
            rest = common.safe(taken.message) or taken.item_id
            click.echo(f"{taken.outcome:10} {common.safe(taken.path)}  {rest}", err=True)

    vault = common.the_vault()
    limits = vault.settings.limits
    for name, value, most in (
        ("case", case, limits.title_characters),
        ("source", source, limits.title_characters),
        ("note", note, limits.note_characters),
    ):
        if len(value) > most:
            raise UsageError(f"the {name} is longer than {most} characters")
    with watching() as watch:
        matcher = Matcher(vault, tell=watch.tell, progress=watch.progress)
        rows = ingest(vault, list(paths), Label(case, source, note), matcher=matcher, observe=show)
    outcomes = Counter(row.outcome for row in rows)
    if common.wants_json():
        fields = ("path", "item_id", "sha256", "outcome", "reason", "message")
        common.print_json({"rows": [{field: getattr(row, field) for field in fields} for row in rows]})
    else:
        click.echo(", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "the folder is empty")
    return 1 if outcomes["refused"] or outcomes["failed"] else 0
