"""What the sample footage shows: houses, trees, people who walk, a camera that pans or shakes. Seeded, all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT, FPS = 480, 270, 15
#: The backdrop (rows, columns) is wider and higher than the picture, so that the camera has where to go.
_BACKDROP: Final = (330, 1400)


@dataclass(frozen=True, slots=True)
class Shot:
    """One take: `seed` draws place and people, `pan` is the camera's pixels a second, `shake` its hand in pixels.

    A second `camera` (a seed other than 0) films the same place and people with a hand of its own; it stands `aside`:
    the nearest people are seen so many pixels further to the left, the houses behind them are not. A take that `begins`
    so many seconds later finds the same people, elsewhere on their way.
    """

    seed: int
    pan: float
    shake: float
    people: int
    sky: tuple[int, int, int]
    wall: tuple[int, int, int]
    clouds: float = 0.0
    camera: int = 0
    aside: float = 0.0
    begins: float = 0.0


def film(shot: Shot, count: int) -> Iterator[Picture]:
    """The pictures of one take, RGB uint8 (HEIGHT, WIDTH, 3)."""
    chance = np.random.default_rng(shot.seed)
    backdrop = _backdrop(shot, chance)
    rows, columns = _BACKDROP
    people = [_Person(chance, columns) for _ in range(shot.people)]
    people.sort(key=lambda person: person.feet)
    if shot.camera:
        chance = np.random.default_rng((shot.seed, shot.camera))
    grain = chance.normal(0, 3, (HEIGHT + 32, WIDTH + 32, 1))
    grain = np.clip(np.round(grain), -9, 9).astype(np.int16)
    hand = np.cumsum(chance.normal(0, 1, (count, 2)), axis=0)
    hand -= np.linspace(0, 1, count)[:, None] * hand[-1] if count else 0
    cloud = np.cumsum(chance.normal(0, 0.25, count))
    for number in range(count):
        seconds = number / FPS
        stage = backdrop.copy()
        for person in people:
            person.draw(stage, shot.begins + seconds, shot.aside)
        x = (columns - WIDTH) / 2 + shot.pan * (seconds - count / FPS / 2) + hand[number, 0] * shot.shake
        y = (rows - HEIGHT) / 2 + hand[number, 1] * shot.shake / 2
        left, top = int(np.clip(round(x), 0, columns - WIDTH)), int(np.clip(round(y), 0, rows - HEIGHT))
        view = stage[top : top + HEIGHT, left : left + WIDTH]
        light = 1.0 + shot.clouds * np.sin(cloud[number] + seconds * 0.9)
        at = chance.integers(0, 32, 2)
        noise = grain[at[0] : at[0] + HEIGHT, at[1] : at[1] + WIDTH]
        lookup = (np.arange(256) * light).astype(np.int16)
        yield np.clip(lookup[view] + noise, 0, 255).astype(np.uint8)


def _backdrop(shot: Shot, chance: np.random.Generator) -> Picture:
    """Sky, a row of houses with windows, trees, pavement: RGB (rows, columns, 3)."""
    rows, columns = _BACKDROP
    stage = np.zeros((rows, columns, 3), np.float32)
    stage[:] = np.array(shot.sky, np.float32) + np.linspace(-18, 22, rows)[:, None, None]
    stage[:140] += 16 * _rough(chance, 140, columns, 40)[..., None]
    left = 0
    while left < columns:
        width, top = int(chance.integers(60, 150)), int(chance.integers(30, 110))
        house = np.array(shot.wall, np.float32) * chance.uniform(0.6, 1.3) + chance.normal(0, 8, 3)
        stage[top:210, left : left + width] = house
        for y in range(top + 10, 200, int(chance.integers(22, 34))):
            for x in range(left + 8, min(left + width - 12, columns), int(chance.integers(18, 30))):
                stage[y : y + 13, x : x + 9] = chance.choice(np.array([35.0, 60.0, 205.0, 150.0])) + chance.normal(0, 6)
        left += width + int(chance.integers(0, 18))
    for _ in range(14):
        across, down, radius = (int(chance.integers(*span)) for span in ((0, columns), (110, 190), (14, 36)))
        yy, xx = np.ogrid[:rows, :columns]
        crown = (yy - down) ** 2 + (xx - across) ** 2 < radius**2
        stage[crown] = np.array((52, 92, 44), np.float32) * chance.uniform(0.6, 1.4)
    stage[210:] = 112 + 20 * _rough(chance, rows - 210, columns, 12)[..., None]
    for x in range(int(chance.integers(0, 60)), columns, 90):
        stage[262:268, x : x + 46] = 216
    stage += 14 * _rough(chance, rows, columns, 6)[..., None]
    return np.clip(stage, 0, 255).astype(np.uint8)


def _rough(chance: np.random.Generator, rows: int, columns: int, grain: int) -> npt.NDArray[np.float32]:
    """Noise with patches of `grain` pixels, mean 0 and deviation about 1."""
    small = chance.normal(0, 1, (rows // grain + 2, columns // grain + 2))
    return np.kron(small, np.ones((grain, grain)))[:rows, :columns].astype(np.float32)


class _Person:
    """Somebody who walks through the scene, or stands and waves a sign."""

    def __init__(self, chance: np.random.Generator, columns: int) -> None:
        self.feet = int(chance.integers(215, _BACKDROP[0] - 2))
        self._high = int(34 + (self.feet - 215) * 0.45)
        self._wide = self._high // 3
        self._x, self._columns = float(chance.uniform(0, columns)), columns
        self._pace = float(chance.choice(np.array([0.0, 1.0, 1.0, -1.0])) * chance.uniform(18, 60))
        self._phase, self._beat = float(chance.uniform(0, 6.3)), float(chance.uniform(4, 9))
        self._coat, self._legs = (chance.integers(20, 235, 3).astype(np.uint8) for _ in range(2))
        self._skin = np.array((224, 180, 150) * chance.uniform(0.4, 1.0, 1), np.uint8)
        self._sign = chance.integers(90, 255, 3).astype(np.uint8) if chance.random() < 0.3 else None

    def draw(self, stage: Picture, seconds: float, aside: float) -> None:
        swing = float(np.sin(self._phase + self._beat * seconds))
        nearness = (self.feet - 215) / (_BACKDROP[0] - 2 - 215)
        x = int((self._x + self._pace * seconds - aside * nearness) % self._columns)
        wide, high = self._wide, self._high
        top = self.feet - high - int(abs(swing) * 2)
        head, hips = top + high // 5, top + high * 3 // 5
        stage[top:head, x + wide // 3 : x + wide * 2 // 3 + 1] = self._skin
        stage[head:hips, x : x + wide] = self._coat
        step = int(swing * wide / 3) if self._pace else 0
        for foot in (step, -step):
            start = max(0, x + wide // 3 + foot)
            stage[hips : self.feet, start : start + max(2, wide // 4)] = self._legs
        if self._sign is not None:
            tilt = int(swing * 5)
            up = max(0, top - 16 + tilt)
            stage[up : up + 14, max(0, x - 4 + tilt) : x + wide + 6 + tilt] = self._sign
