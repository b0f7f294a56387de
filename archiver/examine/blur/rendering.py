"""Writing a blurred copy: every frame decoded, what is to be hidden replaced, all encoded anew. Inside the sandbox.

Nothing of the original file but pixels and samples comes into the copy: no metadata, no other streams, no packets.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from archiver.covers import Timeline
from archiver.examine.blur import film, hiding, voice
from archiver.examine.blur.spelling import covers_from_json
from archiver.examine.container import Unreadable, open_media

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

#: The longer side of a copy at most. It is for looking at; the detail beyond is in the original.
MAX_SIDE = 1920
#: Milliseconds as time base: times of frames are kept, whatever the rate of the original.
TIME_BASE = Fraction(1, 1000)
#: How the copy is encoded. The threads are fixed, because what comes out depends on their number.
ENCODER = {"preset": "veryfast", "crf": "23", "threads": "4", "x264-params": "keyint=60"}
SOUND_BITS = 96_000

_FILE = {"fflags": "+bitexact", "movflags": "+write_colr"}


def make_film(paths: Sequence[str], arguments: Mapping[str, Any], output: int) -> bytes:
    """Write a blurred copy (MP4: H.264, AAC) of the film `paths[0]` to the descriptor `output`.

    `paths[1]` holds covers (`spelling`). `arguments`: `whole` hides every picture as a whole; `sound` is `mute`, `keep`
    or `shift`; `comment` is what the file says of itself. The answer is JSON: versions, size, and how much was hidden.
    """
    with open(paths[1], "rb") as covers:
        timeline = Timeline(covers_from_json(covers.read()))
    with ExitStack() as stack:
        source = stack.enter_context(open_media(paths[0]))
        stream = film.opened(source)
        file = stack.enter_context(os.fdopen(output, "r+b"))
        target = stack.enter_context(av.open(file, "w", format="mp4", options=dict(_FILE)))
        target.metadata["comment"] = arguments["comment"]
        zero = film.begin(stream) if stream is not None else 0.0
        pictures = film.frames(source, stream) if stream is not None else iter(())
        first = next(pictures, None)
        sound = _Sound(target, paths[0], arguments["sound"], zero)
        counted = {"width": 0, "height": 0, "frames": 0, "frames_with_patches": 0, "length_ms": 0}
        if first is not None and stream is not None:
            encoder = _encoder(target, stream, first)
            sound.begin()
            shown = itertools.chain((first,), pictures)
            counted |= _pictures(target, encoder, shown, timeline, bool(arguments["whole"]), sound)
        elif not sound.begin():
            raise Unreadable("no-frames")
        sound.write_until(None)
    versions = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    tools = {"pyav": av.__version__, "libavcodec": versions["libavcodec"], "libswscale": versions["libswscale"]}
    return json.dumps({"tools": tools, "counted": counted}).encode()


def _encoder(target: OutputContainer, stream: VideoStream, first: film.Shown) -> VideoStream:
    rate = float(stream.average_rate or 0)
    whole_rate = min(max(round(rate), 1), 240) if rate else 25  # for the encoder's own budget: times are the frames'
    encoder = target.add_stream("libx264", rate=whole_rate, options=dict(ENCODER))
    encoder.width, encoder.height = copied_size(*first.size)
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = encoder.codec_context.time_base = TIME_BASE
    aspect = stream.sample_aspect_ratio
    if aspect and 0.1 < aspect < 10 and aspect.numerator < 10_000 and aspect.denominator < 10_000:
        encoder.codec_context.sample_aspect_ratio = 1 / aspect if first.quarters % 2 else aspect
    return encoder


def _pictures(
    target: OutputContainer,
    encoder: VideoStream,
    shown: Iterable[film.Shown],
    timeline: Timeline,
    whole: bool,
    sound: _Sound,
) -> dict[str, int]:
    upright = film.Upright()
    coarse: hiding.Planes | None = None
    renewed, frames, patched, last = 0, 0, 0, 0
    for one in shown:
        last = one.ms
        boxes = timeline.at(last)
        if whole:
            if coarse is None or last >= renewed + hiding.HELD_MS:
                coarse, renewed = hiding.coarse(upright.planes(one, encoder.width, encoder.height)), last
            planes = coarse
        else:
            planes = upright.planes(one, encoder.width, encoder.height)
            hiding.patch(planes, boxes)
        frames += 1
        patched += whole or bool(boxes)
        frame = film.assembled(planes)
        frame.pts, frame.time_base = last, TIME_BASE
        sound.write_until(last)
        target.mux(encoder.encode(frame))
    target.mux(encoder.encode(None))
    return {
        "width": encoder.width,
        "height": encoder.height,
        "frames": frames,
        "frames_with_patches": patched,
        "length_ms": last,
    }


def copied_size(width: int, height: int) -> tuple[int, int]:
    """The size of a copy: no side longer than MAX_SIDE, both even, because colours have half the resolution."""
    share = min(1.0, MAX_SIDE / max(width, height))
    return max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2)


class _Sound:
    """Writes the sound beside the pictures, so that neither waits in memory for the other."""

    def __init__(self, target: OutputContainer, path: str, how: str, zero: float) -> None:
        self._target = target
        self._frames = voice.heard(path, how, zero) if how != "mute" else iter(())
        self._next = next(self._frames, None)
        self._encoder: AudioStream | None = None

    def begin(self) -> bool:
        """Add the stream of sound, after that of pictures; whether there is any."""
        if self._next is not None:
            self._encoder = self._target.add_stream("aac", rate=voice.RATE, layout=voice.LAYOUT)
            self._encoder.bit_rate = SOUND_BITS
        return self._encoder is not None

    def write_until(self, ms: int | None) -> None:
        """Write what is heard up to `ms`; all that is left with None."""
        if self._encoder is None:
            return
        while self._next is not None and (ms is None or (self._next.pts or 0) * 1000 <= ms * voice.RATE):
            self._target.mux(self._encoder.encode(self._next))
            self._next = next(self._frames, None)
        if ms is None:
            self._target.mux(self._encoder.encode(None))
