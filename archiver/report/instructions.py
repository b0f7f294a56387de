"""VERIFY.txt: how to check a bundle with ordinary tools, for this bundle's key and entry."""

from __future__ import annotations

import textwrap
from importlib import resources

from archiver.report import words
from archiver.report.records import Records
from archiver.report.text import plain

_WIDTH = 96


def instructions(records: Records) -> str:
    """The text. It is written before the export's entry has a number, so it does not name it."""
    template = resources.files("archiver.report").joinpath("templates", "VERIFY.txt").read_text("utf-8")
    limits = [
        textwrap.fill(one, _WIDTH, initial_indent="* ", subsequent_indent="  ", break_on_hyphens=False)
        for one in words.LIMITS
    ]
    return template.format(
        exhibits=len(records.exhibits),
        key=plain(records.verifier_key),
        origin=plain(records.origin),
        limits="\n".join(limits),
    )
