"""A media file as a container: opened without following what it names, and described by its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from archiver.fingerprint import MAX_MS

if TYPE_CHECKING:
    from av.container import InputContainer

#: Containers of footage. What reads other files or addresses that the file names (hls, dash, concat, image2 ...) is not
#: among them: a hostile playlist must not choose what is opened.
FORMATS = (
    "aac,aiff,asf,avi,dv,flac,flv,gif,h264,hevc,ivf,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,"
    "mpegvideo,mxf,nut,ogg,rm,wav,yuv4mpegpipe,apng,webp_pipe,jpeg_pipe,png_pipe"
)


class Unreadable(Exception):
    """Nothing to see could be decoded. `code` says why: `not-media`, `no-frames`, `too-large`.

    `facts` is what could be read nevertheless, for example of a file with sound alone.
    """

    def __init__(self, code: str, facts: dict[str, int | str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts or {}


def open_media(path: str) -> InputContainer:
    """The local file `path` as a container. Raises Unreadable."""
    try:
        # The prefix keeps a name such as `concat:a|b` from being taken for a protocol.
        return av.open(f"file:{path}", options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable("not-media") from error


def describe(container: InputContainer) -> dict[str, int | str]:
    """Facts from the headers: integers and short words only."""
    facts: dict[str, int | str] = {"container": container.format.name[:40]}
    if container.duration:
        facts["stated_duration_ms"] = min(max(0, container.duration // 1000), MAX_MS)
    sound = [one for one in container.streams.audio if one.codec_context is not None]
    facts["has_audio"] = int(bool(sound))
    if sound:
        facts["audio_codec"] = sound[0].codec_context.name[:40]
        facts["audio_rate"] = int(sound[0].codec_context.sample_rate or 0)
        facts["audio_channels"] = int(sound[0].codec_context.channels or 0)
    facts["streams"] = len(container.streams)
    return facts
