"""What today's tools find: ImageHash's pHash and Meta's PDQ on frames, one a second, for the benchmark of matching.

A film is judged by the share of its frames that are near one of the other's (the rule of vPDQ). As no tool says which
share is enough, each is given the smallest one at which it calls no unrelated pair of this very run a copy.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]

#: Differing bits at which two frames are one: vPDQ's 31 of 256, and 10 of 64 as is usual with pHash.
PDQ_BITS: Final = 31
PHASH_BITS: Final = 10
#: vPDQ leaves out frames of a lower quality.
PDQ_QUALITY: Final = 50


@dataclass(frozen=True, slots=True)
class Baseline:
    """One tool: its name, the bits within which frames are one, and what makes bits of a frame (None: no use)."""

    name: str
    bits: int
    of_frame: Callable[[npt.NDArray[np.uint8]], Bits | None]


def available() -> tuple[list[Baseline], list[str]]:
    """The tools that are installed, and what to say of those that are not."""
    found, missing = [Baseline("pHash", PHASH_BITS, _phash)], []
    if importlib.util.find_spec("pdqhash"):
        found.append(Baseline("PDQ", PDQ_BITS, _pdq))
    else:
        missing.append("pdqhash is not installed (pip install pdqhash; it needs a compiler): left out")
    if not importlib.util.find_spec("vpdq"):
        missing.append("vpdq does not install without FFmpeg's headers: its rule is applied to pdqhash's bits instead")
    return found, missing


def frames_bits(path: Path) -> dict[str, Bits]:
    """For each tool the bits of one frame a second of `path`: (frames, bits)."""
    import av

    tools, _ = available()
    kept: dict[str, list[Bits]] = {tool.name: [] for tool in tools}
    last = -1
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            second = int(frame.time or 0.0)
            if second > last:
                last = second
                picture = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                for tool in tools:
                    bits = tool.of_frame(picture)
                    if bits is not None:
                        kept[tool.name].append(bits)
    return {name: np.array(rows) if rows else np.zeros((0, 1), np.bool_) for name, rows in kept.items()}


def share(query: Bits, item: Bits, most: int) -> float:
    """Share of the query's frames that are within `most` bits of one of the item's."""
    if not len(query) or not len(item):
        return 0.0
    return float(((query[:, None] != item[None]).sum(axis=2).min(axis=1) <= most).mean())


def recall(
    copies: Sequence[tuple[str, str, frozenset[str]]], bits: Mapping[str, Mapping[str, Bits]], originals: Sequence[str]
) -> dict[str, tuple[float, list[bool]]]:
    """For each tool the share that it needs for no false pair, and which copies it then finds.

    `copies` are (copy, source, fillers) by file name.
    """
    answers = {}
    for tool in available()[0]:
        true, false = [], [0.0]
        for copy, source, fillers in copies:
            shares = {name: share(bits[copy][tool.name], bits[name][tool.name], tool.bits) for name in originals}
            true.append(shares[source])
            false += [value for name, value in shares.items() if name != source and name not in fillers]
        answers[tool.name] = (max(false), [value > max(false) for value in true])
    return answers


def _phash(picture: npt.NDArray[np.uint8]) -> Bits:
    import imagehash
    from PIL import Image

    bits: Bits = imagehash.phash(Image.fromarray(picture)).hash.ravel()
    return bits


def _pdq(picture: npt.NDArray[np.uint8]) -> Bits | None:
    pdqhash: Any = __import__("pdqhash")
    bits, quality = pdqhash.compute(picture)
    return np.asarray(bits, np.bool_) if quality >= PDQ_QUALITY else None
