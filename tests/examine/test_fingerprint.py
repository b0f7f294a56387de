"""Fingerprints as they leave the sandbox: bytes that decode, facts that are bounded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archiver.demo import footage
from archiver.examine import fingerprint as module
from archiver.examine.container import Unreadable
from archiver.examine.fingerprint import fingerprint
from archiver.fingerprint import IMAGE_ALGORITHM, VIDEO_ALGORITHM, decode


def test_a_video_has_an_algorithm_versions_and_facts(tmp_path: Path) -> None:
    path = footage.scene(tmp_path / "film.mp4", "market", seconds=3, size=(160, 90))
    made = fingerprint(str(path), "video")
    read = decode(made.blob)
    assert (made.algorithm, made.kind) == (read.algorithm, read.kind) == (VIDEO_ALGORITHM, "video")
    assert {"av", "libavcodec", "libswscale"} <= set(read.tools)
    assert read.duration_ms == made.facts["duration_ms"] == pytest.approx(3000, abs=2)
    assert read.parameters["rate"] == 3
    assert made.warnings == []
    assert all(isinstance(each, (int, str)) and len(str(each)) <= 40 for each in made.facts.values())


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = footage.scene(tmp_path / "film.mp4", "march", seconds=2, size=(160, 90))
    assert fingerprint(str(path), "video").blob == fingerprint(str(path), "video").blob


def _gradient(size: tuple[int, int] = (120, 80)) -> Image.Image:
    across = np.linspace(0, 255, size[0])[None, :] * np.linspace(0.2, 1, size[1])[:, None]
    return Image.fromarray(across.astype(np.uint8)).convert("RGB")


def test_an_image_carries_the_fingerprints_that_others_use(tmp_path: Path) -> None:
    import imagehash

    _gradient().save(tmp_path / "image.png")
    made = fingerprint(str(tmp_path / "image.png"), "image")
    read = decode(made.blob)
    assert (read.algorithm, read.kind, read.times_ms) == (IMAGE_ALGORITHM, "image", (0,))
    with Image.open(tmp_path / "image.png") as image:
        assert read.exchange == {"phash": str(imagehash.phash(image)), "dhash": str(imagehash.dhash(image))}
    assert made.facts["width"] == 120
    assert made.facts["codec"] == "png"


def test_an_image_is_turned_upright(tmp_path: Path) -> None:
    image = _gradient()
    image.save(tmp_path / "plain.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    plain, turned = (decode(fingerprint(str(tmp_path / f"{n}.png"), "image").blob) for n in ("plain", "turned"))
    assert np.array_equal(plain.pictures(), turned.pictures())


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16", "F"])
def test_every_mode_of_pixels_is_read(mode: str, tmp_path: Path) -> None:
    image = _gradient()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 200)
    else:
        image = image.convert(mode)
    image.save(tmp_path / "image.tiff")
    picture = decode(fingerprint(str(tmp_path / "image.tiff"), "image").blob).pictures()[0]
    assert picture[-1, -1] > 150
    assert picture[-1, 0] < 60


def test_a_one_pixel_image_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (9, 9, 9)).save(tmp_path / "dot.png")
    assert fingerprint(str(tmp_path / "dot.png"), "image").facts["width"] == 1


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_IMAGE_PIXELS", 9_000)
    _gradient().save(tmp_path / "image.png")
    with pytest.raises(Unreadable) as caught:
        fingerprint(str(tmp_path / "image.png"), "image")
    assert caught.value.code == "too-large"
    assert caught.value.facts["width"] == 120


def test_a_bomb_that_pillow_refuses_has_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    _gradient().save(tmp_path / "image.png")
    with pytest.raises(Unreadable) as caught:
        fingerprint(str(tmp_path / "image.png"), "image")
    assert caught.value.code == "too-large"


def test_a_broken_image_is_unreadable(tmp_path: Path) -> None:
    _gradient().save(tmp_path / "image.png")
    body = (tmp_path / "image.png").read_bytes()
    for number, bad in enumerate((b"", b"not an image", body[: len(body) // 2], body[:40] + b"\xff" * 60 + body[100:])):
        path = tmp_path / f"bad{number}.png"
        path.write_bytes(bad)
        with pytest.raises(Unreadable) as caught:
            fingerprint(str(path), "image")
        assert caught.value.code == "not-media"
