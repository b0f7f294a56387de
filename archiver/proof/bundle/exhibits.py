"""Exhibits against the ledger: each file is an object of its item, byte for byte as the entries say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence
from archiver.proof.faults import ProofError
from archiver.proof.untrusted import rows

#: Entries of these types say which bytes an item is made of.
_TELLING = frozenset({"ingestion", "message digest calculation", "metadata extraction", "fingerprint calculation"})


@dataclass(frozen=True)
class Told:
    """An object as an entry tells it."""

    role: str
    sha256: str
    sha512: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Exhibit:
    """An item under its number, with what the entries say of it."""

    number: int
    item: str
    acquisition: str = ""
    objects: frozenset[Told] = frozenset()
    files: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        """Where its files lie."""
        return layout.exhibit_folder(self.number)


def read_exhibits(bag: Bag, evidence: Evidence, faults: Faults) -> dict[int, Exhibit]:
    """The exhibits that the export's entry names, and a fault for each file that is not an object of its exhibit."""
    if evidence.export is None:
        return {}
    subject = f"entry {evidence.export.seq}"
    if evidence.export.type != "dissemination" or evidence.export.value["outcome"] != "success":
        faults.add("export-entry", subject, "the export's entry is no successful dissemination")
        return {}
    try:
        numbers = _numbers(evidence.export)
    except ProofError as error:
        faults.of(error, subject)
        return {}
    files: dict[str, set[str]] = {}
    for path in bag.files:
        place = layout.EXHIBIT_PATH.fullmatch(path)
        if place:
            files.setdefault(layout.EXHIBITS + place[1] + "/", set()).add(path)
    found = {}
    for number, item in numbers.items():
        folder = layout.exhibit_folder(number)
        acquisition, objects = told_of(item, evidence)
        found[number] = Exhibit(number, item, acquisition, objects, frozenset(files.pop(folder, ())))
        if not acquisition:
            faults.add("ingestion-missing", f"exhibit {number}", "no entry of the bundle says how it was taken in")
        _check_files(bag, found[number], faults)
    for folder in sorted(files):
        faults.add("exhibit-unknown", folder, "the export's entry names no exhibit of this number")
    return found


def _check_files(bag: Bag, exhibit: Exhibit, faults: Faults) -> None:
    told = {(one.role, one.sha256, one.sha512, one.size) for one in exhibit.objects}
    for path in sorted(exhibit.files):
        role = _role(path)
        own = bag.files[path]
        if (role, own.sha256, own.sha512, own.size) not in told:
            message = f"no entry about item {exhibit.item} has an object with this digest in the role of {role}"
            faults.add("exhibit-differs", path, message)


def _role(path: str) -> str:
    place = layout.EXHIBIT_PATH.fullmatch(path)
    return place[2] if place else ""


def _numbers(export: Entry) -> dict[int, str]:
    """Exhibit numbers and items of the export's entry; each item once, each number once."""
    code = "export-entry"
    numbers: dict[int, str] = {}
    for pair in rows(export.detail.get("exhibits"), code):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
            raise ProofError(code, "an exhibit is not a number and an item")
        number = pair[0]
        if not isinstance(number, int) or isinstance(number, bool) or number < 1 or number in numbers:
            raise ProofError(code, "an exhibit's number is wrong or given twice")
        numbers[number] = pair[1]
    items = rows(export.detail.get("items"), code)
    if len(set(numbers.values())) != len(numbers) or sorted(numbers.values()) != sorted(map(str, items)):
        raise ProofError(code, "the exhibits of the export's entry are not its items")
    return numbers


def told_of(item: str, evidence: Evidence) -> tuple[str, frozenset[Told]]:
    """The acquisition of an item, and its objects with those of the exchange."""
    acquisition = ""
    objects: set[Told] = set()
    for entry in evidence.about_item.get(item, ()):
        if entry.type in _TELLING:
            objects.update(objects_of(entry.value))
            if entry.type == "ingestion":
                acquisition = str(entry.value.get("acquisition", ""))
    for entry in evidence.captures.get(acquisition, ()):
        objects.update(objects_of(entry.value))
    return acquisition, frozenset(objects)


def objects_of(value: Mapping[str, object]) -> Iterator[Told]:
    """The objects of a well-formed entry."""
    for one in rows(value.get("objects", []), "entry-malformed"):
        yield Told(one["role"], one["sha256"], one["sha512"], one["size"], one["media_type"])
