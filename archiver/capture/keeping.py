"""What came of a download, made durable: originals, their JSON beside them, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from archiver.capture import pages, plain, reasons
from archiver.capture.downloader import Downloader, Obtained
from archiver.capture.exchange import Exchange
from archiver.capture.info import info_json
from archiver.capture.job import FetchedFile, FetchedItem, FetchJob, sync_folder, write_durably
from archiver.capture.placing import place
from archiver.capture.wire import Wire
from archiver.errors import CaptureError
from archiver.model import Role

_LABEL_CHARACTERS = 200
_HTML = ("text/html", "application/xhtml+xml")
_MANIFESTS = (
    "application/dash+xml",
    "application/f4m+xml",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-sstr+xml",
    "application/x-mpegurl",
    "audio/mpegurl",
    "audio/x-mpegurl",
)
_HEAD_BYTES = 512


def keep(job: FetchJob, ydl: Downloader, wire: Wire) -> tuple[FetchedItem, ...]:
    """Make durable what came, with its JSON beside it."""
    items = []
    for number, one in enumerate(ydl.obtained, start=1):
        files = [_durable(job.folder, name, Role.ORIGINAL, label) for name, label in one.files]
        if (refused := _refusal(job.folder, one, files, wire)) is not None:
            ydl.failures.insert(0, (str(one.info.get("webpage_url") or ""), refused))
            continue
        files += [_durable(job.folder, extra.name, extra.role, extra.label) for extra in one.extras]
        files = [replace(file, sha256=_claimed(job.folder / file.name, one, ydl, wire)) for file in files]
        info_name = f"info-{number:05d}.json"  # files of the source's begin with a digit
        write_durably(job.folder, info_name, info_json(one.info, one.streams))
        files.append(FetchedFile(info_name, Role.INFO, "", (job.folder / info_name).stat().st_size))
        items.append(_item(job, one, tuple(files), wire))
    sync_folder(job.folder)
    return tuple(items)


def _item(job: FetchJob, one: Obtained, files: tuple[FetchedFile, ...], wire: Wire) -> FetchedItem:
    info, most = one.info, job.limits.title_characters
    url = info.get("webpage_url")
    served = [exchange.url for exchange in wire.exchanges if exchange.for_file or exchange.reused_for_file]
    chosen = info.get("url")
    final = chosen if isinstance(chosen, str) and "\n" not in chosen else (served[-1] if served else "")
    return FetchedItem(
        url=plain.text(url, job.limits.url_characters) or job.url,
        final_url=plain.text(final, job.limits.url_characters),
        title=plain.text(info.get("title"), most),
        uploader=plain.text(info.get("uploader") or info.get("channel"), most),
        files=files,
        note=_note(one),
    )


def _claimed(path: Path, one: Obtained, ydl: Downloader, wire: Wire) -> str:
    """What the record says that this file's digest is, "" where the record has the bodies themselves."""
    file = next((known for known in reversed(wire.files) if known.name == path.name), None)
    if file is None or wire.recorder is None:
        return ""
    placed = place(file, path, wire.recorder)
    if not placed.is_accounted_for:
        ydl.failures.append((str(one.info.get("webpage_url") or ""), reasons.failure("record-incomplete")))
    return placed.sha256


def _note(one: Obtained) -> str:
    lives = [stream["live"] for stream in one.streams if "live" in stream]
    return " ".join(
        f"Recording of a live stream from {live['from']} to {live['to']}: {live['ended_by']}"
        + (f", {_gaps(len(live['gaps']))}." if live.get("gaps") else ".")
        for live in lives
    )


def _gaps(count: int) -> str:
    return "1 gap" if count == 1 else f"{count} gaps"


def _refusal(folder: Path, one: Obtained, files: Sequence[FetchedFile], wire: Wire) -> CaptureError | None:
    """Why what came is no footage, picture or document; None where it is."""
    if one.info.get("direct") and _is_page(folder / files[0].name, wire):
        return reasons.failure("no-media")
    for file, stream in zip(files, one.streams, strict=True):
        with open(folder / file.name, "rb") as opened:
            head = opened.read(pages.HEAD_BYTES)
            if pages.is_page(head):
                return reasons.failure("not-media", "what the server called media is an HTML page")
            # A document in JSON is archived as it is where nobody calls it a film.
            if one.info.get("direct") and not pages.promises_media(stream.get("content_type", "")):
                continue
            if pages.is_json(head + opened.read(pages.JSON_BYTES)):
                return reasons.failure("not-media", "what the server called media is an answer for programs (JSON)")
    return None


def _durable(folder: Path, name: str, role: Role, label: str) -> FetchedFile:
    """The file as it lies there, on the disk and not only in memory."""
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{name} is no plain file")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return FetchedFile(name, role, plain.text(label, _LABEL_CHARACTERS), found.st_size)


def says_html(exchange: Exchange) -> bool:
    """Whether the server calls it a page."""
    return _media_type(exchange) in _HTML


def is_no_document(exchange: Exchange) -> bool:
    """Whether the server calls it a page or a manifest: what matters is behind these, not in them."""
    return _media_type(exchange) in (*_HTML, *_MANIFESTS)


def _media_type(exchange: Exchange) -> str:
    return exchange.header("content-type").partition(";")[0].strip().lower()


def _is_page(path: Path, wire: Wire) -> bool:
    """Text that the server calls HTML is a page, also where it has no tag at its beginning."""
    served = [one for one in wire.exchanges if (one.for_file or one.reused_for_file) and one.status]
    if not served or not says_html(served[-1]):
        return False
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    return not any(byte < 0x20 and byte not in b"\t\n\f\r\x1b" for byte in head)


def sweep(folder: Path, keep_names: frozenset[str]) -> None:
    """Remove what an earlier, interrupted try or a failed stream left, so that it is never spliced into a new one."""
    for entry in os.scandir(folder):
        if entry.name not in keep_names and (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
            os.unlink(entry.path)
