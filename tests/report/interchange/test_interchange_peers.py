"""What programs and schemas of others say of the interchange files, also where strangers wrote the worst into them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from archiver.proof.bundle import layout
from archiver.report.interchange import derived
from tests.report.interchange_story import blurring, hostile, report_of, withholding

PREMIS = "{http://www.loc.gov/premis/v3}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

#: Children in the order of the PREMIS 3.0 schema (18 January 2016); those with a mark are there once at least.
ORDER = {
    "premis": "object! event! agent!",
    "representation": "objectIdentifier! preservationLevel significantProperties originalName storage relationship"
    " linkingEventIdentifier linkingRightsStatementIdentifier",
    "file": "objectIdentifier! preservationLevel significantProperties objectCharacteristics! originalName storage"
    " signatureInformation relationship linkingEventIdentifier linkingRightsStatementIdentifier",
    "event": "eventIdentifier! eventType! eventDateTime! eventDetailInformation eventOutcomeInformation"
    " linkingAgentIdentifier linkingObjectIdentifier",
    "agent": "agentIdentifier! agentName agentType agentVersion agentNote agentExtension linkingEventIdentifier",
    "objectIdentifier": "objectIdentifierType! objectIdentifierValue!",
    "eventIdentifier": "eventIdentifierType! eventIdentifierValue!",
    "agentIdentifier": "agentIdentifierType! agentIdentifierValue!",
    "significantProperties": "significantPropertiesType significantPropertiesValue!",
    "objectCharacteristics": "compositionLevel fixity size format! creatingApplication inhibitors",
    "fixity": "messageDigestAlgorithm! messageDigest! messageDigestOriginator",
    "format": "formatDesignation! formatRegistry formatNote",
    "formatDesignation": "formatName! formatVersion",
    "storage": "contentLocation! storageMedium",
    "contentLocation": "contentLocationType! contentLocationValue!",
    "relationship": "relationshipType! relationshipSubType! relatedObjectIdentifier! relatedEventIdentifier",
    "relatedObjectIdentifier": "relatedObjectIdentifierType! relatedObjectIdentifierValue!",
    "eventDetailInformation": "eventDetail!",
    "eventOutcomeInformation": "eventOutcome! eventOutcomeDetail",
    "eventOutcomeDetail": "eventOutcomeDetailNote!",
    "linkingEventIdentifier": "linkingEventIdentifierType! linkingEventIdentifierValue!",
    "linkingAgentIdentifier": "linkingAgentIdentifierType! linkingAgentIdentifierValue! linkingAgentRole",
    "linkingObjectIdentifier": "linkingObjectIdentifierType! linkingObjectIdentifierValue! linkingObjectRole",
}
REPEATED = (
    "object event agent objectIdentifier significantProperties fixity relationship relatedObjectIdentifier"
    " eventDetailInformation linkingEventIdentifier linkingAgentIdentifier linkingObjectIdentifier"
)

#: Terms of id.loc.gov/vocabulary/preservation that may stand where an element names the list.
TERMS = {
    "eventType": {
        "accession", "appraisal", "capture", "creation", "deletion", "dissemination", "fixity check", "ingestion",
        "message digest calculation", "metadata extraction", "redaction", "replication",
    },
    "agentType": {"hardware", "organization", "person", "software"},
    "eventOutcome": {"fail", "success", "warning"},
    "eventRelatedAgentRole": {"authorizer", "executing program", "implementer", "validator"},
    "eventRelatedObjectRole": {"outcome", "source"},
    "cryptographicHashFunctions": {"SHA-256", "SHA-512"},
    "relationshipType": {"derivation", "structural"},
    "relationshipSubType": {"has part", "has source", "is part of"},
}  # fmt: skip


@pytest.fixture(scope="module", params=["as it is", "hostile", "withholding", "blurring"])
def made(request: pytest.FixtureRequest, exported_bundle: Path) -> dict[str, bytes]:
    """The files of a report as it is, of one full of hostile strings, and of some that withhold."""
    change = {"hostile": hostile, "withholding": withholding, "blurring": blurring}.get(request.param, bytes)
    return derived(change(report_of(exported_bundle)))


# PREMIS: element order, occurrence and vocabularies, by a table of our own


def test_premis_has_the_elements_of_the_schema_in_its_order_and_terms_of_the_vocabularies(
    made: dict[str, bytes],
) -> None:
    root = ElementTree.fromstring(made[layout.PREMIS])
    assert (root.tag, root.attrib["version"]) == (f"{PREMIS}premis", "3.0")
    for element in root.iter():
        name = element.attrib.get(TYPE, element.tag.removeprefix(PREMIS))
        if name in ORDER:
            _assert_order(element, ORDER[name].split())
        else:
            assert len(element) == 0, f"{name} has children that no table knows"
            assert element.text
        if "authority" in element.attrib:
            assert element.text in TERMS[element.attrib["authority"]]


def _assert_order(element: Element, order: list[str]) -> None:
    names = [child.tag.removeprefix(PREMIS) for child in element]
    allowed = [one.rstrip("!") for one in order]
    assert names == sorted(names, key=allowed.index)
    assert {one.rstrip("!") for one in order if one.endswith("!")} <= set(names)
    assert not [name for name in set(names) if names.count(name) > 1 and name not in REPEATED.split()]


def test_every_link_of_premis_leads_to_something_of_the_file(made: dict[str, bytes]) -> None:
    root = ElementTree.fromstring(made[layout.PREMIS])

    def values(name: str) -> set[str]:
        found = [one.text or "" for one in root.iter(f"{PREMIS}{name}IdentifierValue")]
        assert found
        return set(found)

    assert values("linkingEvent") <= values("event")
    assert values("linkingAgent") <= values("agent")
    assert values("linkingObject") | values("relatedObject") <= values("object")


@pytest.mark.skipif(
    importlib.util.find_spec("meemoo_sip_validator") is None, reason="a package with the PREMIS schema is not installed"
)
def test_premis_is_valid_against_the_schema_of_the_library_of_congress(made: dict[str, bytes]) -> None:
    """The package is not among our dependencies: it brings a Java program. `pip install --no-deps` is enough here."""
    etree = pytest.importorskip("lxml.etree")
    found = importlib.util.find_spec("meemoo_sip_validator")
    assert found is not None
    assert found.origin is not None
    schema = etree.XMLSchema(etree.parse(Path(found.origin).parent / "assets" / "premis-3-0.xsd.xml"))
    schema.assertValid(etree.fromstring(made[layout.PREMIS]))


# PROV


def test_prov_reads_the_document_and_every_relation_leads_to_something_of_it(made: dict[str, bytes]) -> None:
    from prov.model import ProvDocument, ProvElement, ProvRelation

    document = ProvDocument.deserialize(content=made[layout.PROV].decode())
    names = {one.identifier for one in document.get_records(ProvElement)}
    relations = list(document.get_records(ProvRelation))
    shown = json.loads(made[layout.PROV])
    assert len(relations) == sum(len(shown[kind]) for kind in shown if kind not in ("prefix", *_ELEMENTS))
    assert len(names) == sum(len(shown[kind]) for kind in _ELEMENTS)
    assert {value for one in relations for _, value in one.formal_attributes if value} - names == set()
    assert ProvDocument.deserialize(content=document.serialize()) == document


_ELEMENTS = ("entity", "activity", "agent")


# CASE/UCO


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's, about itself
def test_case_validate_finds_no_violation_but_the_one_that_was_planted(exported_bundle: Path, tmp_path: Path) -> None:
    """All graphs in one run, because each takes seconds to load the ontology."""
    from case_utils.case_validate import validate

    report = report_of(exported_bundle)
    other = withholding(report).replace(b"office-a.example", b"office-b.example")  # so nothing has the same name
    planted = {
        "@context": {"types": "https://ontology.unifiedcyberontology.org/uco/types/"},
        "@id": "urn:uuid:0d4ef14c-1a9e-4c6b-8f4e-0a6e7f9d1c55",
        "@type": "types:Hash",
        "types:hashMethod": "SHA-512",
        "types:hashValue": {"@type": "http://www.w3.org/2001/XMLSchema#hexBinary", "@value": "00"},
    }
    graphs = (derived(hostile(report))[layout.CASE_GRAPH], derived(other)[layout.CASE_GRAPH])
    for number, data in enumerate((*graphs, json.dumps(planted).encode())):
        (tmp_path / f"{number}.jsonld").write_bytes(data)
    found = validate([str(path) for path in sorted(tmp_path.iterdir())], inference="none")
    assert "Results (1)" in found.text
    assert "HashNameVocab" in found.text
    assert not found.conforms
