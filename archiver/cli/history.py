"""What another office told of an item that was received from it: for `show`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import EvidenceError

if TYPE_CHECKING:
    from archiver.custody.received import Accession
    from archiver.custody.vault import Vault
    from archiver.proof.bundle.evidence import Entry
    from archiver.proof.bundle.history import History

#: What vouched for the sender's key, in words.
TRUST = {
    "given": "its key was given",
    "policy": "a policy lists its key",
    "known": "its key is that of an earlier bundle",
    "first-use": "NOBODY CONFIRMED ITS KEY",
}


@dataclass(frozen=True, slots=True)
class Before:
    """An accession with what it brought: entries of the other office's ledger, and what the bundle withheld.

    `digests` are the objects of the item there that are not held here. `opened` is what was opened later: entry there,
    field and value. `earlier` is how it had come to that office.
    """

    accession: Accession
    entries: tuple[Entry, ...] = ()
    withheld: tuple[str, ...] = ()
    digests: tuple[Mapping[str, Any], ...] = ()
    opened: tuple[int, str, str] | None = None
    earlier: tuple[Before, ...] = ()


def of_item(vault: Vault, item: str) -> list[Before]:
    """The accessions of an item; what cannot be read is said, and the rest shown."""
    from archiver.custody import received

    return [_read(vault, one, item) for one in received.of_item(vault, item)]


def _read(vault: Vault, one: Accession, item: str) -> Before:
    from archiver.custody import catalog, received

    try:
        if one.opens_later:
            opened = received.read_disclosure(vault, one)
            return Before(one, opened=(opened.entry, opened.field, opened.value))
        found = received.read_history(vault, one)
    except EvidenceError as error:
        click.echo(f"the history of {item} cannot be read: {error.what}", err=True)
        return Before(one)
    return _told_by(one, found, {holding.object.sha256 for holding in catalog.item(vault, item).holdings})


def _told_by(one: Accession, found: History, held: Collection[str]) -> Before:
    from archiver.custody import received
    from archiver.proof.bundle import history
    from archiver.proof.bundle.origins import earlier

    item = str(one.detail["item"])
    return Before(
        one,
        tuple(history.about(found.evidence, item)),
        tuple(_withheld(found)),
        tuple(history.digests_only(found, item, held)),
        earlier=tuple(_told_by(received.of_entry(entry), before, held) for entry, before in earlier(found, item)),
    )


def _withheld(found: History) -> Iterator[str]:
    from archiver.proof.bundle.received import withheld_by

    for kind, names in withheld_by(found.evidence).items():
        yield from (f"{one} ({kind})" if kind == "metadata" else one for one in names if one != "path")


def as_json(one: Before) -> dict[str, Any]:
    """An accession for programs."""
    told: dict[str, Any] = {
        "entry": one.accession.entry,
        "origin": one.accession.origin,
        "key": one.accession.key,
        **one.accession.detail,
        "history": one.accession.file,
    }
    if one.opened is not None:
        return {**told, "value": one.opened[2]}
    told["withheld"] = list(one.withheld)
    told["digests"] = [dict(digests) for digests in one.digests]
    told["earlier"] = [as_json(before) for before in one.earlier]
    told["entries"] = [
        {"entry": entry.seq, "fields": dict(entry.fields), "body": dict(entry.value)} for entry in one.entries
    ]
    return told


def summary(before: Sequence[Before], label: str = "received") -> Iterator[tuple[str, str]]:
    """Rows for the head of an item, the office last through whose hands it came first."""
    for one in before:
        detail = one.accession.detail
        if one.accession.opens_later:
            continue
        where = f"{one.accession.origin or 'an office that was forgotten'}, exhibit {detail['exhibit']} of its export"
        verdict = " ".join([detail["verdict"], *detail.get("faults", [])])
        trust = TRUST.get(detail["trust"], detail["trust"])  # of an office before, any word may stand there
        yield label, f"from {where} (entry {detail['export']} there); {verdict}; {trust}"
        if one.withheld:
            yield "withheld there", ", ".join(one.withheld)
        for obj in one.digests:
            yield "digest only", f"{obj['role']}, {obj['media_type']}, {obj['size']} bytes: {obj['sha256']}"
        yield from summary(one.earlier, "before that")


def show(before: Sequence[Before]) -> None:
    """The acts of the other office, as its own ledger tells them, and what it says beside."""
    for origin in dict.fromkeys(one.accession.origin for one in before):
        of_origin = [one for one in before if one.accession.origin == origin]
        entries = {entry.seq: entry for one in of_origin for entry in one.entries}
        if not entries:
            continue
        click.echo(f"history at {common.safe(origin) or 'the office that it came from'}")
        common.print_table(
            ("entry", "time", "act", "outcome", "who"),
            [
                (
                    str(seq),
                    common.moment(one.value["time"]),
                    one.type,
                    one.value["outcome"],
                    one.fields.get("agent", ""),
                )
                for seq, one in sorted(entries.items())
            ],
            fixed=(0, 1),
        )
        common.print_table(("told there", ""), list(_told(entries.values(), of_origin)))
    for one in before:
        show(one.earlier)


def _told(entries: Iterable[Entry], before: Sequence[Before]) -> Iterator[tuple[str, str]]:
    """What their sealed fields say, each value once."""
    said = [(name, value) for entry in entries for name, value in entry.fields.items() if name != "agent"]
    for name, value in dict.fromkeys(said):
        yield name, common.shortened(value, 200)
    for one in before:
        if one.opened is not None:
            yield f"{one.opened[1]}, opened later", common.shortened(one.opened[2], 200)
