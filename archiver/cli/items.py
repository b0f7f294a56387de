"""Commands about items: items, show, get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import common
from archiver.errors import UsageError
from archiver.model import Acquisition, Item, Role

# A stream of six hours is 10,800 requests; a screen has some fifty lines.
_SHOWN_REQUESTS = 20


@click.command("items", help="List items, of a case or by full text.")
@click.option("--case", default=None, help="Only those of this case.")
@click.option("--text", default="", metavar="Q", help="Words in title, note, uploader or URL.")
@common.json_option
def items_command(case: str | None, text: str) -> None:
    """List items."""
    from archiver.custody import catalog

    found = catalog.items(common.the_vault(), case=case, text=text)
    if common.wants_json():
        common.print_json([as_json(item) for item in found])
        return
    if not found:
        click.echo("no items")
        return
    common.print_table(
        ("item", "acquired", "what", "bytes", "title"),
        [
            (
                item.id,
                common.moment(item.acquired_at),
                describe(item),
                common.size(sum(held.object.size for held in item.of_role(Role.ORIGINAL))),
                common.shortened(item.title or item.url or item.path, 60),
            )
            for item in found
        ],
        fixed=(0, 1, 3),
    )


@click.command("show", help="Show the whole provenance of one item.")
@click.argument("item_id", metavar="ITEM|REQUEST")
@common.json_option
def show_command(item_id: str) -> None:
    """Show where it came from, what it is and everything that was done to it."""
    from archiver.cli import attempts, copies, history, matches
    from archiver.custody import catalog

    vault = common.the_vault()
    if attempts.is_request(item_id):
        attempts.show(vault, item_id)
        return
    item = catalog.item(vault, item_id)
    alike = matches.reviewed(vault, item_id)
    group = copies.group_of(vault, item_id) if alike else ()
    acquisition = catalog.acquisition(vault, item.acquisition_id)
    custody = _custody(vault, item)
    before = history.of_item(vault, item.id)
    exchange = _exchange(vault, acquisition)
    if common.wants_json():
        common.print_json(
            {
                **as_json(item),
                "summary": dict(item.summary),
                "acquisition": {
                    "id": acquisition.id,
                    "kind": acquisition.kind,
                    "request_id": acquisition.request_id,
                    "started_at": acquisition.started_at,
                    "ended_at": acquisition.ended_at,
                    "tools": [{"name": tool.name, "version": tool.version} for tool in acquisition.tools],
                    "objects": [held_json(held) for held in acquisition.holdings],
                },
                "exchange": exchange,
                "custody": custody,
                "received": [history.as_json(one) for one in before],
                "matches": [matches.as_json(one) for one in alike],
                "copies": list(group),
            }
        )
        return
    rows = [
        ("item", item.id), ("title", item.title), ("url", item.url), ("path", item.path), ("case", item.case),
        ("uploader", item.uploader), ("note", item.note), ("what", describe(item)),
        *history.summary(before),
        ("acquired", f"{common.moment(acquisition.started_at)} to {common.moment(acquisition.ended_at)}"),
        ("with", ", ".join(f"{tool.name} {tool.version}" for tool in acquisition.tools)),
    ]  # fmt: skip
    common.print_table(("", ""), [row for row in rows if row[1]])
    common.print_table(
        ("role", "type", "bytes", "SHA-256"),
        [
            (h.role.value, h.object.media_type, str(h.object.size), h.object.sha256)
            for h in (*item.holdings, *acquisition.holdings)
        ],
        fixed=(0,),
    )
    if exchange:
        common.print_table(
            ("request", "answer", "body", "from", "address"),
            [
                (
                    common.moment(one["started"]) if one["started"] else "",
                    f"{one['status']} {one['truncated']}".strip(),
                    common.size(one["payload_bytes"]),
                    common.shortened(f"{one['method']} {one['url']}", 80),
                    f"{one['address']} {one['tls']}".strip(),
                )
                for one in exchange[:_SHOWN_REQUESTS]
            ],
            fixed=(0, 1, 2),
        )
    if len(exchange) > _SHOWN_REQUESTS:
        click.echo(f"{len(exchange) - _SHOWN_REQUESTS} more requests: see --json")
    history.show(before)
    if alike:
        matches.show_briefly(alike, item_id)
    if group:
        click.echo(f"one of {len(group)} copies: archiver copies {item_id}")
    common.print_table(
        ("entry", "time", "act", "outcome"),
        [(str(e["entry"]), common.moment(e["time"]), e["type"], e["outcome"]) for e in custody],
        fixed=(0, 1),
    )


@click.command("get", help="Copy an item's files out under usable names.")
@click.argument("item_id", metavar="ITEM|REQUEST")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where to.")
@click.option(
    "--warc", "complete_warc", is_flag=True, help="Also a complete WARC of its HTTP exchange, bodies included."
)
@click.option("--playable", is_flag=True, help="Write one derived file to be watched instead of the originals.")
@common.json_option
def get_command(item_id: str, target: Path, complete_warc: bool, playable: bool) -> None:
    """Copy out the originals and all that belongs to them, or make one file of them that people can watch."""
    from archiver.cli import attempts
    from archiver.engine.complete_warc import hand_out_warc
    from archiver.engine.handout import hand_out
    from archiver.engine.playable import hand_out_playable

    vault = common.the_vault()
    of_request = attempts.is_request(item_id)
    if of_request and (complete_warc or playable):
        raise UsageError(f"{item_id} is a request, not an item", next_step="Leave out --warc and --playable")
    if playable:
        written = [hand_out_playable(vault, item_id, target)]
    else:
        written = (attempts.hand_out if of_request else hand_out)(vault, item_id, target)
    if complete_warc:
        written.append(hand_out_warc(vault, item_id, target))
    if common.wants_json():
        common.print_json([written_json(file) for file in written])
        return
    for file in written:  # no table: paths are there to be copied
        made = ", ".join(f"{tool.name} {tool.version}" for tool in file.tools)
        click.echo(f"{file.role:12} {common.safe(str(file.path))}" + (f" (derived with {made})" if made else ""))


def as_json(item: Item) -> dict[str, Any]:
    """An item as the contract gives it."""
    return {
        "item_id": item.id,
        "case": item.case,
        "url": item.url,
        "title": item.title,
        "acquired_at": item.acquired_at,
        "uploader": item.uploader,
        "note": item.note,
        "path": item.path,
        "objects": [held_json(held) for held in item.holdings],
    }


def written_json(file: Any) -> dict[str, Any]:
    """A file that was handed out; a derived one says of what and with what."""
    told: dict[str, Any] = {"path": str(file.path), "sha256": file.sha256, "role": file.role}
    if file.tools:
        told["derived_from"] = list(file.derived_from)
        told["tools"] = [{"name": tool.name, "version": tool.version} for tool in file.tools]
    return told


def held_json(held: Any) -> dict[str, Any]:
    """A holding as the contract gives it."""
    return {
        "sha256": held.object.sha256,
        "sha512": held.object.sha512,
        "size": held.object.size,
        "media_type": held.object.media_type,
        "role": held.role.value,
        "name": held.name,
    }


def describe(item: Item) -> str:
    """An item in a few words: `video/mp4 640x360 0:24.0`."""
    summary = item.summary
    parts = [", ".join(dict.fromkeys(held.object.media_type for held in item.of_role(Role.ORIGINAL)))]
    if summary.get("width"):
        parts.append(f"{summary['width']}x{summary['height']}")
    if summary.get("duration_seconds"):
        parts.append(common.clock(summary["duration_seconds"]))
    return " ".join(parts)


def _exchange(vault: Any, acquisition: Acquisition) -> list[dict[str, Any]]:
    """The HTTP exchanges as the stored WARC tells them; none where there is no WARC that can be read."""
    from archiver.capture import exchanges, warc
    from archiver.errors import EvidenceError

    held = next((one for one in acquisition.holdings if one.object.media_type == warc.MEDIA_TYPE), None)
    if held is None:
        return []
    try:
        with vault.store.open(held.object.sha256) as stream:
            listed: list[dict[str, Any]] = exchanges.listing(stream)["exchanges"]
    except EvidenceError as error:  # what else is known is shown all the same
        click.echo(f"the record of the exchange cannot be read: {error.what}", err=True)
        return []
    return listed


def _custody(vault: Any, item: Item) -> list[dict[str, Any]]:
    import json

    from archiver.custody import catalog

    request = catalog.acquisition(vault, item.acquisition_id).request_id
    numbers = {
        seq
        for subject in (item.id, item.acquisition_id, request)
        if subject
        for seq in catalog.entries_about(vault, subject)
    }
    entries = []
    for seq in sorted(numbers):
        body = json.loads(vault.ledger.entry(seq))
        if body.get("item", item.id) == item.id:
            entries.append({"entry": seq, **{key: body[key] for key in ("time", "type", "outcome")}, "body": body})
    return entries
