"""The command that checks a vault or a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.audit.base import Since
    from archiver.proof.bundle.opened import Opened
    from archiver.proof.faults import Fault, Verdict
    from archiver.proof.times.blockheaders import Header
    from archiver.proof.trust.outside import Outside, Vouch
    from archiver.proof.trust.policy import Policy

#: What each verdict means, in one line.
MEANING = {
    "VERIFIED": "everything that the ledger tells is there, and nothing was changed",
    "FAILED": "something is missing or is not what was recorded",
    "INCOMPLETE": "nothing was found changed, but not everything could be checked",
}


_MEANING_SINCE = "what came since is there, and nothing of it was changed"

_WORDS = {"clock_set_back": "entries made under a clock that had been set back", "hash_lists": "hash lists"}


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> Since | None:
    """A number of entries, or the word `last`."""
    if value is None:
        return None
    if value == "last":
        return "last"
    if value.isascii() and value.isdecimal() and len(value) < 19 and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number of entries from 1 on nor the word last")


@click.command("verify", help="Check a whole vault, or an exported bundle (folder or zip).")
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
@click.option("--policy", type=click.Path(path_type=Path), metavar="FILE", help="Logs and witnesses that you believe.")
@click.option(
    "--tsa-roots",
    "roots",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Root certificates (PEM) of the time-stamp authorities that you believe.",
)
@click.option(
    "--since",
    callback=_size,
    metavar="SIZE|last",
    help="Check only what came after the first SIZE entries, or after the last that was seen here.",
)
@click.option(
    "--block-headers",
    "headers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Headers of Bitcoin blocks, from a source that you believe: lines HEIGHT HEX.",
)
@click.option("--no-memory", is_flag=True, help="Neither compare with what was seen before nor remember.")
@common.json_option
def verify_command(
    path: Path | None,
    key: str | None,
    disclosures: Sequence[Path],
    policy: Path | None,
    roots: Path | None,
    since: Since | None,
    headers: Path | None,
    no_memory: bool,
) -> int:
    """Check and list every fault. Ends with 0 for VERIFIED, 1 for FAILED, 3 for INCOMPLETE."""
    from archiver.cli import remembered
    from archiver.proof.trust.outside import Outside

    target = path or common.vault_folder()
    if not target.exists():
        raise UsageError(f"there is nothing at {target}")
    opened: list[Opened] = []
    outside = Outside(
        read_policy(policy) if policy else None,
        None if no_memory else remembered.recall(),
        _voucher(roots) if roots else None,
        block_headers(headers) if headers else None,
    )
    verdict = check(target, key, disclosures, opened.append, outside, since)
    if not no_memory and verdict.look:
        remembered.keep(verdict.look)
    if common.wants_json():
        disclosed = [{"entry": one.entry, "field": one.field, "value": one.value} for one in opened]
        common.print_json({**verdict.document(), "disclosed": disclosed})
    else:
        for one in opened:
            click.echo(f"entry {one.entry}: {one.field} = {common.safe(one.value)}, {verdict.word}")
        show(verdict)
        tell(verdict)
        if key is None and _is_bundle(target):
            click.echo("The key is the bundle's own: ask the office for its key, and give it with --key")
    return verdict.exit_code


def show(verdict: Verdict) -> None:
    """The verdict for people."""
    from rich.text import Text

    show_faults(verdict.faults)
    style = {"VERIFIED": "bold green", "FAILED": "bold red"}.get(verdict.word, "bold yellow")
    line = Text(verdict.word, style=style)
    newer = verdict.word == "VERIFIED" and "since" in verdict.told
    line.append(f": {_MEANING_SINCE if newer else MEANING[verdict.word]}", style="default")
    common.console().print(line)
    counted = ", ".join(f"{count:,} {_WORDS.get(what, what)}" for what, count in verdict.checked.items() if count)
    click.echo(f"Checked: {counted or 'nothing'}")


def show_faults(faults: Sequence[Fault]) -> None:
    """Every fault, and what to do about it."""
    from archiver.proof import codes

    if faults:
        common.print_table(("fault", "concerns", "what"), [(f.code, f.subject, f.message) for f in faults], fixed=(0,))
    for step in codes.lines(fault.code for fault in faults):
        click.echo(step)


def tell(verdict: Verdict) -> None:
    """What is known of the newest checkpoint, and what this look cannot exclude."""
    from archiver.proof.trust import outside

    for line in [*_since(verdict.told.get("since")), *outside.lines(dict(verdict.told))]:
        click.echo(common.safe(line))


def _since(told: dict[str, Any] | None) -> list[str]:
    """Where the check began, and what it left out."""
    if told is None:
        return []
    source = "was seen before on this machine" if told["remembered"] else "the ledger itself issued, on its own word"
    return [
        f"Checked from entry {told['size']} on, against the checkpoint of that size that {source}",
        *(f"Not looked at: {one}" for one in told["not_checked"]),
        "`archiver verify` without --since looks at all of it",
    ]


def check(
    target: Path,
    key: str | None = None,
    disclosures: Sequence[Path] = (),
    tell: Callable[[Opened], None] = lambda opened: None,
    outside: Outside | None = None,
    since: Since | None = None,
) -> Verdict:
    """Check a vault or a bundle, showing progress. Raises UsageError for what is given and is not for this one."""
    from archiver.proof.trust.outside import Outside

    given = outside or Outside()
    if _is_bundle(target):
        from archiver.proof.bundle import check as bundle
        from archiver.proof.bundle import opened

        if since is not None:
            raise UsageError("--since is for vaults", next_step="A bundle is always checked as a whole")
        files = [opened.read_small(one) for one in disclosures]
        return bundle.verify(target, key, disclosures=files, tell=tell, outside=given)
    if disclosures:
        raise UsageError("--disclosure is for bundles", next_step="A vault has its disclosures itself")
    if key is not None:
        raise UsageError("--key is for bundles", next_step="A vault is checked with its own key")
    from archiver.custody import audit

    with common.progress() as observe:
        return audit.verify(target, observe, outside=given, since=since)


def _is_bundle(target: Path) -> bool:
    """A bag, or a file, which can only be a bundle's zip; everything else is taken for a vault."""
    return (target / "bagit.txt").is_file() or target.is_file()


def _voucher(file: Path) -> Vouch:
    from archiver.custody.timestamps import trust

    try:
        return trust.voucher(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def block_headers(file: Path) -> Mapping[int, Header]:
    """The headers in a file. Raises UsageError."""
    from archiver.proof.faults import ProofError
    from archiver.proof.times import blockheaders

    try:
        return blockheaders.parse(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except ProofError as error:
        step = "Write a line for each block: its height, a space, and the 160 hex digits of its header"
        raise UsageError(f"{file} holds no block headers: {error.message}", next_step=step) from None


def read_policy(file: Path) -> Policy:
    """The policy in a file. Raises UsageError."""
    from archiver.proof.faults import ProofError
    from archiver.proof.trust import policy

    try:
        return policy.parse(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except ProofError as error:
        raise UsageError(f"{file} is no policy: {error.message}", next_step="docs/formats.md shows one") from None
