"""From files in a working folder to an item's objects: kept untouched, then examined, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver import standard
from archiver.custody.store import Digests, Store
from archiver.examine import media_type
from archiver.model import Examined, Holding, Role, StoredObject

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner
    from archiver.examine.record import FingerprintRecord

JSON_TYPE = "application/json"
_TEXT_TYPES = {
    ".vtt": "text/vtt", ".srt": "application/x-subrip", ".ttml": "application/ttml+xml", ".ass": "text/x-ssa",
    ".ssa": "text/x-ssa", ".dfxp": "application/ttml+xml", ".json": JSON_TYPE, ".json3": JSON_TYPE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """The holdings of one item, with what examination says of them."""

    holdings: tuple[Holding, ...]
    examined: Examined
    summary: dict[str, Any]
    incomplete: tuple[str, ...] = ()  # in words, of each original that ends before its stated end


def keep_and_examine(
    store: Store, examiner: Examiner, originals: Sequence[tuple[Digests, str]], others: Sequence[Holding] = ()
) -> Kept:
    """Examine originals that lie in the store (with the names that their source gave them), and keep what comes out.

    `others` are holdings that stand beside them unexamined, such as the extractor's JSON.
    """
    examination = examiner.examine([(store.path(digests.sha256), name) for digests, name in originals])
    holdings = [
        Holding(stored(digests, record.media_type), Role.ORIGINAL, name)
        for (digests, name), record in zip(originals, examination.files, strict=True)
    ]
    holdings.extend(others)
    if examination.metadata:
        holdings.append(Holding(stored(store.put(examination.metadata), JSON_TYPE), Role.METADATA))
    holdings.extend(keep_fingerprint(store, fingerprint) for fingerprint in examination.fingerprints)
    examined = Examined(
        sandbox=examination.sandbox,
        tools=examination.tools,
        warnings=tuple(dict.fromkeys(warning.code for warning in examination.warnings)),
        algorithms=tuple(dict.fromkeys(fingerprint.algorithm for fingerprint in examination.fingerprints)),
    )
    incomplete = tuple(one.message for one in examination.warnings if one.code == "media-incomplete")
    return Kept(tuple(holdings), examined, examination.summary(), incomplete)


def keep_fingerprint(store: Store, fingerprint: FingerprintRecord) -> Holding:
    """Keep a fingerprint under the name of its algorithm."""
    kind = standard.MEDIA_TYPE if fingerprint.algorithm in standard.ALGORITHMS else "application/octet-stream"
    return Holding(stored(store.put(fingerprint.blob), kind), Role.FINGERPRINT, fingerprint.algorithm)


def keep_file(store: Store, path: Path, role: Role, media_type: str = JSON_TYPE) -> Holding:
    """Keep one of our own files, such as the record of an exchange."""
    return Holding(stored(store.take(path), media_type), role)


def type_beside(path: Path, role: Role) -> str:
    """The media type of what a page offers beside its footage.

    By its first bytes; kinds of text, which all look alike, by the ending that the source gave.
    """
    if role is Role.COMMENTS:
        return JSON_TYPE
    with path.open("rb") as file:
        found = media_type.sniff(file.read(media_type.HEAD_BYTES))
    if found in ("text/plain", "text/xml"):
        return _TEXT_TYPES.get(path.suffix, found)
    return found


def stored(digests: Digests, kind: str) -> StoredObject:
    """The model's object for what the store holds."""
    return StoredObject(digests.sha256, digests.sha512, digests.size, kind)
