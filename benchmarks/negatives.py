"""Pairs of films that are no copies of each other, made for the benchmark of matching and for its calibration.

    python benchmarks/negatives.py        makes some and prints how alike they are called

Hardest first: parts of one film that share no frame (halves, thirds, quarters), two drawn cameras that film the same
people at the same moment from places some steps apart, the same drawn place at different times, two drawn hands that
pan over one street at different times, and cameras that move alike over two chance patterns of one grid.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from archiver.demo.drawing import FPS, Shot, film
from archiver.fingerprint import SIDE, VIDEO_ALGORITHM, Fingerprint, pack
from archiver.match.align import hypotheses
from archiver.match.compare import stretches
from archiver.match.descriptor import Floats
from archiver.match.film import indexed_entries, query_entries, seconds
from archiver.match.finding import evidence
from archiver.match.index import HYPOTHESES, Index
from archiver.model import Finding

#: Parts of one clip that share no frame: the issue's halves, and shorter ones, where chance does more.
PARTS: Final = (
    ((0.0, 0.45), (0.55, 1.0)),
    ((0.0, 0.3), (0.35, 0.65), (0.7, 1.0)),
    ((0.0, 0.22), (0.26, 0.48), (0.52, 0.74), (0.78, 1.0)),
)
#: Clips of ../shared/footage/dev that were filmed in one room.
ONE_ROOM: Final = ("int_asl_again.mp4", "int_asl_book.mp4", "int_asl_walk.mp4")
#: How far apart the two drawn cameras see the nearest people, and how much drawn hands shake, in pixels of 480.
ASIDES: Final = (15.0, 40.0, 80.0)
SHAKES: Final = (0.0, 2.0)
#: How fast drawn cameras pan, in pixels of 480 a second, and the sides of drawn tiles, in stored pixels.
PANS: Final = (10.0, 20.0, 40.0)
TILES: Final = (16, 24, 32)
#: Fewer samples than this are too few to be compared at all.
_LEAST_SAMPLES: Final = 4

Pair = tuple[Fingerprint, Fingerprint]


def parts(one: Fingerprint, other: Fingerprint) -> Iterator[Pair]:
    """Every part of `one` with every part of `other` (a copy of it, or itself) that shows another time."""
    for cuts in PARTS:
        for (a, first), (b, second) in itertools.product(enumerate(cuts), enumerate(cuts)):
            pair = cut(one, *first), cut(other, *second)
            if a != b and min(len(each.times_ms) for each in pair) >= _LEAST_SAMPLES:
                yield pair


def cut(whole: Fingerprint, start: float, end: float) -> Fingerprint:
    """The part of a film between two shares of its length."""
    times = np.array(whole.times_ms)
    kept = (times >= start * whole.duration_ms) & (times < end * whole.duration_ms)
    moved = times[kept] - times[kept][:1]
    length = round((end - start) * whole.duration_ms)
    blocks = pack(whole.pictures()[kept], whole.form)
    return replace(whole, duration_ms=length, times_ms=tuple(moved.tolist()), blocks=blocks)


def two_cameras(seed: int, aside: float, seconds: float = 8.0) -> Pair:
    """Two people film one crowd at the same moment, some steps apart."""
    shot = Shot(seed, pan=0, shake=1.5, people=30, sky=(190, 196, 204), wall=(150, 130, 110))
    return drawn(shot, seconds), drawn(replace(shot, camera=1, aside=aside), seconds)


def other_times(seed: int, shake: float, seconds: float = 8.0) -> Pair:
    """One camera on one place, at two times with a gap between them."""
    whole = drawn(Shot(seed, pan=0, shake=shake, people=24, sky=(190, 196, 204), wall=(150, 130, 110)), 2.2 * seconds)
    return cut(whole, 0.0, 1 / 2.2), cut(whole, 1.2 / 2.2, 1.0)


def two_pans(seed: int, pan: float, seconds: float = 8.0) -> Pair:
    """Two people pan over one street in the same time, a minute apart."""
    shot = Shot(seed, pan=pan, shake=1.0, people=16, sky=(190, 196, 204), wall=(150, 130, 110))
    return drawn(shot, seconds), drawn(replace(shot, camera=1, begins=60.0), seconds)


def two_grids(seed: int, tile: int, seconds: int = 12) -> Pair:
    """A camera moves in the same way over two patterns of tiles that have nothing but their grid in common."""
    return _tiled(2 * seed, tile, seconds), _tiled(2 * seed + 1, tile, seconds)


def _tiled(seed: int, tile: int, seconds: int) -> Fingerprint:
    side, samples = SIDE + 2 * 3 * seconds, 3 * seconds
    levels = np.random.default_rng(seed).normal(128, 40, (-(-side // tile),) * 2)
    whole = np.clip(levels, 0, 255).repeat(tile, axis=0).repeat(tile, axis=1).astype(np.uint8)
    pictures = np.stack([whole[2 * at : 2 * at + SIDE, at : at + SIDE] for at in range(samples)])
    return Fingerprint(
        algorithm=VIDEO_ALGORITHM,
        duration_ms=1000 * seconds,
        times_ms=tuple(round(1000 * at / 3) for at in range(samples)),
        blocks=pack(pictures),
        parameters={},
        tools={},
        exchange={},
    )


def drawn(shot: Shot, seconds: float) -> Fingerprint:
    """The fingerprint of drawn footage, sampled as moving footage is: two pictures of each five."""
    count = round(seconds * FPS)
    kept = [(number, picture) for number, picture in enumerate(film(shot, count)) if number % 5 in (0, 3)]
    pictures = np.stack([_small(picture.mean(axis=2, dtype=np.float32)) for _, picture in kept])
    return Fingerprint(
        algorithm=VIDEO_ALGORITHM,
        duration_ms=round(seconds * 1000),
        times_ms=tuple(round(number * 1000 / FPS) for number, _ in kept),
        blocks=pack(pictures.astype(np.uint8)),
        parameters={},
        tools={},
        exchange={},
    )


def strongest(pair: Pair) -> float:
    """The strongest evidence, 0 to 1, that any alignment of the second film with the first gives for one recording."""
    item, query = pair
    entries, times = query_entries(query, 1, parts=True), seconds(query)
    guesses = hypotheses(entries, times, indexed_entries(item), seconds(item), HYPOTHESES)
    return max((evidence(run) for run, _ in stretches(item, query, query.pictures(), guesses)), default=0.0)


def called(pair: Pair) -> Finding | None:
    """What the second film is called, looked up in an index of the first."""
    index = Index()
    index.add("first", pair[0])
    found = index.query(pair[1])
    return found[0].finding if found else None


def _small(picture: Floats) -> Floats:
    rows, columns = (_areas(length) for length in picture.shape)
    small: Floats = np.matmul(np.matmul(rows, picture), columns.T)
    return small


def _areas(length: int) -> Floats:
    edges, pixels = np.linspace(0, length, SIDE + 1), np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: Floats = (np.maximum(overlap, 0.0) * (SIDE / length)).astype(np.float32)
    return shares


def main() -> None:
    print("evidence for one recording (0.5 is called one)")
    for aside in ASIDES:
        print(f"two cameras, the nearest people {aside:.0f} pixels apart:", strongest(two_cameras(100, aside)))
    for shake in SHAKES:
        print(f"one place at two times, the hand's shake {shake:.0f} pixels:", strongest(other_times(200, shake)))
    for pan in PANS:
        print(f"two hands that pan by {pan:.0f} pixels a second:", strongest(two_pans(300, pan)))
    for tile in TILES:
        print(f"two patterns on one grid of {tile} stored pixels:", strongest(two_grids(7, tile)))


if __name__ == "__main__":
    main()
