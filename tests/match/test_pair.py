"""Two films are brought together in time and place, also where the place moves or every moment looks alike."""

from dataclasses import replace

import numpy as np
import pytest

from archiver.fingerprint import Fingerprint, pack
from archiver.match.alignment import Alignment
from archiver.match.descriptor import WHOLE, Box, Variant
from archiver.match.film import seconds
from archiver.match.finding import judge
from archiver.match.pair import Pair, Run
from archiver.match.register import Placement, grids, seen
from archiver.model import Finding

ALL = Placement.of_boxes(WHOLE, WHOLE)


def _zoomed(whole: Fingerprint, first: Box, last: Box) -> Fingerprint:
    """The film as a camera shows it that goes from one part of the picture to another at an even pace."""
    share = np.linspace(0, 1, len(whole.times_ms))[:, None, None]
    ends = (Placement.of_boxes(WHOLE, each).array() for each in (first, last))
    matrices = next(ends) * (1 - share) + next(ends) * share
    points = seen(whole.pictures().astype(np.float32), grids(matrices, WHOLE))
    return replace(whole, blocks=pack(points.repeat(3, axis=1).repeat(3, axis=2).astype(np.uint8)))


def _longest(query: Fingerprint, item: Fingerprint, start: Alignment) -> tuple[Alignment, Run]:
    pair = Pair(query.pictures(), seconds(query), item)
    at = pair.refined(start)
    assert at is not None
    return at, pair.runs(at)[0]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (WHOLE, Box(0.15, 0.15, 0.85, 0.85)),
        (Box(0.12, 0.12, 0.88, 0.88), WHOLE),
        (Box(0.0, 0.1, 0.75, 0.85), Box(0.25, 0.1, 1.0, 0.85)),
    ],
    ids=["zoom in", "zoom out", "drift"],
)
def test_a_picture_that_moves_over_a_copy_is_followed(first: Box, last: Box, prints: dict[str, Fingerprint]) -> None:
    item = prints["square"]
    middle = Box(*(sum(each) / 2 for each in zip(*map(_edges, (first, last)), strict=True)))
    start = Alignment(Variant.PLAIN, WHOLE, Placement.of_boxes(WHOLE, middle), 1.0, 0.0)
    at, run = _longest(_zoomed(item, first, last), item, start)
    assert at.drift is not None
    assert judge(run) is Finding.SAME_RECORDING
    assert run.seconds > 0.9 * item.duration_ms / 1000


def _edges(box: Box) -> tuple[float, ...]:
    return box.left, box.top, box.right, box.bottom


def test_a_copy_that_stands_has_no_drift(prints: dict[str, Fingerprint]) -> None:
    at, run = _longest(prints["square"], prints["square"], Alignment(Variant.PLAIN, WHOLE, ALL, 1.0, 0.0))
    assert at.drift is None
    assert run.change.detail > 0.95


@pytest.mark.parametrize("wrong", [-3.0, 2.0])
def test_where_a_camera_stands_every_offset_is_tried(wrong: float, prints: dict[str, Fingerprint]) -> None:
    """Frames of the square look alike at all times: the guess is seconds off."""
    item = prints["square"]
    times = np.array(item.times_ms)
    kept = (times >= 3000) & (times < 8000)
    excerpt = replace(
        item,
        duration_ms=5000,
        times_ms=tuple((times[kept] - times[kept][0]).tolist()),
        blocks=pack(item.pictures()[kept]),
    )
    start = Alignment(Variant.PLAIN, WHOLE, ALL, 1.0, 3.0 + wrong)
    for query, other, offset in ((excerpt, item, 3.0), (item, excerpt, -3.0)):
        at, run = _longest(query, other, replace(start, offset=offset + wrong))
        assert at.offset == pytest.approx(offset, abs=0.2)
        assert judge(run) is Finding.SAME_RECORDING
