"""Standard fingerprints of a file, made beside ours in the one decode: PDQ by the second, and Chromaprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
import numpy.typing as npt

from archiver.examine import sound
from archiver.examine.pdq import pdq
from archiver.standard import MAX_PICTURES, PdqPrint, SoundPrint

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame

#: Pixel formats whose first plane is the picture's levels, one byte a pixel: no conversion is needed.
_LEVELS_FIRST: Final = frozenset(
    {"gray", "nv12", *(f"yuv{j}{scheme}p" for j in ("", "j") for scheme in ("420", "422", "440", "444"))}
)
#: Other formats are converted at this size at most: 4 ms a picture, and what PDQ sees is 64 pixels wide.
_CONVERTED_SIDE: Final = 1_024
#: Black and white of a video's levels, which do not reach from 0 to 255 unless it says so (ITU-R BT.601).
_NARROW: Final = (16, 235)
_FULL_RANGE: Final = 2  # AVCOL_RANGE_JPEG


class Watcher:
    """Sees sampled pictures and hears the sound while a video is decoded."""

    def __init__(self, container: InputContainer, max_pictures: int = MAX_PICTURES) -> None:
        self._listener = sound.listener(container)
        self._max_pictures = max_pictures
        self._interval = 1.0
        self._due = 0.0
        self._times_ms: list[int] = []
        self._hashes: list[bytes] = []
        self._qualities: list[int] = []

    @property
    def streams(self) -> tuple[AudioStream, ...]:
        """What is to be demultiplexed beside the pictures."""
        return (self._listener.stream,) if self._listener else ()

    def hears(self, packet: Packet[Any]) -> bool:
        """Take a packet if it is one of the sound's, and say so."""
        if self._listener is None or packet.stream_index != self._listener.stream.index:
            return False
        self._listener.hear(packet)
        return True

    def see(self, frame: VideoFrame, at: float) -> None:
        """Take a picture presented at `at` seconds, if a second has passed since the last that was taken."""
        if at + 1e-6 < self._due:
            return
        self._due = (at // self._interval + 1) * self._interval
        try:
            hashed, quality = _hashed(frame)
        except (av.FFmpegError, ValueError):
            return  # of a form that cannot be converted: our own fingerprint must not fall with it
        self._times_ms.append(round(at * 1000))
        self._hashes.append(hashed)
        self._qualities.append(quality)
        if len(self._times_ms) >= self._max_pictures:
            for kept in (self._times_ms, self._hashes, self._qualities):
                del kept[1::2]
            self._interval *= 2

    def finish(self, zero: float, duration_ms: int) -> list[PdqPrint | SoundPrint]:
        """What there is; times begin at `zero`, the first picture's time by the file's own clock, in seconds."""
        found: list[PdqPrint | SoundPrint] = []
        if self._times_ms:
            parameters: dict[str, int | str] = {"interval_ms": round(self._interval * 1000), "levels": "luma"}
            found.append(
                PdqPrint(
                    "video", duration_ms, tuple(self._times_ms), tuple(self._hashes), tuple(self._qualities),
                    parameters, tools(),
                )
            )  # fmt: skip
        heard = self._listener.finish(zero, duration_ms) if self._listener else None
        return [*found, heard] if heard else found


def of_image(picture: npt.NDArray[np.uint8]) -> PdqPrint:
    """The PDQ of an upright image, grey (height, width) or RGB (height, width, 3)."""
    hashed, quality = pdq(picture)
    parameters = {"levels": "luma"}
    return PdqPrint("image", 0, (0,), (hashed,), (quality,), parameters, {"numpy": np.__version__})


def tools() -> dict[str, str]:
    """What takes part in hashing a video's pictures."""
    wanted = ("libavcodec", "libavformat", "libswscale")
    versions = {name: ".".join(map(str, av.library_versions[name])) for name in wanted if name in av.library_versions}
    return {"av": av.__version__, "numpy": np.__version__, **versions}


def _hashed(frame: VideoFrame) -> tuple[bytes, int]:
    """PDQ of the picture as players show it: quarter turns that the file asks for are followed."""
    direct = frame.format.name in _LEVELS_FIRST
    if not direct:
        width, height = min(frame.width, _CONVERTED_SIDE), min(frame.height, _CONVERTED_SIDE)
        frame = frame.reformat(width, height, "gray", interpolation="AREA")
    plane = frame.planes[0]
    levels = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    turned = np.rot90(levels, frame.rotation // 90) if frame.rotation % 90 == 0 else levels
    full = not direct or frame.format.name.startswith(("gray", "yuvj")) or frame.color_range == _FULL_RANGE
    return pdq(turned) if full else pdq(turned, *_NARROW)
