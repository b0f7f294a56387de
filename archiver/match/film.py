"""A fingerprint made ready for matching: its pictures, the boxes of each shot, and the codes to be found by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.fingerprint import Fingerprint
from archiver.match.descriptor import (
    KEEP,
    MIN_CONTRAST,
    WHOLE,
    WORDS,
    Box,
    Codes,
    Pixels,
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
Samples = npt.NDArray[np.int32]

#: Samples at a time for which coefficients are held: 64 MB of pictures.
_CHUNK: Final = 4_096
#: Codes made at a time: 16 MB of coefficients.
_ROWS: Final = 16_384


def _grid(side: float, steps: int = 3) -> tuple[Box, ...]:
    places = [(1 - side) * step / (steps - 1) for step in range(steps)]
    return tuple(Box(x, y, x + side, y + side) for y in places for x in places)


#: A caption bar covers the lower or the upper fifth.
_WITHOUT_BAR: Final = (Box(0.0, 0.0, 1.0, 0.78), Box(0.0, 0.22, 1.0, 1.0))
_UNCROPPED: Final = (WHOLE, *_WITHOUT_BAR)
#: The middle of a wide film as a square and as a tall film, and that of a tall or square film as a wide one.
_OTHER_ASPECTS: Final = (Box(0.22, 0.0, 0.78, 1.0), Box(0.34, 0.0, 0.66, 1.0), Box(0.0, 0.17, 1.0, 0.83))
#: What is left where one side is cut away: a half of a split screen, a wide film on an upright phone off its middle.
_SIDES: Final = (Box(0.0, 0.0, 0.62, 1.0), Box(0.38, 0.0, 1.0, 1.0), Box(0.0, 0.0, 1.0, 0.62), Box(0.0, 0.38, 1.0, 1.0))
_CROPS: Final = (*_grid(0.9), *_grid(0.8), *_grid(0.73, 4), *_grid(0.62, 4))
#: Where a copy that shows only part of an indexed film may look: crops down to .6 of each side.
INDEXED_BOXES: Final = (WHOLE, *_WITHOUT_BAR, *_OTHER_ASPECTS, *_SIDES, *_CROPS)
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

    def only(self, rows: npt.NDArray[np.int64]) -> Entries:
        """Some of the rows."""
        return replace(
            self,
            codes=self.codes[rows],
            sample=self.sample[rows],
            box=self.box[rows],
            variant=self.variant[rows],
            part=self.part[rows],
        )


VARIANTS: Final = tuple(Variant)
#: Variants in which crops and insets of the query are looked up too; the others are rarer, and of whole pictures.
_USUAL: Final = (Variant.PLAIN, Variant.MIRROR)
#: Samples before and after a shot in which its insets are looked for too: an inset outlasts a cut of what is around it.
_AROUND: Final = 6
#: Crops, of which there are many, are kept of every so many samples of an indexed film.
CROP_STRIDE: Final = 3


def seconds(fingerprint: Fingerprint) -> Seconds:
    """Presentation times of the samples, in seconds."""
    return np.array(fingerprint.times_ms, np.float64) / 1000


def indexed_entries(fingerprint: Fingerprint) -> Entries:
    """Codes of a film as the index has them, upright: of every sample, and of every third one's crops.

    A copy has samples within a sixth of a second of each that is cropped, so it loses evidence, but no stretch of its
    own.
    """
    return _entries(fingerprint.pictures(), INDEXED_BOXES, (Variant.PLAIN,), 1, CROP_STRIDE)


def all_entries(fingerprint: Fingerprint, samples: npt.NDArray[np.int64]) -> Entries:
    """As `indexed_entries` of some samples of a film, with all of their crops."""
    made = _entries(fingerprint.pictures()[samples], INDEXED_BOXES, (Variant.PLAIN,), 1, 1)
    return replace(made, sample=samples[made.sample].astype(np.int32))


def query_entries(fingerprint: Fingerprint, stride: int, *, parts: bool) -> Entries:
    """Codes of every `stride`-th sample as a query has them: in every variant; with `parts`, of crops too."""
    return _entries(fingerprint.pictures(), QUERY_BOXES if parts else _UNCROPPED, VARIANTS, stride, stride)


@dataclass(frozen=True, slots=True)
class _View:
    """How samples are looked at: boxes of their pictures, turned by `variant`; `part` where these are crops."""

    variant: Variant
    boxes: tuple[Box, ...]
    part: bool


def _entries(
    pictures: Pixels, parts: tuple[Box, ...], variants: tuple[Variant, ...], stride: int, crop_stride: int
) -> Entries:
    """`parts` are those of a shot's likeliest box that are taken in the usual variants."""
    table: dict[Box, int] = {}
    made: list[Entries] = []
    for start in range(0, len(pictures), _CHUNK):
        chunk = pictures[start : start + _CHUNK]
        asked: dict[_View, list[Samples]] = {}  # most shots have no borders: these are looked at alike, and together
        for shot in shots(chunk):
            samples = np.arange(shot.start + start, shot.stop + start, dtype=np.int32)
            if not (samples % stride == 0).any():
                continue
            for view in _views(chunk, shot, parts, variants):
                chosen = samples[samples % (crop_stride if view.part else stride) == 0]
                asked.setdefault(view, []).append(chosen)
        for view, each in asked.items():
            samples = np.concatenate(each)
            numbers = np.array([table.setdefault(box, len(table)) for box in view.boxes], np.int32)
            at_a_time = max(1, _ROWS // len(view.boxes))
            parts_of = (samples[at : at + at_a_time] for at in range(0, len(samples), at_a_time))
            made += [_coded(pictures, some, view, numbers) for some in parts_of]
    return _joined(made, tuple(table))


def _views(chunk: Pixels, shot: slice, parts: tuple[Box, ...], variants: tuple[Variant, ...]) -> Iterator[_View]:
    """How the samples of one shot are looked at."""
    found = boxes(chunk[shot])
    inner = insets(chunk[max(0, shot.start - _AROUND) : shot.stop + _AROUND])
    framed = [(each.inside(found[0]), each in _UNCROPPED) for each in parts]
    whole, crops = (tuple(box for box, is_whole in framed if is_whole is wanted) for wanted in (True, False))
    usual = ((whole, False), (crops, True), ((*found[1:], *inner), False))
    for variant in variants:
        for wanted, part in usual if variant in _USUAL else ((found, False),):
            if wanted:
                yield _View(variant, tuple(turned_box(box, variant) for box in wanted), part)


def _coded(pictures: Pixels, samples: Samples, view: _View, numbers: npt.NDArray[np.int32]) -> Entries:
    """The codes of some samples in the view's boxes, which have these numbers."""
    blocks = coefficients_of(turned(pictures[samples], view.variant), view.boxes).reshape(-1, KEEP * KEEP)
    lively = contrast(blocks) >= MIN_CONTRAST
    count = int(lively.sum())
    return Entries(
        codes=codes(blocks[lively]),
        sample=np.tile(samples, len(numbers))[lively],
        box=np.repeat(numbers, len(samples))[lively],
        variant=np.full(count, VARIANTS.index(view.variant), np.int8),
        part=np.full(count, view.part, np.bool_),
        boxes=view.boxes,
    )


def _joined(made: Sequence[Entries], table: tuple[Box, ...]) -> Entries:
    return Entries(
        codes=np.concatenate([np.empty((0, WORDS), np.uint64), *(each.codes for each in made)]),
        sample=np.concatenate([np.empty(0, np.int32), *(each.sample for each in made)]),
        box=np.concatenate([np.empty(0, np.int32), *(each.box for each in made)]),
        variant=np.concatenate([np.empty(0, np.int8), *(each.variant for each in made)]),
        part=np.concatenate([np.empty(0, np.bool_), *(each.part for each in made)]),
        boxes=table,
    )
