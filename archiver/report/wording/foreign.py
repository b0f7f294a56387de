"""What the report says of an exhibit that came from another office, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archiver.report.wording import figures, labels

_TRUST: Mapping[str, str] = {
    "given": "whoever received it says that they had that office's key through another channel",
    "policy": "the office that received it lists that office's key in its policy",
    "known": "under the key of an earlier bundle",
    "first-use": "nobody had confirmed that office's key",
}

#: In place of the files of an exhibit of which only digests came.
NO_FILE = "No file of it came: see above."

NOTE = (
    "What that office told of this exhibit lies in the bundle under that office's own signature, and the verifier"
    " checks it. It shows what was recorded there, not that it is true."
)


def facts(received: list[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """Label, value, remark and kind ("code", "lines" or "") of what each accession says.

    The name of the other office stands in its key.
    """
    for one in received:
        place = f"; {one['path']}" if "path" in one else "; its history is withheld"
        if "opens" in one:
            yield _field(
                one["field"], "opened there later", one.get("value", "withheld"), f"(entry {one['opens']} there)"
            )
            continue
        office = one["key"].partition("+")[0] if "key" in one else "another office (withheld)"
        checks = " ".join([one["verdict"], *one["faults"]])
        remark = (
            f"(entry {one['entry']}: exhibit {one['exhibit']} of the export that is entry {one['export']} there;"
            f" checks: {checks}; {_TRUST[one['trust']]}{place})"
        )
        yield "Received from", office, remark, ""
        for said in one.get("told", []):
            yield _field(said["field"], "told there", said["value"], f"(entry {said['entry']} of {said['origin']})")
        for missing in one.get("digests", []):
            what = f"{labels.ROLES[missing['role']]}, {missing['media_type']}, {figures.size(missing['size'])}"
            yield "Only the digest came", what, f"(SHA-256 {missing['sha256']})", ""


def _field(name: str, when: str, value: str, remark: str) -> tuple[str, str, str, str]:
    kind = "code" if name.endswith("url") else "lines" if name == "note" else ""
    return f"{labels.field(name)}, {when}", value, remark, kind
