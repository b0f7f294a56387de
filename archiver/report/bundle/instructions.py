"""VERIFY.txt: how to check a bundle with ordinary tools, for this bundle's key and entry."""

from __future__ import annotations

import textwrap
from importlib import resources

from archiver.proof.bundle import layout, stamped
from archiver.report.records import Anchored, Records
from archiver.report.wording import words
from archiver.report.wording.text import plain

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
        anchors=_anchors(records),
        signature="\n".join(_signature(records)),
    )


def _signature(records: Records) -> list[str]:
    if not records.signed:
        return ["report.pdf bears no signature of its own: like all files it hangs on the ledger's."]
    return [line.format(**records.signed) for line in _SIGNED]


def _stamps(records: Records) -> str:
    if not records.stamps:
        if records.anchors:
            return "This bundle holds no time stamp of an authority (RFC 3161)."
        return "This bundle holds no time stamp: times in it rest on the clock of the archiving office."
    commands = [f"  {stamped.command(one.stamp.entry, one.stamp.time)}" for one in records.stamps]
    return "\n".join([*_STAMPED, *commands, *_STAMPED_END])


def _anchors(records: Records) -> str:
    if not records.anchors:
        return "This bundle holds no anchor in Bitcoin."
    parts = [*_ANCHORED]
    for one in records.anchors:
        note, proof = (layout.anchor_path(one.anchor.entry, kind) for kind in ("checkpoint", "ots"))
        parts += [f"  ots verify -f {note} {proof}", *(f"    {line}" for line in _block(one))]
    return "\n".join([*parts, *_ANCHORED_END])


def _block(one: Anchored) -> list[str]:
    if not one.anchor.blocks:
        return ["pending: a calendar has promised a block. `ots upgrade` asks it, and changes the file"]
    if one.dated is None:
        return [f"Bitcoin block {' or '.join(map(str, one.anchor.blocks))}"]
    header = one.dated.header
    made = f"Bitcoin block {header.height}, made at {one.dated.time[:19]}Z by the header that the office gives:"
    return [made, header.hash]


_SIGNED = (
    "report.pdf bears a signature of its own ({profile}), by the certificate with this SHA-256:",
    "",
    "      {certificate_sha256}",
    "",
    "    Any reader of PDF that knows signatures checks it, and poppler's pdfsig:",
    "",
    "  pdfsig data/report.pdf",
    "",
    "    It says who issued the paper. Whether that certificate is to be believed, those know who know its",
    "    authority; the evidence hangs on the ledger's signature (3.4), not on this one.",
)

_ANCHORED = (
    "Anchors (OpenTimestamps). A proof leads from a checkpoint's digest to the Merkle root of a Bitcoin",
    "    block: what the checkpoint covers was there before that block was made. verify.pyz follows the",
    "    proof; give it the header of the block from a source that you believe, and it compares the root",
    "    and tells the block's time. FILE has lines `HEIGHT HEX`, with the header's 80 bytes in hex:",
    "",
    "  python3 -I data/verify.pyz . --block-headers FILE",
    "",
    "    A Bitcoin node gives a header by `bitcoin-cli getblockheader $(bitcoin-cli getblockhash HEIGHT) false`.",
    "    The client of the OpenTimestamps project does all of this where it can reach a Bitcoin node:",
    "",
)
_ANCHORED_END = (
    "",
    "    Compare the block's header with more than one source: whoever sends you a header of his own making",
    "    can say any time. Miners may set a block's time up to two hours off.",
)

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
