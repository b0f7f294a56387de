"""Stills show the frame of the second asked for."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archiver.demo import footage
from archiver.examine import stills as stills_module
from archiver.examine.container import Unreadable
from archiver.examine.stills import MAX_STILLS, stills


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage.scene(tmp_path_factory.mktemp("stills") / "film.mp4", "march", seconds=6, size=(160, 90))


def _read(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("L").resize((80, 45)), np.float32)


def test_each_still_is_the_frame_of_its_second(clip: Path, tmp_path: Path) -> None:
    wanted = [5.0, 0.0, 3.4]
    made = stills(str(clip), wanted, 160)
    assert len(made) == 3
    truths = [footage.still(clip, tmp_path / f"{second}.png", second=second).read_bytes() for second in wanted]
    for row, jpeg in enumerate(made):
        with Image.open(io.BytesIO(jpeg)) as image:
            assert image.size == (160, 90)
        differences = []
        for truth in truths:
            with Image.open(io.BytesIO(truth)) as image:
                differences.append(
                    np.abs(np.asarray(image.convert("L").resize((80, 45)), np.float32) - _read(jpeg)).mean()
                )
        assert int(np.argmin(differences)) == row
        assert min(differences) < 4


def test_seconds_beyond_the_ends_give_the_first_and_last_frame(clip: Path) -> None:
    before, first, last, beyond = (_read(each) for each in stills(str(clip), [-3.0, 0.0, 5.99, 500.0], 160))
    assert np.abs(before - first).mean() < 1
    assert np.abs(beyond - last).mean() < 1


def test_sought_or_decoded_up_to_the_frame_is_the_same(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [0.3, 1.0, 1.04, 2.9, 5.9, 900.0]
    in_one_way = stills(str(clip), wanted, 160)
    monkeypatch.setattr(stills_module, "SEEK_SECONDS", 0.5)
    assert stills(str(clip), wanted, 160) == in_one_way
    assert [stills(str(clip), [second], 160)[0] for second in wanted] == in_one_way


def test_stills_are_bounded(clip: Path) -> None:
    (small,) = stills(str(clip), [1.0], 40)
    with Image.open(io.BytesIO(small)) as image:
        assert max(image.size) == 40
    with pytest.raises(ValueError):
        stills(str(clip), [0.0] * (MAX_STILLS + 1), 100)
    with pytest.raises(ValueError):
        stills(str(clip), [0.0], 0)
    assert stills(str(clip), [], 100) == []


def test_an_image_is_its_own_still(clip: Path, tmp_path: Path) -> None:
    path = footage.still(clip, tmp_path / "image.jpg", second=1)
    one, two = stills(str(path), [0.0, 7.0], 80, "image")
    assert one == two
    assert _read(one).shape == (45, 80)


def test_what_cannot_be_decoded_is_unreadable(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"\x01\x02" * 999)
    with pytest.raises(Unreadable):
        stills(str(tmp_path / "noise.mp4"), [0.0], 100)
    _, sound = footage.separate(clip, tmp_path / "parts")
    with pytest.raises(Unreadable) as caught:
        stills(str(sound), [0.0], 100)
    assert caught.value.code == "no-frames"
