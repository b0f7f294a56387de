"""case.jsonld: the report as a graph of CASE and UCO 1.x (caseontology.org), in JSON-LD. Pure.

`case_validate` (PyPI case-utils) accepts it. UCO asks that names of things end in a UUID, that `hashMethod` is a plain
string of its vocabulary, and that an observable relationship is between observables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from archiver.report.interchange.told import Act, Agent, Exhibit, File, Match, Told, Tool, part_of

#: Inline, so that no reader has to fetch one.
_CONTEXT = {
    "action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "investigation": "https://ontology.caseontology.org/case/investigation/",
    "observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "role": "https://ontology.unifiedcyberontology.org/uco/role/",
    "tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

#: UCO's words (ActionStatusTypeVocab) for how an act ended; a refusal and a cancellation have none.
_STATUS = {"success": "Success", "failure": "Fail"}

Node = dict[str, Any]


def graph(told: Told) -> bytes:
    """The graph, in the order of the ledger."""
    nodes = [_investigation(told), _report(told)]
    for agent in told.agents:
        nodes += _agent(agent)
    nodes += map(_tool, told.tools)
    for exhibit in told.exhibits:
        nodes += _exhibit(exhibit)
    nodes += (_act(act, told) for act in told.acts)
    for match in told.matches:
        nodes += _match(match, told)
    unique = {node["@id"]: node for node in nodes}
    document = {"@context": _CONTEXT, "@graph": list(unique.values())}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _iri(uuid: str) -> str:
    return f"urn:uuid:{uuid}"


def _to(*uuids: str) -> list[Node]:
    return [{"@id": _iri(uuid)} for uuid in dict.fromkeys(uuids)]


def _time(value: str) -> Node:
    return {"@type": "xsd:dateTime", "@value": value}


def _thing(kind: str, uuid: str, **told: Any) -> Node:
    """A node; what is empty is left out."""
    named = {f"core:{name}": value for name, value in told.items()}
    return {"@id": _iri(uuid), "@type": kind, **{name: value for name, value in named.items() if value}}


def _investigation(told: Told) -> Node:
    members = [*(one.id for one in told.exhibits), *(one.id for one in told.acts), told.id]
    return _thing(
        "investigation:Investigation",
        part_of(told.id, "investigation"),
        name=told.case,
        description=f"Ledger {told.origin}",
        object=_to(*members),
    )


def _report(told: Told) -> Node:
    """report.json itself, of which everything here is derived."""
    node = _thing(
        "observable:File",
        told.id,
        description="The provenance report from which this graph is derived",
        createdBy=_to(told.prepared_by.id),
        objectCreatedTime=_time(told.prepared_at),
    )
    content = _content(told.id, told.size, "application/json", {"SHA256": told.sha256})
    return node | {"core:hasFacet": [_file_facet(told.id, "data/report.json", told.size), content]}


def _agent(agent: Agent) -> Iterator[Node]:
    """Who it is, the role, and that the one has the other: acts name the role."""
    kind = "identity:Identity" if agent.is_person else "identity:Organization"
    yield _thing(kind, agent.id, name=agent.name)
    yield _thing("role:Role", agent.in_role, name=agent.role)
    yield _relationship(part_of(agent.in_role, "has"), "core:Relationship", "Has_Role", agent.id, agent.in_role, True)


def _tool(tool: Tool) -> Node:
    return _thing("tool:Tool", tool.id, name=tool.name) | {"tool:version": tool.version}


def _exhibit(exhibit: Exhibit) -> Iterator[Node]:
    fields = exhibit.fields
    described = [f"{name}: {value}" for name, value in fields.items() if name not in ("title", "url", "final_url")]
    described += [f"{name}: withheld from this export" for name in exhibit.withheld]
    described += [f"content credentials: {exhibit.credentials}"] if exhibit.credentials else []
    described += exhibit.proofs
    record = _thing(
        "investigation:ProvenanceRecord",
        exhibit.id,
        name=fields.get("title", ""),
        description=described,
        object=_to(*(file.id for file in exhibit.files)),
    )
    yield record | {"investigation:exhibitNumber": str(exhibit.number)}
    for file in exhibit.described:
        yield _file(file)
    for name in ("url", "final_url"):
        if name in fields:
            yield from _address(exhibit, name, fields[name])


def _file(file: File) -> Node:
    content = _content(file.id, file.size, file.media_type, {"SHA256": file.sha256, "SHA512": file.sha512})
    node = _thing(
        "observable:File" if file.path else "observable:ContentData",
        file.id,
        description=", ".join(filter(None, (file.role, file.absence))),
    )
    return node | {"core:hasFacet": [_file_facet(file.id, file.path, file.size), content] if file.path else [content]}


def _file_facet(uuid: str, path: str, size: int) -> Node:
    return {
        "@id": _iri(part_of(uuid, "file")),
        "@type": "observable:FileFacet",
        "observable:fileName": path.rpartition("/")[2],
        "observable:filePath": path,
        "observable:sizeInBytes": size,
    }


def _content(uuid: str, size: int, media_type: str, digests: dict[str, str]) -> Node:
    hashes = [
        {
            "@id": _iri(part_of(uuid, name.lower())),
            "@type": "types:Hash",
            "types:hashMethod": name,
            "types:hashValue": {"@type": "xsd:hexBinary", "@value": value},
        }
        for name, value in digests.items()
    ]
    return {
        "@id": _iri(part_of(uuid, "content")),
        "@type": "observable:ContentDataFacet",
        "observable:hash": hashes,
        "observable:mimeType": media_type,
        "observable:sizeInBytes": size,
    }


def _address(exhibit: Exhibit, name: str, value: str) -> Iterator[Node]:
    """An address, and the originals that were downloaded from it."""
    uuid = part_of(exhibit.id, name)
    facet = {"@id": _iri(part_of(uuid, "address")), "@type": "observable:URLFacet", "observable:fullValue": value}
    yield _thing("observable:URL", uuid, description=name) | {"core:hasFacet": [facet]}
    for file in exhibit.originals:
        kind = "observable:ObservableRelationship"
        yield _relationship(part_of(uuid, file.id), kind, "Downloaded_From", file.id, uuid, True)


def _act(act: Act, told: Told) -> Node:
    reason = f": {act.reason}" if act.reason else ""
    node = _thing(
        "investigation:InvestigativeAction",
        act.id,
        name=act.type,
        description=f"Ledger entry {act.entry}, {act.outcome}{reason}",
    )
    used, made = _ends(act, told)
    said: Node = {
        "action:performer": {"@id": _iri(act.agent.in_role)},
        "action:startTime": _time(act.started) if act.started else None,
        "action:endTime": _time(act.time),
        "action:actionStatus": _STATUS.get(act.outcome),
        "action:instrument": _to(*(tool.id for tool in act.tools)),
        "action:object": _to(*used),
        "action:result": _to(*made),
    }
    return node | {name: value for name, value in said.items() if value}


def _ends(act: Act, told: Told) -> tuple[list[str], list[str]]:
    """What an act was about and what came of it; where the report names no files, the exhibits as a whole."""
    if act.match is not None and act.ruling:
        return [act.match.id], [part_of(act.match.id, str(act.entry))]
    if act.match is not None:
        return [told.exhibit(number).leading.id for number in (act.match.a, act.match.b)], [act.match.id]
    files = [file.id for file in act.used]
    made = [file.id for file in act.made]
    return files if files or made else [told.exhibit(number).id for number in act.exhibits], made


def _match(match: Match, told: Told) -> Iterator[Node]:
    """What the program found between two originals, and the rulings on it; no claim that one is a copy of the other."""
    a, b = told.exhibit(match.a), told.exhibit(match.b)
    kind = "observable:ObservableRelationship"
    found = _relationship(match.id, kind, match.finding, a.leading.id, b.leading.id, False)
    yield found | {"core:description": match.words}
    for ruling in match.shown["rulings"]:
        statement = f"{ruling['ruling']} (ledger entry {ruling['entry']})"
        note = _thing("core:Annotation", part_of(match.id, str(ruling["entry"])), description=ruling["note"])
        yield note | {"core:statement": statement, "core:object": _to(match.id)}


def _relationship(uuid: str, kind: str, what: str, source: str, target: str, directional: bool) -> Node:
    return _thing(kind, uuid, kindOfRelationship=what, source=_to(source), target=_to(target)) | {
        "core:isDirectional": directional
    }
