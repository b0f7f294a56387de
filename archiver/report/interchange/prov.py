"""prov.json: the report as W3C PROV-DM (REC 2013) in PROV-JSON (W3C submission of 24 April 2013). Pure.

Files are entities, exhibits collections of them, ledger entries activities, and who acted, with what, agents.
"""

from __future__ import annotations

import json
from typing import Any

from archiver.report.interchange.told import Act, Exhibit, File, Match, Told

#: Names of things are UUIDs; names of what PROV has no term for are ours.
_PREFIX = {"id": "urn:uuid:", "archiver": "urn:evidence-archiver:interchange:1:"}

Record = dict[str, Any]


def document(told: Told) -> bytes:
    """The document. Relations have names of the kind that PROV calls blank, numbered in the ledger's order."""
    entities = {_name(told.id): _report(told)}
    activities: Record = {}
    relations = _Relations()
    for exhibit in told.exhibits:
        entities[_name(exhibit.id)] = _collection(exhibit)
        for file in exhibit.described:
            entities[_name(file.id)] = _entity(file)
        for file in exhibit.files:
            relations.add("hadMember", collection=exhibit.id, entity=file.id)
        relations.add("wasDerivedFrom", generatedEntity=told.id, usedEntity=exhibit.id)
    for act in told.acts:
        activities[_name(act.id)] = _activity(act)
        _relate(act, told, relations)
    for match in told.matches:
        entities[_name(match.id)] = _finding(match)
    relations.add("wasAttributedTo", entity=told.id, agent=told.prepared_by.id)
    relations.add("wasAttributedTo", entity=told.id, agent=told.program.id)
    whole = {
        "prefix": _PREFIX,
        "entity": entities,
        "activity": activities,
        "agent": _agents(told),
        **relations.kinds,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


class _Relations:
    """Relations by kind, each once."""

    def __init__(self) -> None:
        self.kinds: dict[str, Record] = {}

    def add(self, kind: str, role: str = "", **ends: str) -> None:
        of_kind = self.kinds.setdefault(kind, {})
        record = {f"prov:{end}": _name(uuid) for end, uuid in ends.items()} | ({"prov:role": role} if role else {})
        of_kind[f"_:{kind}{len(of_kind) + 1}"] = record


def _name(uuid: str) -> str:
    return f"id:{uuid}"


def _typed(name: str, kind: str = "prov:QUALIFIED_NAME") -> Record:
    return {"$": name, "type": kind}


def _report(told: Told) -> Record:
    return {
        "prov:label": "the report from which this document is derived",
        "prov:location": "data/report.json",
        "archiver:sha256": told.sha256,
        "archiver:prepared_at": _typed(told.prepared_at, "xsd:dateTime"),
        **({"archiver:case": told.case} if told.case else {}),
    }


def _collection(exhibit: Exhibit) -> Record:
    told = {f"archiver:{name}": value for name, value in exhibit.fields.items()}
    return {
        "prov:type": _typed("prov:Collection"),
        "prov:label": f"exhibit {exhibit.number}",
        "archiver:item": exhibit.item,
        **told,
        **({"archiver:withheld": list(exhibit.withheld)} if exhibit.withheld else {}),
        **({"archiver:content_credentials": exhibit.credentials} if exhibit.credentials else {}),
        **({"archiver:proof": list(exhibit.proofs)} if exhibit.proofs else {}),
    }


def _entity(file: File) -> Record:
    told = {
        "archiver:role": file.role,
        "archiver:sha256": file.sha256,
        "archiver:sha512": file.sha512,
        "archiver:bytes": file.size,
        "archiver:media_type": file.media_type,
        "prov:location": file.path,
        "archiver:withheld": file.absence,
    }
    return {name: value for name, value in told.items() if value != ""}


def _activity(act: Act) -> Record:
    told = {
        "prov:startTime": act.started,
        "prov:endTime": act.time,
        "prov:label": f"ledger entry {act.entry}: {act.type}",
        "archiver:act": act.type,
        "archiver:outcome": act.outcome,
        "archiver:reason": act.reason,
    }
    return {name: value for name, value in told.items() if value}


def _relate(act: Act, told: Told, relations: _Relations) -> None:
    """What an act used and made, and who did it with what; what was made of something is derived from it."""
    relations.add("wasAssociatedWith", act.agent.role, activity=act.id, agent=act.agent.id)
    for tool in act.tools:
        relations.add("wasAssociatedWith", "tool", activity=act.id, agent=tool.id)
    for file in act.used:
        relations.add("used", activity=act.id, entity=file.id)
    for file in act.made:
        relations.add("wasGeneratedBy", entity=file.id, activity=act.id)
        for source in act.used:
            relations.add("wasDerivedFrom", generatedEntity=file.id, usedEntity=source.id, activity=act.id)
    if act.match is not None and act.ruling:
        relations.add("used", activity=act.id, entity=act.match.id)
    elif act.match is not None:
        relations.add("wasGeneratedBy", entity=act.match.id, activity=act.id)
    if not (act.used or act.made):
        for number in act.exhibits:
            relations.add("used", activity=act.id, entity=told.exhibit(number).id)


def _finding(match: Match) -> Record:
    rulings = [f"{one['ruling']} (ledger entry {one['entry']})" for one in match.shown["rulings"]]
    return {"prov:label": match.words, "archiver:finding": match.finding, "archiver:rulings": rulings}


def _agents(told: Told) -> Record:
    found: Record = {}
    for agent in told.agents:
        kind = "prov:Person" if agent.is_person else "prov:Organization"
        found[_name(agent.id)] = {"prov:type": _typed(kind), "prov:label": agent.name}
    for tool in told.tools:
        label = f"{tool.name} {tool.version}"
        found[_name(tool.id)] = {"prov:type": _typed("prov:SoftwareAgent"), "prov:label": label}
    return found
