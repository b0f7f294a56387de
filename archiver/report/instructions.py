"""VERIFY.txt: how to check a bundle with ordinary tools, for this bundle's key and entry."""

from __future__ import annotations

import textwrap
from importlib import resources

from archiver.proof import stamped
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
        stamps=_stamps(records),
    )


def _stamps(records: Records) -> str:
    if not records.stamps:
        return "This bundle holds no time stamp: times in it rest on the clock of the archiving office."
    commands = [f"  {stamped.command(one.stamp.entry, one.stamp.time)}" for one in records.stamps]
    return "\n".join([*_STAMPED, *commands, *_STAMPED_END])


_STAMPED = (
    "Time stamps (RFC 3161). verify.pyz checks that each token is of a checkpoint that this bundle",
    "    contains and that the ledger tells of it; it does not check the authority's signature. OpenSSL",
    "    does, with the authority's root certificate (ROOT.pem), which you get from the authority itself.",
    "    So does `archiver verify BUNDLE --tsa-roots ROOT.pem`.",
    "",
)
_STAMPED_END = (
    "",
    "    Each prints `Verification: OK`. -attime judges the certificates at the time of the token: today",
    "    they may have ended. With -data data/ledger/timestamps/NUMBER.checkpoint in place of -queryfile it",
    "    is checked against the signed checkpoint itself.",
)
