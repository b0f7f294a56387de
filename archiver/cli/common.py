"""What every command shares: which vault, JSON or not, tables, and text of strangers made safe to print."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from archiver.custody.vault import Vault

#: Units for people: binary, because file managers show the same numbers.
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json` after the command, as well as before it."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.find_root().obj["json"] = True

    return click.option("--json", is_flag=True, expose_value=False, callback=note, help="Print one JSON document.")(
        function
    )


def wants_json() -> bool:
    """Whether the caller is a machine."""
    return bool(click.get_current_context().find_root().obj["json"])


def vault_folder() -> Path:
    """The vault that the caller means."""
    given = click.get_current_context().find_root().obj["vault"]
    return Path(given or os.environ.get("ARCHIVER_VAULT") or "vault")


def the_vault() -> Vault:
    """That vault, open. Raises UsageError where there is none."""
    from archiver.custody.vault import open_vault

    ask_for_passphrases()
    return open_vault(vault_folder())


def ask_for_passphrases() -> None:
    """Have a locked key's passphrase asked for where a person sits: standard input and error are a terminal."""
    from archiver.custody import passphrase

    passphrase.ask_with(_ask if sys.stdin.isatty() and sys.stderr.isatty() else None)


def _ask() -> str:
    answer: str = click.prompt("Passphrase of the signing key", hide_input=True, err=True)
    return answer


def print_json(document: Any) -> None:
    """One document on standard output, in UTF-8 whatever the locale says."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def console(*, stderr: bool = False) -> Console:
    """A console that keeps colours for terminals and interprets no markup in what strangers wrote."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, fixed: Iterable[int] = (0,)) -> None:
    """A table that fits the terminal; columns in `fixed` (ids, states) are never cut, the others are wrapped."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    never_cut = set(fixed)
    for position, heading in enumerate(headings):
        table.add_column(heading, no_wrap=position in never_cut, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell), style=_STYLES.get(cell, "")) for cell in row))
    console().print(table)


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """For whoever looks, a bar for each kind of thing that is worked through: called with done, total and what."""
    shown = console(stderr=True)
    if wants_json() or not shown.is_terminal:
        yield lambda done, total, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=shown, transient=True
    ) as bars:
        tasks: dict[str, object] = {}

        def observe(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]  # a TaskID

        yield observe


_STYLES = {
    "archived": "green", "queued": "cyan", "running": "cyan", "failed": "red", "refused": "yellow",
    "cancelled": "magenta", "duplicate": "yellow", "identical": "bold green", "same-recording": "green",
    "same-scene": "yellow", "same-sound": "yellow", "VERIFIED": "bold green", "FAILED": "bold red",
    "INCOMPLETE": "bold yellow", "success": "green", "failure": "red", "refusal": "yellow",
}  # fmt: skip


class Lines(str):
    """A cell of several lines that we made; a line break in any other cell is a stranger's and is shown, not obeyed."""


def lines(*parts: str) -> Lines:
    """The parts that say something, one below the other."""
    return Lines("\n".join(part for part in parts if part))


def _shown(cell: str) -> str:
    return "\n".join(map(safe, cell.split("\n"))) if isinstance(cell, Lines) else safe(cell)


def safe(text: str) -> str:
    """Text of strangers on one line: control characters, line breaks and what reorders a line are shown."""
    return "".join(
        f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSAFE else character for character in text
    )


#: Control, format (bidirectional overrides, zero-width), surrogates, private use, line and paragraph separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def size(count: float) -> str:
    """Bytes for people."""
    for unit in _UNITS:
        if count < 1024 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError("unreachable: the last unit takes everything")


def clock(seconds: float) -> str:
    """A position in footage for people: `1:04.5`."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    return f"{minutes}:{tenths / 10:04.1f}"


def moment(text: str) -> str:
    """A record's time for people, to the second, in UTC."""
    return text[:19].replace("T", " ") + "Z" if text else ""


def shortened(text: str, width: int) -> str:
    """`text` on one line and no longer than `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
