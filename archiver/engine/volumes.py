"""The index's volumes as files: what the matcher sees as arrays, custody keeps as files."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from archiver.custody import arrays, indexlist
from archiver.custody.arrays import ArraysError
from archiver.custody.indexlist import VolumeFile
from archiver.match import lookup
from archiver.match.descriptor import WORDS
from archiver.match.lookup import Volume

#: Volumes of about one size, within this factor, that are merged into one: a code is rewritten some ten times in its
#: life, and an index of a million frames has about as many volumes.
GROWTH: Final = 4
#: A volume's arrays, in its order.
_COLUMNS: Final = ("first", "rest", "film", "sample", "box")


@dataclass(frozen=True, slots=True)
class Named:
    """A volume, and for each of its films the SHA-256 of the fingerprint that it was made from."""

    volume: Volume
    films: tuple[str, ...]


def saved(folder: Path, parts: Sequence[Named]) -> VolumeFile:
    """Write the volumes as one new file. Raises OSError, and leaves nothing behind then."""
    films = [film for part in parts for film in part.films]
    codes = sum(len(part.volume) for part in parts)
    path = folder / f"{secrets.token_hex(8)}{indexlist.SUFFIX}"
    with arrays.written(path, _layout(len(films), codes)) as made:
        made["films"][:] = np.frombuffer(bytes.fromhex("".join(films)), np.uint8).reshape(len(films), 32)
        columns = (made[name] for name in _COLUMNS)
        lookup.merge([part.volume for part in parts], Volume(len(films), *columns))
    state = path.stat()
    return VolumeFile(path.name, arrays.digest(path), state.st_size, state.st_mtime_ns, len(films), codes)


def opened(folder: Path, file: VolumeFile, *, thorough: bool) -> Named:
    """Map a volume. It is read through if `thorough`, or if its time is another than when it was written.

    Raises ArraysError where it is not what was written, OSError where it cannot be opened.
    """
    path = folder / file.name
    state = path.stat()
    if state.st_size != file.size:
        raise ArraysError(f"has {state.st_size} bytes instead of {file.size}")
    if (thorough or state.st_mtime_ns != file.modified_ns) and arrays.digest(path) != file.sha256:
        raise ArraysError("is not what was written")
    found = arrays.mapped(path)
    if {name: (each.dtype.str, each.shape) for name, each in found.items()} != _layout(file.films, file.codes):
        raise ArraysError("holds other arrays than it should")
    films = tuple(row.tobytes().hex() for row in found["films"])
    return Named(Volume(file.films, *(found[name] for name in _COLUMNS)), films)


def to_merge(codes: int, others: Sequence[VolumeFile]) -> list[VolumeFile]:
    """Which of the other volumes a new one of so many codes is to be merged with, so that few are left of any size."""
    chosen: list[VolumeFile] = []
    while True:
        alike = [each for each in others if each not in chosen and _level(each.codes) <= _level(codes)]
        if len(alike) < GROWTH - 1:
            return chosen
        chosen += alike
        codes += sum(each.codes for each in alike)


def _level(codes: int) -> int:
    level = 0
    while codes >= GROWTH ** (level + 1):
        level += 1
    return level


def _layout(films: int, codes: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {
        "films": ("|u1", (films, 32)),
        "first": ("<u8", (codes,)),
        "rest": ("<u8", (codes, WORDS - 1)),
        "film": ("<u4", (codes,)),
        "sample": ("<u2", (codes,)),
        "box": ("|u1", (codes, 4)),
    }
