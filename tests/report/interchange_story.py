"""Reports for the tests of interchange: that of a bundle, and the same with a stranger's worst strings in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archiver.proof import canonical
from archiver.proof.bundle import layout

#: Each would end, hide or start something in one of the forms.
HOSTILE = (
    "\x00\x08\x0b\x1b[31m\x7f\x85\ufffe\uffff",
    "\r\n\t",
    "]]><!-- --><?xml ?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;&#0;",
    '"}],"@graph":[{"@id":"urn:uuid:00000000-0000-0000-0000-000000000000"}]',
    "\u202e gnp.exe \u2066",
    "Площадь 广场 ساحة 🎥",
)
TITLE = "=HYPERLINK(\"http://evil.example\",'x')" + "".join(HOSTILE)
NAMED = "@SUM(1+1)*cmd|' /C calc'!A0"


def hostile(report: bytes) -> bytes:
    """The report with such strings wherever strangers' words can stand."""
    shown = json.loads(report)
    first = shown["exhibits"][0]
    first["fields"]["title"]["value"] = TITLE
    first["fields"]["uploader"]["value"] = NAMED
    first["fields"]["url"]["value"] = "javascript:alert(1)//\x01 <a>{}|\\^`"
    first["fields"]["note"]["value"] = "\t=1+1"
    first["custody"][0]["agent"] = "\r=1+1\x02"
    shown["matches"][0]["rulings"][0]["note"] = "".join(HOSTILE)
    shown["case"] = "-2+3\ufffe"
    return canonical.encode(shown)


def withholding(report: bytes) -> bytes:
    """The report as it is where names and addresses and the exchange are withheld."""
    shown = json.loads(report)
    shown["withheld"]["fields"] = ["agent", "path", "title", "url"]
    shown["prepared_by"] = ""
    for exhibit in shown["exhibits"]:
        for name in ("title", "url"):
            exhibit["fields"][name] = {"entry": 6, "withheld": True}
        for row in exhibit["custody"]:
            row.pop("agent", None)
        for one in exhibit["objects"]:
            if one["role"] == "exchange":
                one.pop("path")
                one["withheld"] = "it may tell the url"
    return canonical.encode(shown)


def blurring(report: bytes) -> bytes:
    """The report as it is where a blurred copy stands in place of the first original."""
    shown = json.loads(report)
    first = shown["exhibits"][0]
    original = next(one for one in first["objects"] if one["role"] == "original")
    original.pop("path")
    original["withheld"] = "withheld because a blurred copy is in its place"
    original["blurred"] = {
        "path": "data/exhibits/001/original-1-blurred.mp4", "sha256": "b" * 64, "sha512": "b" * 128, "size": 9,
        "media_type": "video/mp4", "entry": 900, "hidden": "faces", "sound": "mute", "areas": 0, "faces": 1,
        "frames": 30, "frames_with_patches": 30,
    }  # fmt: skip
    first["custody"].append(
        {"entry": 900, "time": "2026-03-14T10:00:00.000000Z", "type": "redaction", "outcome": "success",
         "agent": "Nadia", "objects": [original["sha256"]], "tools": [{"name": "onnxruntime", "version": "1.32.0"}]}
    )  # fmt: skip
    return canonical.encode(shown)


def report_of(bundle: Path) -> bytes:
    """A bundle's report.json."""
    return (bundle / layout.REPORT_JSON).read_bytes()


def shown_in(bundle: Path) -> Any:
    """The same, parsed."""
    return json.loads(report_of(bundle))
