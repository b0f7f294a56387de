"""Handing an item's files out to people: as copies, under usable names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import Acquisition, Holding, Item, Tool

#: Extensions by media type, for programs that go by names; anything else is `.bin`.
EXTENSIONS = {
    "video/mp4": "mp4", "video/webm": "webm", "video/x-matroska": "mkv", "video/mp2t": "ts", "video/quicktime": "mov",
    "video/x-msvideo": "avi", "video/x-flv": "flv", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/webm": "weba",
    "audio/ogg": "ogg", "audio/wav": "wav", "audio/x-wav": "wav", "audio/aac": "aac", "audio/flac": "flac",
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "image/avif": "avif", "application/json": "json", "application/pdf": "pdf", "text/html": "html",
    "text/plain": "txt", "text/vtt": "vtt", "application/x-subrip": "srt", "application/ttml+xml": "ttml",
    "text/x-ssa": "ass", "text/xml": "xml", "application/warc": "warc", "application/wacz": "wacz",
    "application/zip": "zip", "application/vnd.archiver.disclosure+json": "json",
}  # fmt: skip

_UNUSABLE = re.compile(r"[^\w .,()-]+|\.{2,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was handed out.

    A working copy is no object of the vault: it says what made it (`tools`) of which originals (their SHA-256).
    """

    path: Path
    role: str
    sha256: str
    derived_from: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()


def hand_out(vault: Vault, item_id: str, target: Path) -> list[Written]:
    """Copy an item's objects into `target`. Raises UsageError where a file of that name lies there already."""
    item = catalog.item(vault, item_id)
    acquisition = catalog.acquisition(vault, item.acquisition_id)
    return _copied(vault, file_stem(item), (*item.holdings, *acquisition.holdings), target)


def hand_out_attempt(vault: Vault, attempt: Acquisition, target: Path) -> list[Written]:
    """Copy what belongs to an attempt and to no item, such as a page's snapshot. Raises UsageError as `hand_out`."""
    return _copied(vault, attempt.id, attempt.holdings, target)


def _copied(vault: Vault, stem: str, holdings: Iterable[Holding], target: Path) -> list[Written]:
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for position, held in enumerate(holdings, start=1):
        extension = EXTENSIONS.get(held.object.media_type, "bin")
        path = target / f"{stem}.{position}.{held.role.value}.{extension}"
        with vault.store.open(held.object.sha256) as source, _new(path) as copy:
            shutil.copyfileobj(source, copy)
        written.append(Written(path, held.role.value, held.object.sha256))
    return written


def file_stem(item: Item) -> str:
    """A name that every file system takes: the item's id and what its title has in plain letters."""
    words = _UNUSABLE.sub("_", item.title)[:60].strip(" ._")
    return f"{item.id}-{words.replace(' ', '-')}" if words else item.id


def _new(path: Path):  # type: ignore[no-untyped-def]  # the type of open("xb") has no public name
    try:
        return path.open("xb")
    except FileExistsError:
        raise UsageError(f"{path} is there already", next_step="Name an empty folder") from None
