"""A live HLS stream, recorded for a while: the playlist is asked for again and again, and what is new is fetched.

yt-dlp hands such streams to ffmpeg, which fetches them past the guard and writes a file of its own making. Here each
segment is kept as it is served, in the order of the playlist's numbers, and what is missing is on record.
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Iterator
from typing import Any

from yt_dlp.downloader.fragment import FragmentFD
from yt_dlp.networking.common import Request
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.utils import DownloadError

from archiver.capture import playlist, reasons
from archiver.capture.segments import Segmented
from archiver.capture.wire import Stop
from archiver.model import now

# The standard asks clients to wait the longest segment's time; half of it, where nothing was new (RFC 8216, 6.3.4).
_SHORTEST_WAIT = 0.2
_LONGEST_WAIT = 30.0
# Kept of the acquisition's time for what comes after the stream, such as its thumbnail and writing all down.
_TIME_SHARE = 0.9
# A gap ends no recording, but these do.
_FINAL = frozenset(
    ("timed-out", "too-much", "too-large", "too-many-requests", "too-many-files", "disk-full", "cancelled")
)


class LiveHls(Segmented, FragmentFD):  # type: ignore[misc]  # yt-dlp has no types
    """Records `info["url"]`, whose playlist as it was read first is `info["hls_media_playlist_data"]`."""

    FD_NAME = "live-hls"

    def real_download(self, filename: str, info_dict: dict[str, Any]) -> bool:
        """Record until the stream or the time ends. What is missing goes to `ydl.failures`."""
        wire = self.ydl.wire
        self.params = {**self.params, "skip_unavailable_fragments": True}
        self._info = info_dict
        self._ends_at = wire.clock() + min(wire.limits.live_seconds, wire.time_left() * _TIME_SHARE)
        self._story: dict[str, Any] = {"from": now(), "to": "", "ended_by": "the stream ended"}
        self.ydl.stream["live"] = self._story
        ctx = {"filename": filename, "live": True, "total_frags": None}
        self._prepare_and_start_frag_download(ctx, info_dict)
        self._got = 0
        try:
            done: bool = self.download_and_append_fragments(ctx, self._fragments(), info_dict)
        except DownloadError as error:
            if self._got:
                raise
            raise Stop(
                reasons.failure("live-stream", "nothing of the live stream came while it was watched")
            ) from error
        self._story["to"] = now()
        return done

    def _fragments(self) -> Iterator[dict[str, Any]]:
        """The segments as they appear, in yt-dlp's terms, until the recording ends."""
        wire = self.ydl.wire
        found = playlist.read(self._info["hls_media_playlist_data"].encode(), self._info["url"])
        expected: int | None = None
        heads: set[str] = set()
        number, news_at = 0, wire.clock()
        while True:
            fresh = [part for part in found.parts if expected is None or part.sequence >= expected]
            if fresh:
                news_at = wire.clock()
                if expected is not None and fresh[0].sequence > expected:
                    self._note_gap(f"segments {expected} to {fresh[0].sequence - 1} were gone before they were fetched")
            for part in fresh:
                for one in (part.head, part):
                    if one is None or (one is part.head and one.url in heads):
                        continue
                    if self._over():
                        return
                    if one is part.head:
                        heads.add(one.url)
                    number += 1
                    yield _fragment(one, number)
                expected = part.sequence + 1
            if found.ended or self._over():
                return
            wait = found.target if fresh else found.target / 2
            longest = min(_LONGEST_WAIT, wire.limits.stall_seconds / 2, self._ends_at - wire.clock())
            time.sleep(max(_SHORTEST_WAIT, min(wait, longest)))
            later = self._poll()
            if later is not None:
                found = later
            if wire.clock() - news_at > wire.limits.stall_seconds:
                self._end("nothing new came", reasons.failure("stalled", "the playlist has nothing new"))
                return

    def _over(self) -> bool:
        if self._story["ended_by"] != "the stream ended":
            return True
        if self.ydl.wire.clock() >= self._ends_at:
            self._story["ended_by"] = "the time for it was over"
            return True
        return False

    def _poll(self) -> playlist.Playlist | None:
        """The playlist as it is now; None where it does not come this time."""
        wire = self.ydl.wire
        try:
            with wire.aside():
                answer = self.ydl.urlopen(Request(self._info["url"], None, self._info.get("http_headers") or {}))
                return playlist.read(answer.read(), answer.url)
        except Stop as stop:
            if stop.error.code in _FINAL:
                self._end("a limit was reached", stop.error)
        except (RequestError, playlist.NoPlaylist):
            pass  # it is asked for again; if it stays away, the recording ends as stalled
        return None

    def _download_fragment(self, ctx: dict[str, Any], frag_url: str, *arguments: Any, **options: Any) -> Any:
        try:
            done = super()._download_fragment(ctx, frag_url, *arguments, **options)
            self._checked = super()._read_fragment(ctx)
        except Stop as stop:
            ctx.pop("fragment_filename_sanitized", None)
            if stop.error.code in ("disk-full", "cancelled") or (not self._got and stop.error.code not in _FINAL):
                raise
            self._note_gap(stop.error.what, frag_url, stop.error.code)
            if stop.error.code in _FINAL:
                self._story["ended_by"] = "a limit was reached"
            return False
        self._got += 1
        return done

    def _read_fragment(self, ctx: dict[str, Any]) -> Any:
        return self._checked if "fragment_filename_sanitized" in ctx else None

    def report_skip_fragment(self, frag_index: int, err: Any = None) -> None:
        """Say nothing: it is on record already."""

    def _end(self, why: str, error: Any) -> None:
        self._story["ended_by"] = why
        self.ydl.failures.append((self._info["url"], error))

    def _note_gap(self, what: str, url: str = "", code: str = "fragment-missing") -> None:
        self._story.setdefault("gaps", []).append(what)
        self.ydl.failures.append((url or self._info["url"], reasons.failure(code, what)))


def _fragment(part: playlist.Part, number: int) -> dict[str, Any]:
    """A segment as yt-dlp's downloaders take it."""
    key: dict[str, Any] = dict(part.key)
    if key.get("METHOD") not in (None, "AES-128"):
        raise Stop(reasons.failure("drm-protected", "its segments are encrypted in a way that only players can undo"))
    if "IV" in key:
        try:
            key["IV"] = binascii.unhexlify(key["IV"][2:].zfill(32))
        except ValueError:
            raise Stop(reasons.failure("broken-answer", "the playlist's key makes no sense")) from None
    return {
        "frag_index": number,
        "url": part.url,
        "media_sequence": part.sequence,
        "decrypt_info": key or {"METHOD": "NONE"},
        "byte_range": {"start": part.span.start, "end": part.span.end} if part.span else {},
    }
