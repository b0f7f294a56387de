"""premis.xml: the report as PREMIS 3.0 (loc.gov/standards/premis): objects, events, agents and what links them. Pure.

Elements stand in the order of the schema of 18 January 2016, terms are those of id.loc.gov/vocabulary/preservation
where that has one. An exhibit is a representation, its objects are files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from archiver.model import EventType
from archiver.report.interchange.told import Act, Agent, Exhibit, File, Told, Tool

_NAMESPACE = "http://www.loc.gov/premis/v3"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_VOCABULARY = "http://id.loc.gov/vocabulary/preservation/"

#: The nearest event type of PREMIS for acts that it has no word for; the act's own name is in the detail. As in
#: docs/formats.md; what has none keeps its own name, which PREMIS allows.
_NEAREST: Mapping[str, str] = {
    EventType.FINGERPRINT: EventType.METADATA,
    EventType.DECISION: "appraisal",
    EventType.RECOVERY: EventType.ACCESSION,
    EventType.VAULT_CREATION: "creation",
    EventType.DISCLOSURE: EventType.DISSEMINATION,
}

#: Event types that PREMIS has a word for, and those that stand in for others.
_KNOWN = frozenset(
    {
        EventType.CAPTURE, EventType.INGESTION, EventType.DIGEST, EventType.METADATA, EventType.FIXITY,
        EventType.REPLICATION, EventType.DISSEMINATION, EventType.DELETION, EventType.REDACTION, EventType.ACCESSION,
        *_NEAREST.values(),
    }
)  # fmt: skip

_OUTCOMES = {"success": "success", "failure": "fail"}

_ENTRY, _LOCAL, _DIGEST = "ledger entry", "UUID", "SHA-256"


def document(told: Told) -> bytes:
    """The XML document, in UTF-8."""
    root = Element(
        "premis",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": _INSTANCE,
            "xsi:schemaLocation": f"{_NAMESPACE} https://www.loc.gov/standards/premis/premis.xsd",
            "version": "3.0",
        },
    )
    events = {one.number: [act for act in told.acts if one.number in act.exhibits] for one in told.exhibits}
    for exhibit in told.exhibits:
        root.append(_representation(exhibit, events[exhibit.number]))
        root.extend(_file(file, exhibit, events[exhibit.number]) for file in exhibit.described)
    root.extend(_event(act, told) for act in told.acts)
    root.extend(map(_agent, {agent.id: agent for agent in told.agents}.values()))
    root.extend(map(_software, told.tools))
    ElementTree.indent(root, " ")
    return b"".join(ElementTree.tostringlist(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def text(value: str) -> str:
    """A value without the characters that XML 1.0 (2.2) cannot hold or that readers change: they become [U+XXXX]."""
    return "".join(one if _is_kept(ord(one)) else f"[U+{ord(one):04X}]" for one in value)


def _is_kept(code: int) -> bool:
    if code in (0x09, 0x0A):
        return True
    return 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _add(parent: Element, name: str, value: str = "", vocabulary: str = "") -> Element:
    """A child element. `vocabulary` is the list of id.loc.gov from which the value is."""
    said = {"authority": vocabulary, "authorityURI": _VOCABULARY + vocabulary} if vocabulary else {}
    child = SubElement(parent, name, said)
    if value:
        child.text = text(value)
    return child


def _identify(parent: Element, of: str, kind: str, value: str) -> Element:
    """`<ofIdentifier>` with its type and value."""
    identifier = _add(parent, f"{of}Identifier")
    _add(identifier, f"{of}IdentifierType", kind)
    _add(identifier, f"{of}IdentifierValue", value)
    return identifier


def _representation(exhibit: Exhibit, events: Iterable[Act]) -> Element:
    made = Element("object", {"xsi:type": "representation"})
    _identify(made, "object", _LOCAL, exhibit.id)
    _identify(made, "object", "exhibit number", str(exhibit.number))
    _identify(made, "object", "item", exhibit.item)
    told = {
        **exhibit.fields,
        **dict.fromkeys(exhibit.withheld, "(withheld)"),
        "content_credentials": exhibit.credentials,
    }
    for name, value in told.items():
        if value and (name != "title" or name in exhibit.withheld):
            property_ = _add(made, "significantProperties")
            _add(property_, "significantPropertiesType", name)
            _add(property_, "significantPropertiesValue", value)
    if "title" in exhibit.fields:
        _add(made, "originalName", exhibit.fields["title"])
    _relate(made, "structural", "has part", exhibit.files)
    _link_events(made, events)
    return made


def _file(file: File, exhibit: Exhibit, events: Iterable[Act]) -> Element:
    made = Element("object", {"xsi:type": "file"})
    _identify(made, "object", _LOCAL, file.id)
    _identify(made, "object", _DIGEST, file.sha256)
    role = _add(made, "significantProperties")
    _add(role, "significantPropertiesType", "role")
    _add(role, "significantPropertiesValue", ", ".join(filter(None, (file.role, file.absence))))
    _characteristics(made, file)
    if file.role == "original" and len(exhibit.originals) == 1 and "file_name" in exhibit.fields:
        _add(made, "originalName", exhibit.fields["file_name"])
    if file.path:
        location = _add(_add(made, "storage"), "contentLocation")
        _add(location, "contentLocationType", "path in the bundle")
        _add(location, "contentLocationValue", file.path)
    own = [act for act in events if file in (*act.used, *act.made)]
    sources = {one.id: one for act in own if file in act.made for one in act.used}
    _relate(made, "derivation", "has source", sources.values())
    _relate(made, "structural", "is part of", [exhibit] if file in exhibit.files else [])
    _link_events(made, own)
    return made


def _characteristics(parent: Element, file: File) -> None:
    characteristics = _add(parent, "objectCharacteristics")
    _add(characteristics, "compositionLevel", "0")
    for algorithm, digest in (("SHA-256", file.sha256), ("SHA-512", file.sha512)):
        fixity = _add(characteristics, "fixity")
        _add(fixity, "messageDigestAlgorithm", algorithm, "cryptographicHashFunctions")
        _add(fixity, "messageDigest", digest)
    _add(characteristics, "size", str(file.size))
    _add(_add(_add(characteristics, "format"), "formatDesignation"), "formatName", file.media_type)


def _relate(parent: Element, kind: str, subtype: str, objects: Iterable[File | Exhibit]) -> None:
    related = list(objects)
    if not related:
        return
    relationship = _add(parent, "relationship")
    _add(relationship, "relationshipType", kind, "relationshipType")
    _add(relationship, "relationshipSubType", subtype, "relationshipSubType")
    for one in related:
        identifier = _add(relationship, "relatedObjectIdentifier")
        _add(identifier, "relatedObjectIdentifierType", _LOCAL)
        _add(identifier, "relatedObjectIdentifierValue", one.id)


def _link_events(parent: Element, events: Iterable[Act]) -> None:
    for act in events:
        identifier = _add(parent, "linkingEventIdentifier")
        _add(identifier, "linkingEventIdentifierType", _ENTRY)
        _add(identifier, "linkingEventIdentifierValue", str(act.entry))


def _event(act: Act, told: Told) -> Element:
    made = Element("event")
    _identify(made, "event", _ENTRY, str(act.entry))
    kind = _NEAREST.get(act.type, act.type)
    _add(made, "eventType", kind, "eventType" if kind in _KNOWN else "")
    _add(made, "eventDateTime", act.time)
    for detail in _details(act):
        _add(_add(made, "eventDetailInformation"), "eventDetail", detail)
    outcome = _add(made, "eventOutcomeInformation")
    known = _OUTCOMES.get(act.outcome, "")
    _add(outcome, "eventOutcome", known or act.outcome, "eventOutcome" if known else "")
    if act.reason:
        _add(_add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", act.reason)
    _link(made, "Agent", act.agent.id, act.agent.role)
    for tool in act.tools:
        _link(made, "Agent", tool.id, "executing program", "eventRelatedAgentRole")
    for file in act.used:
        _link(made, "Object", file.id, "source", "eventRelatedObjectRole")
    for file in act.made:
        _link(made, "Object", file.id, "outcome", "eventRelatedObjectRole")
    if not (act.used or act.made):
        for number in act.exhibits:
            _link(made, "Object", told.exhibit(number).id, "source", "eventRelatedObjectRole")
    return made


def _details(act: Act) -> Iterator[str]:
    if act.type in _NEAREST:
        yield act.type
    if act.started:
        yield f"started at {act.started}"
    if act.match is not None:
        yield act.match.words
    if act.ruling:
        yield f"ruling: {act.ruling}"


def _link(parent: Element, what: str, uuid: str, role: str, vocabulary: str = "") -> None:
    identifier = _add(parent, f"linking{what}Identifier")
    _add(identifier, f"linking{what}IdentifierType", _LOCAL)
    _add(identifier, f"linking{what}IdentifierValue", uuid)
    _add(identifier, f"linking{what}Role", role, vocabulary)


def _agent(agent: Agent) -> Element:
    made = Element("agent")
    _identify(made, "agent", _LOCAL, agent.id)
    _add(made, "agentName", agent.name)
    _add(made, "agentType", "person" if agent.is_person else "organization", "agentType")
    return made


def _software(tool: Tool) -> Element:
    made = Element("agent")
    _identify(made, "agent", _LOCAL, tool.id)
    _add(made, "agentName", tool.name)
    _add(made, "agentType", "software", "agentType")
    _add(made, "agentVersion", tool.version)
    return made
