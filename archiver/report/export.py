"""The legal export: originals, records, proofs and report in one folder that anybody can check.

Order: publish, read, write everything that the export's own entry vouches for, append that entry, publish, add the
proofs under the new checkpoint, close the bag, check it as a stranger would, and only then give it its name.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from archiver import __version__, model
from archiver.custody import keys
from archiver.custody.publish import KEYS_NAME
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, UsageError
from archiver.model import Item
from archiver.proof import canonical
from archiver.proof.bundle import check as bundle
from archiver.proof.bundle import layout
from archiver.proof.faults import VERIFIED, Verdict
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.times.blockheaders import Header
from archiver.report import gather, interchange, numbering, pictures
from archiver.report.bundle import checkpage, exhibits, pyz, zipping
from archiver.report.bundle.bag import BagWriter, appearing
from archiver.report.bundle.instructions import instructions
from archiver.report.bundle.ledger_part import taken_back, write_entries, write_own_entry
from archiver.report.document import anchored, provenance, timely
from archiver.report.page import html
from archiver.report.paper import writing
from archiver.report.records import ExhibitRecords, Records
from archiver.report.withholding import blurred, implied
from archiver.report.withholding.guard import Guard
from archiver.report.withholding.leaks import Secret
from archiver.report.withholding.withheld import NOTHING, PICTURES, Asked, Withheld

#: An entry holds the exhibits' numbers and ids, and is at most 65,535 bytes long.
MAX_EXHIBITS = 1_000

_LOCK_NAME = "export.lock"

#: `observe(done, total, what)`: bytes while files are copied, searched and checked, exhibits while pictures are taken.
Observe = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished bundle: where it is, the items in the order of their exhibit numbers, and what checking it said.

    `unsearchable` names withheld values that the leak check could not look for, each with the reason, `unsearched`
    places where it could not look. `left_out` are files that could not be made, each with the reason.
    """

    bundle: Path
    items: tuple[str, ...]
    verdict: Verdict
    withheld: Withheld
    unsearchable: tuple[tuple[str, str], ...] = ()
    unsearched: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """By whom and for whom, sealed like other names; whoever acts, and nobody, where they are empty."""

    prepared_by: str = ""
    prepared_for: str = ""


_UNNAMED = Prepared()


def export(
    vault: Vault,
    items: Sequence[str],
    case: str | None,
    target: Path,
    observe: Observe = lambda done, total, what: None,
    withhold: Asked = NOTHING,
    prepared: Prepared = _UNNAMED,
    cosign: Callable[[], object] = lambda: None,
    headers: Mapping[int, Header] = MappingProxyType({}),
    *,
    blur: blurred.Asked | None = None,
    zipped: bool = False,
) -> Exported:
    """Write a bundle of `items`, or of all items of `case`, to the folder `target`, which is new or empty.

    `zipped` makes one zip of it instead, the new file `target`; the disk needs room for both while that is written.

    `withhold` is what stays behind, with what follows from it; file paths of this machine always do. `prepared` says by
    whom and for whom.
    `cosign` is called once the bundle's checkpoint is issued, so that witnesses can be asked about that very one.
    `headers` of Bitcoin blocks, by height, give the report the times of anchors. `blur` puts blurred copies in place of
    originals, and withholds what shows the same.
    Raises UsageError for items that are not there or of several cases, EvidenceError where the vault's objects are not
    what the ledger says, MachineError for a full disk, RefusedError where the bundle would tell what it is to withhold.
    Nothing is left at `target` then.
    """
    chosen = gather.choose(vault, items, case)
    if len(chosen) > MAX_EXHIBITS:
        raise UsageError(f"{len(chosen)} exhibits are too many for one export", next_step="Export parts of the case")
    if target.resolve().is_relative_to(vault.folder.resolve()):
        raise UsageError("a bundle cannot lie in the vault itself", next_step="Name a folder elsewhere")
    with (
        _alone(vault.folder),
        taken_back(vault) as told,
        appearing(target, zipped=zipped) as (folder, archive),
        blurred.copies(vault, chosen, blur, observe) as copies,
    ):
        numbered = numbering.number(vault, chosen)
        checkpoint = vault.ledger.publish()
        assert checkpoint is not None, "a vault's ledger has at least the entry of its making"
        asked = replace(withhold, blurred=blur is not None)
        records, guard = _records(vault, numbered, checkpoint, asked, headers, prepared, copies)
        writer = BagWriter(folder, exhibits.counted(observe, records))
        exhibits.copy(vault, writer, records)
        left_out = (*blurred.missing(records), *_write_report(vault, writer, records, observe))
        write_entries(writer, records)
        timely.write(vault, writer, records)
        anchored.write(vault, writer, records)
        guard.check(folder, writer.written, observe)  # before the ledger tells of an export
        sealed = {"case": chosen[0].case, "path": str(target), **asdict(prepared)}
        write_own_entry(vault, writer, records, sealed, told, cosign)
        writer.close(_bag_info(records))
        guard.check(folder, writer.written, observe)
        if archive:
            zipping.pack(folder, writer.written, archive, lambda done, whole: observe(done, whole, "packing"))
        verdict = bundle.verify(
            archive or folder, records.verifier_key, lambda done, whole: observe(done, whole, "checking")
        )
        if verdict.word != VERIFIED:
            fault = verdict.faults[0]
            raise EvidenceError(
                f"the bundle does not verify: {fault.subject}: {fault.message}",
                code=fault.code,
                next_step="Nothing was written; run `archiver verify`",
            )
    items_shown = tuple(one.item for one in records.exhibits)
    return Exported(target, items_shown, verdict, records.withheld, guard.unsearchable, guard.unsearched, left_out)


