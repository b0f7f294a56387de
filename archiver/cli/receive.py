"""The command that takes in what another office sent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common, history, verify
from archiver.cli.index import watching
from archiver.errors import MachineError, UsageError

if TYPE_CHECKING:
    from archiver.engine.receiving.receive import Received
    from archiver.engine.receiving.sender import UnfitError


@click.command("receive", help="Take in a bundle of another office, once its checks pass.")
@click.argument("source", metavar="BUNDLE|ITEM")
@click.option("--key", default=None, metavar="KEY", help="The office's verifier key, as you got it from the office.")
@click.option("--policy", type=click.Path(path_type=Path), metavar="FILE", help="Logs and witnesses that you believe.")
@click.option("--case", default=None, help="The items' case here; else the one that the bundle tells.")
@click.option("--first-use", is_flag=True, help="Accept a key that nobody confirmed; that goes on record.")
@click.option(
    "--accept-incomplete", is_flag=True, help="Take it in although not all could be checked; that goes on record."
)
@click.option(
    "--disclosure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add a field that the office opened later to the history of ITEM.",
)
@click.option("--no-memory", is_flag=True, help="Neither compare with what was seen before nor remember.")
@common.json_option
def receive_command(
    source: str,
    key: str | None,
    policy: Path | None,
    case: str | None,
    first_use: bool,
    accept_incomplete: bool,
    disclosure: Path | None,
    no_memory: bool,
) -> int:
    """Check a bundle as `archiver verify` does, and take its items in with their history."""
    if disclosure is not None:
        if key or policy or case is not None or first_use or accept_incomplete:
            raise UsageError("--disclosure is for an item that was received", next_step="Give the item and the file")
        return _add_disclosure(source, disclosure)
    from archiver.cli import remembered
    from archiver.engine.matching import Matcher
    from archiver.engine.receiving.receive import Asked, receive
    from archiver.engine.receiving.sender import UnfitError
    from archiver.proof.trust.outside import Outside

    path = Path(source)
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", next_step="Name the folder with bagit.txt, or the zip")
    vault = common.the_vault()
    if case is not None and len(case) > vault.settings.limits.title_characters:
        raise UsageError(f"the case is longer than {vault.settings.limits.title_characters} characters")
    outside = Outside(verify.read_policy(policy) if policy else None, None if no_memory else remembered.recall())
    vault.ledger.unlock()
    asked = Asked(key, first_use, accept_incomplete, case)
    try:
        with watching() as watch, common.progress() as observe:
            done = receive(
                vault,
                path,
                asked,
                outside,
                matcher=Matcher(vault, tell=watch.tell, progress=watch.progress),
                checking=lambda so_far, total: observe(so_far, total, "checking"),
            )
    except UnfitError as error:
        return _refused(error)
    if not no_memory and done.verdict.look:
        remembered.keep(done.verdict.look)
    _show(done)
    return 0


def _refused(error: UnfitError) -> int:
    if not common.wants_json():
        verify.show_faults(error.faults)
        raise error
    faults = [{"code": one.code, "subject": one.subject, "message": one.message} for one in error.faults]
    common.print_json(
        {"outcome": "refused", "reason": error.code, "message": error.line(), "faults": faults, "rows": []}
    )
    return error.exit_code


def _show(done: Received) -> None:
    rows = done.rows
    if common.wants_json():
        common.print_json(
            {
                "outcome": "received",
                "origin": done.sender.origin,
                "key": done.sender.key,
                "trust": done.sender.trust,
                "verdict": done.verdict.word,
                "rows": [
                    {
                        "exhibit": row.exhibit,
                        "other_item": row.other_id,
                        "item_id": row.item_id,
                        "outcome": row.outcome,
                        "withheld": list(row.withheld),
                        "same_bytes_as": row.same,
                    }
                    for row in rows
                ],
            }
        )
        return
    common.print_table(
        ("exhibit", "item", "outcome", "there", "remarks"),
        [(str(row.exhibit), row.item_id, row.outcome, row.other_id, _remarks(row)) for row in rows],
        fixed=(0, 1, 2, 3),
    )
    outcomes = Counter(row.outcome for row in rows)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "no exhibits"
    click.echo(
        f"{counted}, from {common.safe(done.sender.origin)} ({done.verdict.word}; {history.TRUST[done.sender.trust]})"
    )


def _remarks(row: Any) -> str:
    said = [f"same bytes as {row.same}"] if row.same else []
    if row.withheld:
        said.append(f"withheld there: {', '.join(row.withheld)}")
    return "; ".join(said)


def _add_disclosure(item: str, file: Path) -> int:
    from archiver.engine.receiving.later import add_disclosure
    from archiver.proof.bundle.opened import read_small

    try:
        data = read_small(file)
    except FileNotFoundError:
        raise UsageError(f"there is nothing at {file}") from None
    except OSError as error:
        raise MachineError(f"{file} cannot be read: {error.strerror}") from None
    opened, entry = add_disclosure(common.the_vault(), item, data)
    if common.wants_json():
        common.print_json(
            {"item_id": item, "entry": opened.entry, "field": opened.field, "value": opened.value, "recorded": entry}
        )
        return 0
    click.echo(f"There, entry {opened.entry}: {opened.field} = {common.safe(opened.value)}")
    click.echo(f"Entry {entry} tells that it was opened" if entry is not None else "It is held already")
    return 0
