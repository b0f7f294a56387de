"""What a checked bundle brings: of each exhibit the files that come in, and of all of them the history.

Redacted and blurred copies stay behind: they are working copies of the office that sent them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archiver.custody.store import Digests
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, RefusedError
from archiver.model import CAPTURED_ROLES, Role
from archiver.proof.bundle import history, layout, packing, received
from archiver.proof.bundle.bag import Bag, Faults, FileDigests, read_bag
from archiver.proof.bundle.check import Seen
from archiver.proof.bundle.exhibits import Exhibit
from archiver.proof.bundle.zipped import Zip
from archiver.proof.faults import ProofError

_UNKNOWN_TYPE = "application/octet-stream"

#: As custody-event.schema.json has it.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,63}/[A-Za-z0-9.+_-]{1,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of an exhibit: its path in the bundle, what it was when it was checked, and the role that it gets here.

    The other office's own metadata and fingerprints are records of its history: this office makes its own.
    """

    path: str
    digests: FileDigests
    media_type: str
    role: Role

    @property
    def name(self) -> str:
        """How the bundle calls it."""
        return self.path.rpartition("/")[2]

    @property
    def is_evidence(self) -> bool:
        """Whether it is what the other office acquired, and not what it made."""
        return self.role is not Role.HISTORY


@dataclass(frozen=True, slots=True)
class Parcel:
    """An exhibit under its number: what the other office calls the item, its files, and what it discloses of it.

    `withheld` are the roles of objects of which only digests came.
    """

    number: int
    item: str
    files: tuple[Sent, ...]
    fields: Mapping[str, str]
    withheld: tuple[str, ...]


def parcels(seen: Seen) -> Iterator[Parcel]:
    """The exhibits of a bundle, by their numbers."""
    assert seen.bag is not None
    assert seen.evidence is not None
    for number, exhibit in sorted(seen.exhibits.items()):
        files = tuple(_sent(seen.bag, exhibit, path) for path in sorted(exhibit.files))
        came = {file.digests.sha256 for file in files}
        taken_in = [one for one in seen.evidence.about_item.get(exhibit.item, ()) if one.type == "ingestion"]
        yield Parcel(
            number,
            exhibit.item,
            files,
            taken_in[0].fields if taken_in else {},
            tuple(sorted({one.role for one in exhibit.objects if one.sha256 not in came})),
        )


def _sent(bag: Bag, exhibit: Exhibit, path: str) -> Sent:
    place = layout.EXHIBIT_PATH.fullmatch(path)
    assert place is not None, "an exhibit's files have such paths"
    digests = bag.files[path]
    role = Role(place[2])
    stated = next(one.media_type for one in exhibit.objects if (one.role, one.sha256) == (role, digests.sha256))
    told = stated if _MEDIA_TYPE.fullmatch(stated) else _UNKNOWN_TYPE
    evidence = role is Role.ORIGINAL or role in CAPTURED_ROLES
    kind = _UNKNOWN_TYPE if history.is_file(told) else told
    return Sent(path, digests, told if evidence else kind, role if evidence else Role.HISTORY)


def keep_history(vault: Vault, seen: Seen) -> Digests:
    """The history as one object of the store. Raises EvidenceError where the bundle is not what was checked any more,
    RefusedError for a history that a vault cannot keep.
    """
    assert seen.bag is not None
    files = {path: one for path, one in seen.bag.files.items() if layout.is_history(path)}
    if sum(one.size for one in files.values()) > layout.MAX_HISTORY_BYTES:
        raise RefusedError(f"its history is longer than {layout.MAX_HISTORY_BYTES} bytes", code="too-large")
    with tempfile.TemporaryDirectory(prefix="received-", dir=vault.working) as folder:
        place = Path(folder) / "history.zip"
        with place.open("xb") as archive:
            packing.pack(archive, {path: one.size for path, one in files.items()}, seen.bag.source.open)
        with closing(Zip(place)) as packed:
            same = read_bag(packed, Faults()).files == files
        if not same:
            raise EvidenceError(
                "the bundle is not any more what it was when it was checked",
                code="file-changing",
                next_step="Nothing was kept; find out who writes there, and begin again",
            )
        _check_kept(place.read_bytes())
        return vault.store.take(place)


def _check_kept(data: bytes) -> None:
    """Raises RefusedError for a history that would be a fault of the vault, such as one of too many hands."""
    try:
        received.read_sound(data, "the history")
    except ProofError as error:
        raise RefusedError(f"its history cannot be kept: {error.message}", code="bundle-failed") from None
