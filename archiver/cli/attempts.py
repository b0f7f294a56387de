"""What is kept of a request that gave no item, such as the snapshot of a page without footage: for `show` and `get`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.cli import common, items
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.model import Acquisition

#: Requests and items are told apart by the first letter of their ids.
_PREFIX = "r"


def is_request(subject: str) -> bool:
    """Whether somebody named a request where an item may stand."""
    return subject.startswith(_PREFIX)


def show(vault: Vault, request_id: str) -> None:
    """Every attempt at a request: how it ended and what is kept of it."""
    attempts = _attempts(vault, request_id)
    if common.wants_json():
        common.print_json({"request_id": request_id, "attempts": [_as_json(one) for one in attempts]})
        return
    for one in attempts:
        common.print_table(
            ("", ""),
            [
                ("attempt", one.id),
                ("url", one.source),
                ("outcome", one.outcome.value),
                ("why", one.message or one.reason or "-"),
                ("when", f"{common.moment(one.started_at)} to {common.moment(one.ended_at)}"),
                ("with", ", ".join(f"{tool.name} {tool.version}" for tool in one.tools)),
            ],
        )
        common.print_table(
            ("role", "type", "bytes", "SHA-256"),
            [(h.role.value, h.object.media_type, str(h.object.size), h.object.sha256) for h in one.holdings],
            fixed=(0,),
        )


def hand_out(vault: Vault, request_id: str, target: Path) -> list[Any]:
    """Copy out what is kept of the last attempt."""
    from archiver.engine.handout import hand_out_attempt

    return list(hand_out_attempt(vault, _attempts(vault, request_id)[-1], target))


def _attempts(vault: Vault, request_id: str) -> list[Acquisition]:
    from archiver.custody import catalog, queue

    queue.get(vault, request_id)
    found = catalog.attempts(vault, request_id)
    if not found:
        raise UsageError(f"request {request_id} was not tried yet", next_step="`archiver run` works off the queue")
    return found


def _as_json(one: Acquisition) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.source,
        "outcome": one.outcome.value,
        "reason": one.reason,
        "message": one.message,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "tools": [{"name": tool.name, "version": tool.version} for tool in one.tools],
        "objects": [items.held_json(held) for held in one.holdings],
    }
