"""The command that checks a vault or a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import common
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.proof.faults import Verdict
    from archiver.proof.opened import Opened

#: What each verdict means, in one line.
MEANING = {
    "VERIFIED": "everything that the ledger tells is there, and nothing was changed",
    "FAILED": "something is missing or is not what was recorded",
    "INCOMPLETE": "nothing was found changed, but not everything could be checked",
}


_WORDS = {"clock_set_back": "entries made under a clock that had been set back"}


@click.command("verify", help="Check a whole vault, or an exported bundle.")
@click.argument("path", required=False, type=click.Path(path_type=Path), metavar="[PATH]")
@click.option("--key", default=None, metavar="KEY", help="The verifier key that a bundle must be signed with.")
@click.option(
    "--disclosure",
    "disclosures",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A field of the bundle that was opened later.",
)
@common.json_option
def verify_command(path: Path | None, key: str | None, disclosures: Sequence[Path]) -> int:
    """Check and list every fault. Ends with 0 for VERIFIED, 1 for FAILED, 3 for INCOMPLETE."""
    target = path or common.vault_folder()
    if not target.exists():
        raise UsageError(f"there is nothing at {target}")
    opened: list[Opened] = []
    verdict = check(target, key, disclosures, opened.append)
    if common.wants_json():
        common.print_json(
            {
                "verdict": verdict.word,
                "checked": dict(verdict.checked),
                "faults": [{"code": f.code, "subject": f.subject, "message": f.message} for f in verdict.faults],
                "disclosed": [{"entry": one.entry, "field": one.field, "value": one.value} for one in opened],
            }
        )
    else:
        for one in opened:
            click.echo(f"entry {one.entry}: {one.field} = {common.safe(one.value)}, {verdict.word}")
        show(verdict)
        if key is None and (target / "bagit.txt").is_file():
            click.echo("The key is the bundle's own: ask the office for its key, and give it with --key")
    return verdict.exit_code


def show(verdict: Verdict) -> None:
    """The verdict for people."""
    from rich.text import Text

    if verdict.faults:
        common.print_table(
            ("fault", "concerns", "what"), [(f.code, f.subject, f.message) for f in verdict.faults], fixed=(0,)
        )
    style = {"VERIFIED": "bold green", "FAILED": "bold red"}.get(verdict.word, "bold yellow")
    line = Text(verdict.word, style=style)
    line.append(f": {MEANING[verdict.word]}", style="default")
    common.console().print(line)
    counted = ", ".join(f"{count:,} {_WORDS.get(what, what)}" for what, count in verdict.checked.items() if count)
    click.echo(f"Checked: {counted or 'nothing'}")


def check(
    target: Path,
    key: str | None = None,
    disclosures: Sequence[Path] = (),
    tell: Callable[[Opened], None] = lambda opened: None,
) -> Verdict:
    """Check a vault or a bundle, showing progress. Raises UsageError for what is given and is for bundles only."""
    if (target / "bagit.txt").is_file():
        from archiver.proof import bundle, opened

        files = [opened.read_small(one) for one in disclosures]
        return bundle.verify(target, key, disclosures=files, tell=tell)
    if disclosures:
        raise UsageError("--disclosure is for bundles", next_step="A vault has its disclosures itself")
    if key is not None:
        raise UsageError("--key is for bundles", next_step="A vault is checked with its own key")
    from archiver.custody import audit

    with _progress() as observe:
        return audit.verify(target, observe)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    console = common.console(stderr=True)
    if common.wants_json() or not console.is_terminal:
        yield lambda done, total, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as progress:
        tasks: dict[str, object] = {}

        def observe(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total or None)
            progress.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]  # a TaskID

        yield observe