def _records(
    vault: Vault,
    numbered: Sequence[tuple[int, Item]],
    checkpoint: Checkpoint,
    asked: Asked,
    headers: Mapping[int, Header],
    prepared: Prepared,
    copies: blurred.Copies,
) -> tuple[Records, Guard]:
    chosen = [item for _, item in numbered]
    ids = {item.id for item in chosen}
    opened, left_out = gather.select(vault, chosen, checkpoint.size)
    withheld = implied.settle(asked, opened)
    entries = [one.without(withheld.fields) for one in opened]
    shown = tuple(gather.exhibit(vault, item, number, entries, ids, withheld, copies) for number, item in numbered)
    stamps = timely.chosen(vault, shown, checkpoint.size)
    anchors = anchored.chosen(vault, shown, checkpoint.size, headers)
    about_time = {one.stamp.entry for one in stamps} | {one.anchor.entry for one in anchors}
    more = [gather.entry(vault, seq) for seq in about_time - {entry.seq for entry in entries}]
    entries += [one.without(withheld.fields) for one in more]
    secrets = [
        *_unnamed(withheld, prepared),
        *implied.secrets(withheld, [*opened, *more]),
        *(one for exhibit in shown for one in exhibit.secrets),
    ]
    records = Records(
        origin=vault.settings.origin,
        custodian=vault.settings.custodian,
        verifier_keys=tuple(keys.public_keys(vault.folder / KEYS_NAME, vault.settings.origin).lines()),
        case="" if "case" in withheld.fields else chosen[0].case,
        prepared_at=model.now(),
        prepared_by=_preparer(vault, withheld, prepared),
        prepared_for="" if "prepared_for" in withheld.fields else prepared.prepared_for or None,
        size=checkpoint.size,
        root=checkpoint.root,
        exhibits=shown,
        entries=tuple(sorted(entries, key=lambda entry: entry.seq)),
        stamps=stamps,
        anchors=anchors,
        left_out=left_out,
        inclusion=gather.inclusion(vault, shown, checkpoint.size),
        withheld=withheld,
        tools={"archiver": __version__, "typst": version("typst")},
    )
    return records, Guard(secrets, withheld)


def _unnamed(withheld: Withheld, prepared: Prepared) -> list[Secret]:
    """Names of the export itself that are withheld."""
    return [Secret(name, (), value) for name, value in asdict(prepared).items() if value and name in withheld.fields]


def _preparer(vault: Vault, withheld: Withheld, prepared: Prepared) -> str:
    """Who is named as having prepared the report: whoever was said to have, else whoever acts."""
    field = "prepared_by" if prepared.prepared_by else "agent"
    return "" if field in withheld.fields else prepared.prepared_by or vault.settings.by


def _write_report(vault: Vault, writer: BagWriter, records: Records, observe: Observe) -> tuple[str, ...]:
    document = provenance.document(records)
    footage = [(one, _footage(vault, one, records.withheld)) for one in records.exhibits]
    if PICTURES in records.withheld.objects:
        frames = pictures.Pictures(missing={one.number: pictures.WITHHELD for one in records.exhibits})
    else:
        frames = pictures.take(vault.settings.limits, vault.working, footage, pictures.wanted(document), observe)
    report = canonical.encode(document)
    for path, data in {layout.REPORT_JSON: report, **interchange.derived(report)}.items():
        writer.put(path, data)
    writer.put(layout.REPORT_HTML, html.render(document, frames).encode("utf-8"))
    writer.put(layout.VERIFY_TEXT, instructions(records).encode("utf-8"))
    writer.put(layout.VERIFIER, pyz.verifier())
    writer.put(layout.CHECK_PAGE, checkpage.page())
    return writing.write(writer, vault.working, document, frames, observe)


def _footage(vault: Vault, one: ExhibitRecords, withheld: Withheld) -> Path | None:
    """Where the report's pictures come from: never the original of a blurred copy, not even where there is no copy."""
    if one.watchable is None:
        return None
    if withheld.blurred:
        return one.watchable.blurred.file if one.watchable.blurred else None
    return vault.store.path(one.watchable.object.sha256)


def _bag_info(records: Records) -> dict[str, str]:
    return {
        "Bagging-Date": records.prepared_at[:10],
        "Bag-Software-Agent": f"archiver {__version__}",
        "Source-Organization": records.origin,
        "External-Description": f"Exported evidence, {len(records.exhibits)} exhibit(s); read data/VERIFY.txt",
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One export at a time, so that two cannot give one exhibit number to two items."""
    with (folder / _LOCK_NAME).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
