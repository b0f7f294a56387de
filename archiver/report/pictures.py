"""Frames for the page: taken in the sandbox, embedded as they come, and said to be missing where they cannot be had."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.config import Limits
from archiver.model import Role
from archiver.report.records import ExhibitRecords

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner

#: Two stand side by side on a printed page.
SIDE_PIXELS = 480

#: A page of 600 pictures of 25 kB is 20 MB, which browsers still open; exhibits come first, then matches.
MAX_PICTURES = 600

#: Pairs shown of one match: start, middle and end of each of its first segments.
MAX_SEGMENTS = 4

#: A segment's end is where the next frame begins, so that its last frame is looked for a little before.
_BEFORE_END_MS = 60

#: Sandboxes at a time: each decodes with its own memory limit of gigabytes.
_WORKERS = 4

WITHHELD = "The pictures are withheld on purpose."

#: As many as one job in the sandbox makes.
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Pictures:
    """JPEG bytes by exhibit number and moment (ms), and for exhibits without any the reason in words."""

    frames: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    missing: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """Moments (ms) of two exhibits that a match holds to be the same moment, and where in its segment they are."""

    place: str
    a: int
    b: int


def pairs(segment: Sequence[int]) -> list[Pair]:
    """Start, middle and end of a segment [a start, a end, b start, b end]; one pair where it has no length."""
    a_start, a_end, b_start, b_end = segment
    found = [Pair("start", a_start, b_start)]
    if a_end > a_start and b_end > b_start:
        found.append(Pair("middle", (a_start + a_end) // 2, (b_start + b_end) // 2))
        found.append(Pair("end", max(a_start, a_end - _BEFORE_END_MS), max(b_start, b_end - _BEFORE_END_MS)))
    return found


def segments_shown(match: Mapping[str, Any]) -> list[list[int]]:
    """The segments whose frames the page shows; of pictures without segments the pictures themselves."""
    return list(match["segments_ms"][:MAX_SEGMENTS]) or [[0, 0, 0, 0]]


def wanted(document: Mapping[str, Any]) -> dict[int, list[int]]:
    """Moments (ms) to be shown by exhibit number, at most MAX_PICTURES in all."""
    found: dict[int, set[int]] = {}
    left = MAX_PICTURES
    for exhibit in document["exhibits"]:
        share = max(1, MAX_PICTURES // len(document["exhibits"]))
        moments = exhibit["pictures_ms"][:share]
        found[exhibit["number"]] = set(moments)
        left -= len(moments)
    for match in document["matches"]:
        for segment in segments_shown(match):
            for pair in pairs(segment):
                if left <= 0:
                    break
                found[match["a"]].add(pair.a)
                found[match["b"]].add(pair.b)
                left -= 2
    return {number: sorted(moments) for number, moments in found.items()}


def take(
    limits: Limits,
    working: Path,
    exhibits: Sequence[tuple[ExhibitRecords, Path | None]],
    moments: Mapping[int, Sequence[int]],
    observe: Callable[[int, int, str], None],
) -> Pictures:
    """The frames at `moments` of each exhibit, whose footage lies at the path beside it (None: nothing to look at).

    Never raises for what a file does to its decoder: the reason is for the reader.
    """
    from archiver.examine.examiner import FOR_STILLS, Examiner

    workers = min(_WORKERS, os.cpu_count() or 1, len(exhibits))
    frames: dict[tuple[int, int], bytes] = {}
    missing: dict[int, str] = {}
    with (
        Examiner(working=working, limits=limits, slots=workers, prepare=FOR_STILLS) as examiner,
        ThreadPoolExecutor(workers, thread_name_prefix="pictures") as threads,
    ):
        started = [threads.submit(_of_exhibit, examiner, *pair, moments.get(pair[0].number, ())) for pair in exhibits]
        for done, ((one, _), job) in enumerate(zip(exhibits, started, strict=True), 1):
            found, reason = job.result()
            frames.update(((one.number, moment), jpeg) for moment, jpeg in found.items())
            if reason:
                missing[one.number] = reason
            observe(done, len(exhibits), "pictures")
    return Pictures(frames, missing)


def _of_exhibit(
    examiner: Examiner, one: ExhibitRecords, path: Path | None, moments: Sequence[int]
) -> tuple[dict[int, bytes], str]:
    """Frames by moment (ms), and why there are none."""
    from archiver.sandbox.failure import SandboxError

    if not any(file.role is Role.ORIGINAL for file in one.files):
        return {}, "The original did not come, so there is nothing to show."
    if one.watchable is None:
        return {}, "The originals are no pictures or video, so there is nothing to show."
    if path is None:
        return {}, "There is no blurred copy of the original, so there is nothing to show."
    kind = one.watchable.object.media_type.partition("/")[0]
    found: dict[int, bytes] = {}
    try:
        for at in range(0, len(moments), _BATCH):
            batch = moments[at : at + _BATCH]
            jpegs = examiner.stills(path, [moment / 1000 for moment in batch], SIDE_PIXELS, kind)
            found.update(zip(batch, jpegs, strict=False))
    except SandboxError as error:
        return found, f"No pictures could be taken: {error.what}."
    return found, "" if found or not moments else "No picture could be decoded."
