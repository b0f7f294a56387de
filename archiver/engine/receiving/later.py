"""A field that the other office withheld and opens later: checked against the kept history, then kept with it."""

from __future__ import annotations

from archiver import __version__
from archiver.custody import catalog, received
from archiver.custody.vault import Vault
from archiver.engine.keep import stored
from archiver.errors import UsageError
from archiver.model import CustodyEvent, EventType, Holding, Role, Tool
from archiver.proof.bundle import history
from archiver.proof.bundle.opened import Opened
from archiver.proof.bundle.received import open_later
from archiver.proof.faults import ProofError


def add_disclosure(vault: Vault, item_id: str, data: bytes) -> tuple[Opened, int | None]:
    """Keep what opens a field of a received item's history; gives what it opens, and the entry's number, or None where
    it is held already.

    Raises UsageError where the item was not received, or the file does not open a field of its history; nothing is
    kept then.
    """
    item = catalog.item(vault, item_id)
    told = [one for one in received.of_item(vault, item_id) if not one.opens_later]
    if not told:
        raise UsageError(f"{item_id} was not received from another office", next_step="See `archiver show`")
    histories = {one.file: received.read_history(vault, one) for one in told}
    try:
        opened, of = open_later(data, list(histories.values()))
    except ProofError as error:
        raise UsageError(
            f"the file opens nothing in the history of {item_id}: {error.message}",
            code=error.code,
            next_step="Nothing was kept. Ask the office that opened it",
        ) from None
    source = next(one for one in told if histories[one.file] is of)
    holding = Holding(
        stored(vault.store.put(data.removesuffix(b"\n") + b"\n"), history.DISCLOSURE_TYPE),
        Role.HISTORY,
        f"{opened.field}.json",
    )
    event = CustodyEvent(
        EventType.ACCESSION,
        acquisition=item.acquisition_id,
        item=item.id,
        holdings=(holding,),
        tools=(Tool("archiver", __version__),),
        detail={"item": source.detail["item"], "opens": opened.entry, "field": opened.field},
        sealed={"source": source.key},
    )
    entry = received.add(vault, item, holding, event)
    vault.ledger.publish()
    return opened, entry
