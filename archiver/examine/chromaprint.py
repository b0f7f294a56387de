"""Chromaprint, AcoustID's fingerprint of sound: raw 32-bit sub-fingerprints, algorithm "test 2" (fpcalc's default).

Written anew from L. Lalinsky, "How does Chromaprint work?" (2011), and from Chromaprint 1.5, whose trained filters it
has to share to be comparable. Mono sound at 11,025 Hz goes through a short-time Fourier transform into twelve pitch
classes, which are smoothed over time and normalised; sixteen filters look at the picture that these make, and each of
their answers is two bits. There are eight sub-fingerprints a second, each of 2.7 s of sound.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.standard import SOUND_FRAME as FRAME
from archiver.standard import SOUND_FRAMES
from archiver.standard import SOUND_RATE as RATE
from archiver.standard import SOUND_STEP as STEP

#: Frames that the widest filter looks at; the smoothing needs four more.
_WIDEST: Final = 16
_CLASSES: Final = 12
_LOWEST_HZ, _HIGHEST_HZ = 28, 3_520
_A0_HZ: Final = 440 / 16
_SMOOTHING: Final = np.array((0.25, 0.75, 1.0, 0.75, 0.25))
#: Pitch classes whose length is below this are silence.
_SILENCE: Final = 0.01
#: For each pair of bits, the highest first: kind, lowest class, classes, frames, and three levels. The kinds divide
#: their rectangle into a part that counts and one that counts against it, see `_answer`.
_FILTERS: Final = (
    (0, 4, 3, 15, (1.98215, 2.35817, 2.63523)),
    (4, 4, 6, 15, (-1.03809, -0.651211, -0.282167)),
    (1, 0, 4, 16, (-0.298702, 0.119262, 0.558497)),
    (3, 8, 2, 12, (-0.105439, 0.0153946, 0.135898)),
    (3, 4, 4, 8, (-0.142891, 0.0258736, 0.200632)),
    (4, 0, 3, 5, (-0.826319, -0.590612, -0.368214)),
    (1, 2, 2, 9, (-0.557409, -0.233035, 0.0534525)),
    (2, 7, 3, 4, (-0.0646826, 0.00620476, 0.0784847)),
    (2, 6, 2, 16, (-0.192387, -0.029699, 0.215855)),
    (2, 1, 3, 2, (-0.0397818, -0.00568076, 0.0292026)),
    (5, 10, 1, 15, (-0.53823, -0.369934, -0.190235)),
    (3, 6, 2, 10, (-0.124877, 0.0296483, 0.139239)),
    (2, 1, 1, 14, (-0.101475, 0.0225617, 0.231971)),
    (3, 5, 6, 4, (-0.0799915, -0.00729616, 0.063262)),
    (1, 9, 2, 12, (-0.272556, 0.019424, 0.302559)),
    (3, 4, 2, 14, (-0.164292, -0.0321188, 0.0846339)),
)  # fmt: skip
_GRAY_CODE: Final = np.array((0, 1, 3, 2), np.uint32)

Samples = npt.NDArray[np.int16]
SubFingerprints = npt.NDArray[np.uint32]
_Image = npt.NDArray[np.float64]


class Chromaprint:
    """Takes sound piece by piece; what it keeps of it is 96 bytes for each frame of an eighth of a second."""

    def __init__(self) -> None:
        self._window = np.hamming(FRAME) / np.iinfo(np.int16).max
        self._classes = _pitch_classes()
        self._waiting = np.empty(0, np.int16)
        self._chroma: list[_Image] = []
        self.frames = 0

    def feed(self, samples: Samples) -> None:
        """Mono samples at `RATE`, in any lengths."""
        sound = np.concatenate((self._waiting, samples))
        count = (len(sound) - FRAME) // STEP + 1
        if count > 0:
            frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[: count * STEP : STEP]
            spectrum = np.fft.rfft(frames * self._window)
            self._chroma.append((spectrum.real**2 + spectrum.imag**2) @ self._classes)
            self.frames += count
            sound = sound[count * STEP :]
        self._waiting = sound

    def finish(self) -> SubFingerprints:
        """All sub-fingerprints; none where there were fewer than 20 frames (2.7 s)."""
        if self.frames < SOUND_FRAMES:
            return np.empty(0, np.uint32)
        return _sub_fingerprints(_normalised(np.concatenate(self._chroma)))


def _pitch_classes() -> _Image:
    """Which frequencies of a spectrum are of which pitch class: (FRAME / 2 + 1, 12)."""
    first, end = (round(FRAME * hertz / RATE) for hertz in (_LOWEST_HZ, _HIGHEST_HZ))
    number = np.arange(first, end)
    octave = np.log2(number * RATE / FRAME / _A0_HZ)
    shares = np.zeros((FRAME // 2 + 1, _CLASSES))
    shares[number, (_CLASSES * (octave - np.floor(octave))).astype(int)] = 1.0
    return shares


def _normalised(chroma: _Image) -> _Image:
    count = len(chroma) - len(_SMOOTHING) + 1
    smooth = sum(weight * chroma[at : at + count] for at, weight in enumerate(_SMOOTHING))
    length = np.sqrt((smooth**2).sum(axis=1, keepdims=True))
    return np.where(length < _SILENCE, 0.0, smooth / np.maximum(length, _SILENCE))


def _sub_fingerprints(image: _Image) -> SubFingerprints:
    sums = np.zeros((len(image) + 1, _CLASSES + 1))
    np.cumsum(np.cumsum(image, axis=0), axis=1, out=sums[1:, 1:])
    found = np.zeros(len(image) - _WIDEST + 1, np.uint32)
    for kind, low, classes, frames, levels in _FILTERS:
        answer = _answer(sums, len(found), kind, low, classes, frames)
        found = (found << np.uint32(2)) | _GRAY_CODE[np.searchsorted(levels, answer, side="right")]
    return found


def _answer(sums: _Image, count: int, kind: int, low: int, classes: int, frames: int) -> npt.NDArray[np.float64]:
    """Logarithm of the part of the rectangle that counts over the other part, at every frame."""

    def area(start: int, stop: int, first: int, last: int) -> npt.NDArray[np.float64]:
        before, behind = sums[start : start + count], sums[stop : stop + count]
        return behind[:, low + last] - before[:, low + last] - behind[:, low + first] + before[:, low + first]

    whole = area(0, frames, 0, classes)
    if kind == 0:  # all of it, against nothing
        counts, against = whole, np.zeros(count)
    elif kind == 1:  # the upper classes
        counts = area(0, frames, classes // 2, classes)
        against = area(0, frames, 0, classes // 2)
    elif kind == 2:  # the later frames
        counts = area(frames // 2, frames, 0, classes)
        against = area(0, frames // 2, 0, classes)
    elif kind == 3:  # two quarters that lie across
        half, middle = frames // 2, classes // 2
        counts = area(0, half, middle, classes) + area(half, frames, 0, middle)
        against = area(0, half, 0, middle) + area(half, frames, middle, classes)
    elif kind == 4:  # the middle classes
        third = classes // 3
        counts = area(0, frames, third, 2 * third)
        against = area(0, frames, 0, third) + area(0, frames, 2 * third, classes)
    else:  # the middle frames
        third = frames // 3
        counts = area(third, 2 * third, 0, classes)
        against = area(0, third, 0, classes) + area(2 * third, frames, 0, classes)
    return np.log((1 + counts) / (1 + against))
