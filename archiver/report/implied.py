"""What withholding a field implies: other fields that hold its value, and objects that tell it. Pure.

A title that is withheld stands in the extractor's JSON and in the web page as well, and perhaps in a note. So those are
withheld too, or replaced by redacted copies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from archiver.model import SEALED_FIELDS, EventType, Role
from archiver.report.leaks import Check, Secret
from archiver.report.records import LedgerEntry
from archiver.report.withheld import ALWAYS, GROUPS, PICTURES, Asked, Withheld

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

#: Kinds of metadata that tell a field, or lead to whom it names.
_KINDS_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GROUPS["addresses"], ("addresses",)),
    "title": ("text",),
    "file_name": ("text",),
    "location": ("location",),
    "uploader": ("people", "addresses"),
    "source": ("people", "device", "location", "software"),
}

#: More rounds than there are fields are never needed.
_ROUNDS = len(SEALED_FIELDS)


def settle(asked: Asked, entries: Sequence[LedgerEntry]) -> Withheld:
    """What is to be withheld so that nothing that was asked for can be read in what is exported.

    `entries` are those of the export with everything that the vault can open.
    """
    because: dict[str, str] = {}
    fields = asked.fields | ALWAYS
    for name in sorted(asked.fields):
        _imply(because, fields, _ALIKE.get(name, ()), f"it tells the same as {name}")
    fields |= because.keys()
    for _ in range(_ROUNDS):
        held = Withheld(fields=fields - ALWAYS)  # also what is accepted: that it may be found is no reason to tell it
        more = _holding(held, entries)
        _imply(because, fields, more, "it holds what another withheld field says")
        if not more:
            break
        fields |= more.keys()
    objects = set(asked.objects)
    for name in sorted(asked.fields | (fields - ALWAYS) | objects):
        _imply(because, objects, _TOLD_BY.get(name, ()), f"it may tell the {name}")
        objects.update(_TOLD_BY.get(name, ()))
    kinds = set(asked.metadata)
    for name in sorted(fields - ALWAYS):
        _imply(because, kinds, (f"{one} (metadata)" for one in _KINDS_OF.get(name, ())), f"it may tell the {name}")
        kinds.update(_KINDS_OF.get(name, ()))
    asked_kinds = {f"{one} (metadata)" for one in asked.metadata}
    told = {name: why for name, why in because.items() if name not in asked_kinds}
    return Withheld(frozenset(fields), frozenset(objects), frozenset(kinds), asked.accepted, told)


def secrets(held: Withheld, entries: Iterable[LedgerEntry]) -> list[Secret]:
    """What `entries` seal of the withheld fields, each value once; not the addresses of time-stamp authorities."""
    found: dict[tuple[str, str], list[int]] = {}
    for entry in entries:
        for name, value in entry.fields.items():
            if name in held.fields and not (entry.type == EventType.TIMESTAMP and name == "source"):
                found.setdefault((name, value), []).append(entry.seq)
    return [
        Secret(name, tuple(seqs), value, everywhere=name not in ALWAYS)
        for (name, value), seqs in found.items()
        if not any(f"{name}:{seq}" in held.accepted for seq in seqs)
    ]


def _imply(because: dict[str, str], known: Collection[str], names: Iterable[str], why: str) -> None:
    for name in names:
        if name not in known:
            because.setdefault(str(name), why)


def _holding(held: Withheld, entries: Sequence[LedgerEntry]) -> dict[str, None]:
    """Fields that are not withheld, and in some entry hold the value of one that is, or a part that names somebody."""
    hidden = secrets(held, entries)
    open_values = {
        (name, value)
        for entry in entries
        for name, value in entry.fields.items()
        if name not in held.fields and name not in ALWAYS
    }
    if not hidden or not open_values:
        return {}
    check = Check(hidden)
    return {name: None for name, value in sorted(open_values) if next(check.data(value.encode()), None) is not None}
