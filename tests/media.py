"""Tiny media for tests, encoded with PyAV: a moving pattern and a tone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE, SOUND_RATE = 10, 16_000


def encode(
    path: Path,
    *,
    container: str | None = None,
    options: dict[str, str] | None = None,
    seconds: float = 2.0,
    size: tuple[int, int] = (160, 90),
    key_every: int = 5,
) -> Path:
    """Write `seconds` of picture and sound to `path` in the given container (PyAV's name), else by the suffix."""
    width, height = size
    with av.open(str(path), "w", format=container, options=options or {}) as made:
        video = made.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt, video.gop_size = width, height, "yuv420p", key_every
        sound = made.add_stream("aac", rate=SOUND_RATE, layout="mono")
        sound.bit_rate = 32_000
        rows, columns = np.mgrid[0:height, 0:width]
        for number in range(round(seconds * RATE)):
            grey = ((columns * 3 + rows * 2 + number * 12) % 256).astype(np.uint8)
            picture = np.stack([grey, np.roll(grey, number * 4, axis=1), 255 - grey], axis=2)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
        tone = (np.sin(np.arange(round(seconds * SOUND_RATE)) * 0.17) * 8000).astype(np.int16)
        for start in range(0, len(tone), 1024):
            piece = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            made.mux(sound.encode(piece))
        made.mux(sound.encode(None))
    return path
