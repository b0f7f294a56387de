"""What a page offers beside its footage: subtitles, a thumbnail, comments. It may fail; the footage stays.

Everything passes through the same wire and its limits. What does not come is put on record like a playlist's entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yt_dlp.utils import determine_ext

from archiver.capture import pages, plain, reasons
from archiver.capture.diagnose import typed_failure
from archiver.capture.wire import Enough, Stop
from archiver.errors import CaptureError, RefusedError
from archiver.model import Role

# What does not end with one of these files, but with the acquisition.
_FINAL = frozenset(("timed-out", "disk-full", "too-many-requests", "too-much", "too-many-files", "cancelled"))
_LABEL_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Extra:
    """A file beside the footage: its name in the job's folder, its role, and what the source called it."""

    name: str
    role: Role
    label: str


class Offered:
    """Fetches what is offered, for one Downloader (`ydl`)."""

    def __init__(self, ydl: Any) -> None:
        self._ydl = ydl

    def fetch(self, info: dict[str, Any], number: int) -> Iterator[Extra]:
        """What comes for the `number`-th item, as it comes. Raises Stop only for what ends the whole acquisition."""
        yield from self._written(info, number)
        yield from self._subtitles(info, number)
        yield from self._thumbnail(info, number)

    def comments(self, info: Any, extract: Callable[[Any], None]) -> None:
        """Let the extractor fetch comments, as many requests long as the limit says."""
        wire = self._ydl.wire
        if wire is None or not isinstance(info, dict) or "__post_extractor" not in info:
            extract(info)
            return
        try:
            with wire.ration(wire.limits.comment_requests):
                extract(info)
        except (Exception, Stop, Enough) as error:  # noqa: BLE001  # extractors raise anything; the footage is worth more
            self._note(str(info.get("webpage_url") or ""), error)

    def _subtitles(self, info: Mapping[str, Any], number: int) -> Iterator[Extra]:
        wanted = info.get("requested_subtitles") or {}
        most = self._ydl.wire.limits.subtitles
        for position, (language, given) in enumerate(list(wanted.items())[:most], start=1):
            label = f"subtitles{position}-{language}"
            name = _name(number, label, given.get("ext"))
            place = str(given.get("url") or info.get("webpage_url") or "")
            try:
                if given.get("data") is not None:
                    (self._ydl.folder / name).write_text(given["data"], "utf-8", newline="")
                else:
                    self._download(name, {"http_headers": info.get("http_headers"), **given})
                self._refuse_page(name)
            except (Exception, Stop) as error:  # noqa: BLE001  # whatever it is, it goes on record
                self._note(place, error)
            else:
                yield Extra(name, Role.SUBTITLES, plain.text(language, _LABEL_CHARACTERS))
        if len(wanted) > most:
            self._ydl.failures.append((str(info.get("webpage_url") or ""), reasons.failure("too-many-files")))

    def _thumbnail(self, info: Mapping[str, Any], number: int) -> Iterator[Extra]:
        """The best one that loads; where none does, the best one is missing."""
        offered = [one for one in info.get("thumbnails") or () if str(one.get("url")).startswith(("http:", "https:"))]
        first: tuple[str, BaseException] | None = None
        for one in offered[::-1][: self._ydl.wire.limits.thumbnail_tries]:
            ending = one.get("ext") or determine_ext(one["url"], "jpg")
            name = _name(number, "thumbnail", ending)
            try:
                self._download(name, {"url": one["url"], "http_headers": one.get("http_headers"), "protocol": "http"})
                self._refuse_page(name)
            except (Exception, Stop) as error:  # noqa: BLE001  # as above
                first = first or (str(one["url"]), error)
                if self._typed(error).code in _FINAL:
                    break
            else:
                yield Extra(name, Role.THUMBNAIL, plain.text(one.get("id"), _LABEL_CHARACTERS))
                return
        if first is not None:
            self._note(*first)

    def _written(self, info: dict[str, Any], number: int) -> Iterator[Extra]:
        """Comments that came with the page, or were fetched, as a file of their own and no longer in the JSON."""
        given = info.get("comments")
        if not isinstance(given, list) or not given:
            return
        most = self._ydl.wire.limits.comments
        clean = self._ydl.sanitize_info({"comments": given[:most]})["comments"]
        name = _name(number, "comments", "json")
        (self._ydl.folder / name).write_bytes(json.dumps(clean, ensure_ascii=True, sort_keys=True).encode())
        info["comments"] = None
        if len(given) > most:
            info["comments_left_out"] = len(given) - most
        yield Extra(name, Role.COMMENTS, "")

    def _download(self, name: str, info: dict[str, Any]) -> None:
        before = self._ydl.stream
        try:
            self._ydl.dl(str(self._ydl.folder / name), info, subtitle=True)
        finally:
            self._ydl.stream = before

    def _refuse_page(self, name: str) -> None:
        with open(self._ydl.folder / name, "rb") as file:
            if pages.is_page(file.read(pages.HEAD_BYTES)):
                raise Stop(reasons.failure("not-media"))

    def _typed(self, error: BaseException) -> CaptureError | RefusedError:
        return typed_failure(error, self._ydl.wire)

    def _note(self, url: str, error: BaseException) -> None:
        """Put it on record. Raises Stop for what ends the acquisition."""
        typed = self._typed(error)
        self._ydl.failures.append((url.partition("#__youtubedl_smuggle")[0], typed))
        if typed.code in _FINAL:
            raise Stop(typed)


def _name(number: int, label: str, extension: Any) -> str:
    """A name that no original has, whatever its format is called."""
    return f"beside-{plain.file_name(number, label, extension)}"
