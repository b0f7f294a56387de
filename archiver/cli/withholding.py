"""What `export` says about withholding: names that could be withheld, what was, and what could not be looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archiver.cli import common

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.report.build import Exported
    from archiver.report.withholding.suggest import Suggestion
    from archiver.report.withholding.withheld import Asked

#: Names offered before an export; `--suggest` lists all.
_OFFERED = 8


def suggestions(vault: Vault, items: Sequence[str], case: str | None, asked: Asked) -> list[Suggestion]:
    """Names in what the export would tell."""
    from archiver.custody import catalog
    from archiver.report import gather
    from archiver.report.bundle import forwarding
    from archiver.report.withholding import implied, suggest

    entries, _ = gather.select(vault, gather.choose(vault, items, case), catalog.entry_count(vault))
    entries += list(forwarding.told(vault, entries))
    return suggest.suggest(entries, implied.settle(asked, entries).fields)


def show_suggestions(found: Sequence[Suggestion]) -> int:
    """The whole list."""
    if common.wants_json():
        rows = [{"entry": one.entry, "field": one.field, "kind": one.kind, "text": one.text} for one in found]
        common.print_json(rows)
    elif found:
        cells = [(str(one.entry), one.field, one.kind, one.text) for one in found]
        common.print_table(("entry", "field", "seems to be", "text"), cells, fixed=(0, 1, 2))
        click.echo(f"To withhold them: --withhold {_fields(found)}", err=True)
    else:
        click.echo("No names were found. That is no promise: read titles and notes yourself", err=True)
    return 0


def offer(found: Sequence[Suggestion]) -> None:
    """One line before an export, where there is anything to offer."""
    if not found:
        return
    shown = ", ".join(common.shortened(common.safe(one.text), 40) for one in found[:_OFFERED])
    more = f" and {len(found) - _OFFERED} more (--suggest lists them)" if len(found) > _OFFERED else ""
    click.echo(f"This will be told: {shown}{more}. To withhold it: --withhold {_fields(found)}", err=True)


def show(exported: Exported) -> None:
    """What was withheld and why, and where the leak check could not look."""
    for why, names in _by_reason(exported.withheld.because.items()):
        click.echo(f"Withheld as well, because {why}: {names}")
    for why, names in _by_reason(exported.unsearchable):
        click.echo(f"Look yourself, the leak check cannot: {why}: {common.safe(names)}")
    for line in exported.unsearched:
        click.echo(f"The leak check could not look into {common.safe(line)}")


def _by_reason(told: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each reason with all names that have it."""
    found: dict[str, list[str]] = {}
    for name, why in told:
        found.setdefault(why, []).append(name)
    yield from ((why, "; ".join(names)) for why, names in found.items())


def _fields(found: Sequence[Suggestion]) -> str:
    return ",".join(sorted({one.field for one in found}))
