"""What a bundle tells of items that came from other offices: for each accession the history from there, and no other.

A history may hold histories again, where an item came through several hands. They are followed as far as
`layout.MAX_OFFICES`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from archiver.proof.bundle import history, layout, opened
from archiver.proof.bundle.bag import Bag, Faults, TooManyFaults
from archiver.proof.bundle.evidence import Entry, Evidence
from archiver.proof.bundle.history import MISSING, OTHER, Found, History
from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.times import clock
from archiver.proof.untrusted import text, texts, whole

_WITHHELD = "withheld-differs"

#: The role under which histories may be withheld.
ROLE = "history"

_NUMBERS, _WORDS = ("exhibit", "export", "size"), ("item", "root", "trust", "verdict")


def check(
    bag: Bag, evidence: Evidence, faults: Faults, hops: int = 1, hidden: Collection[str] = ()
) -> dict[int, Found]:
    """Note every fault of what was received; gives, by the number of an accession's entry, what was found of it.

    `hops` is the number of the office from which it came, and `hidden` are fields that a bundle around withholds.
    """
    told = {entry.seq: entry for entry in _accessions(evidence, faults)}
    paths = sorted(path for path in bag.files if layout.RECEIVED_PATH.fullmatch(path))
    if not told and not paths:
        return {}
    if hops > layout.MAX_OFFICES:
        message = f"histories lie in one another more than {layout.MAX_OFFICES} deep"
        faults.add(history.INVALID, layout.RECEIVED, message)
        return {}
    withheld = withheld_by(evidence)
    hidden = {*hidden, *withheld["fields"]}
    if ROLE in withheld["objects"]:
        for path in paths:
            faults.add(_WITHHELD, path, "the file is there, and the export's entry withholds it")
    histories = {path: one for path in paths if path.endswith(".zip") for one in _read(bag, path, faults, hops, hidden)}
    found = _of_exports(told, histories, evidence, faults)
    opening = _of_disclosures(bag, told, found, histories, faults)
    used = {*found.values(), *(one.path for one in opening.values())}
    for path in paths:
        if path not in used and (path in histories or path.endswith(".json")):
            faults.add(OTHER, path, "it belongs to no accession that an entry of the bundle tells of")
    here = {**{seq: Found(path, histories[path]) for seq, path in found.items()}, **opening}
    for seq, entry in sorted(told.items()):
        if seq not in here and ROLE not in withheld["objects"] and entry.detail.get("field") not in hidden:
            faults.add(MISSING, f"entry {seq}", "the history of which it tells is not here")
    return here


def _accessions(evidence: Evidence, faults: Faults) -> Iterator[Entry]:
    """The accessions whose detail is of the form that is relied on."""
    for entry in evidence.entries.values():
        if entry.type != history.TYPE:
            continue
        detail = dict(entry.detail)
        numbers, words = (("opens",), ("item", "field")) if "opens" in detail else (_NUMBERS, _WORDS)
        try:
            for name in numbers:
                whole(detail, name, "entry-malformed")
            for name in words:
                text(detail, name, "entry-malformed")
            texts(detail.get("faults", []), "entry-malformed")
            text(dict(entry.value), "item", "entry-malformed")
            yield entry
        except ProofError as error:
            faults.of(error, f"entry {entry.seq}")


def read(data: bytes, subject: str, faults: Faults, hops: int = 1, hidden: Collection[str] = ()) -> History | None:
    """The history in a zip with those within it; None where nothing can be read. Faults go under `subject`."""
    found = history.read(data, subject, faults)
    if found is None:
        return None
    inner = Faults()
    with suppress(TooManyFaults):
        for seq, entry in sorted(found.evidence.entries.items()):
            for name in sorted(set(hidden) & set(entry.fields)):
                inner.add(_WITHHELD, f"entry {seq}", f"its {name} is open, and the export's entry withholds it")
        found.before.update(check(found.bag, found.evidence, inner, hops + 1, hidden))
    for fault in inner.found:
        faults.add(fault.code, subject, f"{fault.subject}: {fault.message}")
    return found


def read_sound(data: bytes, subject: str) -> History:
    """As `read`. Raises ProofError where anything is wrong, but for a time that this machine's clock does not know."""
    faults = Faults()
    found = None
    with suppress(TooManyFaults):
        found = read(data, subject, faults)
    wrong = [one for one in faults.found if one.code != clock.CODE]
    if wrong or found is None:
        raise ProofError(wrong[0].code, wrong[0].message)
    return found


