"""What report.json tells, in the terms that other vocabularies share: exhibits and files, acts, agents, tools, matches.

The report lists acts by exhibit; here an act that concerned two exhibits is one act. Each `id` is a UUID of version 5
(RFC 9562) made from what the ledger calls the thing, so that two exports of one ledger name it alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5


@dataclass(frozen=True, slots=True)
class File:
    """An object of an exhibit: a file of the bundle at `path`, or none of it for the reason in `withheld`."""

    id: str
    role: str
    sha256: str
    sha512: str
    size: int
    media_type: str
    path: str
    withheld: str

    @property
    def absence(self) -> str:
        """Why it is not in the bundle, in words; empty where it is."""
        said = self.withheld.startswith("withheld") or not self.withheld
        return self.withheld if said else f"withheld because {self.withheld}"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An item under its number. `fields` are disclosed values by name, `withheld` the names of withheld ones.

    `copies` are blurred copies of originals, by the entry that tells of each: derived, and no part of the item.
    `shown` is the exhibit as report.json has it.
    """

    id: str
    number: int
    item: str
    fields: Mapping[str, str]
    withheld: tuple[str, ...]
    files: tuple[File, ...]
    copies: Mapping[int, File]
    shown: Mapping[str, Any]

    @property
    def described(self) -> tuple[File, ...]:
        """All files that are described: the item's, and copies of them."""
        return (*self.files, *self.copies.values())

    @property
    def originals(self) -> tuple[File, ...]:
        """The evidence itself."""
        return tuple(one for one in self.files if one.role == "original")

    @property
    def leading(self) -> File:
        """The file that stands for the exhibit in a finding."""
        return (self.originals or self.files)[0]

    @property
    def credentials(self) -> str:
        """What the original's content credentials (C2PA) came to, in words; empty where it has none."""
        return str(self.shown["technical"].get("content_credentials", ""))

    @property
    def proofs(self) -> tuple[str, ...]:
        """Since when it was here at the latest, in words, by what proves it."""
        told = []
        if stamp := self.shown.get("proved"):
            told.append(
                f"here at the latest at {stamp['time']}, by the time stamp of ledger entry {stamp['timestamp']}"
            )
        if anchor := self.shown.get("anchored"):
            told.append(
                f"here before Bitcoin block {anchor['block']}, by the anchor of ledger entry {anchor['anchor']}"
            )
        return tuple(told)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acted in what role: a person by name, or the office where no name is told.

    `id` is that of the person or office, `in_role` that of the two together.
    """

    id: str
    in_role: str
    name: str
    is_person: bool
    role: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A program with which something was done."""

    id: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the ledger. `used` and `made` are files; `started` is told of the act by which an exhibit came.

    `match` is the one that it found or, with a `ruling`, that somebody ruled on.
    """

    id: str
    entry: int
    type: str
    time: str
    started: str
    outcome: str
    reason: str
    agent: Agent
    tools: tuple[Tool, ...]
    exhibits: tuple[int, ...]
    used: tuple[File, ...]
    made: tuple[File, ...]
    match: Match | None
    ruling: str


@dataclass(frozen=True, slots=True)
class Match:
    """A finding on two exhibits, as report.json has it in `shown`, with the rulings on it."""

    id: str
    entry: int
    a: int
    b: int
    finding: str
    shown: Mapping[str, Any]

    @property
    def entries(self) -> Mapping[int, str]:
        """The entries about it: that of the finding with "", those of the rulings with the ruling."""
        return {self.entry: "", **{one["entry"]: one["ruling"] for one in self.shown["rulings"]}}

    @property
    def words(self) -> str:
        """The finding in one line."""
        return (
            f"{self.finding}: exhibits {self.a} and {self.b}, score {self.shown['score_ppm']} of 1000000, "
            f"by {self.shown['algorithm']}"
        )


@dataclass(frozen=True, slots=True)
class Told:
    """The whole report. `office` is who keeps the ledger `origin`; `sha256` and `size` are those of report.json."""

    id: str
    case: str
    origin: str
    office: Agent
    prepared_at: str
    prepared_by: Agent
    program: Tool
    sha256: str
    size: int
    exhibits: tuple[Exhibit, ...]
    acts: tuple[Act, ...]
    matches: tuple[Match, ...]

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Everybody who acted, each in each role once, the office first."""
        return tuple(dict.fromkeys((self.office, self.prepared_by, *(act.agent for act in self.acts))))

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Every program once."""
        return tuple(dict.fromkeys((self.program, *(tool for act in self.acts for tool in act.tools))))

    def exhibit(self, number: int) -> Exhibit:
        """The exhibit of a number."""
        return next(one for one in self.exhibits if one.number == number)


def part_of(uuid: str, what: str) -> str:
    """The id of something that belongs to a thing and has no name in the ledger."""
    return str(uuid5(UUID(uuid), what))
