"""The command that writes a bundle for the legal team."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archiver.cli import common, verify
from archiver.errors import UsageError


@click.command("export", help="Write a bundle for the legal team.")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--case", default=None, help="Every item of this case.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where to.")
@common.json_option
def export_command(items: Sequence[str], case: str | None, target: Path) -> int:
    """Write originals, records, proofs and a report that others can check without us, and check it."""
    from archiver.report.export import export

    if not items and case is None:
        raise UsageError("nothing to export", next_step="Name items, or a case with --case")
    exported = export(common.the_vault(), items, case, target)
    if common.wants_json():
        common.print_json(
            {"bundle": str(exported.bundle), "items": list(exported.items), "verdict": exported.verdict.word}
        )
    else:
        click.echo(f"{len(exported.items)} exhibits in {exported.bundle}")
        click.echo(f"Read {exported.bundle / 'data' / 'report.html'}")
        click.echo(f"Anybody can check it: python3 -I {exported.bundle / 'data' / 'verify.pyz'} {exported.bundle}")
        verify.show(exported.verdict)
    return exported.verdict.exit_code
