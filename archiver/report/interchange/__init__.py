"""The report in the forms that other programs read: CASE/UCO, PREMIS 3, PROV and a table of exhibits.

Each is a pure function of the bytes of report.json and of nothing else, so it cannot tell what the report does not
tell: what is withheld there is withheld here. `docs/interchange.md` maps the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archiver.proof.bundle import layout
from archiver.report.interchange import case, csv, premis, prov
from archiver.report.interchange.reading import read
from archiver.report.interchange.told import Told

FORMS: Mapping[str, Callable[[Told], bytes]] = {
    layout.CASE_GRAPH: case.graph,
    layout.PREMIS: premis.document,
    layout.PROV: prov.document,
    layout.EXHIBITS_TABLE: csv.table,
}


def derived(report: bytes) -> dict[str, bytes]:
    """The files by their paths in the bundle; the same report always gives the same bytes."""
    told = read(report)
    return {path: form(told) for path, form in FORMS.items()}
