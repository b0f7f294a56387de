"""Whether two sounds are one recording, and where: raw Chromaprint sub-fingerprints, aligned and counted bit by bit.

The bits that differ say little by themselves: two hums, two rooms, two hours of rain differ in few. So they are held
against chance, which is what a sound differs from itself by at other times. What is the same at all times, or again and
again, says nothing of whether two recordings are one, and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from archiver.match.finding import Found
from archiver.match.soundrate import RATE
from archiver.model import Finding, Segment
from archiver.standard import SOUND_FRAME, SOUND_FRAMES, SOUND_RATE, SOUND_STEP, SoundPrint

ALGORITHM: Final = "archiver-sound/1"

#: Seconds from one sub-fingerprint to the next, and of sound that one is made of.
STEP: Final = SOUND_STEP / SOUND_RATE
SPAN: Final = (SOUND_FRAME + (SOUND_FRAMES - 1) * SOUND_STEP) / SOUND_RATE

# Measured by benchmarks/sound.py: copies of the seven development clips that have a sound, against each other, against
# parts of themselves that share no second, and against synthetic noises, hums, chords, tunes and loops. The share of
# bits that differ was above 0.53 of chance in all that were no copies and no loops, and below 0.44 in the copies.

#: Sub-fingerprints that have to agree: four seconds of sound.
MIN_LENGTH: Final = 12
#: Below this share of differing bits at other times a sound is one steady noise. White noise has 0.17.
MIN_CHANCE: Final = 0.2
#: Differing bits of a copy, as a share of chance, in the shortest runs and in those of LONG or more.
MAX_SHARE: Final = 0.25
MAX_SHARE_LONG: Final = 0.46
LONG: Final = 60
#: Values that a run has to have at least: the same one over and over says nothing.
MIN_VALUES: Final = 6
#: A loop comes back to itself: the copy has to be better than that by half, and this much more for coding noise.
LOOP_FACTOR: Final = 1.5
LOOP_NOISE: Final = 0.02

#: Seconds of the first and the last sub-fingerprint of a run that are of what comes before and after (medians over 48
#: excerpts within other sounds).
FOREIGN_BEGIN: Final = 0.42
FOREIGN_END: Final = 1.12

#: Sub-fingerprints nearer than this share most of their sound.
_APART: Final = 16
#: Of a run's surroundings, what is looked at for chance: five seconds on both sides.
_AROUND: Final = 40
#: Values that chance is measured by: 40,000 pairs are a hundredth of a second's work.
_SAMPLED: Final = 200
#: Bits by which unlike music and speech differ, as a share: 0.35 to 0.5.
_EXPECTED: Final = 0.4
#: Loops of more than 50 seconds are not looked for.
_LONGEST_LOOP: Final = 400
#: Offsets beside a guess that are tried.
_BESIDE: Final = 4
MAX_SEGMENTS: Final = 8

Values = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Sound:
    """Sub-fingerprints, when the first of them begins, and how long the footage is, in seconds."""

    values: Values
    start: float
    duration: float


@dataclass(frozen=True, slots=True)
class Guess:
    """Sub-fingerprint i of the query may be speed x i + offset of the item."""

    speed: float
    offset: int


@dataclass(frozen=True, slots=True)
class _Run:
    first: int  # sub-fingerprints of the query, both included
    last: int
    guess: Guess
    gain: float


def sound(made: SoundPrint) -> Sound:
    """The print as `compare` takes it."""
    return Sound(np.array(made.fingerprint, np.uint32), made.start_ms / 1000, made.duration_ms / 1000)


def compare(item_id: str, item: Sound, query: Sound, guesses: Iterable[Guess]) -> Found | None:
    """The finding on two sounds, best guesses first. None where nothing shows that one is a copy of the other."""
    runs = [run for guess in guesses if (run := _best_run(item.values, query.values, guess)) is not None]
    scored = [(score, run) for run in runs if (score := _score(item.values, query.values, run)) is not None]
    if not scored:
        return None
    scored.sort(key=lambda each: (-each[1].gain, each[1].first))
    chosen: list[tuple[float, _Run]] = []
    for score, run in scored:
        alone = all(run.last < other.first or run.first > other.last for _, other in chosen)
        if alone and len(chosen) < MAX_SEGMENTS:
            chosen.append((score, run))
    segments = sorted((_segment(item, query, run) for _, run in chosen), key=lambda segment: segment.b_start)
    score, run = chosen[0]
    transform = {} if run.guess.speed == 1.0 else {"speed": run.guess.speed}
    return Found(item_id, Finding.SAME_SOUND, score, tuple(segments), transform, ALGORITHM, RATE)


def _best_run(item: Values, query: Values, guess: Guess) -> _Run | None:
    """The stretch around the guess that gains most, where a bit less than half of chance gains and one more loses."""
    best: _Run | None = None
    for offset in range(guess.offset - _BESIDE, guess.offset + _BESIDE + 1):
        rows, columns = _aligned(len(item), len(query), Guess(guess.speed, offset))
        if len(rows) < MIN_LENGTH:
            continue
        gains = 0.5 * _EXPECTED - _differing(query[rows], item[columns])
        sums = np.concatenate(([0.0], np.cumsum(gains)))
        rises = sums - np.minimum.accumulate(sums)
        end = int(np.argmax(rises))
        begin = int(np.argmin(sums[: end + 1]))
        if end - begin >= MIN_LENGTH and (best is None or rises[end] > best.gain):
            best = _Run(int(rows[begin]), int(rows[end - 1]), Guess(guess.speed, offset), float(rises[end]))
    return best


def _aligned(item: int, query: int, guess: Guess) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    rows = np.arange(query)
    columns = np.rint(guess.speed * rows + guess.offset).astype(np.int64)
    inside = (columns >= 0) & (columns < item)
    return rows[inside], columns[inside]


def _score(item: Values, query: Values, run: _Run) -> float | None:
    """How much better than chance the run is, 0 to 1; None where it shows nothing."""
    rows = np.arange(run.first, run.last + 1)
    columns = np.rint(run.guess.speed * rows + run.guess.offset).astype(np.int64)
    sides = [(query, rows), (item, columns)]
    if min(len(np.unique(values[at])) for values, at in sides) < MIN_VALUES:
        return None
    error = float(_differing(query[rows], item[columns]).mean())
    around = [values[max(0, at[0] - _AROUND) : at[-1] + 1 + _AROUND] for values, at in sides]
    chance = min(map(_chance, around))
    share = MAX_SHARE + (MAX_SHARE_LONG - MAX_SHARE) * min(1.0, (len(rows) - MIN_LENGTH) / (LONG - MIN_LENGTH))
    if chance < MIN_CHANCE or error > share * chance:
        return None
    if min(map(_loop, around)) < LOOP_FACTOR * error + LOOP_NOISE:
        return None
    return round(1 - error / chance, 4)


def _chance(values: Values) -> float:
    """The share of bits by which a sound differs from itself at other times; 0 where there are none."""
    at = np.unique(np.linspace(0, len(values) - 1, _SAMPLED).astype(np.int64))
    apart = np.abs(at[:, None] - at) >= min(_APART, len(values) // 2)
    differing = _differing(values[at][:, None], values[at])
    return float(differing[apart].mean()) if apart.any() else 0.0


def _loop(values: Values) -> float:
    """The least share of bits by which a sound differs from itself a fixed time later; 1 for what is too short."""
    shifts = range(_APART // 2, min(len(values) - MIN_LENGTH, _LONGEST_LOOP))
    return min((float(_differing(values[shift:], values[:-shift]).mean()) for shift in shifts), default=1.0)


def _differing(a: Values, b: Values) -> npt.NDArray[np.float64]:
    return np.asarray(np.bitwise_count(a ^ b), np.float64) / 32


def _segment(item: Sound, query: Sound, run: _Run) -> Segment:
    """The run in seconds. Where both sounds go on, its outermost sub-fingerprints are in part of something else."""
    first, last = (round(run.guess.speed * at + run.guess.offset) for at in (run.first, run.last))
    begin = FOREIGN_BEGIN if run.first > 0 and first > 0 else 0.0
    end = SPAN - FOREIGN_END if run.last < len(query.values) - 1 and last < len(item.values) - 1 else SPAN
    times = (
        item.start + first * STEP + begin, item.start + last * STEP + end,
        query.start + run.first * STEP + begin, query.start + run.last * STEP + end,
    )  # fmt: skip
    return Segment(*(round(max(0.0, time), 3) for time in times))
