"""report.html: the provenance document as a page for people. Self-contained; nothing in it can run or be fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from archiver.report.page import lineage_page
from archiver.report.pictures import Pictures, pairs, segments_shown
from archiver.report.withholding.withheld import withholds
from archiver.report.wording import figures, foreign, labels, prose, words
from archiver.report.wording.text import visible


def render(document: Mapping[str, Any], pictures: Pictures) -> str:
    """The page. Everything that came from outside passes through autoescaping and `text.visible`."""
    import jinja2

    folder = resources.files("archiver.report").joinpath("templates")
    style = folder.joinpath("report.css").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        visible=visible,
        moment=figures.moment,
        clock=figures.clock,
        bytes=figures.size,
        halves=figures.halves,
        percent=figures.percent,
        ranges=figures.ranges,
        note_text=figures.note_text,
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
        technical=labels.technical,
        fields=labels.FIELDS,
        roles=labels.ROLES,
        foreign=foreign.facts,
        foreign_note=foreign.NOTE,
        foreign_no_file=foreign.NO_FILE,
        changes=words.changes,
        blurred=words.blurred,
        error_rate=words.error_rate,
        withholds=withholds(document["withheld"]),
        withheld_fields=[labels.field(name) for name in document["withheld"]["fields"]],
        prose=prose,
    )


def _matches_of(document: Mapping[str, Any], number: int) -> Sequence[Mapping[str, Any]]:
    return [one for one in document["matches"] if number in (one["a"], one["b"])]


def _data_uri(jpeg: bytes | None) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""