def _read(bag: Bag, path: str, faults: Faults, hops: int, hidden: Collection[str]) -> Iterator[History]:
    try:
        data = bag.read(path, layout.MAX_HISTORY_BYTES)
    except ProofError as error:
        faults.of(error, path)
        return
    found = read(data, path, faults, hops, hidden)
    if found is not None:
        yield found


def _of_exports(
    told: Mapping[int, Entry], histories: Mapping[str, History], evidence: Evidence, faults: Faults
) -> dict[int, str]:
    """Each accession from a bundle with the history of that bundle, where it is here and holds."""
    places = {_place(one): path for path, one in histories.items()}
    found = {}
    for seq, entry in sorted(told.items()):
        path = places.get((entry.detail.get("export"), entry.detail.get("size"), entry.detail.get("root")))
        if path is None or "export" not in entry.detail:
            continue
        found[seq] = path
        try:
            history.check(histories[path], entry, evidence)
        except ProofError as error:
            faults.of(error, f"entry {seq}")
    return found


def _place(one: History) -> tuple[Any, Any, Any]:
    """The export, and the checkpoint over it: what an accession names."""
    point, export = one.evidence.checkpoint, one.evidence.export
    return (export.seq if export else None, point.size if point else None, point.root.hex() if point else None)


def _of_disclosures(
    bag: Bag, told: Mapping[int, Entry], found: Mapping[int, str], histories: Mapping[str, History], faults: Faults
) -> dict[int, Found]:
    """Each field that was opened later with the file that opened it, which opens an entry of the item's history."""
    files = {one.sha256: path for path, one in bag.files.items() if path.startswith(layout.RECEIVED)}
    opening = {}
    for seq, entry in sorted(told.items()):
        digests = [str(one["sha256"]) for one in entry.value.get("objects", [])]
        path = next((files[one] for one in digests if one in files), None) if "opens" in entry.detail else None
        if path is None:
            continue
        opening[seq] = Found(path)
        item = entry.value.get("item")
        of_item = [histories[found[one]] for one in found if told[one].value.get("item") == item]
        try:
            said = check_opened(bag.read(path, note.MAX_BYTES + 1), entry.detail, of_item)
            opening[seq] = Found(path, value=said.value)
        except ProofError as error:
            faults.of(error, f"entry {seq}")
    return opening


def open_later(data: bytes, histories: Sequence[History]) -> tuple[opened.Opened, History]:
    """What a disclosure's file opens, and in which of an item's histories. Raises ProofError where in none."""
    wrong = ProofError(OTHER, "no history of the item is here whose entry it could open")
    for one in histories:
        said = _opened(data, one)
        if isinstance(said, opened.Opened):
            return said, one
        wrong = said
    raise wrong


def _opened(data: bytes, one: History) -> opened.Opened | ProofError:
    try:
        return opened.read(data, one.evidence)
    except ProofError as error:
        return error


def check_opened(data: bytes, detail: Mapping[str, Any], histories: Sequence[History]) -> opened.Opened:
    """What an accession says to be opened later is what its file opens. Raises ProofError."""
    said, _ = open_later(data, histories)
    if (said.entry, said.field) != (detail.get("opens"), detail.get("field")):
        raise ProofError(OTHER, "it opens another field than the entry tells")
    return said


def withheld_by(evidence: Evidence) -> dict[str, list[str]]:
    """What an export says to withhold: names of `fields`, roles of `objects`, kinds of `metadata`."""
    told = evidence.export.detail.get("withheld") if evidence.export else None
    lists = told if isinstance(told, dict) else {}
    named = {name: lists.get(name) for name in ("fields", "objects", "metadata")}
    return {name: list(map(str, listed)) if isinstance(listed, list) else [] for name, listed in named.items()}
