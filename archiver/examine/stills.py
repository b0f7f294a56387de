"""Stills for reports: the frame nearest to each second asked for, as JPEG. Runs inside the sandbox."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archiver.examine.container import Unreadable, open_media
from archiver.examine.fingerprint import open_image
from archiver.examine.frames import MAX_PIXELS, decoded, moving_pictures

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL import Image

#: Pairs of stills that a report shows for a match, many times over; more is a mistake of the caller.
MAX_STILLS = 64
#: Legible, and 60 kB at 640 pixels.
QUALITY = 85


def stills(path: str, seconds: Sequence[float], max_side: int, media_kind: str = "video") -> list[bytes]:
    """One JPEG for each of `seconds` (from the first frame), longer side at most `max_side` pixels.

    The frame is the last one that a player would show at that second, else the first or last there is. For an image
    it is the image itself each time. Raises Unreadable when nothing can be decoded, ValueError for more than
    MAX_STILLS.
    """
    if len(seconds) > MAX_STILLS or max_side < 1:
        raise ValueError("too many stills, or a side below one pixel")
    if media_kind == "image":
        picture, _ = open_image(path)
        with picture:
            jpeg = _jpeg(picture, max_side)
        return [jpeg] * len(seconds)
    found = {second: _jpeg(_at(path, second), max_side) for second in set(seconds)}
    return [found[second] for second in seconds]


def _at(path: str, second: float) -> Image.Image:
    import av
    from PIL import Image

    with open_media(path) as container:
        stream = moving_pictures(container)
        if stream is None or stream.time_base is None:
            raise Unreadable("no-frames")
        wanted = float((stream.start_time or 0) * stream.time_base) + max(0.0, second)
        if second > 0:
            # A file that cannot seek is decoded from its start instead.
            with contextlib.suppress(av.FFmpegError, OverflowError, ValueError):
                container.seek(int(wanted / stream.time_base), stream=stream)
        chosen: VideoFrame | None = None
        for frame in decoded(container, stream, set()):
            if frame.width * frame.height > MAX_PIXELS:
                continue
            if chosen is not None and frame.time is not None and frame.time > wanted + 1e-6:
                break
            chosen = frame
        if chosen is None:
            raise Unreadable("no-frames")
        image = Image.fromarray(chosen.to_ndarray(format="rgb24"))
        return image.rotate(chosen.rotation, expand=True) if chosen.rotation else image


def _jpeg(image: Image.Image, max_side: int) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((max_side, max_side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
