"""Commands about sealed fields: opening one for somebody outside, and forgetting one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from archiver.cli import common
from archiver.errors import MachineError, UsageError


@click.command("disclose", help="Open one sealed field of an entry for somebody outside.")
@click.argument("entry", type=click.IntRange(min=0))
@click.argument("field")
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="FILE", help="Standard output without it.")
@click.option("--note", default="", metavar="T", help="For whom, sealed in the ledger.")
@common.json_option
def disclose_command(entry: int, field: str, target: Path | None, note: str) -> None:
    """Record the act, and write a file that proves the value against any bundle that holds the entry."""
    from archiver.custody.disclosing import disclose

    if target is not None and target.exists():
        raise UsageError(f"{target} exists already", next_step="Nothing was disclosed: name another file")
    done = disclose(common.the_vault(), entry, field, note)
    if target is not None:
        try:
            with target.open("xb") as stream:
                stream.write(done.file)
        except OSError as error:
            raise MachineError(
                f"{target} cannot be written: {error.strerror}", next_step="The act is recorded; call it again"
            ) from None
    if common.wants_json():
        common.print_json(
            {
                "entry": entry,
                "field": field,
                "value": done.value,
                "recorded": done.recorded,
                "file": str(target) if target else "",
                "disclosure": done.file.decode("utf-8"),
            }
        )
        return
    if target is None:
        click.echo("What follows on standard output is the whole file for whoever asked: one line of JSON", err=True)
        click.echo(done.file.decode("utf-8"), nl=False)
    click.echo(f"entry {entry}: {field} = {common.safe(done.value)}", err=True)
    click.echo(f"Entry {done.recorded} tells that it was disclosed", err=True)
    shown = target or "FILE"
    click.echo(f"To check it against a bundle: archiver verify BUNDLE --disclosure {shown}", err=True)
    click.echo(f"or: python3 -I BUNDLE/data/verify.pyz BUNDLE --disclosure {shown}", err=True)


def _places(fields: Sequence[tuple[int, str]]) -> list[str]:
    """The same field of many entries once: an agent's name stands in every act of theirs."""
    entries: dict[str, list[int]] = {}
    for seq, name in fields:
        entries.setdefault(name, []).append(seq)
    return [
        f"{name} of entry {numbers[0]}"
        if len(numbers) == 1
        else f"{name} of {len(numbers)} entries from {min(numbers)} to {max(numbers)}"
        for name, numbers in entries.items()
    ]


@click.command("forget", help="Delete the value of a sealed field for good; its entry still verifies.")
@click.argument("entry", type=click.IntRange(min=0), required=False)
@click.argument("field", required=False)
@click.option("--reason", default="", metavar="T", help="Why, sealed in the ledger.")
@click.option("--everywhere", is_flag=True, help="Also where the same value stands in entries about others.")
@click.option("--scrub", is_flag=True, help="Only write archive.db anew, without traces of what was forgotten.")
@common.json_option
def forget_command(entry: int | None, field: str | None, reason: str, everywhere: bool, scrub: bool) -> None:
    """Delete salt and value from the vault, and say plainly where the value may be still."""
    from archiver.custody import forgetting
    from archiver.engine import cleaning, locks

    if scrub == (entry is not None and field is not None):
        raise UsageError("an entry and a field are to be named, or --scrub alone")
    vault = common.the_vault()
    with locks.the_run(vault.folder):
        if entry is None or field is None:
            forgetting.scrub(vault)
            click.echo("archive.db is written anew", err=True)
            return
        vault.ledger.unlock()
        value = forgetting.value_of(vault, entry, field)
        done = forgetting.forget(vault, entry, field, reason=reason, everywhere=everywhere)
        cleaning.clear_working(vault)
    left = cleaning.left(vault, done, value)
    if common.wants_json():
        common.print_json(
            {
                "forgotten": [{"entry": seq, "field": name} for seq, name in done.fields],
                "recorded": done.recorded,
                "still": [{"entry": seq, "field": name} for seq, name in done.still],
                "left": left,
            }
        )
        return
    click.echo("Forgotten: " + ", ".join(_places(done.fields)))
    click.echo(f"Entry {done.recorded} tells of it; the entries verify as before")
    if done.still:
        seq, name = done.still[0]
        click.echo(f"Still there, in what is about others: {', '.join(_places(done.still))}")
        click.echo(f"To forget it there too: archiver forget {seq} {name} --everywhere")
    for line in left:
        click.echo(f"Not reached: {common.safe(line)}")
