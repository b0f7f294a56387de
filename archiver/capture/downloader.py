"""yt-dlp as a library, held to what an archive needs: originals as served, fixed names, native HTTP only.

No configuration file, no plugin, no cache, no post-processing, no other program. Heavy to import: only the prepared
process and its children do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yt_dlp
from yt_dlp.networking.common import RequestDirector

from archiver.capture import plain, reasons, streams
from archiver.capture.counting import count_first
from archiver.capture.diagnose import typed_failure
from archiver.capture.handler import ArchiveRH
from archiver.capture.info import choose_formats, name_languages
from archiver.capture.offered import Extra, Offered
from archiver.capture.wire import Stop, Wire
from archiver.config import Wishes
from archiver.errors import CaptureError, RefusedError

# What does not end with its entry of a playlist, but with the acquisition.
_FINAL = frozenset(("timed-out", "disk-full", "too-many-requests", "too-much", "too-many-files", "cancelled"))
# A page, its playlist and an entry are no redirects, but lie within each other like these.
_NESTED = 3

PARAMETERS: Mapping[str, Any] = {
    "quiet": True,
    "noprogress": True,
    "no_color": True,
    "noplaylist": False,
    "ignoreerrors": False,
    "overwrites": True,
    "continuedl": True,
    "nopart": False,
    "updatetime": False,
    "fixup": "never",
    "postprocessors": [],
    "ffmpeg_location": "/nonexistent",
    "hls_prefer_native": True,
    "external_downloader": {"default": "native"},
    "skip_unavailable_fragments": False,
    "concurrent_fragment_downloads": 1,
    "retries": 0,
    "fragment_retries": 0,
    "extractor_retries": 0,
    "file_access_retries": 0,
    "cachedir": False,
    "proxy": "",
    "js_runtimes": {},
    "remote_components": [],
    "check_formats": None,
    "allow_unplayable_formats": False,
    "enable_file_urls": False,
    "restrictfilenames": True,
    "usenetrc": False,
    "writesubtitles": True,
    "subtitleslangs": ["all", "-live_chat", "-rechat"],
    "geo_bypass": False,  # it would send a made-up X-Forwarded-For: what we say of ourselves is true
}


@dataclass(frozen=True, slots=True)
class Obtained:
    """One entry that came whole: yt-dlp's JSON, its files as (name, format id), and what was offered beside them.

    `streams` says of each file what it is made of, as `info_json` puts it on record.
    """

    info: dict[str, Any]
    files: tuple[tuple[str, str], ...]
    streams: tuple[dict[str, Any], ...] = ()
    extras: tuple[Extra, ...] = ()


class Downloader(yt_dlp.YoutubeDL):  # type: ignore[misc]  # yt-dlp has no types
    """yt-dlp with one wire, one folder and a list of what came. Made once in the prepared process, `begin` per job."""

    def __init__(self) -> None:
        super().__init__({**PARAMETERS, "format": choose_formats, "logger": _Silent()}, auto_init=False)
        self.add_default_info_extractors()
        count_first()
        self.wire: Wire | None = None
        self.folder = Path()
        self.obtained: list[Obtained] = []
        self.failures: list[tuple[str, CaptureError | RefusedError]] = []
        self.stream: dict[str, Any] = {}  # of the file that is being fetched
        self.offered = Offered(self)
        self._files: list[tuple[str, str]] = []
        self._depth = 0
        self._streams: list[dict[str, Any]] = []
        self._fetched = 0

    def begin(
        self, wire: Wire, folder: Path, on_progress: Callable[[Mapping[str, Any]], None], wishes: Wishes | None = None
    ) -> None:
        """Work for this job from now on."""
        self.wire, self.folder = wire, folder
        wishes = wishes or Wishes()
        self.params["writeautomaticsub"] = wishes.automatic_subtitles
        self.params["getcomments"] = wishes.comments
        self.params["playlistend"] = wire.limits.playlist_entries
        self.params["socket_timeout"] = wire.limits.stall_seconds
        self.add_progress_hook(on_progress)

    def build_request_director(self, _handlers: Any, _preferences: Any = None) -> RequestDirector:
        """Register our handler and no other."""
        assert self.wire is not None
        director = RequestDirector(logger=_Silent())
        director.add_handler(
            ArchiveRH(
                wire=self.wire,
                logger=_Silent(),
                headers=self.params["http_headers"].copy(),
                cookiejar=self.cookiejar,
                timeout=self.wire.limits.stall_seconds,
            )
        )
        return director

    def prepare_filename(self, info_dict: Any, dir_type: str = "", *_arguments: Any, **_options: Any) -> str:
        """A fixed name in the job's folder, whatever the source says."""
        name = plain.file_name(self._num_downloads, info_dict.get("format_id", ""), info_dict.get("ext", ""))
        return str(self.folder / (f"{name}.{dir_type}" if dir_type not in ("", "temp") else name))

    def process_ie_result(self, ie_result: Any, download: bool = True, extra_info: Any = None) -> Any:
        """An entry of a playlist that fails is put on record, and the others go on."""
        assert self.wire is not None
        self._depth += 1
        try:
            if self._depth > self.wire.limits.redirects + _NESTED:
                raise Stop(reasons.failure("redirect-loop", "pages lead to pages, more often than the limit"))
            found = super().process_ie_result(ie_result, download, extra_info)
            self._note_truncation(found)
            return found
        except (Exception, Stop) as error:  # extractors raise anything; it is typed or raised again
            if "playlist_index" not in (extra_info or {}):
                raise
            typed = typed_failure(error, self.wire)
            if typed.code in _FINAL:
                raise Stop(typed) from error
            self.failures.append((_place(ie_result), typed))
            return None
        finally:
            self._depth -= 1

    def process_video_result(self, info_dict: Any, download: bool = True) -> Any:
        """One video or picture: it counts as obtained when all of its chosen streams came."""
        self._files, self._streams = [], []
        name_languages(info_dict)
        if info_dict.get("live_status") == "is_upcoming":
            raise Stop(streams.upcoming())
        found = super().process_video_result(info_dict, download)
        if download and self._files:
            # What came is on the list before more is asked for, so that nothing beside it can cost it.
            place = len(self.obtained)
            self.obtained.append(Obtained(found, tuple(self._files), tuple(self._streams)))
            for extra in self.offered.fetch(found, place + 1):
                self.obtained[place] = replace(self.obtained[place], extras=(*self.obtained[place].extras, extra))
        return found

    def post_extract(self, info_dict: Any) -> None:
        """Comments, where they are wanted: they cannot cost the item."""
        self.offered.comments(info_dict, super().post_extract)

    def note_change(self, url: str) -> None:
        """A file was another one when it was asked for again; what is kept is the version that came whole."""
        self.failures.append((url, reasons.failure("content-changed")))

    def _write_subtitles(self, _info_dict: Any, _filename: Any) -> list[Any]:
        return []  # yt-dlp gives up the video if one does not come; `offered` fetches them afterwards

    def process_info(self, info_dict: Any) -> None:
        """One stream of it."""
        super().process_info(info_dict)
        path = info_dict.get("filepath")
        if path:
            self._files.append((Path(path).name, str(info_dict.get("format_id", ""))))
            self._streams.append({"file": Path(path).name, **self.stream})

    def dl(self, name: str, info: Any, subtitle: bool = False, test: bool = False) -> Any:
        """Download one stream, with what comes counted as one file."""
        assert self.wire is not None
        if self._fetched >= self.wire.limits.files:
            raise Stop(reasons.failure("too-many-files"))
        self._fetched += 1
        way = streams.way(self, self._copy_infodict(info))
        self.stream = {"url": way.info.get("url"), **way.about}
        loader = way.kind(self, self.params)
        for hook in self._progress_hooks:
            loader.add_progress_hook(hook)
        if way.info.get("http_headers") is None:
            way.info["http_headers"] = self._calc_headers(way.info)
        with self.wire.file(way.segmented, name=Path(name).name, verbatim=way.verbatim):
            done = loader.download(name, way.info, subtitle)
            if not done[0]:
                raise Stop(self.wire.failure or reasons.failure("extractor-failed", "the download did not succeed"))
            return done

    def _note_truncation(self, found: Any) -> None:
        assert self.wire is not None
        most = self.wire.limits.playlist_entries
        if isinstance(found, dict) and found.get("_type") == "playlist" and (found.get("playlist_count") or 0) > most:
            url = str(found.get("webpage_url") or "")
            self.failures.append((url, reasons.failure("playlist-too-long", f"only the first {most} entries came")))


def _place(entry: Mapping[str, Any]) -> str:
    """Where an entry of a playlist was to come from, as exactly as it is known."""
    formats = entry.get("formats") or [{}]
    url = str(entry.get("url") or formats[-1].get("url") or entry.get("webpage_url") or "")
    return url.partition("#__youtubedl_smuggle")[0]  # yt-dlp's notes to itself


class _Silent:
    """yt-dlp's messages hold titles and addresses by strangers, and what matters in them is in the result."""

    def debug(self, _message: str) -> None: ...
    def info(self, _message: str) -> None: ...
    def warning(self, _message: str, **_options: Any) -> None: ...
    def error(self, _message: str, **_options: Any) -> None: ...
    def stdout(self, _message: str) -> None: ...
    def stderr(self, _message: str) -> None: ...
