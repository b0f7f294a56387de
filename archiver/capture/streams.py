"""How a stream is fetched: whole, in segments or live, and what is known of it before that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from yt_dlp.downloader import get_suitable_downloader
from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.downloader.ism import IsmFD
from yt_dlp.networking.common import Request

from archiver.capture import pages, reasons
from archiver.capture.live import LiveHls
from archiver.capture.segments import SegmentedDash, SegmentedHls, SegmentedIsm, with_advertisements
from archiver.capture.whole import WholeFD
from archiver.capture.wire import Stop
from archiver.errors import CaptureError

_OURS = {HttpFD: WholeFD, HlsFD: SegmentedHls, DashSegmentsFD: SegmentedDash, IsmFD: SegmentedIsm}


@dataclass(frozen=True, slots=True)
class Way:
    """A downloader's class with the `info` that it is to work from.

    `verbatim` is False where the file will not be made of the bodies as they came; `about` is the beginning of what the
    item's record says of this stream.
    """

    kind: Any
    info: dict[str, Any]
    segmented: bool = False
    verbatim: bool = True
    about: dict[str, Any] = field(default_factory=dict)


def way(ydl: Any, info: dict[str, Any]) -> Way:
    """The way to fetch `info`. Raises Stop where there is none."""
    status = info.get("live_status")
    if status == "is_upcoming":
        raise Stop(upcoming())
    live = bool(info.get("is_live")) or status == "is_live"
    kind = get_suitable_downloader({**info, "is_live": None}, ydl.params)
    if kind is HlsFD:
        return _hls(ydl, info)
    if live:
        raise Stop(reasons.failure("live-stream", "it is a live stream of a kind that cannot be recorded"))
    if kind not in _OURS:
        raise Stop(reasons.failure("unsupported-protocol", f"it comes over {str(info.get('protocol'))[:40]}"))
    return Way(_OURS[kind], info, segmented=kind is not HttpFD, verbatim=kind is not IsmFD)


def upcoming() -> CaptureError:
    """The failure for a stream that was only announced."""
    return reasons.failure("live-stream", "it is announced as a live stream and has not begun")


def _hls(ydl: Any, info: dict[str, Any]) -> Way:
    """The playlist is read first: it says whether the stream has an end, and whether its segments are encrypted."""
    answer = ydl.urlopen(Request(info["url"], None, info.get("http_headers") or {}))
    data: bytes = answer.read()
    if pages.is_page(data[: pages.HEAD_BYTES]):
        raise ydl.wire.stop(reasons.failure("not-media", "the playlist is a page"))
    text = data.decode("utf-8", "ignore")
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise ydl.wire.stop(reasons.failure("broken-answer", "the playlist is none"))
    about = {"playlist": {"url": answer.url, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}
    ended = "#EXT-X-ENDLIST" in text or info.get("ext") == "vtt"
    kind = SegmentedHls if ended else LiveHls
    put_together = "METHOD=AES-128" in text or info.get("ext") == "vtt"
    prepared = {**info, "url": answer.url, "is_live": None, "hls_media_playlist_data": with_advertisements(text)}
    return Way(kind, prepared, segmented=True, verbatim=not put_together, about=about)
