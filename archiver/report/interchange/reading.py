"""report.json put in order: each act, file, agent and tool once, under an id that stays. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from archiver.model import EventType, Outcome
from archiver.report.interchange.told import Act, Agent, Exhibit, File, Match, Told, Tool

#: Acts that brought about the objects which their entries name (docs/formats.md); others only looked at them.
_PRODUCING = frozenset({EventType.CAPTURE, EventType.INGESTION, EventType.METADATA, EventType.FINGERPRINT})

#: Acts that read the originals, whatever else their entries name.
_EXAMINING = frozenset({EventType.METADATA, EventType.FINGERPRINT})

#: The role of a blurred copy, which is no object of the archive.
BLURRED_COPY = "blurred copy"

#: What somebody is in an act. Everything else is the archivist's work.
_ROLES: Mapping[str, str] = {EventType.REQUEST: "requester", EventType.DECISION: "reviewer"}


def read(report: bytes) -> Told:
    """Put a report in order. It is one of ours: `provenance.document` has held it against its schema."""
    return _Reader(json.loads(report), report).told()


class _Reader:
    """Names everything by the ledger's origin and what the ledger calls it, so that two exports name it alike."""

    def __init__(self, shown: Mapping[str, Any], report: bytes) -> None:
        self._shown = shown
        self._bytes = report
        self._origin = str(shown["ledger"]["origin"])

    def told(self) -> Told:
        digest = sha256(self._bytes).hexdigest()
        exhibits = tuple(self._exhibit(one) for one in self._shown["exhibits"])
        matches = tuple(self._match(one) for one in self._shown["matches"])
        return Told(
            id=self._id("report", digest),
            case=self._shown["case"],
            origin=self._origin,
            office=self._agent("", "custodian"),
            prepared_at=self._shown["prepared_at"],
            prepared_by=self._agent(self._shown["prepared_by"], "preparer"),
            program=self._tool("archiver", self._shown["tools"]["archiver"]),
            sha256=digest,
            size=len(self._bytes),
            exhibits=exhibits,
            acts=tuple(self._acts(exhibits, matches)),
            matches=matches,
        )

    def _id(self, *names: object) -> str:
        """A UUID of version 5 (RFC 9562), from what the ledger calls the thing."""
        return str(uuid5(NAMESPACE_URL, json.dumps([self._origin, *names], ensure_ascii=False)))

    def _exhibit(self, shown: Mapping[str, Any]) -> Exhibit:
        fields = shown["fields"]
        return Exhibit(
            id=self._id("item", shown["item"]),
            number=shown["number"],
            item=shown["item"],
            fields={name: one["value"] for name, one in sorted(fields.items()) if "value" in one},
            withheld=tuple(sorted(name for name, one in fields.items() if one.get("withheld"))),
            files=tuple(self._file(shown["item"], one) for one in shown["objects"]),
            copies={
                one["blurred"]["entry"]: self._file(shown["item"], {"role": BLURRED_COPY, **one["blurred"]})
                for one in shown["objects"]
                if "blurred" in one
            },
            shown=shown,
        )

    def _file(self, item: str, shown: Mapping[str, Any]) -> File:
        told = {name: shown[name] for name in ("role", "sha256", "sha512", "size", "media_type")}
        return File(
            id=self._id("object", item, shown["role"], shown["sha256"]),
            path=shown.get("path", ""),
            withheld=shown.get("withheld", ""),
            **told,
        )

    def _agent(self, name: str, role: str) -> Agent:
        """Names are told as the report tells them; where it has none, the office answers for the act."""
        bearer, kind = (name, "person") if name else (self._shown["custodian"] or self._origin, "office")
        return Agent(self._id(kind, bearer), self._id(kind, bearer, role), bearer, bool(name), role)

    def _tool(self, name: str, version: str) -> Tool:
        return Tool(self._id("tool", name, version), name, version)

    def _acts(self, exhibits: Sequence[Exhibit], matches: Sequence[Match]) -> Iterator[Act]:
        judged = {entry: (match, ruling) for match in matches for entry, ruling in match.entries.items()}
        rows: dict[int, list[tuple[Exhibit, Mapping[str, Any]]]] = {}
        for one in exhibits:
            for row in one.shown["custody"]:
                rows.setdefault(row["entry"], []).append((one, row))
        obtained = {entry: one.shown["started"] for one in exhibits for entry in _obtaining(one)}
        for entry, seen in sorted(rows.items()):
            row = seen[0][1]
            concerned = [file for one, each in seen for file in one.files if file.sha256 in each.get("objects", ())]
            examined = [file for one, _ in seen for file in one.originals] if row["type"] in _EXAMINING else []
            producing = row["type"] in _PRODUCING
            copied = [one.copies[entry] for one, _ in seen if entry in one.copies]
            match, ruling = judged.get(entry, (None, ""))
            yield Act(
                id=self._id("entry", entry),
                entry=entry,
                type=row["type"],
                time=row["time"],
                started=obtained.get(entry, ""),
                outcome=row["outcome"],
                reason=row.get("reason", ""),
                agent=self._agent(row.get("agent", ""), _ROLES.get(row["type"], "archivist")),
                tools=tuple(self._tool(tool["name"], tool["version"]) for tool in row.get("tools", ())),
                exhibits=tuple(one.number for one, _ in seen),
                used=tuple(examined if producing else concerned),
                made=tuple(concerned if producing else copied),
                match=match,
                ruling=ruling,
            )

    def _match(self, shown: Mapping[str, Any]) -> Match:
        return Match(
            id=self._id("match", shown["match"]),
            entry=shown["entry"],
            a=shown["a"],
            b=shown["b"],
            finding=shown["finding"],
            shown=shown,
        )


def _obtaining(one: Exhibit) -> Sequence[int]:
    """The act by which an exhibit came: the download that did not fail, or else the ingestion."""
    custody = one.shown["custody"]
    captures = [row for row in custody if row["type"] == EventType.CAPTURE and row["outcome"] == Outcome.SUCCESS]
    ingestions = [row for row in custody if row["type"] == EventType.INGESTION]
    return [row["entry"] for row in (captures or ingestions)[-1:]]
