"""Building one bundle by a plan: fill it, let the ledger tell of it, close it, and check it as a stranger would.

Order: everything that the export's own entry vouches for, the leak check, that entry with the proofs under its
checkpoint, the bag's manifests, the zip, the check, and the envelope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver import __version__
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError
from archiver.proof.bundle import check as bundle
from archiver.proof.faults import VERIFIED, Verdict
from archiver.report import payload
from archiver.report import plan as plans
from archiver.report.bundle import exhibits, sealing, zipping
from archiver.report.bundle.bag import BagWriter, Place
from archiver.report.bundle.sealing import Recipients
from archiver.report.payload import Observe
from archiver.report.plan import Plan
from archiver.report.records import Records
from archiver.report.withholding import blurred
from archiver.report.withholding.withheld import Withheld

#: Writes the export's own entry and the proofs above it; gives the entry's number.
WriteOwn = Callable[[BagWriter, Records], int]


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished bundle: where it is, the items in the order of their exhibit numbers, and what checking it said.

    `unsearchable` names withheld values that the leak check could not look for, each with the reason, `unsearched`
    places where it could not look. `left_out` are files that could not be made, each with the reason. `entry` is the
    number of the ledger entry that vouches for the bundle, `zip_sha256` the digest of the zip inside of a sealed one.
    """

    bundle: Path
    items: tuple[str, ...]
    verdict: Verdict
    withheld: Withheld
    unsearchable: tuple[tuple[str, str], ...] = ()
    unsearched: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    entry: int = -1
    zip_sha256: str = ""


def build(
    vault: Vault, plan: Plan, place: Place, write_own: WriteOwn, observe: Observe, to: Recipients | None = None
) -> Exported:
    """Build it at `place`, and seal its zip `to` recipients, where there are some.

    Raises EvidenceError where it does not verify, and as `export.export`.
    """
    records, guard = plans.records(vault, plan)
    if plan.signing is not None:
        guard.check_certificates(plan.signing.signer.certificates())
    writer = BagWriter(place.folder, exhibits.counted(observe, records))
    left_out = payload.write(vault, writer, records, plan.signing, observe)
    guard.check(place.folder, writer.written, observe)  # before the ledger tells of an export
    entry = write_own(writer, records)
    writer.close(_bag_info(records))
    guard.check(place.folder, writer.written, observe)
    if place.archive:
        zipping.pack(place.folder, writer.written, place.archive, lambda done, whole: observe(done, whole, "packing"))
    verdict = bundle.verify(
        place.archive or place.folder, records.verifier_key, lambda done, whole: observe(done, whole, "checking")
    )
    if verdict.word != VERIFIED:
        fault = verdict.faults[0]
        raise EvidenceError(
            f"the bundle does not verify: {fault.subject}: {fault.message}",
            code=fault.code,
            next_step="Nothing was written; run `archiver verify`",
        )
    digest = ""
    if place.archive and place.sealed and to:
        digest = sealing.seal(place.archive, place.sealed, to, lambda done, whole: observe(done, whole, "encrypting"))
    return Exported(
        place.target,
        tuple(one.item for one in records.exhibits),
        verdict,
        records.withheld,
        guard.unsearchable,
        guard.unsearched,
        (*blurred.missing(records), *left_out),
        entry,
        digest,
    )


def _bag_info(records: Records) -> dict[str, str]:
    return {
        "Bagging-Date": records.prepared_at[:10],
        "Bag-Software-Agent": f"archiver {__version__}",
        "Source-Organization": records.origin,
        "External-Description": f"Exported evidence, {len(records.exhibits)} exhibit(s); read data/VERIFY.txt",
    }
