"""Stills for reports: the frame nearest to each second asked for, as JPEG. Runs inside the sandbox."""

from __future__ import annotations

import contextlib
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
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
#: Beyond this gap it is sought again: encoders set places to begin at every 2 to 10 seconds, seeking goes back to one.
SEEK_SECONDS = 10.0


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
    found = dict(_taken(path, sorted({max(0.0, second) for second in seconds}), max_side))
    return [found[max(0.0, second)] for second in seconds]


def _taken(path: str, ascending: Sequence[float], max_side: int) -> Iterator[tuple[float, bytes]]:
    """Each second with its still, from one way through the file: most films have few places to begin decoding at."""
    waiting = deque(ascending)
    while waiting:
        chosen = 0
        for second, frame in _met(path, waiting):
            yield second, _jpeg(_image(frame, max_side), max_side)
            waiting.popleft()
            chosen += 1
        if not chosen:
            raise Unreadable("no-frames")


def _met(path: str, ascending: Iterable[float]) -> Iterator[tuple[float, VideoFrame]]:
    """The first of some seconds with the frame shown at it, and those that follow soon enough to be decoded up to."""
    import av

    waiting = deque(ascending)
    with open_media(path) as container:
        stream = moving_pictures(container)
        if stream is None or stream.time_base is None:
            raise Unreadable("no-frames")
        zero = float((stream.start_time or 0) * stream.time_base)
        if waiting[0] > 0:
            # A file that cannot seek is decoded from its start instead.
            with contextlib.suppress(av.FFmpegError, OverflowError, ValueError):
                container.seek(int((zero + waiting[0]) / stream.time_base), stream=stream)
        last: VideoFrame | None = None
        for frame in decoded(container, stream, set()):
            if frame.width * frame.height > MAX_PIXELS:
                continue
            while last is not None and frame.time is not None and frame.time > zero + waiting[0] + 1e-6:
                met = waiting.popleft()
                yield met, last
                if not waiting or waiting[0] - met > SEEK_SECONDS:
                    return
            last = frame
        if last is not None:
            for second in waiting:
                yield second, last


def _image(frame: VideoFrame, max_side: int) -> Image.Image:
    """The frame as it is shown. FFmpeg scales while it turns it into RGB, which is cheaper than both by themselves."""
    from PIL import Image

    longer = max(frame.width, frame.height)
    if longer > max_side:
        width, height = (max(1, round(side * max_side / longer)) for side in (frame.width, frame.height))
        small = frame.reformat(width=width, height=height, format="rgb24", interpolation="BICUBIC")
        image = Image.fromarray(small.to_ndarray())
    else:
        image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def _jpeg(image: Image.Image, max_side: int) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((max_side, max_side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
