"""yt-dlp's JSON of an item, and which of its streams are taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yt_dlp

# yt-dlp's JSON of a video with all its formats and comments is some MiB.
_MOST_BYTES = 32 * 1024**2
# Paths of this machine's, and keys to somebody's account.
_LEFT_OUT = frozenset(
    (
        "filepath",
        "filename",
        "_filename",
        "infojson_filename",
        "requested_downloads",
        "cookies",
        "cookie",
        "authorization",
    )
)


def info_json(info: Mapping[str, Any], streams: Sequence[Mapping[str, Any]] = (), most: int = _MOST_BYTES) -> bytes:
    """`info` without this machine's paths and without keys to accounts, in about `most` bytes.

    Under `archiver` is what we say ourselves: of each file (`streams`) where it came from and what it is made of.
    """
    ours = {"archiver": {"streams": list(streams)}} if streams else {}
    if len(_dump(ours)) > most // 2:
        ours = {"archiver": {"streams": [_shortened(one) for one in streams]}}
    clean = _without_secrets(yt_dlp.YoutubeDL.sanitize_info(dict(info), remove_private_keys=True))
    data = _dump({**clean, **ours})
    if len(data) > most:
        # What describes the item is small; what makes it large is lists of what was not downloaded.
        small = {key: value for key, value in clean.items() if not isinstance(value, list | dict)}
        data = _dump({**small, **ours, "_left_out": sorted(set(clean) - set(small))})
    return data


def name_languages(info: dict[str, Any]) -> None:
    """Call what is in no language `und` (ISO 639-2): yt-dlp leaves None there, and then fails on it itself."""
    for kind in ("subtitles", "automatic_captions"):
        tracks = info.get(kind)
        if isinstance(tracks, dict) and None in tracks:
            tracks.setdefault("und", []).extend(tracks.pop(None))


def _shortened(stream: Mapping[str, Any]) -> dict[str, Any]:
    """A stream whose segments have too long names: their list by its digest, and the rest as it is."""
    segments = stream.get("segments", [])
    digest = hashlib.sha256(_dump(segments)).hexdigest()
    return {**stream, "segments": [], "segments_left_out": {"count": len(segments), "sha256": digest}}


def choose_formats(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The best picture, and the best sound beside it where the picture has none: each as its own stream.

    yt-dlp's own `bv,ba/b` drops the picture where the only stream without a picture is sound, and `bv*,ba/b` fetches a
    file that has both twice.
    """
    formats = [one for one in context["formats"] if one.get("ext") != "mhtml"]  # storyboards are no footage
    with_picture = [one for one in formats if one.get("vcodec") != "none"]
    sound_only = [one for one in formats if one.get("vcodec") == "none" and one.get("acodec") != "none"]
    if with_picture:
        yield with_picture[-1]
        if with_picture[-1].get("acodec") == "none":
            yield from sound_only[-1:]
    else:
        yield from sound_only[-1:]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(inner) for key, inner in value.items() if str(key).lower() not in _LEFT_OUT}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list | tuple) else value


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, default=str).encode()
