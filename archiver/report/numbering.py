"""Exhibit numbers: once given, a number stays with its item in every later export of the case.

The ledger is where they are kept: each export's entry holds its pairs of number and item, so that the numbers are as
durable as the exports themselves, and nobody can renumber exhibits unseen. Failed exports use up their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.custody.vault import Vault
from archiver.model import EventType, Item
from archiver.proof import canonical


def number(vault: Vault, items: Sequence[Item]) -> list[tuple[int, Item]]:
    """The items of one case with their numbers, in the order of the numbers. The caller holds the export lock."""
    given: dict[str, int] = {}
    rows = vault.database.read().execute(
        "SELECT DISTINCT subject.seq FROM item JOIN subject ON subject.id = item.id WHERE item.case_name = ?"
        " ORDER BY subject.seq",
        (items[0].case,),
    )
    for (seq,) in rows.fetchall():
        value = canonical.decode(vault.ledger.entry(seq))
        if value["type"] == EventType.DISSEMINATION:
            for exhibit, item in value["detail"]["exhibits"]:
                given.setdefault(item, exhibit)
    following = max(given.values(), default=0) + 1
    for item in items:
        if item.id not in given:
            given[item.id] = following
            following += 1
    return sorted(((given[item.id], item) for item in items), key=lambda pair: pair[0])
