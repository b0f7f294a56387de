"""A fingerprint made ready for matching: its pictures, the boxes of each shot, and the codes to be found by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match.descriptor import (
    MIN_CONTRAST,
    WHOLE,
    WORDS,
    Box,
    Codes,
    Variant,
    codes,
    coefficients_of,
    contrast,
    turned,
    turned_box,
)
from archiver.match.insets import insets
from archiver.match.shots import boxes, shots

Seconds = npt.NDArray[np.float64]

#: Samples at a time for which coefficients are held: 64 MB of pictures.
_CHUNK: Final = 4_096


def _grid(side: float, steps: int = 3) -> tuple[Box, ...]:
    places = [(1 - side) * step / (steps - 1) for step in range(steps)]
    return tuple(Box(x, y, x + side, y + side) for y in places for x in places)


#: A caption bar covers the lower or the upper fifth.
_WITHOUT_BAR: Final = (Box(0.0, 0.0, 1.0, 0.78), Box(0.0, 0.22, 1.0, 1.0))
_UNCROPPED: Final = (WHOLE, *_WITHOUT_BAR)
#: The middle of a wide film as a square and as a tall film, and that of a tall or square film as a wide one.
_OTHER_ASPECTS: Final = (Box(0.22, 0.0, 0.78, 1.0), Box(0.34, 0.0, 0.66, 1.0), Box(0.0, 0.17, 1.0, 0.83))
#: Where a copy that shows only part of an indexed film may look: crops down to .7 of each side.
INDEXED_BOXES: Final = (WHOLE, *_WITHOUT_BAR, *_OTHER_ASPECTS, *_grid(0.9), *_grid(0.8), *_grid(0.73, 4))
#: Where an indexed film may look, if it is the indexed one that shows only part of the query.
QUERY_BOXES: Final = (WHOLE, *_WITHOUT_BAR, *_grid(0.8))


@dataclass(frozen=True, slots=True)
class Entries:
    """Codes and what each was made from. Arrays of one length; `box` and `variant` are numbers into `boxes`, `Variant`.

    codes: uint64 (n, WORDS); sample, box: int32 (n,); variant: int8 (n,); part: bool (n,), of a crop of the footage.
    """

    codes: Codes
    sample: npt.NDArray[np.int32]
    box: npt.NDArray[np.int32]
    variant: npt.NDArray[np.int8]
    part: npt.NDArray[np.bool_]
    boxes: tuple[Box, ...]


VARIANTS: Final = tuple(Variant)
#: Variants in which crops and insets of the query are looked up too; the others are rarer, and of whole pictures.
_USUAL: Final = (Variant.PLAIN, Variant.MIRROR)
#: Samples before and after a shot in which its insets are looked for too: an inset outlasts a cut of what is around it.
_AROUND: Final = 6


def seconds(fingerprint: Fingerprint) -> Seconds:
    """Presentation times of the samples, in seconds."""
    return np.array(fingerprint.times_ms, np.float64) / 1000


def indexed_entries(fingerprint: Fingerprint) -> Entries:
    """Codes of every sample as an indexed film has them: upright, whole and in part."""
    return _entries(fingerprint, INDEXED_BOXES, (Variant.PLAIN,), 1)


def query_entries(fingerprint: Fingerprint, stride: int, *, parts: bool) -> Entries:
    """Codes of every `stride`-th sample as a query has them: in every variant; with `parts`, of crops too."""
    return _entries(fingerprint, QUERY_BOXES if parts else _UNCROPPED, VARIANTS, stride)


def _entries(fingerprint: Fingerprint, parts: tuple[Box, ...], variants: tuple[Variant, ...], stride: int) -> Entries:
    """`parts` are those of a shot's likeliest box that are taken in the usual variants."""
    pictures = fingerprint.pictures()
    table: dict[Box, int] = {}
    made: list[tuple[Codes, npt.NDArray[np.int32], int, int, bool]] = []
    for start in range(0, len(pictures), _CHUNK):
        part = pictures[start : start + _CHUNK]
        for shot in shots(part):
            samples = np.arange(shot.start + start, shot.stop + start, dtype=np.int32)
            chosen = samples % stride == 0
            if not chosen.any():
                continue
            found = boxes(part[shot])
            inner = insets(part[max(0, shot.start - _AROUND) : shot.stop + _AROUND])
            for variant in variants:
                wanted = [(box, False) for box in found]
                if variant in _USUAL:
                    wanted = [(each.inside(found[0]), each not in _UNCROPPED) for each in parts]
                    wanted += [(box, False) for box in (*found[1:], *inner)]
                wanted = [(turned_box(box, variant), is_part) for box, is_part in wanted]
                views = turned(part[shot][chosen], variant)
                all_blocks = coefficients_of(views, [box for box, _ in wanted])
                for (box, is_part), blocks in zip(wanted, all_blocks, strict=True):
                    lively = contrast(blocks) >= MIN_CONTRAST
                    number = table.setdefault(box, len(table))
                    made.append(
                        (codes(blocks[lively]), samples[chosen][lively], number, VARIANTS.index(variant), is_part)
                    )
    lengths = [len(each[1]) for each in made]
    return Entries(
        codes=np.concatenate([each[0] for each in made]) if made else np.empty((0, WORDS), np.uint64),
        sample=np.concatenate([each[1] for each in made]) if made else np.empty(0, np.int32),
        box=np.repeat(np.array([each[2] for each in made], np.int32), lengths),
        variant=np.repeat(np.array([each[3] for each in made], np.int8), lengths),
        part=np.repeat(np.array([each[4] for each in made], np.bool_), lengths),
        boxes=tuple(table),
    )
