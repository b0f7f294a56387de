"""The command that makes fingerprints which items lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from archiver.cli import common
from archiver.errors import UsageError


@click.command("refingerprint", help="Make fingerprints that items lack, after an algorithm came or changed.")
@click.argument("item_ids", nargs=-1, metavar="[ITEM]...")
@click.option("--all", "everything", is_flag=True, help="Look at every item.")
@click.option("--algorithm", default="", metavar="A", help="Only this algorithm, such as pdq/1.")
@common.json_option
def refingerprint_command(item_ids: Sequence[str], everything: bool, algorithm: str) -> int:
    """Decode originals again where a fingerprint is lacking. Old ones stay; called again it has nothing to do."""
    from archiver.custody import catalog
    from archiver.engine.refingerprint import refingerprint

    if bool(item_ids) == everything:
        raise UsageError("name items, or say --all", next_step="`archiver items` lists them")
    vault = common.the_vault()
    items = catalog.items(vault) if everything else [catalog.item(vault, one) for one in dict.fromkeys(item_ids)]
    with common.progress() as observe:
        done = refingerprint(vault, items, algorithm, observe)
    failed = [one for one in done if not one.made]
    if common.wants_json():
        common.print_json(
            [{"item_id": one.item_id, "made": list(one.made), "warnings": list(one.warnings)} for one in done]
        )
    else:
        for one in failed:
            click.echo(
                f"{one.item_id}: nothing could be made ({', '.join(one.warnings) or 'no reason given'})", err=True
            )
        made = Counter(name for one in done for name in one.made)
        click.echo(", ".join(f"{count} {name}" for name, count in sorted(made.items())) or "nothing was lacking")
    return 1 if failed else 0
