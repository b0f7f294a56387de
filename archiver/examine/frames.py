"""One decode of a video: small grey pictures three times a second, and what the decoder said about the file.

Runs inside the sandbox. Memory stays flat: a picture is reduced as soon as it is decoded, and footage of more than
`MAX_SAMPLES` samples or `MAX_BYTES` packed is sampled half as often, again and again.

Cost is that of a bare decode: the loop filter is skipped (its work is invisible in so small a picture; on H.264 it is a
fifth of the decoding), and only the sampled frames are scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from av.video.reformatter import Interpolation, VideoReformatter

from archiver.examine.container import Unreadable, describe, open_media
from archiver.fingerprint import BLOCK, MAX_MS, MAX_SAMPLES, SIDE, Pictures, pack_block, unpack_block

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from archiver.examine.standards import Watcher
    from archiver.standard import PdqPrint, SoundPrint

#: Samples for each second of footage: a copy's samples then lie within a sixth of a second of the original's.
RATE = 3
#: Between two samples a third one is kept if a part of the picture has changed by this many grey levels on average:
#: where hands wave or a camera runs, a sixth of a second is too long to compare by (excerpts were lost without it).
MOVED_LEVELS = 8.0
#: Parts along each side of the picture.
MOVED_PARTS = 4
#: An 8K frame has 33 million pixels; twice that is no camera's.
MAX_PIXELS = 1 << 26
#: Up to 720p one thread decodes faster than footage plays fifty times over, for a seventh less work than several: the
#: other processors have other items to look at.
ONE_THREAD_PIXELS = 1280 * 720
#: Pictures of noise do not pack: then, too, samples are taken half as often. Two hours of usual footage stay below it.
MAX_BYTES = 64 << 20
#: Threads that decode larger pictures: more than many machines have processors, so that frames are decoded ahead
#: while one is looked at; and so many everywhere, so that damaged footage is decoded alike on all machines.
THREADS = 6
#: Packets in a row that do not decode before the rest of the file is given up as noise.
MAX_BAD_PACKETS = 1_000
#: A file that ends this long before its stated end was cut off (coarse on purpose: containers round).
MISSING_MS = 1_500


@dataclass(slots=True)
class Sampled:
    """What one decode gave: sample times and packed pictures as a fingerprint holds them."""

    times_ms: list[int] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    interval_ms: int = 1000 // RATE
    duration_ms: int = 0
    zero: float = 0.0  # the first frame's time by the file's own clock
    facts: dict[str, int | str] = field(default_factory=dict)
    warnings: set[str] = field(default_factory=set)
    beside: list[PdqPrint | SoundPrint] = field(default_factory=list)


def sample(
    path: str,
    max_samples: int = MAX_SAMPLES,
    watch: Callable[[InputContainer], Watcher] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Sampled:
    """Decode the video in the local file `path` once. Raises Unreadable.

    Times are milliseconds from the first frame, which is where players begin to count. What `watch` makes sees and
    hears the same decode, and what it finishes with is `beside`.
    """
    with open_media(path) as container:
        facts = describe(container)
        stream = moving_pictures(container)
        if stream is None:
            raise Unreadable("no-frames", facts)
        watcher = watch(container) if watch else None
        sampler = _Sampler(stream, max_samples, max_bytes, watcher)
        for frame in decoded(container, stream, sampler.result.warnings, watcher):
            sampler.see(frame)
        sampled = sampler.finish(container, facts)
        sampled.beside = watcher.finish(sampled.zero, sampled.duration_ms) if watcher else []
        return sampled


def moving_pictures(container: InputContainer) -> VideoStream | None:
    """The stream with the largest frames that is no cover picture, set up for a fast decode; None without one."""
    streams = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    streams = [one for one in streams if one.codec_context is not None]
    if not streams:
        return None
    best = max(streams, key=lambda one: (one.codec_context.width * one.codec_context.height, -one.index))
    if best.codec_context.width * best.codec_context.height > ONE_THREAD_PIXELS:
        best.thread_type = "AUTO"
        best.codec_context.thread_count = THREADS
    else:
        best.codec_context.thread_count = 1
    best.codec_context.options = {"skip_loop_filter": "all", "max_pixels": str(MAX_PIXELS)}
    return best


def decoded(
    container: InputContainer, stream: VideoStream, warnings: set[str], watcher: Watcher | None = None
) -> Iterator[VideoFrame]:
    """Frames in presentation order; what cannot be decoded is left out and noted in `warnings`."""
    bad = 0
    packets = container.demux(stream, *(watcher.streams if watcher else ()))
    while bad < MAX_BAD_PACKETS:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            warnings.add("media-incomplete")
            return
        if watcher and watcher.hears(packet):
            continue
        try:
            frames = cast("list[VideoFrame]", packet.decode())
        except (av.FFmpegError, ValueError):
            warnings.add("damaged")
            bad += 1
            continue
        bad = 0 if frames else bad
        for frame in frames:
            if frame.is_corrupt:
                warnings.add("damaged")
            yield frame


def moved(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Mean difference in grey levels of the part of the picture that differs most."""
    parts = np.abs(one - other).reshape(MOVED_PARTS, SIDE // MOVED_PARTS, MOVED_PARTS, SIDE // MOVED_PARTS)
    return float(parts.mean(axis=(1, 3)).max())


def upright(picture: Pictures, rotation: int) -> Pictures:
    """`picture` turned as the display matrix says: degrees, counter-clockwise; only quarter turns are followed."""
    return np.ascontiguousarray(np.rot90(picture, rotation // 90)) if rotation % 90 == 0 else picture


class _Sampler:
    """Takes every frame in turn and keeps the first at or after each tick of the interval."""

    def __init__(self, stream: VideoStream, max_samples: int, max_bytes: int, watcher: Watcher | None = None) -> None:
        self.result = Sampled()
        self._watcher = watcher
        self._stream = stream
        self._max_samples, self._max_bytes = max_samples, max_bytes
        self._interval = 0.5 / RATE  # of ticks; every second one is a sample in any case
        self._kept: npt.NDArray[np.float32] | None = None
        self._pending: list[Pictures] = []
        self._scale = VideoReformatter()
        rate = float(stream.average_rate or 0)
        self._period = 1 / rate if 0.01 < rate <= 1_000_000 else 0.04  # for frames without a time of their own
        self._zero: float | None = None
        self._last = -1.0
        self._tick = -1
        self._frames = 0
        self._size = (0, 0)
        self._rotation = 0

    def see(self, frame: VideoFrame) -> None:
        self._frames += 1
        if frame.width * frame.height > MAX_PIXELS:
            self.result.warnings.add("too-large")
            return
        at = self._presented(frame)
        if self._size not in ((0, 0), (frame.width, frame.height)):
            self.result.warnings.add("frames-change-size")
        if self._size == (0, 0):
            self._size, self._rotation = (frame.width, frame.height), frame.rotation % 360
        tick = int(at / self._interval + 1e-6)
        if at <= self._last or tick <= self._tick:
            self._last = max(at, self._last)
            return
        at_ms = round(at * 1000)
        self._last = at
        if self.result.times_ms and at_ms <= self.result.times_ms[-1]:
            return
        if self._watcher is not None:
            self._watcher.see(frame, at)
        due = tick % 2 == 0 or tick - self._tick > 1
        self._tick = tick
        small = self._scale.reformat(frame, SIDE, SIDE, "gray", interpolation=Interpolation.AREA)
        picture = small.to_ndarray().astype(np.uint8, copy=False)
        level = picture - np.float32(picture.mean())  # a change of the light alone is no movement
        if not due and self._kept is not None and moved(level, self._kept) < MOVED_LEVELS:
            return
        self._kept = level
        self._pending.append(upright(picture, frame.rotation))
        self.result.times_ms.append(at_ms)
        if len(self._pending) == BLOCK:
            self._pack()
            if sum(map(len, self.result.blocks)) > self._max_bytes:
                self._halve()
        if len(self.result.times_ms) >= self._max_samples:
            self._halve()

    def finish(self, container: InputContainer, facts: dict[str, int | str]) -> Sampled:
        result = self.result
        self._pack()
        context = self._stream.codec_context
        width, height = self._size if self._rotation % 180 == 0 else self._size[::-1]
        facts |= {
            "codec": context.name[:40],
            "fps_milli": min(round(float(self._stream.average_rate or 0) * 1000), 1_000_000_000),
            "frames": self._frames,
            "height": height,
            "pixel_format": (context.pix_fmt or "")[:40],
            "rotation": self._rotation,
            "width": width,
        }
        if not result.times_ms:
            raise Unreadable("too-large" if "too-large" in result.warnings else "no-frames", facts)
        result.duration_ms = min(round((self._last + self._period) * 1000), MAX_MS)
        stated = int(facts.get("stated_duration_ms", 0))
        if self._stream.duration and self._stream.time_base:
            stated = min(round(float(self._stream.duration * self._stream.time_base) * 1000), MAX_MS)
        if result.duration_ms + MISSING_MS < stated:
            result.warnings.add("media-incomplete")
            facts["declared_ms"] = stated
        facts["duration_ms"] = result.duration_ms
        result.interval_ms = round(self._interval * 2000)
        result.facts = facts
        return result

    def _presented(self, frame: VideoFrame) -> float:
        """Seconds since the first frame; a time that is missing, runs backwards or leaps out of range is replaced."""
        given = frame.time if frame.pts is not None else None
        following = self._last + self._period if self._last >= 0 else 0.0
        if given is None:
            self.result.warnings.add("timestamps-odd")
            return min(following, MAX_MS / 1000)
        if self._zero is None:
            self._zero = self.result.zero = given
        at = given - self._zero
        if 0 <= at <= MAX_MS / 1000 - 1:
            if at < self._last:
                self.result.warnings.add("timestamps-odd")
            return at
        self.result.warnings.add("timestamps-odd")
        return min(following, MAX_MS / 1000 - 1)

    def _pack(self) -> None:
        if self._pending:
            self.result.blocks.append(pack_block(np.stack(self._pending)))
            self._pending.clear()

    def _halve(self) -> None:
        """Keep every second sample from here on, and of those that are there."""
        total = len(self.result.times_ms)
        old, kept = self.result.blocks, self._pending
        self.result.blocks, self._pending = [], []
        carried: list[Pictures] = []
        for number, block in enumerate(old):
            carried.extend(unpack_block(block, min(BLOCK, total - number * BLOCK))[::2])
            if len(carried) >= BLOCK:
                self.result.blocks.append(pack_block(np.stack(carried[:BLOCK])))
                del carried[:BLOCK]
        first = (len(old) * BLOCK) % 2
        self._pending = carried + kept[first::2]
        if len(self._pending) >= BLOCK:
            self.result.blocks.append(pack_block(np.stack(self._pending[:BLOCK])))
            del self._pending[:BLOCK]
        self.result.times_ms = self.result.times_ms[::2]
        self._interval *= 2
        self._tick = int(self._last / self._interval + 1e-6)
