"""report.html: the provenance document as a page for people. Self-contained; nothing in it can run or be fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from archiver.report import lineage_page, words
from archiver.report.pictures import Pictures, pairs, segments_shown
from archiver.report.text import visible
from archiver.report.withheld import ALWAYS

#: Names of what examination found, as people say them. What is not listed is shown under its own name.
_TECHNICAL = {
    "media_type": "Kind of file, by its content",
    "duration_seconds": "Length in seconds",
    "width": "Width in pixels",
    "height": "Height in pixels",
    "codecs": "Encoding",
    "created": "Time of making, as the file claims",
}
_FIELDS = {
    "url": "Address asked for",
    "final_url": "Address after redirects",
    "file_name": "File name at the source",
    "uploader": "Uploader, as the source says",
    "source": "Source, as whoever handed it in said",
    "location": "Place, as stated",
    "requested_by": "Asked for by",
    "note": "Note",
}
_ROLES = {
    "original": "Original",
    "exchange": "Record of the HTTP exchange",
    "info": "What the site said about it",
    "metadata": "Metadata found in the file",
    "fingerprint": "Fingerprint",
    "subtitles": "Subtitles",
    "thumbnail": "Preview picture from the site",
    "comments": "Comments under it",
    "snapshot": "Snapshot of the page",
    "pictures": "Pictures from the footage in this report",
}
#: Sealed fields that are no line of an exhibit.
_WITHHELD = {
    "agent": "Who did each act",
    "canonical_url": "Address as it is compared",
    "case": "Case",
    "path": "Where a file lay on the office's machine (in every report)",
    "title": "Title",
}


def render(document: Mapping[str, Any], pictures: Pictures) -> str:
    """The page. Everything that came from outside passes through autoescaping and `text.visible`."""
    import jinja2

    folder = resources.files("archiver.report").joinpath("templates")
    style = folder.joinpath("report.css").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        visible=visible, moment=_moment, clock=_clock, bytes=_bytes, halves=_halves, percent=_percent, ranges=_ranges
    )
    template = environment.from_string(folder.joinpath("report.html.jinja").read_text("utf-8"))
    by_number = {one["number"]: one for one in document["exhibits"]}
    return template.render(
        report=document,
        by_number=by_number,
        matches_of={number: _matches_of(document, number) for number in by_number},
        # The policy names the one style sheet by its digest, so that not even another style could be put in.
        style=style,
        style_digest=base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode(),
        picture=lambda number, moment: _data_uri(pictures.frames.get((number, moment))),
        missing=pictures.missing,
        pairs=pairs,
        answers=lineage_page.answers,
        drawing=lambda group: lineage_page.drawing(group, document),
        segments_shown=segments_shown,
        findings=words.FINDINGS,
        rulings=words.RULINGS,
        contradictions=words.CONTRADICTIONS,
        acts=words.ACTS,
        technical=_TECHNICAL,
        fields=_FIELDS,
        roles=_ROLES,
        changes=words.changes,
        error_rate=words.error_rate,
        withholds=_withholds(document["withheld"]),
        withheld_fields=[_WITHHELD.get(name, _FIELDS.get(name, name)) for name in document["withheld"]["fields"]],
    )


def _withholds(withheld: Mapping[str, Any]) -> bool:
    """Whether anything is withheld beside what always is."""
    return bool(set(withheld["fields"]) - ALWAYS or withheld["objects"] or withheld["metadata"])


def _matches_of(document: Mapping[str, Any], number: int) -> Sequence[Mapping[str, Any]]:
    return [one for one in document["matches"] if number in (one["a"], one["b"])]


def _data_uri(jpeg: bytes | None) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _moment(time: str) -> str:
    """A record's time to the second, as people read it."""
    return f"{time[:10]} {time[11:19]} UTC"


def _clock(milliseconds: int) -> str:
    """A position in footage: minutes, seconds, tenths; hours where there are any."""
    tenths = milliseconds // 100
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    shown = f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{hours}:{shown}" if hours else shown


def _bytes(size: int) -> str:
    """A size in bytes, grouped, and in larger units where that is easier to read."""
    grouped = f"{size:,}".replace(",", "\u202f")
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{grouped} bytes ({size / factor:.1f} {unit})"
    return f"{grouped} bytes"


def _halves(digest: str) -> list[str]:
    """A digest in lines that fit a page, without anything in it that would be copied along."""
    return [digest[at : at + 64] for at in range(0, len(digest), 64)]


def _ranges(numbers: Sequence[int]) -> str:
    """`0, 2 to 19, 21` for ascending numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join(" to ".join(map(str, run)) for run in runs)


def _percent(parts_per_million: int) -> str:
    return f"{parts_per_million / 10_000:.0f} %"
