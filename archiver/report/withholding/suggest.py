"""Names of people and places, handles and numbers in what an export would tell: an offer, for a person to judge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver.model import EventType
from archiver.report.records import LedgerEntry
from archiver.report.withholding.identifying import Part, names_in
from archiver.report.withholding.withheld import ALWAYS

#: Fields that people and sites write freely; the others are names or addresses through and through.
_FREE_TEXT = frozenset({"title", "note", "file_name", "location", "source", "case"})


#: Video servers write into their addresses for whom these are valid: the office's own address.
_ASKED_FROM = re.compile(r"[?&/]ip[=/]([0-9a-fA-F]{1,4}(?:[.:]|%3A)[0-9a-fA-F.:%]+)")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What was found in a field of an entry: of which kind it seems to be, and its text."""

    entry: int
    field: str
    kind: str
    text: str


def suggest(entries: Iterable[LedgerEntry], withheld: frozenset[str]) -> list[Suggestion]:
    """What the fields that are not withheld hold, each text once for its field, in the ledger's order."""
    found: dict[tuple[str, str], Suggestion] = {}
    for entry in entries:
        for name, value in sorted(entry.fields.items()):
            if name in withheld or name in ALWAYS or (name == "source" and entry.type == EventType.ACCESSION):
                continue  # the last is a key
            for part in names_in(value) if name in _FREE_TEXT else _addresses(value):
                found.setdefault((name, part.text), Suggestion(entry.seq, name, part.what, part.text))
    return list(found.values())


def _addresses(value: str) -> Iterator[Part]:
    yield from (Part("address of who asked", one) for one in _ASKED_FROM.findall(value))
