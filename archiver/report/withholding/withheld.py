"""What an export may withhold, and what one does withhold: fields, objects, kinds of metadata. Names, never values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from archiver.errors import UsageError
from archiver.model import SEALED_FIELDS, Role
from archiver.report.withholding.redact import KINDS

#: Names of this machine's folders are nobody's business outside (and are no evidence of anything).
ALWAYS = frozenset({"path"})

#: Names that stand for several fields.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "people": ("agent", "note", "prepared_by", "prepared_for", "requested_by", "source", "uploader"),
    "addresses": ("canonical_url", "final_url", "url"),
    "all": SEALED_FIELDS,
}

#: Frames of the footage in the report: no object of the vault, but withheld like one.
PICTURES = "pictures"

#: What other offices told of received items.
HISTORY = Role.HISTORY.value

#: What may be accepted beside single fields: whatever originals tell themselves.
ORIGINALS = Role.ORIGINAL.value

#: And the name of the proxy through which the office reached a site.
PROXY = "proxy"

OBJECTS = (*(role.value for role in Role if role is not Role.TIMESTAMP), PICTURES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants withheld. `accepted` are FIELD:ENTRY whose values the bundle may hold, ORIGINALS, PROXY.

    `blurred` puts blurred copies in place of originals.
    """

    fields: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    blurred: bool = False

    def document(self) -> dict[str, Any]:
        """As the export's own entry says it. What is accepted is not for everybody to know."""
        named = {name: sorted(getattr(self, name)) for name in ("fields", "objects", "metadata")}
        return {**named, **({"blurred": True} if self.blurred else {})}


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Withheld:
    """What an export withholds. `because` gives, for what nobody asked for, what it follows from.

    `unasked` are fields that are withheld in every export. `blurred`: no picture of an original is shown, only those of
    its blurred copy.
    """

    fields: frozenset[str] = ALWAYS
    objects: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    because: Mapping[str, str] = field(default_factory=dict)
    unasked: frozenset[str] = frozenset()
    blurred: bool = False

    @property
    def proxy_accepted(self) -> bool:
        """Whether exchanges are exported although they name the office's proxy."""
        return PROXY in self.accepted

    @property
    def originals_accepted(self) -> bool:
        """Whether originals are exported although they tell what is withheld."""
        return ORIGINALS in self.accepted

    def document(self) -> dict[str, Any]:
        """As the report and the export's own entry say it: kinds, never values."""
        return {
            "fields": sorted(self.fields),
            "objects": sorted(self.objects),
            "metadata": sorted(self.metadata),
            "accepted": len(self.accepted),
        }


def withholds(document: Mapping[str, Any]) -> bool:
    """Whether anything is withheld beside what always is, by `Withheld.document`."""
    return bool(set(document["fields"]) - ALWAYS or document["objects"] or document["metadata"])


def ask(
    fields: Iterable[str] = (),
    objects: Iterable[str] = (),
    metadata: Iterable[str] = (),
    accepted: Iterable[str] = (),
) -> Asked:
    """From what somebody typed: names with commas between them, groups among the fields. Raises UsageError."""
    named = [one for name in _names(fields, (*SEALED_FIELDS, *GROUPS), "field") for one in GROUPS.get(name, (name,))]
    return Asked(
        fields=frozenset(named),
        objects=frozenset(_names(objects, OBJECTS, "object")),
        metadata=frozenset(_names(metadata, KINDS, "kind of metadata")),
        accepted=frozenset(_accepted(one) for one in accepted),
    )


def _names(given: Iterable[str], known: Collection[str], what: str) -> list[str]:
    names = [name.strip() for one in given for name in one.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}", next_step=f"There are {', '.join(known)}")
    return names


def _accepted(given: str) -> str:
    name, _, entry = given.partition(":")
    if given not in (ORIGINALS, PROXY) and not (name in SEALED_FIELDS and entry.isascii() and entry.isdigit()):
        raise UsageError(f"{given!r} is not FIELD:ENTRY", next_step="The refusal names both, as in title:12")
    return given
