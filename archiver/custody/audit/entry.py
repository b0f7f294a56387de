"""One entry by itself: spelt canonically, valid, with its own leaf, and opened only by its own disclosures. Pure."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any

from archiver.custody import ledger
from archiver.custody.audit import reading
from archiver.model import SEALED_FIELDS, EventType
from archiver.proof import canonical
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import merkle

#: A row of the table `entry`: number, body and recorded leaf hash, as far as they are the bytes that they should be.
Row = tuple[int, object, object]

#: A row of the table `disclosure`: its entry's number, name, salt and value.
Opening = tuple[int, str, str, str]

#: What an entry tells of: the kind of row ("request", "acquisition", "item", "match", "hashlist") and its id.
Mention = tuple[str, str]

_NAMES = frozenset(SEALED_FIELDS)
#: From base64 to its URL-safe alphabet (RFC 4648 section 5).
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SALT = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)

#: In the place of a leaf hash that cannot be computed; no leaf hashes to it.
_NO_LEAF = bytes(merkle.HASH_BYTES)

#: An attempt that recovery ended, and a match's items, are told by id as everything else.
_KINDS = ("request", "acquisition", "item", "match")


@dataclass(frozen=True, slots=True)
class Examined:
    """What one entry says, as far as the audit needs it. `leaf` is computed from the body."""

    seq: int
    leaf: bytes
    time: str = ""
    subjects: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    objects: tuple[tuple[str, str, int, str], ...] = ()  # SHA-256, SHA-512, size, media type
    checkpoint: tuple[int, str, str] | None = None  # size, root and digest of the note, of a "checkpoint issued"
    has_agent: bool = True  # whether the vault can open who acted
    behind_ms: int = 0  # how far the clock stood before an earlier entry's time
    forgotten: tuple[tuple[int, str], ...] = ()  # (entry, field) of each, of a deletion
    faults: tuple[Fault, ...] = field(default=())


def examine(row: Row, openings: Sequence[Opening]) -> Examined:
    """Look at one entry with the disclosures that the vault keeps for it."""
    seq, body, recorded = row
    name = f"entry {seq}"
    if not isinstance(body, bytes) or not isinstance(recorded, bytes):
        return Examined(seq, _NO_LEAF, faults=(Fault("entry-invalid", name, "the entry's row holds no bytes"),))
    leaf = merkle.leaf_hash(body)
    faults = []
    if leaf != recorded:
        faults.append(Fault("leaf-altered", name, "the recorded leaf hash is not that of the entry's bytes"))
    entry = reading.read(body)
    if entry is None or entry["sealed"] != sorted(entry["sealed"]):
        try:
            entry = canonical.decode(body)
        except ProofError as error:
            return Examined(seq, leaf, faults=(*faults, Fault("entry-invalid", name, error.message)))
        wrong = list(_invalid(entry))
        if wrong:
            return Examined(seq, leaf, faults=(*faults, *(Fault("entry-invalid", name, text) for text in wrong)))
    faults += _unopened(name, entry["sealed"], openings)
    return Examined(
        seq,
        leaf,
        entry["time"],
        tuple(ledger.subjects_of(entry)),
        tuple(_mentions(entry)),
        tuple((o["sha256"], o["sha512"], o["size"], o["media_type"]) for o in entry.get("objects", ())),
        _checkpoint(entry),
        any(opening[1] == "agent" for opening in openings),
        entry.get("clock_behind_ms", 0),
        tuple(map(tuple, entry["detail"]["fields"])) if entry["type"] == EventType.DELETION else (),
        tuple(faults),
    )


def _invalid(entry: Any) -> Iterator[str]:
    found = list(ledger.faults_of(entry))
    yield from found[:5]
    if not found and entry["sealed"] != sorted(entry["sealed"]):
        yield "the commitments are not sorted, so that their order tells something"


def _unopened(subject: str, sealed: Sequence[str], openings: Sequence[Opening]) -> Iterator[Fault]:
    for _, name, salt, value in openings:
        # Byte for byte what `proof.disclosure` makes and reads, in a third of the time.
        if name not in _NAMES or not _SALT.fullmatch(salt):
            yield Fault("disclosure-malformed", subject, f"the disclosure of {name[:40]!r} is not of the right form")
            continue
        array = f'["{salt}","{name}",{encode_basestring(value)}]'.encode("utf-8", "surrogatepass")
        opening = b2a_base64(array, newline=False).translate(_URL_SAFE, b"=")
        commitment = b2a_base64(sha256(opening).digest(), newline=False).translate(_URL_SAFE, b"=")
        if commitment.decode("ascii") not in sealed:
            yield Fault("disclosure-foreign", subject, f"the disclosure of {name[:40]!r} does not open this entry")


def _mentions(entry: Mapping[str, Any]) -> Iterator[Mention]:
    for kind in _KINDS:
        # An attempt whose leftovers were taken up may never have become an acquisition.
        if kind in entry and (kind != "acquisition" or entry["type"] != EventType.RECOVERY):
            yield kind, entry[kind]
    detail = entry.get("detail", {})
    if entry["type"] == EventType.MATCH:
        yield "item", detail["a"]
        yield "item", detail["b"]
    elif entry["type"] == EventType.LIST_IMPORT:
        yield "hashlist", detail["list"]
    elif entry["type"] == EventType.DISSEMINATION:
        for item in detail["items"]:
            yield "item", item


def _checkpoint(entry: Mapping[str, Any]) -> tuple[int, str, str] | None:
    if entry["type"] != EventType.CHECKPOINT:
        return None
    detail = entry["detail"]
    return detail["size"], detail["root"], detail["note_sha256"]
