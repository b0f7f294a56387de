"""Reading a film for a blurred copy: frames that are upright, with times that ascend from 0. Inside the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from archiver.examine.frames import MAX_PIXELS, decoded, moving_pictures
from archiver.fingerprint import MAX_MS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame, the milliseconds at which it is shown, and by how many quarters it is turned, counter-clockwise."""

    ms: int
    frame: VideoFrame
    quarters: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as it is shown."""
        width, height = self.frame.width, self.frame.height
        return (height, width) if self.quarters % 2 else (width, height)


def opened(container: InputContainer) -> VideoStream | None:
    """The stream that is shown, set up for a decode that leaves nothing out; None where there is none."""
    stream = moving_pictures(container)
    if stream is not None:
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def begin(stream: VideoStream) -> float:
    """The file's own time, in seconds, at which players begin to count."""
    return float((stream.start_time or 0) * (stream.time_base or 0))


def frames(container: InputContainer, stream: VideoStream) -> Iterator[Shown]:
    """Frames in the order in which they are shown; those that are too large, or whose time runs back, are left out."""
    zero, last = begin(stream), -1
    rate = float(stream.average_rate or 0)
    period = 1000 / rate if 0.01 < rate <= 1000 else 40.0  # for frames without a time of their own
    for frame in decoded(container, stream, set()):
        ms = round((frame.time - zero) * 1000) if frame.pts is not None and frame.time is not None else None
        ms = round(last + period) if ms is None else max(ms, 0)
        if not last < ms <= MAX_MS or frame.width * frame.height > MAX_PIXELS:
            continue
        last = ms
        yield Shown(ms, frame, frame.rotation // 90 % 4 if frame.rotation % 90 == 0 else 0)


class Upright:
    """Frames as pixels: scaled, and turned as they are shown."""

    def __init__(self) -> None:
        self._scale = VideoReformatter()

    def rgb(self, shown: Shown, width: int, height: int) -> Plane:
        """Pixels (height, width, 3)."""
        size = (height, width) if shown.quarters % 2 else (width, height)
        small = self._scale.reformat(shown.frame, *size, "rgb24", interpolation=Interpolation.AREA)
        return np.rot90(small.to_ndarray(), shown.quarters)

    def planes(self, shown: Shown, width: int, height: int) -> tuple[Plane, Plane, Plane]:
        """Planes of yuv420p that can be written to; `width` and `height` are even."""
        size = (height, width) if shown.quarters % 2 else (width, height)
        scaled = self._scale.reformat(shown.frame, *size, "yuv420p", interpolation=Interpolation.BICUBIC)
        turned = (np.rot90(_plane(scaled, number), shown.quarters) for number in range(3))
        luma, blue, red = (np.array(plane) for plane in turned)
        return luma, blue, red


def _plane(frame: VideoFrame, number: int) -> Plane:
    plane = frame.planes[number]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def assembled(planes: Sequence[Plane]) -> VideoFrame:
    """A frame of yuv420p with these planes."""
    from av.video.frame import VideoFrame

    height, width = planes[0].shape
    frame = VideoFrame(width, height, "yuv420p")
    for number, plane in enumerate(planes):
        _plane(frame, number)[:] = plane
    return frame
