"""The network finds faces; a drawn one stands for those of people. Rates on real footage are in docs/blurring.md."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from archiver.covers import WHOLE
from archiver.examine.blur import detector
from tests.examine.blur.faces import scene

FOOTAGE = Path(__file__).resolve().parents[4] / "shared" / "footage" / "dev"


@pytest.fixture(scope="module")
def finder() -> detector.Detector:
    return detector.Detector()


@pytest.mark.parametrize("side", [24, 40, 80, 200])
def test_a_face_is_found_where_it_is(finder: detector.Detector, side: int) -> None:
    (box,) = finder.faces(scene(320, 240, (60, 20, side)))
    middle = ((box.x + box.w / 2) / WHOLE * 320, (box.y + box.h / 2) / WHOLE * 240)
    assert abs(middle[0] - (60 + side / 2)) < side / 8
    assert abs(middle[1] - (20 + side / 2)) < side / 8
    assert 0.3 < box.w / WHOLE * 320 / side < 0.7


def test_all_faces_are_found_and_each_once(finder: detector.Detector) -> None:
    assert len(finder.faces(scene(640, 360, (20, 20, 80), (200, 100, 120), (500, 40, 60)))) == 3


def test_a_wall_has_no_face(finder: detector.Detector) -> None:
    assert finder.faces(scene(320, 240)) == []


def test_a_picture_of_any_size_can_be_looked_at(finder: detector.Detector) -> None:
    for shape in ((1, 1), (31, 33), (7, 400)):
        assert finder.faces(np.zeros((*shape, 3), np.uint8)) == []


def test_what_is_looked_at_is_neither_large_nor_tiny() -> None:
    assert detector.looked_at(1920, 1080) == (1280, 720)
    assert detector.looked_at(1080, 1920) == (720, 1280)
    assert detector.looked_at(176, 144) == (352, 288)
    assert detector.looked_at(500, 400) == (640, 512)
    assert detector.looked_at(20_000, 1) == (1280, 1)


def test_another_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "MODEL_SHA256", "0" * 64)
    with pytest.raises(RuntimeError, match="not the one"):
        detector.Detector()


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the sample footage is not here")
@pytest.mark.parametrize("name", ["int_asl_again", "sk_carphone"])
def test_people_are_found_whichever_way_the_picture_is_turned(finder: detector.Detector, name: str) -> None:
    with av.open(str(FOOTAGE / f"{name}.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for turns in (0, 1, 3):
        assert finder.faces(np.rot90(picture, turns)), f"turned by {turns} quarters"
