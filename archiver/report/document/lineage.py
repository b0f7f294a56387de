"""The groups of copies of a report: which exhibits hang together, and every claim with the entries that it rests on.

Pure. The verifier makes the same document from the entries and from the values that are given here.
"""

from __future__ import annotations

from typing import Any

from archiver.model import EventType
from archiver.proof.lineage import copies, lineage
from archiver.proof.lineage.copies import Link
from archiver.proof.lineage.traits import Copy
from archiver.report.document import anchored, matched, timely
from archiver.report.records import ExhibitRecords, Records


def rows(records: Records) -> list[dict[str, Any]]:
    """As report.json lists them; members are exhibit numbers, in the order in which they came."""
    decisions = [one for one in records.entries if one.type == EventType.DECISION]
    edges, cut = copies.edges(
        Link(matched.judged(one, decisions), one.seq, one.value["detail"]["segments_ms"])
        for one in records.entries
        if one.type == EventType.MATCH
    )
    exhibits = {one.item: one for one in records.exhibits}
    groups = [
        sorted((_copy(exhibits[item], records) for item in group), key=lambda copy: copy.entry)
        for group in copies.groups(edges)
    ]
    return [
        lineage.document(group, edges, cut, lambda item: exhibits[item].number)
        for group in sorted(groups, key=lambda group: group[0].entry)
    ]


def _copy(one: ExhibitRecords, records: Records) -> Copy:
    taken = timely.taken_in(one)
    proved = timely.proved(one, records)
    anchor = anchored.proved(one, records)
    return Copy(
        item=one.item,
        entry=taken.seq,
        acquired=taken.value["time"],
        stamp=proved.get("timestamp", -1),
        proved=proved.get("time", ""),
        anchor=anchor.get("anchor", -1),
        block=anchor.get("block", -1),
        posted=one.posted,
        picture=one.picture,
    )
