"""The part of a bundle for which the export's own entry vouches: the evidence, the report, and the ledger's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from archiver.custody.vault import Vault
from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.report import interchange, pictures
from archiver.report.bundle import checkpage, exhibits, pyz
from archiver.report.bundle.bag import BagWriter
from archiver.report.bundle.instructions import instructions
from archiver.report.bundle.ledger_part import write_entries
from archiver.report.document import anchored, provenance, timely
from archiver.report.page import html
from archiver.report.paper import writing
from archiver.report.paper.typesetting import Typesetter
from archiver.report.records import ExhibitRecords, Records
from archiver.report.signing.pades import Signing
from archiver.report.withholding.withheld import PICTURES, Withheld

#: `observe(done, total, what)`: bytes while files are copied, searched and checked, exhibits while pictures are taken.
Observe = Callable[[int, int, str], None]


def write(
    vault: Vault, writer: BagWriter, records: Records, signing: Signing | None, observe: Observe
) -> tuple[str, ...]:
    """Write it; gives a word for each file that could not be made.

    Pictures are taken, and the typesetter is started, beside what needs neither: that takes half of the time.
    Raises EvidenceError where an object is not what the ledger says, and what `paper.writing.write` raises.
    """
    document = provenance.document(records)
    with Typesetter(vault.working) as typesetter, ThreadPoolExecutor(2, thread_name_prefix="beside") as beside:
        taking = beside.submit(_frames, vault, records, pictures.wanted(document), observe)
        beside.submit(typesetter.start)
        exhibits.copy(vault, writer, records)
        _write_records(vault, writer, records, canonical.encode(document))
        frames = taking.result()
        writer.put(layout.REPORT_HTML, html.render(document, frames).encode("utf-8"))
        return writing.write(writer, typesetter, vault.working, document, frames, signing, observe)


def _write_records(vault: Vault, writer: BagWriter, records: Records, report: bytes) -> None:
    """Everything that holds no picture of the footage: the report for programs, the ledger's part, and what checks."""
    for path, data in {layout.REPORT_JSON: report, **interchange.derived(report)}.items():
        writer.put(path, data)
    writer.put(layout.VERIFY_TEXT, instructions(records).encode("utf-8"))
    writer.put(layout.VERIFIER, pyz.verifier())
    writer.put(layout.CHECK_PAGE, checkpage.page())
    write_entries(writer, records)
    timely.write(vault, writer, records)
    anchored.write(vault, writer, records)
    for story in records.stories:
        writer.put(story.found.path, story.data)


def _frames(
    vault: Vault, records: Records, moments: Mapping[int, Sequence[int]], observe: Observe
) -> pictures.Pictures:
    if PICTURES in records.withheld.objects:
        return pictures.Pictures(missing={one.number: pictures.WITHHELD for one in records.exhibits})
    footage = [(one, _footage(vault, one, records.withheld)) for one in records.exhibits]
    return pictures.take(vault.settings.limits, vault.working, footage, moments, observe)


def _footage(vault: Vault, one: ExhibitRecords, withheld: Withheld) -> Path | None:
    """Where the report's pictures come from: never the original of a blurred copy, not even where there is no copy."""
    if one.watchable is None:
        return None
    if withheld.blurred:
        return one.watchable.blurred.file if one.watchable.blurred else None
    return vault.store.path(one.watchable.object.sha256)
