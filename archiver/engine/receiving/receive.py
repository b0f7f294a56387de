"""Taking in a bundle of another office: checked as anybody checks it, then exhibit by exhibit.

A bundle that may not be taken in leaves nothing but an entry about the refusal. What is cut off in the middle goes on
with the next call, which takes nothing in twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archiver.custody.vault import Vault
from archiver.engine.keep import stored
from archiver.engine.matching import Matcher
from archiver.engine.receiving import accession, sender
from archiver.engine.receiving.accession import Delivery, Taken
from archiver.engine.receiving.sender import Sender, UnfitError
from archiver.engine.receiving.sent import Parcel, keep_history, parcels
from archiver.errors import ArchiverError, RefusedError
from archiver.model import CustodyEvent, EventType, Holding, Outcome, Role
from archiver.proof.bundle import check, history
from archiver.proof.bundle.check import Seen
from archiver.proof.faults import Verdict
from archiver.proof.trust.outside import Outside

#: As custody-event.schema.json has it: what another office calls an item is told in the clear.
_ID = re.compile(r"[a-z0-9.]{1,40}", re.ASCII)

#: An entry has room for 180 objects, and one is the history.
_FILES = 179


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever receives says: the key that they got from the office, what they accept, and the case."""

    key: str | None = None
    first_use: bool = False
    incomplete: bool = False
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A bundle that was taken in."""

    sender: Sender
    verdict: Verdict
    rows: tuple[Taken, ...]


def receive(
    vault: Vault,
    path: Path,
    asked: Asked,
    outside: Outside,
    *,
    matcher: Matcher | None = None,
    checking: Callable[[int, int], None] = lambda done, total: None,
    observe: Callable[[Taken], None] = lambda taken: None,
) -> Received:
    """Check the bundle (folder or zip) at `path` and take its items in.

    Raises UnfitError or RefusedError, which go on record, where it may not be taken in; EvidenceError where its files
    change meanwhile. An exhibit that was taken in before something failed stays.
    """
    shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    with check.looked_at(path, asked.key, checking, outside=outside) as seen:
        try:
            known = _accepted(vault, seen, asked, outside)
            sent = _fitting(vault, seen)
            story = Holding(stored(keep_history(vault, seen), history.ZIP_TYPE), Role.HISTORY, "history.zip")
        except RefusedError as error:
            _record_refusal(vault, shown, error)
            raise
        delivery = Delivery(shown, seen, known, story, asked.case)
        rows = _take_all(vault, delivery, sent, matcher or Matcher(vault), observe)
        return Received(known, seen.verdict, tuple(rows))


def _take_all(
    vault: Vault, delivery: Delivery, sent: list[Parcel], matcher: Matcher, observe: Callable[[Taken], None]
) -> list[Taken]:
    from archiver.examine.examiner import Examiner

    rows: list[Taken] = []
    try:
        with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
            for parcel in sent:
                rows.append(accession.take(vault, examiner, delivery, parcel))
                observe(rows[-1])
        matcher.match_leftovers()
    except BaseException:
        with suppress(ArchiverError):  # on a full disk the next command publishes what is recorded
            vault.ledger.publish()
        raise
    vault.ledger.publish()
    return rows


def _accepted(vault: Vault, seen: Seen, asked: Asked, outside: Outside) -> Sender:
    sender.check_verdict(seen.verdict, incomplete=asked.incomplete)
    keys = [era.keys.classic for era in seen.evidence.eras] if seen.evidence else []
    if not keys:
        raise UnfitError(
            "too little of the bundle could be read to take it in",
            code="bundle-incomplete",
            next_step="Do what the faults ask for",
            faults=seen.verdict.faults,
        )
    given = asked.key is not None
    return sender.identify(vault, keys, given=given, policy=outside.policy, first_use=asked.first_use)


def _fitting(vault: Vault, seen: Seen) -> list[Parcel]:
    """The exhibits of the bundle. Raises RefusedError where this vault cannot hold one."""
    found = list(parcels(seen))
    most = vault.settings.limits.file_bytes
    for one in found:
        if not _ID.fullmatch(one.item):
            raise RefusedError(f"exhibit {one.number} has an id that no archive gives", code="bundle-failed")
        if len(one.files) > _FILES:
            raise RefusedError(f"exhibit {one.number} has more than {_FILES} files", code="too-large")
        if any(file.digests.size > most for file in one.files):
            raise RefusedError(
                f"a file of exhibit {one.number} is larger than {most} bytes",
                code="too-large",
                next_step="Nothing was taken in; raise file_bytes in archiver.toml",
            )
    return found


def _record_refusal(vault: Vault, path: str, error: RefusedError) -> None:
    event = CustodyEvent(EventType.REFUSAL, outcome=Outcome.REFUSAL, reason=error.code, sealed={"path": path})
    with vault.database.write() as transaction:
        vault.ledger.append(transaction, [event])
    vault.ledger.publish()
