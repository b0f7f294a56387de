"""The files of exhibits in a bundle: objects byte for byte as the ledger tells them, and copies in place of some."""

from __future__ import annotations

from collections.abc import Callable

from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, MachineError
from archiver.report.bundle.bag import BagWriter
from archiver.report.records import BlurredCopy, Filed, Records


def counted(observe: Callable[[int, int, str], None], records: Records) -> Callable[[int], None]:
    """Tells `observe` how many bytes of all files are copied, from the sizes of their pieces."""
    total = sum(_copied_bytes(file) for one in records.exhibits for file in one.files)
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        observe(min(done, total), total, "copying")

    return count


def copy(vault: Vault, writer: BagWriter, records: Records) -> None:
    """Copy the files of all exhibits. Raises EvidenceError where an object is not what the ledger says."""
    for one in records.exhibits:
        for file in one.files:
            if file.copy is not None:
                writer.put(file.copy.path, file.copy.data)
            if file.blurred is not None:
                _copy_blurred(writer, file.blurred)
            if not file.path:
                continue
            with vault.store.open(file.object.sha256) as stream:
                digests = writer.copy(file.path, stream)
            if (digests.sha256, digests.sha512, digests.size) != (
                file.object.sha256,
                file.object.sha512,
                file.object.size,
            ):
                raise EvidenceError(
                    f"object {file.object.sha256} of exhibit {one.number} is not what the ledger says",
                    code="object-altered",
                    next_step="Nothing was exported; run `archiver verify`",
                )


def _copy_blurred(writer: BagWriter, copy: BlurredCopy) -> None:
    with copy.file.open("rb") as stream:
        digests = writer.copy(copy.path, stream)
    if (digests.sha256, digests.size) != (copy.detail["result"]["sha256"], copy.detail["result"]["size"]):
        raise MachineError(
            f"the blurred copy {copy.path} changed while it was exported", next_step="Nothing was exported; try again"
        )


def _copied_bytes(file: Filed) -> int:
    copied = file.object.size if file.path else 0
    return copied + (file.blurred.detail["result"]["size"] if file.blurred else 0)
