"""Films that are no copies, as many as wanted: what else lies in an index.

Each is made of shots of 2 to 30 s. A shot is a window that stands, pans or shakes over the frames of a real clip
(../shared/footage), turned by any angle, zoomed in two to four times, with other light, every second one blended with a
drifting field of 1/f noise, some negative. So they have the statistics of real footage, plain walls and near-flats
included. A turn may come close to a quarter: a few are copies of a kind. Beyond what is drawn, SYMMETRIES gives 16
films of each: mirrored, upside down, transposed, negative, which for codes is a change of signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from archiver.fingerprint import SIDE, VIDEO_ALGORITHM, Fingerprint, decode, pack
from archiver.match.descriptor import KEEP, Codes
from archiver.match.index import volume_of
from archiver.match.lookup import Volume, volume
from archiver.match.sketch import ORDER

#: Films of a set, and how many samples they may have: 20 s to 8 minutes.
FILMS = 20
_LENGTHS = (60, 120, 360, 480, 1380)
#: (mirrored, upside down, transposed, negative)
SYMMETRIES = [(bool(n & 1), bool(n & 2), bool(n & 4), bool(n & 8)) for n in range(16)]

Grey = npt.NDArray[Any]

_Y, _X = np.mgrid[0:SIDE, 0:SIDE]
_Y, _X = (_Y - (SIDE - 1) / 2) / SIDE, (_X - (SIDE - 1) / 2) / SIDE


class Distractors:
    """Sets of films by number, kept in `folder` once they are made."""

    def __init__(self, folder: Path, clips: list[Path]) -> None:
        self.folder, self._clips = folder, clips
        self._films: list[Grey] = []
        folder.mkdir(parents=True, exist_ok=True)

    def volume(self, number: int) -> Volume:
        """The set's volume; makes the set where it is not there yet."""
        place = self.folder / f"{number}.npz"
        if not place.exists():
            prints = list(self._made(number))
            for film, each in enumerate(prints):
                self._path(number, film).write_bytes(each.to_bytes())
            one = volume_of(prints)
            np.savez(place, first=one.first, rest=one.rest, film=one.film, sample=one.sample, box=one.box)
        with np.load(place) as held:
            return Volume(FILMS, held["first"], held["rest"], held["film"], held["sample"], held["box"])

    def fingerprint(self, number: int, film: int, symmetry: int) -> Fingerprint:
        """One film of a set, in one of the SYMMETRIES."""
        found = decode(self._path(number, film).read_bytes())
        if not symmetry:
            return found
        mirrored, upside_down, transposed, negative = SYMMETRIES[symmetry]
        pictures = found.pictures()
        pictures = pictures[:, :, ::-1] if mirrored else pictures
        pictures = pictures[:, ::-1] if upside_down else pictures
        pictures = pictures.transpose(0, 2, 1) if transposed else pictures
        return replace(found, blocks=pack(np.ascontiguousarray(252 - pictures if negative else pictures)))

    def _path(self, number: int, film: int) -> Path:
        return self.folder / f"{number}_{film}.afp"

    def _made(self, number: int) -> Iterator[Fingerprint]:
        self._films = self._films or [_decoded(clip) for clip in self._clips]
        rng = np.random.default_rng(1000 + number)
        for _ in range(FILMS):
            count, shots = int(rng.choice(_LENGTHS)), list[Grey]()
            while left := count - sum(len(each) for each in shots):
                shots.append(_shot(self._films, rng, min(left, int(rng.integers(6, 90)))))
            times = tuple((np.arange(count) * 1000 // 3).tolist())
            blocks = pack(np.concatenate(shots))
            yield Fingerprint(VIDEO_ALGORITHM, count * 1000 // 3, times, blocks, {"made": 1}, {"made": "1"}, {})


def symmetric(one: Volume, symmetry: int) -> Volume:
    """A volume as it is in one of the SYMMETRIES (but for coefficients at the median itself)."""
    codes = _symmetric_codes(np.column_stack((one.first, one.rest)), symmetry)
    return volume(one.films, codes, one.film, one.sample, _symmetric_boxes(one.box, symmetry))


def _symmetric_boxes(boxes: npt.NDArray[np.uint8], symmetry: int) -> npt.NDArray[np.uint8]:
    mirrored, upside_down, transposed, _ = SYMMETRIES[symmetry]
    left, top, right, bottom = boxes.T
    left, right = (255 - right, 255 - left) if mirrored else (left, right)
    top, bottom = (255 - bottom, 255 - top) if upside_down else (top, bottom)
    return np.column_stack((top, left, bottom, right) if transposed else (left, top, right, bottom))


def _symmetric_codes(codes: Codes, symmetry: int) -> Codes:
    mirrored, upside_down, transposed, negative = SYMMETRIES[symmetry]
    rows, columns = np.divmod(ORDER, KEEP)
    signs = (rows % 2 * upside_down ^ columns % 2 * mirrored ^ negative).astype(np.uint8)
    changed = codes ^ np.packbits(signs).view(">u8").astype(np.uint64)
    if not transposed:
        return changed
    place = np.empty(KEEP * KEEP, np.int64)
    place[ORDER] = np.arange(KEEP * KEEP)
    bits = np.unpackbits(changed.astype(">u8").view(np.uint8).reshape(len(codes), -1), axis=1)
    return np.packbits(np.take(bits, place[columns * KEEP + rows], axis=1), axis=1).view(">u8").astype(np.uint64)


def _decoded(clip: Path) -> Grey:
    """Three frames a second of a clip, grey, 320 pixels at most."""
    frames, last = [], -1.0
    with av.open(str(clip)) as given:
        for frame in given.decode(video=0):
            if frame.time is not None and frame.time - last >= 0.33:
                last, scale = frame.time, 320 / max(frame.width, frame.height)
                width, height = int(frame.width * scale) // 2 * 2, int(frame.height * scale) // 2 * 2
                frames.append(frame.reformat(width=width, height=height, format="gray").to_ndarray())
    return np.stack(frames)


def _shot(films: list[Grey], rng: np.random.Generator, count: int) -> Grey:
    film = films[rng.integers(len(films))]
    height, width = film.shape[1:]
    side, angle = rng.uniform(0.28, 0.62) * min(height, width), rng.uniform(0.35, 2 * np.pi - 0.35)
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    camera = rng.integers(3)  # stands, pans, is held in a hand
    pan, shake = rng.normal(size=2) * (0, 2.5, 0.6)[camera], (0, 0.4, 1.5)[camera]
    zoom = 1 + rng.normal() * (0, 0.003, 0.003)[camera]
    share = rng.choice([0, 0, 0.3, 0.5])
    field, drift, place = _field(rng), rng.normal(size=2) * rng.choice([0, 0.8]), rng.uniform(30, 120, 2)
    gain, offset, gamma = rng.uniform(0.7, 1.2), rng.uniform(-25, 25), rng.uniform(0.8, 1.3)
    negative, start = rng.random() < 0.15, int(rng.integers(len(film)))
    made = np.empty((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        at = abs((start + number) % max(1, 2 * len(film) - 2) - len(film) + 1)  # to and fro, without a jump
        grey = _window(film[at], x, y, angle, side)
        if share:
            grey = (1 - share) * grey + share * _window(field, place[0], place[1], 0.0, float(SIDE))
        grey = 255 * np.clip((grey * gain + offset) / 255, 0, 1) ** gamma + rng.normal(size=grey.shape) * 1.5
        made[number] = np.clip(255 - grey if negative else grey, 0, 255)
        x, y, side = x + pan[0] + rng.normal() * shake, y + pan[1] + rng.normal() * shake, side * zoom
        place = place + drift
    return made


def _field(rng: np.random.Generator, size: int = 160) -> Grey:
    frequencies = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None])
    frequencies[0, 0] = 1
    spectrum = np.fft.fft2(rng.normal(size=(size, size))) / frequencies ** rng.uniform(0.9, 1.5)
    field = np.fft.ifft2(spectrum).real
    return np.asarray((field - field.mean()) / field.std() * 45 + 128)


def _window(picture: Grey, x: float, y: float, angle: float, side: float) -> Grey:
    """A turned square of the picture, reflected at its edges, SIDE x SIDE."""
    height, width = picture.shape
    cosine, sine = np.cos(angle) * side, np.sin(angle) * side
    across = np.abs(x + cosine * _X - sine * _Y) % (2 * width - 2)
    down = np.abs(y + sine * _X + cosine * _Y) % (2 * height - 2)
    across = np.where(across > width - 1, 2 * width - 2 - across, across)
    down = np.where(down > height - 1, 2 * height - 2 - down, down)
    left, top = across.astype(np.int64), down.astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = across - left, down - top
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    return np.asarray(
        upper * (1 - down) + (picture[bottom, left] * (1 - across) + picture[bottom, right] * across) * down
    )
