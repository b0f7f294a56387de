"""Streams in segments: fetched one after the other as they are served, each with its digest and its place on record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.ism import IsmFD

from archiver.capture import pages, reasons
from archiver.capture.whole import WholeFD
from archiver.capture.wire import Stop

#: Marks with which some sites tell players what is advertisement; yt-dlp leaves such segments out without a word.
_ADVERTISEMENT_MARKS = ("#ANVATO-SEGMENT-INFO", "#UPLYNK-SEGMENT")


class Segmented:
    """Mixed into a downloader of yt-dlp's: whole segments or none, and `segments` says what the file is made of."""

    ydl: Any
    params: dict[str, Any]

    def _prepare_frag_download(self, ctx: dict[str, Any]) -> None:
        # Nothing is taken up from an interrupted try, so there is no need of a state file for each segment.
        self.params = {**self.params, "_no_ytdl_file": True}
        super()._prepare_frag_download(ctx)  # type: ignore[misc]  # of the class that this is mixed into
        ctx["dl"] = WholeFD(self.ydl, ctx["dl"].params)

    def _download_fragment(self, ctx: dict[str, Any], frag_url: str, *arguments: Any, **options: Any) -> Any:
        self._url, self._received = frag_url, b""
        try:
            return super()._download_fragment(ctx, frag_url, *arguments, **options)  # type: ignore[misc]  # as above
        except Stop as stop:
            if stop.error.code == "empty-body":
                raise self._missing("is empty") from stop
            raise

    def _read_fragment(self, ctx: dict[str, Any]) -> Any:
        content = super()._read_fragment(ctx)  # type: ignore[misc]  # as above
        if content is not None:
            self._received = content
            if pages.is_page(content[: pages.HEAD_BYTES]):
                raise self._missing("is a page")
            if pages.is_json(content):
                raise self._missing("is an error message")
        return content

    def _append_fragment(self, ctx: dict[str, Any], frag_content: bytes) -> None:
        offset = ctx["dest_stream"].tell()
        super()._append_fragment(ctx, frag_content)  # type: ignore[misc]  # as above
        row = {
            "url": self._url,
            "sha256": hashlib.sha256(self._received).hexdigest(),
            "bytes": len(self._received),
            "offset": offset,
            "length": len(frag_content),
        }
        self.ydl.stream.setdefault("segments", []).append(row)

    def _missing(self, how: str) -> Stop:
        failure: Stop = self.ydl.wire.stop(reasons.failure("fragment-missing", f"segment {self._url} {how}"))
        return failure


class SegmentedHls(Segmented, HlsFD):  # type: ignore[misc]  # yt-dlp has no types
    """HLS with an end. `info["hls_media_playlist_data"]` holds the playlist."""

    @classmethod
    def can_download(cls, manifest: str, info_dict: Mapping[str, Any], allow_unplayable_formats: bool = False) -> bool:
        """Whether it can be fetched without another program. Raises Stop instead of handing over to ffmpeg."""
        if super().can_download(manifest, info_dict, allow_unplayable_formats) or cls._has_drm(manifest):
            return not cls._has_drm(manifest)
        raise Stop(reasons.failure("drm-protected", "its segments are encrypted in a way that only players can undo"))


class SegmentedDash(Segmented, DashSegmentsFD):  # type: ignore[misc]  # yt-dlp has no types
    """DASH with an end."""


class SegmentedIsm(Segmented, IsmFD):  # type: ignore[misc]  # yt-dlp has no types
    """Smooth Streaming with an end. yt-dlp writes a head of its own before the segments."""


def with_advertisements(playlist: str) -> str:
    """An HLS playlist without the marks for which yt-dlp would drop segments: what is served is archived."""
    return "\n".join(line for line in playlist.splitlines() if not line.strip().startswith(_ADVERTISEMENT_MARKS))
