"""What withholding a field implies: other fields that hold its value, and objects that tell it. Pure.

A title that is withheld stands in the extractor's JSON and in the web page as well, and perhaps in a note. So those are
withheld too, or replaced by redacted copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from archiver.model import SEALED_FIELDS, EventType, Role
from archiver.report.records import LedgerEntry
from archiver.report.withholding.leaks import Check, Secret
from archiver.report.withholding.withheld import ALWAYS, GROUPS, HISTORY, PICTURES, Asked, Withheld

#: One address in three spellings.
_ALIKE = dict.fromkeys(GROUPS["addresses"], GROUPS["addresses"])

#: Objects that tell these fields of everything that was fetched from a site.
_WEB = (Role.EXCHANGE, Role.SNAPSHOT)
_TOLD_BY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("canonical_url", "file_name", "final_url", "location", "title", "url"), _WEB),
    **dict.fromkeys(("source", "uploader"), (*_WEB, Role.COMMENTS)),
    # Small pictures of the same footage.
    Role.ORIGINAL: (Role.FINGERPRINT, Role.THUMBNAIL, PICTURES),
}

#: Objects that show what a blurred copy hides: preview pictures, and pages with players and posters in them.
_SHOWING = (Role.FINGERPRINT, Role.THUMBNAIL, Role.SNAPSHOT, Role.EXCHANGE)
_HIDDEN = "it may show what a blurred copy hides"
_BLURRED = "a blurred copy is to stand in its place"

#: Kinds of metadata that tell a field, or lead to whom it names.
_KINDS_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GROUPS["addresses"], ("addresses",)),
    "title": ("text",),
    "file_name": ("text",),
    "location": ("location",),
    "uploader": ("people", "addresses"),
    "source": ("people", "device", "location", "software"),
}

#: Their source is an authority's or a calendar's address, which stands in its proof as well and leads to nobody.
_ABOUT_TIME = (EventType.TIMESTAMP, EventType.ANCHOR)

#: Slashes of a path that tells of a machine: a file that was named without its folders is a file name.
_FOLDERS = 3

#: More rounds than there are fields are never needed.
_ROUNDS = len(SEALED_FIELDS)


def settle(asked: Asked, entries: Sequence[LedgerEntry]) -> Withheld:
    """What is to be withheld so that nothing that was asked for can be read in what is exported.

    `entries` are those of the export with everything that the vault can open.
    """
    fields, objects, kinds = _Growing(asked.fields), _Growing(asked.objects), _Growing(asked.metadata)
    unasked = ALWAYS - asked.fields
    for name in sorted(asked.fields):
        fields.add(_ALIKE.get(name, ()), f"it tells the same as {name}")
    for _ in range(_ROUNDS):
        # What is accepted counts as well: that it may be found is no reason to tell it.
        more = _holding(Withheld(frozenset(fields.names), unasked=unasked), entries)
        if not more:
            break
        fields.add(more, "it holds what another withheld field says")
    if asked.blurred:
        objects.add((Role.ORIGINAL,), _BLURRED)
        objects.add(_SHOWING, _HIDDEN)
    for name in sorted(fields.names | asked.objects, key=lambda one: (one not in asked.fields, one)):
        why = f"it may tell the {name}"
        told_by = _TOLD_BY.get(name, ())
        # The report's pictures are those of the blurred copies.
        objects.add([one for one in told_by if not (asked.blurred and one == PICTURES)], why)
        kinds.add(_KINDS_OF.get(name, ()), why)
    if "source" in fields.names and any(entry.type == EventType.ACCESSION for entry in entries):
        objects.add((HISTORY,), "every page of it names the office that it came from")
    return Withheld(
        fields=frozenset(fields.names | ALWAYS),
        objects=frozenset(objects.names),
        metadata=frozenset(kinds.names),
        accepted=asked.accepted,
        because=fields.because | objects.because | {f"{kind} (metadata)": why for kind, why in kinds.because.items()},
        unasked=unasked,
        blurred=asked.blurred,
    )


def secrets(held: Withheld, entries: Iterable[LedgerEntry]) -> list[Secret]:
    """What `entries` seal of the withheld fields, each value once; not whom an office asked for the time.

    Of paths that nobody asked about only those count that lead through folders of this machine.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for entry in entries:
        for name, value in entry.fields.items():
            if name in held.fields and not (entry.type in _ABOUT_TIME and name == "source"):
                found.setdefault((name, value), []).append(entry.seq)
    return [
        Secret(name, tuple(seqs), value, everywhere=name not in held.unasked)
        for (name, value), seqs in found.items()
        if not any(f"{name}:{seq}" in held.accepted for seq in seqs)
        and (name not in held.unasked or (value.startswith("/") and value.count("/") >= _FOLDERS))
    ]


class _Growing:
    """Names that are withheld, and of those that nobody asked for why."""

    def __init__(self, asked: Iterable[str]) -> None:
        self.names = set(asked)
        self.because: dict[str, str] = {}

    def add(self, names: Iterable[str], why: str) -> None:
        for name in map(str, names):
            if name not in self.names:
                self.names.add(name)
                self.because[name] = why


def _holding(held: Withheld, entries: Sequence[LedgerEntry]) -> list[str]:
    """Fields that are not withheld, and in some entry hold the value of one that is, or a part that names somebody."""
    hidden = secrets(held, entries)
    open_values = {
        (name, value)
        for entry in entries
        for name, value in entry.fields.items()
        if name not in held.fields and name not in ALWAYS
    }
    if not hidden or not open_values:
        return []
    check = Check(hidden)
    return [name for name, value in sorted(open_values) if any(True for _ in check.data(value.encode()))]
