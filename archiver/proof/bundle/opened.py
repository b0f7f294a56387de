"""A sealed field opened after the export: a file that `archiver disclose` wrote, against a bundle that withheld it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.proof import canonical, disclosure
from archiver.proof.bundle.bag import Faults
from archiver.proof.bundle.evidence import Evidence
from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import merkle, note
from archiver.proof.untrusted import hashes, table, text, whole

_CODE = "disclosure-malformed"

#: Version of the file, its field `v`.
VERSION = 1

_FIELDS = frozenset({"v", "origin", "entry", "field", "disclosure", "checkpoint", "inclusion"})


@dataclass(frozen=True)
class Opened:
    """What the file opens: the entry's number, the field's name and its value."""

    entry: int
    field: str
    value: str


def read(data: bytes, evidence: Evidence) -> Opened:
    """What a disclosure's file says, found to open an entry of the bundle. Raises ProofError.

    The file's own proof has to lead from the very entry to the root of the checkpoint that it came with; who signed
    that one is not asked, because the bundle's checkpoint holds the entry already.
    """
    document = table(canonical.decode(data.removesuffix(b"\n"), max_bytes=note.MAX_BYTES), _CODE)
    if set(document) != _FIELDS or document["v"] is True or document["v"] != VERSION:
        raise ProofError(_CODE, "the file is not a disclosure of a version that this verifier knows")
    seq, name = whole(document, "entry", _CODE), text(document, "field", _CODE)
    if evidence.checkpoint is None or text(document, "origin", _CODE) != evidence.checkpoint.origin:
        raise ProofError("disclosure-foreign", "the disclosure is of another ledger than the bundle")
    entry = evidence.entries.get(seq)
    if entry is None:
        raise ProofError("disclosure-foreign", f"the bundle does not hold entry {seq}, which the disclosure opens")
    opened = disclosure.check([text(document, "disclosure", _CODE)], entry.value["sealed"])
    if list(opened) != [name]:
        raise ProofError(_CODE, "the disclosure opens another field than it says")
    newer = checkpoints.parse(note.parse(text(document, "checkpoint", _CODE).encode("utf-8", "surrogatepass")).text)
    if newer.origin != evidence.checkpoint.origin:
        raise ProofError("checkpoint-origin", "the disclosure came with a checkpoint of another ledger")
    leaf = merkle.leaf_hash(canonical.encode(dict(entry.value)))
    merkle.check_inclusion(leaf, seq, newer.size, hashes(document["inclusion"]), newer.root)
    return Opened(seq, name, opened[name])


def read_small(path: Path) -> bytes:
    """A disclosure's file; of a longer one only so much that `read` refuses it. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(note.MAX_BYTES + 2)


def check_all(files: Sequence[bytes], evidence: Evidence, tell: Callable[[Opened], None], faults: Faults) -> None:
    """Note what is wrong with each file, and hand those that are right to `tell`."""
    for number, data in enumerate(files, 1):
        _check(data, f"disclosure {number}", evidence, tell, faults)


def _check(data: bytes, subject: str, evidence: Evidence, tell: Callable[[Opened], None], faults: Faults) -> None:
    try:
        tell(read(data, evidence))
    except ProofError as error:
        faults.of(error, subject)
