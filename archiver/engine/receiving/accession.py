"""One exhibit of a bundle becomes an item here, or tells more of one that came before: each is one act.

Its objects lie in the store first; then rows, entries and the accession with the history commit together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archiver import __version__
from archiver.custody import acquisitions, catalog, received
from archiver.custody.store import Digests
from archiver.custody.vault import Vault
from archiver.engine.keep import Kept, keep_and_examine, stored
from archiver.engine.receiving.sender import Sender
from archiver.engine.receiving.sent import Parcel
from archiver.model import (
    CAPTURED_ROLES,
    Acquisition,
    CustodyEvent,
    EventType,
    Examined,
    Holding,
    Item,
    Outcome,
    Role,
    Tool,
    now,
)
from archiver.naming import derived_id
from archiver.proof.bundle.check import Seen

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner

#: Codes of what could not be checked that an entry has room for.
_CODES = 20

_TOOLS = (Tool("archiver", __version__),)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A checked bundle that is open, who sent it, and its history, which lies in the store.

    `path` is where it lies, for people; `case` is theirs who receive, None for the one that the bundle tells.
    """

    path: str
    seen: Seen
    sender: Sender
    story: Holding
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one exhibit: "archived", "extended" (it came before, and its history goes on) or "duplicate".

    `withheld` are the roles of objects of which only the digests came, `same` another item with the same bytes.
    """

    exhibit: int
    other_id: str
    item_id: str
    outcome: str
    withheld: tuple[str, ...] = ()
    same: str = ""


def take(vault: Vault, examiner: Examiner, delivery: Delivery, parcel: Parcel) -> Taken:
    """Take one exhibit in. Raises EvidenceError where its files are not what was checked."""
    before = _came_before(vault, delivery.sender, parcel)
    if before is not None:
        event = _event(delivery, parcel, before.acquisition_id, before.id, (delivery.story,))
        fresh = received.add(vault, before, delivery.story, event) is not None
        return Taken(parcel.number, parcel.item, before.id, "extended" if fresh else "duplicate", parcel.withheld)
    began = now()
    # The same files give the same id, so that two calls at a time take an item in once.
    digests = sorted(file.digests.sha256 for file in parcel.files)
    acquisition = derived_id("n", "received", delivery.sender.origin, parcel.item, *digests) + ".1"
    holdings = tuple(_copied(vault, delivery.seen, parcel))
    originals = [one for one in holdings if one.role is Role.ORIGINAL]
    same = [name for one in originals for name in catalog.holders(vault, one.object.sha256)]
    kept = _examined(vault, examiner, parcel, holdings)
    records = (delivery.story, *(one for one in holdings if one.role is Role.HISTORY))
    item = _item(vault, delivery, parcel, acquisition, kept, records)
    recorded = acquisitions.record(
        vault,
        Acquisition(
            id=acquisition, kind="ingest", request_id="", attempt=1, source=delivery.path, started_at=began,
            ended_at=now(), outcome=Outcome.SUCCESS, reason="", message="", tools=_TOOLS, items=(item,),
        ),
        further=[_event(delivery, parcel, acquisition, item.id, records)],
    )  # fmt: skip
    other = next((one for one in same if one != item.id), "")
    return Taken(parcel.number, parcel.item, item.id, "archived" if recorded else "duplicate", parcel.withheld, other)


def _came_before(vault: Vault, sender: Sender, parcel: Parcel) -> Item | None:
    """The item by which all that is offered came before: of the same ledger, under the same name there."""
    offered = {file.digests.sha256 for file in parcel.files if file.is_evidence}
    for item in dict.fromkeys(one.item for one in received.of_other(vault, sender.origin, parcel.item)):
        found = catalog.item(vault, item)
        if offered <= {holding.object.sha256 for holding in found.holdings}:
            return found
    return None


def _copied(vault: Vault, seen: Seen, parcel: Parcel) -> Iterator[Holding]:
    """The files of an exhibit, in the store: what was checked is what is kept."""
    assert seen.bag is not None
    for file in parcel.files:
        expected = Digests(file.digests.sha256, file.digests.sha512, file.digests.size)
        with seen.bag.source.open(file.path) as stream:
            digests = vault.store.copy(stream, expected)
        yield Holding(stored(digests, file.media_type), file.role, file.name)


def _examined(vault: Vault, examiner: Examiner, parcel: Parcel, holdings: tuple[Holding, ...]) -> Kept:
    """What this office finds in the originals by itself; nothing where they are withheld."""
    originals = [one for one in holdings if one.role is Role.ORIGINAL]
    others = [one for one in holdings if one.role in CAPTURED_ROLES]
    if not originals:
        return Kept(tuple(others), Examined(""), {})
    named = parcel.fields.get("file_name", "") if len(originals) == 1 else ""
    files = [(Digests(one.object.sha256, one.object.sha512, one.object.size), named or one.name) for one in originals]
    return keep_and_examine(vault.store, examiner, files, others)


def _item(
    vault: Vault, delivery: Delivery, parcel: Parcel, acquisition: str, kept: Kept, records: tuple[Holding, ...]
) -> Item:
    fields, most = parcel.fields, vault.settings.limits.title_characters
    return Item(
        id=derived_id("i", acquisition, "0"),
        acquisition_id=acquisition,
        case=fields.get("case", "")[:most] if delivery.case is None else delivery.case,
        url="",  # nobody here asked for one
        title=fields.get("title", "")[:most],
        uploader=fields.get("uploader", ""),
        acquired_at=now(),
        holdings=(*kept.holdings, *records),
        path=delivery.path,
        source=delivery.sender.origin,
        summary=kept.summary,
        examined=kept.examined if kept.examined.sandbox else None,
    )


def _event(
    delivery: Delivery, parcel: Parcel, acquisition: str, item: str, holdings: tuple[Holding, ...]
) -> CustodyEvent:
    return CustodyEvent(
        EventType.ACCESSION,
        acquisition=acquisition,
        item=item,
        holdings=holdings,
        tools=_TOOLS,
        detail=_detail(delivery, parcel),
        sealed={"source": delivery.sender.key},
    )


def _detail(delivery: Delivery, parcel: Parcel) -> dict[str, Any]:
    evidence, verdict = delivery.seen.evidence, delivery.seen.verdict
    assert evidence is not None
    assert evidence.export is not None
    assert evidence.checkpoint is not None
    return {
        "item": parcel.item,
        "exhibit": parcel.number,
        "export": evidence.export.seq,
        "size": evidence.checkpoint.size,
        "root": evidence.checkpoint.root.hex(),
        "trust": delivery.sender.trust,
        "verdict": verdict.word,
        "faults": list(dict.fromkeys(fault.code for fault in verdict.faults))[:_CODES],
    }
