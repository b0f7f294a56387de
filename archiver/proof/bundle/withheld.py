"""What a bundle withholds is what its export's entry says: nothing of it is there, and copies stand for theirs.

An export before version 0.3 says nothing of it, and is held to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Evidence, read_json
from archiver.proof.bundle.exhibits import Exhibit
from archiver.proof.faults import ProofError
from archiver.proof.untrusted import rows, table, text, texts, whole

_CODE = "withheld-differs"
_COPY = "redacted-copy"


def check_withheld(bag: Bag, evidence: Evidence, exhibits: Mapping[int, Exhibit], faults: Faults) -> None:
    """Faults of what is withheld, and of the redacted copies."""
    told = evidence.export.detail.get("withheld") if evidence.export else None
    try:
        report = table(read_json(bag, layout.REPORT_JSON), _CODE)
        if report.get("withheld") != told:
            faults.add(_CODE, layout.REPORT_JSON, "the report does not say what the export's entry withholds")
        withheld = table({} if told is None else told, _CODE)
        kinds = texts(withheld.get("metadata", []), _CODE)
        _check_fields(set(texts(withheld.get("fields", []), _CODE)), evidence, faults)
        _check_objects(set(texts(withheld.get("objects", []), _CODE)), bag, faults)
        _check_copies(bag, report, exhibits, kinds, faults)
    except ProofError as error:
        if error.code != "file-missing":  # that is told where the report is read
            faults.of(error, layout.REPORT_JSON)


def _check_fields(names: set[str], evidence: Evidence, faults: Faults) -> None:
    for seq, entry in sorted(evidence.entries.items()):
        for name in sorted(names & set(entry.fields)):
            faults.add(_CODE, f"entry {seq}", f"a disclosure opens its {name}, which the export's entry withholds")


def _check_objects(roles: set[str], bag: Bag, faults: Faults) -> None:
    for path in sorted(bag.files):
        place = layout.EXHIBIT_PATH.fullmatch(path)
        if place and place[2] in roles:
            faults.add(_CODE, path, "the file is there, and the export's entry withholds it")


def _check_copies(
    bag: Bag, report: Mapping[str, Any], exhibits: Mapping[int, Exhibit], kinds: list[str], faults: Faults
) -> None:
    """Each copy is one that the report names beside an object that it withholds, and says of which it is one."""
    present = {path for path in bag.files if layout.REDACTED_PATH.fullmatch(path)}
    for shown in rows(report.get("exhibits"), _CODE):
        exhibit = exhibits.get(whole(table(shown, _CODE), "number", _CODE))
        for one in rows(shown.get("objects"), _CODE):
            if "redacted" in table(one, _CODE):
                present -= {_check_copy(bag, one, exhibit, kinds, faults)}
    for path in sorted(present):
        faults.add(_COPY, path, "the report does not name this copy")


def _check_copy(bag: Bag, one: dict[str, Any], exhibit: Any, kinds: list[str], faults: Faults) -> str:
    copy = table(one["redacted"], _CODE)
    path = text(copy, "path", _CODE)
    place, own = layout.REDACTED_PATH.fullmatch(path), bag.files.get(path)
    if exhibit is None or not place or not path.startswith(exhibit.folder) or place[2] != one.get("role") or not own:
        faults.add(_COPY, path, "the copy that the report names is not there, or not one of this exhibit's object")
        return path
    if (copy.get("sha256"), copy.get("size")) != (own.sha256, own.size):
        faults.add(_COPY, path, "the copy is not the one that the report names")
    try:
        document = json.loads(bag.read(path, layout.MAX_JSON_BYTES))
    except (ValueError, RecursionError, ProofError):
        document = None
    of = {"role": one["role"], "sha256": one.get("sha256")}
    if not isinstance(document, dict) or document.get("of") != of or document.get("withheld") != kinds:
        faults.add(_COPY, path, "the copy does not say of which object it is one, and what is left out")
    return path
