"""Blurred copies of a bundle: each is the one that an entry tells of, made of an original that the bundle withholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence, read_json
from archiver.proof.bundle.exhibits import Exhibit
from archiver.proof.faults import ProofError
from archiver.proof.untrusted import rows, table, text, whole

_CODE = "blurred-copy"
_TYPE = "redaction"
_COPIED = ("hidden", "sound", "faces", "frames", "frames_with_patches")


def check_blurred(bag: Bag, evidence: Evidence, exhibits: Mapping[int, Exhibit], faults: Faults) -> None:
    """Faults of blurred copies, and of what the report says of them."""
    present = {path for path in bag.files if layout.BLURRED_PATH.fullmatch(path)}
    try:
        report = table(read_json(bag, layout.REPORT_JSON), _CODE)
        for shown in rows(report.get("exhibits"), _CODE):
            exhibit = exhibits.get(whole(table(shown, _CODE), "number", _CODE))
            for one in rows(shown.get("objects"), _CODE):
                if "blurred" in table(one, _CODE):
                    present -= {_check_copy(bag, one, exhibit, evidence, faults)}
    except ProofError as error:
        if error.code != "file-missing":  # that is told where the report is read
            faults.of(error, layout.REPORT_JSON)
    for path in sorted(present):
        faults.add(_CODE, path, "the report does not name this copy")


def _check_copy(bag: Bag, one: dict[str, Any], exhibit: Exhibit | None, evidence: Evidence, faults: Faults) -> str:
    told = table(one["blurred"], _CODE)
    path = text(told, "path", _CODE)
    own = bag.files.get(path)
    if exhibit is None or own is None or not layout.BLURRED_PATH.fullmatch(path) or not path.startswith(exhibit.folder):
        faults.add(_CODE, path, "the copy that the report names is not there, or not one of this exhibit")
        return path
    if (told.get("sha256"), told.get("sha512"), told.get("size")) != (own.sha256, own.sha512, own.size):
        faults.add(_CODE, path, "the copy is not the one that the report names")
    if "path" in one or any(bag.files[name].sha256 == one.get("sha256") for name in exhibit.files):
        faults.add(_CODE, path, "the original is there, and a blurred copy was to stand in its place")
    entry = evidence.entries.get(whole(told, "entry", _CODE))
    if entry is None or not _tells(entry, exhibit.item, one):
        faults.add(_CODE, path, "the entry that the report names does not tell of a blurred copy of this original")
        return path
    result = table(entry.detail.get("result", {}), _CODE)
    if (result.get("sha256"), result.get("sha512"), result.get("size")) != (own.sha256, own.sha512, own.size):
        faults.add(_CODE, path, f"the copy is not the one that entry {entry.seq} tells")
    areas = rows(entry.detail.get("areas", []), _CODE)
    same = told.get("areas") == len(areas) and told.get("media_type") == result.get("media_type")
    if not same or any(told.get(name) != entry.detail.get(name) for name in _COPIED):
        faults.add(_CODE, path, f"the report says other things of the copy than entry {entry.seq}")
    return path


def _tells(entry: Entry, item: str, one: Mapping[str, Any]) -> bool:
    """Whether an entry tells of a copy of this object of this item."""
    originals = [(made.get("role"), made.get("sha256")) for made in entry.value.get("objects", [])]
    return (
        entry.type == _TYPE
        and entry.value["outcome"] == "success"
        and entry.value.get("item") == item
        and originals == [("original", one.get("sha256"))]
        and one.get("role") == "original"
    )
