"""Pictures and sounds by whole-number formulas, the same on every machine; see examine/vectors/SOURCE.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 11_025


def pictures() -> dict[str, npt.NDArray[np.uint8]]:
    """RGB pictures of sizes below, at and above what PDQ samples, narrow, odd and large."""
    found = {}
    for height, width in (
        (5, 5),
        (4, 90),
        (64, 64),
        (63, 65),
        (90, 160),
        (129, 255),
        (37, 700),
        (481, 640),
        (720, 1280),
    ):
        rows, columns = np.mgrid[0:height, 0:width].astype(np.int64)
        waves = (rows * rows * 5 // max(1, height) + columns * columns * 3 // max(1, width)) % 256
        blocks = ((rows * 7 // height) * 37 + (columns * 9 // width) * 53) % 256
        found[f"{width}x{height}"] = np.stack([waves, blocks, (waves + 2 * blocks) // 3], axis=2).astype(np.uint8)
    found["black"] = np.zeros((120, 160, 3), np.uint8)
    return found


def sounds() -> dict[str, npt.NDArray[np.int16]]:
    """Mono sounds at `RATE`: a tune, noise, silence, and one that is too short."""
    at = np.arange(12 * RATE, dtype=np.int64)
    return {
        "tune": tune(12, 7),
        "noise": noise(12),
        "silence": np.zeros(len(at), np.int16),
        "short": tune(2, 7),
    }


def tune(seconds: int, seed: int, per_second: int = 4) -> npt.NDArray[np.int16]:
    """Saw teeth, a note every quarter of a second, chosen by a linear congruence from `seed`."""
    state, parts = seed, []
    length = RATE // per_second
    for _ in range(seconds * per_second):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        period = 25 + (state >> 16) % 75  # 110 to 440 Hz
        at = np.arange(length, dtype=np.int64)
        parts.append((at * 16_000 // period % 16_000 - 8_000) * (length - at) // length)
    return np.concatenate(parts).astype(np.int16)


def noise(seconds: int, seed: int = 1) -> npt.NDArray[np.int16]:
    """The upper bits of a linear congruence."""
    state, out = seed, np.empty(seconds * RATE, np.int16)
    for number in range(len(out)):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        out[number] = (state >> 50) - 8_192
    return out
