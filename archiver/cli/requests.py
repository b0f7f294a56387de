"""Commands about the queue: add, requests, retry, cancel."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.model import Request

#: What one request may override: the limits of its download. The others are the vault's.
OWN_LIMITS = (
    "file_bytes",
    "acquisition_bytes",
    "fetch_seconds",
    "live_seconds",
    "stall_seconds",
    "connect_seconds",
    "redirects",
    "playlist_entries",
    "requests",
    "files",
)

#: Digits of a limit: beyond 10^15 it is none, and JSON's numbers end near there.
LIMIT_DIGITS = 15

#: Rows that need a look are listed up to here; the rest is in `archiver requests`.
LISTED_ROWS = 20

_NUMBER = re.compile(rf"0*[1-9][0-9]{{0,{LIMIT_DIGITS - 1}}}")


@click.command("add", help="Queue URLs, from arguments or a CSV file.")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("--from", "source", metavar="FILE|-", help="CSV (url, case, note, priority, requested_by) or lines.")
@click.option("--case", default="", help="The case that they belong to.")
@click.option("--note", default="", help="A note, sealed in the ledger.")
@click.option("--priority", default=0, help="Higher is sooner.")
@click.option("--requested-by", default="", metavar="NAME", help="Who asked, sealed in the ledger.")
@click.option("--again", is_flag=True, help="Archive anew what was archived before.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="Override a limit for these requests.")
@common.json_option
def add_command(
    urls: Sequence[str],
    source: str | None,
    case: str,
    note: str,
    priority: int,
    requested_by: str,
    again: bool,
    limits: Sequence[str],
) -> int:
    """Queue every row; none vanishes."""
    from archiver.engine import intake

    if not urls and source is None:
        raise UsageError("nothing to add", next_step="Name URLs, or a file with --from")
    vault = common.the_vault()
    defaults = intake.Row("", "", case, note, priority, requested_by)
    rows = [intake.checked(intake.Row(url, url, case, note, priority, requested_by)) for url in urls]
    if source is not None:
        data = _read(source)
        rows += intake.parse(data, defaults)
        ignored = intake.unknown_columns(data)
        if ignored:
            click.echo(f"columns that are not read: {common.safe(', '.join(ignored)[:200])}", err=True)
    answers = intake.add(vault, rows, again=again, limits=_limits(limits))
    outcomes = Counter(answer.outcome for answer in answers)
    if common.wants_json():
        common.print_json(
            {
                "rows": [
                    {
                        "input": row.input,
                        "url": answer.asked.url,
                        "canonical_url": answer.asked.canonical_url,
                        "request_id": answer.request_id,
                        "outcome": answer.outcome,
                        "reason": answer.reason,
                        "message": answer.message,
                    }
                    for row, answer in zip(rows, answers, strict=True)
                ]
            }
        )
    else:
        click.echo(", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "the file has no rows")
        odd = [answer for answer in answers if answer.outcome != "queued"]
        if odd:
            common.print_table(
                ("request", "outcome", "url", "why"),
                [
                    (a.request_id, a.outcome, common.shortened(a.asked.url, 60), a.message or a.reason)
                    for a in odd[:LISTED_ROWS]
                ],
                fixed=(0, 1),
            )
            if len(odd) > LISTED_ROWS:
                click.echo(f"and {len(odd) - LISTED_ROWS} more: `archiver requests` lists them")
    vault.ledger.publish()  # after the answers: what is recorded is accounted for even where the key is gone
    return 1 if outcomes["refused"] else 0


@click.command("requests", help="List what was asked for and what became of it.")
@click.option("--state", default="", help="Only those in this state.")
@click.option("--case", default=None, help="Only those of this case.")
@common.json_option
def requests_command(state: str, case: str | None) -> None:
    """List requests."""
    from archiver.custody import queue
    from archiver.model import State

    if state and state not in set(State):
        raise UsageError(f"there is no state {state!r}", next_step=f"States are {', '.join(State)}")
    vault = common.the_vault()
    found = queue.listing(vault, state=state, case=case)
    if common.wants_json():
        common.print_json(as_json(vault, found))
        return
    if not found:
        click.echo("no requests")
        return
    common.print_table(
        ("request", "state", "tries", "url", "why"),
        [(r.id, r.state.value, str(r.attempts), common.shortened(r.url, 70), r.message or r.reason) for r in found],
        fixed=(0, 1),
    )


@click.command("retry", help="Queue again what failed, was refused or was cancelled.")
@click.argument("ids", nargs=-1, metavar="[REQUEST]...")
@click.option("--failed", is_flag=True, help="All that failed.")
@common.json_option
def retry_command(ids: Sequence[str], failed: bool) -> int:
    """Queue again."""
    from archiver.custody import queue
    from archiver.engine import intake

    vault = common.the_vault()
    if not ids and not failed:
        raise UsageError("nothing to retry", next_step="Name requests, or all that failed with --failed")
    queued, why = intake.retry(vault, [*ids, *(queue.failed(vault) if failed else [])])
    _changed(vault, queued, "queued again")
    for request_id, reason in why.items():
        click.echo(f"{request_id} is not queued: {common.safe(reason)}", err=True)
    vault.ledger.publish()
    return 1 if why else 0


@click.command("cancel", help="Cancel requests; a running download stops.")
@click.argument("ids", nargs=-1, required=True, metavar="REQUEST...")
@common.json_option
def cancel_command(ids: Sequence[str]) -> None:
    """Cancel."""
    from archiver.custody import queue

    vault = common.the_vault()
    _changed(vault, queue.cancel(vault, ids), "cancelled")
    vault.ledger.publish()


def as_json(vault: Vault, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Requests as the contract gives them."""
    from archiver.custody import queue

    items = queue.item_ids(vault)
    return [
        {
            "request_id": request.id,
            "url": request.url,
            "canonical_url": request.canonical_url,
            "case": request.case,
            "note": request.note,
            "priority": request.priority,
            "state": request.state.value,
            "reason": request.reason,
            "message": request.message,
            "attempts": request.attempts,
            "next_attempt_at": request.next_attempt_at,
            "item_ids": items.get(request.id, []),
        }
        for request in requests
    ]


def _changed(vault: Vault, ids: Sequence[str], what: str) -> None:
    if common.wants_json():
        from archiver.custody import queue

        common.print_json(as_json(vault, [queue.get(vault, request_id) for request_id in ids]))
    else:
        click.echo(f"{len(ids)} {what}" + "".join(f"\n{request_id}" for request_id in ids))


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from None


def _limits(given: Sequence[str]) -> dict[str, int]:
    chosen = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in OWN_LIMITS or not _NUMBER.fullmatch(value):
            raise UsageError(
                f"{text[:80]!r} is no limit of a request",
                next_step=f"Write NAME=NUMBER, a whole number above 0; names: {', '.join(OWN_LIMITS)}",
            )
        chosen[name] = int(value)
    return chosen
