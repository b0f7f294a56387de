"""A group of copies for the page: questions with their answers, and the picture of what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from archiver.proof.lineage.copies import Edge
from archiver.proof.lineage.traits import Picture, Posted
from archiver.report.page import timeline
from archiver.report.wording import words


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim in words: `exhibits` are those of which it is true or that are in question, with the value of each.

    `left_out` says of those that are `missing` why they are.
    """

    question: str
    basis: str
    exhibits: tuple[tuple[int, str], ...]
    why: str
    missing: tuple[int, ...]
    left_out: str
    doubted: tuple[int, ...]


def answers(group: Mapping[str, Any]) -> list[Answer]:
    """Every claim of a group as report.json holds it."""
    values = {one["member"]: one for one in group["values"]}
    return [
        Answer(
            *words.CLAIMS[one["claim"]],
            exhibits=tuple((number, _value(one["claim"], values[number])) for number in one["members"]),
            why=words.WHYS.get(one["why"], ""),
            missing=tuple(one["missing"]),
            left_out=words.LEFT_OUT.get(one["claim"], words.NOT_KNOWN_OF),
            doubted=tuple(one["doubted"]),
        )
        for one in group["claims"]
    ]


def drawing(group: Mapping[str, Any], document: Mapping[str, Any]) -> Markup:
    """The group's picture, which holds no text from outside."""
    segments = {one["match"]: one["segments_ms"] for one in document["matches"]}
    edges = [
        Edge(str(one["a"]), str(one["b"]), one["by"], one["match"], one["entry"], segments[one["match"]])
        for one in group["links"]
    ]
    members = [str(number) for number in group["members"]]
    lengths = {str(one["member"]): one["picture"]["length_ms"] for one in group["values"] if "picture" in one}
    labels = {member: f"Exhibit {member}" for member in members}
    return Markup(timeline.svg(members, lengths, edges, labels))  # noqa: S704  numbers and words of ours


def _value(claim: str, value: Mapping[str, Any]) -> str:
    """What of an exhibit a claim rests on."""
    if claim == "first-posted":
        posted = Posted(**value["posted"])
        when = posted.first[:10] if posted.is_day else _moment(posted.first)
        return f"{when} (“{posted.field}” in what the site said)"
    if claim == "first-here":
        return f"entry {value['acquired']['entry']}, {_moment(value['acquired']['time'])}"
    if claim == "first-proved":
        return f"{_moment(value['proved']['time'])}, time stamp of entry {value['proved']['entry']}"
    if claim == "first-anchored":
        return f"before block {value['anchored']['block']}, anchor of entry {value['anchored']['entry']}"
    picture = Picture(**value["picture"])
    if claim == "longest":
        return f"{picture.length_ms / 1000:,.1f} s"
    if claim == "largest-picture":
        return f"{picture.width} × {picture.height}"
    made = {"camera": ", with the marks of a camera", "software": ", with the marks of a program"}
    return (
        f"{picture.rate / 1000:,.0f} kbit/s, {picture.bits_per_pixel:.2f} bits a pixel, {picture.codec or 'unknown'}"
        f"{made.get(picture.made_by, '')}"
    )


def _moment(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"
