"""An earlier export made again, byte for byte, from the ledger and the vault as they are now.

Its entry says what went into it: exhibits and their numbers, what was withheld, the time that the report gives and the
checkpoint that it cites. Entries after that are not looked at. What comes out has to be what that entry vouches for, by
the digest of the list of files; what the entry cannot hold, the proofs above it, follows from the ledger alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from archiver.custody import catalog, cosigned, keys, nextkeys
from archiver.custody.publish import KEYS_NAME
from archiver.custody.timestamps import stamps
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, UsageError
from archiver.model import EventType
from archiver.proof import canonical, disclosure
from archiver.proof.log import eras
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.times.blockheaders import Header
from archiver.report import ownnote
from archiver.report.build import Exported, build
from archiver.report.bundle import ledger_part
from archiver.report.bundle.bag import BagWriter, appearing
from archiver.report.bundle.ledger_part import taken_back
from archiver.report.bundle.sealing import Recipients
from archiver.report.export import alone, check_place
from archiver.report.payload import Observe
from archiver.report.plan import Plan, Prepared, tools
from archiver.report.records import Records
from archiver.report.withholding.withheld import Asked


def again(
    vault: Vault,
    entry: int,
    target: Path,
    observe: Observe = lambda done, total, what: None,
    headers: Mapping[int, Header] = MappingProxyType({}),
    *,
    zipped: bool = False,
    to: Recipients | None = None,
) -> Exported:
    """Make the bundle of the export of `entry` again. That it was given out once more gets an entry of its own.

    `headers` have to be those of the first time, where there were some. Raises UsageError where the entry is no export,
    or was made by other versions or with a signature of its own, EvidenceError where the bundle would be another one.
    """
    check_place(vault, target)
    value = canonical.decode(vault.ledger.entry(entry))
    _check(entry, value)
    detail = value["detail"]
    fields = {one.name: one.value for one in map(disclosure.read, vault.ledger.disclosures(entry))}
    with (
        alone(vault),
        taken_back(vault) as told,
        appearing(target, zipped=zipped, plain=vault.working if to else None) as place,
    ):
        plan = _plan(vault, entry, detail, fields, headers)

        def write_own(writer: BagWriter, records: Records) -> int:
            listed = ledger_part.files_listed(writer)
            if hashlib.sha256(listed).hexdigest() != detail["files_sha256"]:
                raise EvidenceError(
                    f"the bundle would not be the one that entry {entry} vouches for",
                    code="export-differs",
                    next_step="Were block headers given then? A name that was forgotten, or settings that were changed,"
                    " make it another one as well: export anew",
                )
            ledger_part.write_proofs(vault, writer, records, entry, listed)
            note = ownnote.write(plan.asked.accepted, to.names if to else ())
            sealed = {"case": plan.numbered[0][1].case, "path": str(target), "note": note, **asdict(plan.prepared)}
            ledger_part.append_own_entry(vault, records, listed, sealed, told, again=entry)
            return entry

        return build(vault, plan, place, write_own, observe, to)


def _check(entry: int, value: Mapping[str, Any]) -> None:
    detail = value.get("detail", {})
    if value["type"] != EventType.DISSEMINATION or value["outcome"] != "success":
        raise UsageError(
            f"entry {entry} is no export", next_step="`archiver show ITEM` lists the entries about an item"
        )
    if "again" in detail:
        raise UsageError(f"entry {entry} gave out the bundle of entry {detail['again']} again", next_step="Name that")
    if "prepared_at" not in detail:
        raise UsageError(
            f"entry {entry} does not say what it takes to make its bundle again",
            next_step="An earlier version made it: copy the bundle that there is, or export anew",
        )
    if detail["asked"].get("blurred"):
        raise UsageError(
            f"the bundle of entry {entry} holds blurred copies, which another machine would make otherwise",
            next_step="Copy the bundle that there is, or export anew",
        )
    used = {one["name"]: one["version"] for one in value["tools"]}
    if used.keys() - tools(signed=False).keys():
        raise UsageError(
            f"report.pdf in the bundle of entry {entry} is signed, and no signature can be made twice",
            next_step="Copy the bundle that there is, or export anew",
        )
    if used != tools(signed=False):
        shown = ", ".join(f"{name} {version}" for name, version in used.items())
        raise UsageError(f"the bundle of entry {entry} was made by {shown}", next_step="Take these versions for it")


def _plan(
    vault: Vault, entry: int, detail: Mapping[str, Any], fields: Mapping[str, str], headers: Mapping[int, Header]
) -> Plan:
    of = stamps.issued(vault, detail["size"])
    assert of is not None, "a report cites a checkpoint that was issued"
    return Plan(
        numbered=tuple((number, catalog.item(vault, item)) for number, item in detail["exhibits"]),
        checkpoint=Checkpoint(vault.settings.origin, of.size, bytes.fromhex(of.root)),
        keys=keys_at(vault, of.size),
        vouched=cosigned.best(vault.folder, vault.database.read(), entry),
        at=detail["prepared_at"],
        by=fields.get("agent", ""),
        prepared=Prepared(fields.get("prepared_by", ""), fields.get("prepared_for", "")),
        asked=Asked(
            fields=frozenset(detail["asked"]["fields"]),
            objects=frozenset(detail["asked"]["objects"]),
            metadata=frozenset(detail["asked"]["metadata"]),
            accepted=ownnote.accepted(fields.get("note", "")),
        ),
        headers=headers,
    )


def keys_at(vault: Vault, size: int) -> tuple[str, ...]:
    """The verifier keys that the ledger had with so many entries, Ed25519 first."""
    numbers = [0, *catalog.entries_about(vault, nextkeys.SUBJECT)]
    told = [(seq, canonical.decode(vault.ledger.entry(seq))) for seq in numbers if seq < size]
    found = eras.read_eras(told, None)
    current = keys.public_keys(vault.folder / KEYS_NAME, vault.settings.origin)
    return tuple((found[-1].keys if found else current).lines())
