"""What an export is made of, as it was read from the vault: frozen, so that the report is a pure function of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from archiver.custody.cosigned import Vouched
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.timestamps.stamps import Stamp
from archiver.model import Role, StoredObject
from archiver.proof import disclosure
from archiver.proof.bundle.history import Found
from archiver.proof.lineage.traits import Picture, Posted
from archiver.proof.times.anchored import Dated
from archiver.report.withholding.leaks import Secret
from archiver.report.withholding.withheld import NOTHING, Asked, Withheld


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry of the export. `disclosures` open those of its sealed fields that are not withheld: `fields`."""

    seq: int
    body: bytes
    value: Mapping[str, Any]
    disclosures: tuple[str, ...]
    fields: Mapping[str, str]

    @property
    def type(self) -> str:
        """Its event type."""
        return str(self.value["type"])

    def without(self, names: Collection[str]) -> LedgerEntry:
        """The same without the disclosures of some fields."""
        told = [one for one in self.disclosures if disclosure.read(one).name not in names]
        fields = {name: value for name, value in self.fields.items() if name not in names}
        return replace(self, disclosures=tuple(told), fields=fields)


@dataclass(frozen=True, slots=True)
class Copy:
    """A redacted copy in place of an object: a working copy, made for this export."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class BlurredCopy:
    """A blurred copy in place of an original: a file on this machine for the time of the export, and told by an entry.

    `detail` is that entry's; `path` is where it lies in the bundle, "" until it has a place there.
    """

    file: Path
    entry: int
    detail: Mapping[str, Any]
    path: str = ""

    @property
    def extension(self) -> str:
        """Of its name."""
        return "jpg" if self.detail["result"]["media_type"] == "image/jpeg" else "mp4"


@dataclass(frozen=True, slots=True)
class Filed:
    """An object of an exhibit: where it lies in the bundle, or why it is withheld and what copy is shown instead."""

    object: StoredObject
    role: Role
    path: str
    withheld: str = ""
    copy: Copy | None = None
    blurred: BlurredCopy | None = None


@dataclass(frozen=True, slots=True)
class ExhibitRecords:
    """An item under its exhibit number, with the entries about it, in the ledger's order.

    `exchange` is the parsed record of the HTTP exchange, None where there is none to show and `exchange_note` says why.
    `posted` and `picture` tell copies apart; None where nothing is known, or the object that tells it is withheld.
    """

    number: int
    item: str
    acquisition: str
    request: str
    files: tuple[Filed, ...]
    entries: tuple[LedgerEntry, ...]
    summary: Mapping[str, Any]
    secrets: tuple[Secret, ...] = ()  # what was taken out of its metadata
    exchange: Mapping[str, Any] | None = None
    exchange_note: str = ""
    posted: Posted | None = None
    picture: Picture | None = None

    def of_type(self, *types: str) -> tuple[LedgerEntry, ...]:
        """Its entries of some types."""
        return tuple(entry for entry in self.entries if entry.type in types)

    @property
    def watchable(self) -> Filed | None:
        """The original whose pictures a report shows."""
        originals = [one for one in self.files if one.role is Role.ORIGINAL]
        kinds = ("video/", "image/")
        return next((one for one in originals if one.object.media_type.startswith(kinds)), None)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A time stamp of the export, and the signed note that it stamps."""

    stamp: Stamp
    note: bytes


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor of the export, the signed note that it is of, and the header of its block where one is at hand."""

    anchor: Anchor
    note: bytes
    dated: Dated | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What another office told of received items, or what opened a field of it: a file of the bundle.

    `entries` are the accessions that it belongs to.
    """

    found: Found
    data: bytes
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that an export tells. `size` and `root` are the checkpoint that the report cites, `vouched` is the
    one, of that size at most, that most witnesses cosigned.

    `verifier_keys` are those in use, Ed25519 first. `prepared_by` is empty where it is withheld, and so is
    `prepared_for`, which is None where nobody was named. `inclusion` are proofs to that root, by entry.
    `signed` says how report.pdf is signed, and is empty where it is not.
    """

    origin: str
    custodian: str
    verifier_keys: tuple[str, ...]
    case: str
    prepared_at: str
    prepared_by: str
    prepared_for: str | None
    size: int
    root: bytes
    vouched: Vouched | None
    exhibits: tuple[ExhibitRecords, ...]
    entries: tuple[LedgerEntry, ...]
    left_out: int
    stamps: tuple[Stamped, ...] = ()
    anchors: tuple[Anchored, ...] = ()
    stories: tuple[Story, ...] = ()
    inclusion: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    asked: Asked = NOTHING
    withheld: Withheld = field(default_factory=Withheld)
    tools: Mapping[str, str] = field(default_factory=dict)
    signed: Mapping[str, str] = field(default_factory=dict)

    @property
    def verifier_key(self) -> str:
        """The Ed25519 key, which people confirm."""
        return self.verifier_keys[0]
