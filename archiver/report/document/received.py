"""What the report tells of other offices: for each exhibit the accessions of its item, with the history of each."""

from __future__ import annotations

from typing import Any

from archiver.model import EventType
from archiver.proof.bundle import origins
from archiver.proof.bundle.evidence import Entry
from archiver.report.records import ExhibitRecords, Records


def rows(one: ExhibitRecords, records: Records) -> list[dict[str, Any]]:
    """As report.json lists them; empty for what the office acquired itself."""
    places = {seq: story.found for story in records.stories for seq in story.entries}
    held = {file.object.sha256 for file in one.files}
    return [
        origins.row(Entry(entry.seq, entry.value, entry.fields), places.get(entry.seq), held)
        for entry in one.of_type(EventType.ACCESSION)
    ]
