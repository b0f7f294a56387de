"""Handing an item's files out to people: under usable names, as copies, with a merged file where streams are apart."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import Holding, Item, Role

#: Extensions by media type, for programs that go by names; anything else is `.bin`.
EXTENSIONS = {
    "video/mp4": "mp4", "video/webm": "webm", "video/x-matroska": "mkv", "video/mp2t": "ts", "video/quicktime": "mov",
    "video/x-msvideo": "avi", "video/x-flv": "flv", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/webm": "weba",
    "audio/ogg": "ogg", "audio/wav": "wav", "audio/x-wav": "wav", "audio/aac": "aac", "audio/flac": "flac",
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "application/json": "json", "application/pdf": "pdf", "text/html": "html", "text/plain": "txt",
    "application/warc": "warc",
}  # fmt: skip

_UNUSABLE = re.compile(r"[^\w .,()-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was handed out; `sha256` is empty for a merged one, which is no object."""

    path: Path
    role: str
    sha256: str


def hand_out(vault: Vault, item_id: str, target: Path) -> list[Written]:
    """Copy an item's objects into `target`. Raises UsageError where a file of that name lies there already."""
    item = catalog.item(vault, item_id)
    acquisition = catalog.acquisition(vault, item.acquisition_id)
    stem = file_stem(item)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for position, held in enumerate((*item.holdings, *acquisition.holdings), start=1):
        extension = "bin" if held.role is Role.FINGERPRINT else EXTENSIONS.get(held.object.media_type, "bin")
        path = target / f"{stem}.{position}.{held.role.value}.{extension}"
        with vault.store.open(held.object.sha256) as source, _new(path) as copy:
            shutil.copyfileobj(source, copy)
        written.append(Written(path, held.role.value, held.object.sha256))
    merged = _merged(vault, item, target / f"{stem}.merged-working-copy.mkv")
    return [*written, *([merged] if merged else [])]


def file_stem(item: Item) -> str:
    """A name that every file system takes: the item's id and what its title has in plain letters."""
    words = _UNUSABLE.sub("_", item.title)[:60].strip(" ._")
    return f"{item.id}-{words.replace(' ', '-')}" if words else item.id


def streams_apart(item: Item) -> tuple[Holding, Holding] | None:
    """The picture and the sound, where the source served them as two streams."""
    originals = item.of_role(Role.ORIGINAL)
    video = [held for held in originals if held.object.media_type.startswith("video/")]
    audio = [held for held in originals if held.object.media_type.startswith("audio/")]
    return (video[0], audio[0]) if len(video) == len(audio) == 1 else None


def _merged(vault: Vault, item: Item, path: Path) -> Written | None:
    streams = streams_apart(item)
    if streams is None:
        return None
    from archiver.examine.examiner import Examiner
    from archiver.examine.rendition import merge

    video, audio = (vault.store.path(held.object.sha256) for held in streams)
    with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
        reason = merge(examiner.sandboxes, video, audio, path)
    if reason == "exists":
        raise UsageError(f"{path} is there already", next_step="Name an empty folder")
    return None if reason else Written(path, "working copy", "")


def _new(path: Path):  # type: ignore[no-untyped-def]  # the type of open("xb") has no public name
    try:
        return path.open("xb")
    except FileExistsError:
        raise UsageError(f"{path} is there already", next_step="Name an empty folder") from None
