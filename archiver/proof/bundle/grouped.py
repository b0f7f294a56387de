"""The groups of copies of report.json: made once more from the bundle's entries and the values that the report gives.

Which exhibits hang together, what holds what, when each came and which is first by that, is derived from entries alone.
When a platform says it was posted, and how long and large footage is, stands in objects of which the entries hold the
digests; the report names the object of each value, and that is one of the exhibit's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archiver.proof import canonical
from archiver.proof.bundle import layout, matched
from archiver.proof.bundle.evidence import Evidence
from archiver.proof.bundle.exhibits import Exhibit
from archiver.proof.faults import ProofError
from archiver.proof.lineage import copies, lineage
from archiver.proof.lineage.copies import Link
from archiver.proof.lineage.traits import Copy, Picture, Posted
from archiver.proof.untrusted import rows, table, text, whole

_CODE = "report-malformed"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)


def differences(
    report: Mapping[str, Any], evidence: Evidence, exhibits: Mapping[int, Exhibit]
) -> Iterator[tuple[str, str]]:
    """Subject and message of each difference; reports of the first version have no groups. Raises ProofError."""
    if "lineage" not in report:
        return
    told = [table(one, _CODE) for one in rows(report["lineage"], _CODE)]
    numbers = {one.item: number for number, one in exhibits.items()}
    connected, cut = copies.edges(_links(evidence))
    expected = sorted(sorted(numbers.get(item, 0) for item in group) for group in copies.groups(connected))
    if sorted(sorted(_members(one)) for one in told) != expected:
        yield layout.REPORT_JSON, "the groups of copies of the report are not those of the ledger's entries"
        return
    shown = {
        whole(table(one, _CODE), "number", _CODE): table(one, _CODE) for one in rows(report.get("exhibits"), _CODE)
    }
    for one in told:
        subject = f"exhibit {_members(one)[0]}"
        try:
            values = [table(value, _CODE) for value in rows(one.get("values"), _CODE)]
            if [value.get("member") for value in values] != _members(one):
                raise ProofError(_CODE, "the report gives values of others than those that it puts together")
            group = [_copy(value, evidence, exhibits, shown) for value in values]
            made = lineage.document(group, connected, cut, lambda item: numbers.get(item, 0))
            if group != sorted(group, key=lambda copy: copy.entry) or canonical.encode(one) != canonical.encode(made):
                raise ProofError(_CODE, "the report tells of these copies otherwise than the entries and its values")
        except ProofError as error:
            yield subject, error.message
        except ValueError:  # a day that no calendar has
            yield subject, "the report, or an entry, gives a time that is none"


def _members(group: Mapping[str, Any]) -> Sequence[int]:
    members = rows(group.get("members"), _CODE)
    if not all(isinstance(one, int) for one in members):
        raise ProofError(_CODE, "a member of a group of copies is no exhibit's number")
    return members


def _links(evidence: Evidence) -> Iterator[Link]:
    places = {str(one.value.get("match")): one for one in evidence.entries.values() if one.type == "match"}
    for one in matched.judged(evidence):
        entry = places[one.match]
        segments = rows(entry.detail.get("segments_ms"), _CODE)
        if not all(isinstance(part, list) and list(map(type, part)) == [int] * 4 for part in segments):
            raise ProofError(_CODE, "an entry's segments are not four numbers each")
        yield Link(one, entry.seq, segments)


def _copy(
    value: dict[str, Any], evidence: Evidence, exhibits: Mapping[int, Exhibit], shown: Mapping[int, dict[str, Any]]
) -> Copy:
    """The values of one exhibit. Raises ProofError where an entry or an object says otherwise, or what the report shows
    of the exhibit's stamp and anchor, which are checked there.
    """
    number = whole(value, "member", _CODE)
    exhibit = exhibits.get(number)
    if exhibit is None:
        raise ProofError(_CODE, "a group of copies has a member that is no exhibit")
    taken = next((one for one in evidence.about_item.get(exhibit.item, ()) if one.type == "ingestion"), None)
    if taken is None or value.get("acquired") != {"entry": taken.seq, "time": taken.value["time"]}:
        raise ProofError(_CODE, f"the report gives another time than the entry at which exhibit {number} came")
    by = table(shown.get(number, {}).get("proved", {}), _CODE)
    stamp = (whole(by, "timestamp", _CODE), text(by, "time", _CODE)) if by else None
    if value.get("proved") != ({"entry": stamp[0], "time": stamp[1]} if stamp else None):
        raise ProofError(_CODE, f"the report gives another proved time of exhibit {number} than its stamp")
    below = table(shown.get(number, {}).get("anchored", {}), _CODE)
    anchor = (whole(below, "anchor", _CODE), whole(below, "block", _CODE)) if below else None
    if value.get("anchored") != ({"entry": anchor[0], "block": anchor[1]} if anchor else None):
        raise ProofError(_CODE, f"the report gives another block over exhibit {number} than its anchor")
    objects = {(one.role, one.sha256): one.size for one in exhibit.objects}
    posted = _posted(table(value["posted"], _CODE), objects) if "posted" in value else None
    picture = _picture(table(value["picture"], _CODE), objects) if "picture" in value else None
    return Copy(
        item=exhibit.item,
        entry=taken.seq,
        acquired=taken.value["time"],
        stamp=stamp[0] if stamp else -1,
        proved=stamp[1] if stamp else "",
        anchor=anchor[0] if anchor else -1,
        block=anchor[1] if anchor else -1,
        posted=posted,
        picture=picture,
    )


def _posted(value: dict[str, Any], objects: Mapping[tuple[str, str], int]) -> Posted:
    found = Posted(*(text(value, name, _CODE) for name in ("first", "last", "field", "sha256")))
    if not (_TIME.fullmatch(found.first) and _TIME.fullmatch(found.last)):
        raise ProofError(_CODE, "the time of a post is not of the right form")
    if ("info", found.sha256) not in objects:
        raise ProofError(_CODE, "the time of a post comes from no object of that exhibit")
    return found


def _picture(value: dict[str, Any], objects: Mapping[tuple[str, str], int]) -> Picture:
    found = Picture(
        sha256=text(value, "sha256", _CODE),
        size=whole(value, "size", _CODE),
        metadata=text(value, "metadata", _CODE),
        width=whole(value, "width", _CODE),
        height=whole(value, "height", _CODE),
        frames=whole(value, "frames", _CODE),
        length_ms=whole(value, "length_ms", _CODE),
        codec=text(value, "codec", _CODE),
        made_by=text(value, "made_by", _CODE),
    )
    if objects.get(("original", found.sha256)) != found.size or ("metadata", found.metadata) not in objects:
        raise ProofError(_CODE, "how footage is encoded comes from no object of that exhibit")
    return found
