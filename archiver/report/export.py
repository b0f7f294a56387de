"""The legal export: originals, records, proofs and report in one folder that anybody can check.

Order: publish, read, build (`build`), and only then give it its name.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType

from archiver import model
from archiver.custody import cosigned
from archiver.custody.keys import public_keys
from archiver.custody.publish import KEYS_NAME
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof.times.blockheaders import Header
from archiver.report import gather, numbering, ownnote
from archiver.report.build import Exported, build
from archiver.report.bundle import ledger_part
from archiver.report.bundle.bag import BagWriter, appearing
from archiver.report.bundle.ledger_part import taken_back
from archiver.report.bundle.sealing import Recipients
from archiver.report.payload import Observe
from archiver.report.plan import UNNAMED, Plan, Prepared
from archiver.report.records import Records
from archiver.report.signing.pades import Signing
from archiver.report.withholding import blurred
from archiver.report.withholding.withheld import NOTHING, Asked

#: An entry holds the exhibits' numbers and ids, and is at most 65,535 bytes long.
MAX_EXHIBITS = 1_000

_LOCK_NAME = "export.lock"


def export(
    vault: Vault,
    items: Sequence[str],
    case: str | None,
    target: Path,
    observe: Observe = lambda done, total, what: None,
    withhold: Asked = NOTHING,
    prepared: Prepared = UNNAMED,
    cosign: Callable[[], object] = lambda: None,
    headers: Mapping[int, Header] = MappingProxyType({}),
    *,
    blur: blurred.Asked | None = None,
    zipped: bool = False,
    signing: Signing | None = None,
    to: Recipients | None = None,
) -> Exported:
    """Write a bundle of `items`, or of all items of `case`, to the folder `target`, which is new or empty.

    `zipped` makes one zip of it instead, the new file `target`; the disk needs room for both while that is written.

    `withhold` is what stays behind, with what follows from it; file paths of this machine always do. `prepared` says by
    whom and for whom. `signing` puts a signature on report.pdf. With `to` only a zip leaves, which these can open.
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
    check_place(vault, target)
    with (
        alone(vault),
        taken_back(vault) as told,
        appearing(target, zipped=zipped, plain=vault.working if to else None) as place,
        blurred.copies(vault, chosen, blur, observe) as copies,
    ):
        numbered = tuple(numbering.number(vault, chosen))
        checkpoint = vault.ledger.publish()
        assert checkpoint is not None, "a vault's ledger has at least the entry of its making"
        keys = public_keys(vault.folder / KEYS_NAME, vault.settings.origin).lines()
        plan = Plan(
            numbered=numbered,
            checkpoint=checkpoint,
            keys=tuple(keys),
            vouched=cosigned.best(vault.folder, vault.database.read()),
            at=model.now(),
            by=vault.settings.by,
            prepared=prepared,
            asked=replace(withhold, blurred=blur is not None),
            headers=headers,
            signing=signing,
            copies=copies,
        )
        note = ownnote.write(withhold.accepted, to.names if to else ())
        sealed = {"case": chosen[0].case, "path": str(target), "note": note, **asdict(prepared)}

        def write_own(writer: BagWriter, records: Records) -> int:
            listed = ledger_part.files_listed(writer)
            seq = ledger_part.append_own_entry(vault, records, listed, sealed, told)
            cosign()
            ledger_part.write_proofs(vault, writer, records, seq, listed)
            return seq

        return build(vault, plan, place, write_own, observe, to)


def check_place(vault: Vault, target: Path) -> None:
    """Raises UsageError for a target in the vault, whose files are the ledger's to name."""
    if target.resolve().is_relative_to(vault.folder.resolve()):
        raise UsageError("a bundle cannot lie in the vault itself", next_step="Name a folder elsewhere")


@contextmanager
def alone(vault: Vault) -> Iterator[None]:
    """One export at a time, so that two cannot give one exhibit number to two items."""
    with (vault.folder / _LOCK_NAME).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
