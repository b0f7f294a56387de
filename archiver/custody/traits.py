"""What an item's own objects say that tells copies apart: when a platform claims it was posted, and how it is encoded.

Read from the extractor's JSON and the metadata document, which tell what hostile servers and files said: a value of the
wrong kind is one that is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from archiver.custody import catalog
from archiver.custody.timestamps import anchors, stamps
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.timestamps.stamps import Stamp
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError
from archiver.model import EventType, Holding, Item, Role, timestamp
from archiver.proof.lineage.traits import Copy, Picture, Posted

#: As capture and examination write them at most; parsed, JSON takes some twenty times its length.
MAX_BYTES = 32 * 1024**2

#: Seconds since 1970 that a platform's time can be: up to the year 2100.
_MAX_SECONDS = 4_102_444_800

#: yt-dlp's fields, the exact ones first.
_MOMENTS = ("timestamp", "release_timestamp")
_DAYS = ("upload_date", "release_date")

_CAMERA_TAGS = frozenset({"Make", "Model", "AndroidVersion", "AndroidModel"})
_SOFTWARE_TAGS = frozenset(
    {"Encoder", "EncodingSettings", "WritingApp", "MuxingApp", "CompressorName", "Software", "CreatorTool"}
)
#: Programs and libraries that encode anew or pack anew. Cameras name themselves otherwise.
_SOFTWARE = re.compile(
    r"Lav[fc]|x26[45]|ffmpeg|HandBrake|libmkv|libwebm|GPAC|Adobe|Premiere|Final Cut|iMovie|CapCut|InShot|KineMaster|"
    r"VideoLAN|OBS|Google|YouTube|Facebook|Telegram|WhatsApp|TikTok|Twitter",
    re.IGNORECASE,
)


def copies(vault: Vault, items: Iterable[Item]) -> list[Copy]:
    """What is known of items, in the order in which they came. Raises EvidenceError where no entry says how one did."""
    stamped, anchored = stamps.listing(vault), anchors.listing(vault)
    return sorted((_copy(vault, item, stamped, anchored) for item in items), key=lambda copy: copy.entry)


def posted(vault: Vault, item: Item) -> Posted | None:
    """When the platform claims that it was posted."""
    for held in item.of_role(Role.INFO):
        told = _document(vault, held)
        for field in (*_MOMENTS, *_DAYS):
            span = _moment(told.get(field)) if field in _MOMENTS else _day(told.get(field))
            if span:
                return Posted(timestamp(span[0]), timestamp(span[1]), field, held.object.sha256)
    return None


def picture(vault: Vault, item: Item) -> Picture | None:
    """How the first original with pictures is encoded."""
    originals = item.of_role(Role.ORIGINAL)
    for held in item.of_role(Role.METADATA):
        files = _document(vault, held).get("files")
        if not isinstance(files, list) or len(files) != len(originals):
            continue
        for original, file in zip(originals, files, strict=True):
            facts = file.get("facts") if isinstance(file, dict) else None
            if isinstance(facts, dict) and _count(facts, "width") and _count(facts, "height"):
                is_still = original.object.media_type.startswith("image/")
                return Picture(
                    sha256=original.object.sha256,
                    size=original.object.size,
                    metadata=held.object.sha256,
                    width=_count(facts, "width"),
                    height=_count(facts, "height"),
                    frames=_count(facts, "frames"),
                    length_ms=0 if is_still else _count(facts, "duration_ms"),
                    codec=str(facts.get("codec", ""))[:40],
                    made_by=_made_by(file.get("exiftool")),
                )
    return None


def _copy(vault: Vault, item: Item, stamped: Sequence[Stamp], anchored: Sequence[Anchor]) -> Copy:
    entry, time = _taken_in(vault, item)
    stamp = stamps.first_over(stamped, entry)
    anchor = anchors.first_over(anchored, entry)
    is_anchored = anchor is not None and bool(anchor.blocks)
    return Copy(
        item=item.id,
        entry=entry,
        acquired=time,
        stamp=stamp.entry if stamp else -1,
        proved=stamp.time if stamp else "",
        anchor=anchor.entry if anchor and is_anchored else -1,
        block=anchor.blocks[0] if anchor and is_anchored else -1,
        posted=posted(vault, item),
        picture=picture(vault, item),
    )


def _taken_in(vault: Vault, item: Item) -> tuple[int, str]:
    for seq in catalog.entries_about(vault, item.id):
        body = json.loads(vault.ledger.entry(seq))
        if body["type"] == EventType.INGESTION and body.get("item") == item.id:
            return seq, body["time"]
    raise EvidenceError(f"the ledger has no ingestion of item {item.id}", next_step="Run `archiver verify`")


def _document(vault: Vault, held: Holding) -> Mapping[str, Any]:
    """The object as JSON; empty where it is no object of JSON, too long, or gone, which is for `verify` to say."""
    if held.object.size > MAX_BYTES:
        return {}
    try:
        untrusted = json.loads(vault.store.read(held.object.sha256))
    except (ValueError, RecursionError, EvidenceError):
        return {}
    return untrusted if isinstance(untrusted, dict) else {}


def _moment(untrusted: object) -> tuple[datetime, datetime] | None:
    if isinstance(untrusted, bool) or not isinstance(untrusted, int | float) or not 0 < untrusted < _MAX_SECONDS:
        return None
    at = datetime.fromtimestamp(int(untrusted), UTC)
    return at, at


def _day(untrusted: object) -> tuple[datetime, datetime] | None:
    """A day of UTC, as yt-dlp gives it."""
    if not isinstance(untrusted, str) or not re.fullmatch(r"[12][0-9]{7}", untrusted, re.ASCII):
        return None
    try:
        day = datetime.strptime(untrusted, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return day, day + timedelta(days=1, microseconds=-1)


def _count(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _made_by(untrusted: object) -> str:
    names = set(_signs(untrusted)) if isinstance(untrusted, dict) else set()
    return names.pop() if len(names) == 1 else ""


def _signs(block: Mapping[str, Any]) -> Iterator[str]:
    for name, tag in block.items():
        value = tag.get("val") if isinstance(tag, dict) else None
        last = name.rpartition(":")[2]
        if last in _CAMERA_TAGS and value:
            yield "camera"
        elif last in _SOFTWARE_TAGS and isinstance(value, str) and _SOFTWARE.search(value[:200]):
            yield "software"
