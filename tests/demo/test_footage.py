"""The demo's footage is what it says: playable, with sound, the same each time."""

from pathlib import Path

import av
import numpy as np
import pytest

from archiver.demo import drawing, footage

SMALL = (160, 90)


def _seconds(path: Path) -> tuple[float, float]:
    """Seconds of picture and of sound."""
    with av.open(str(path)) as given:
        pictures = sum(1 for _ in given.decode(video=0)) / drawing.FPS
    with av.open(str(path)) as given:
        sound = sum(frame.samples for frame in given.decode(audio=0)) / footage.SOUND_RATE
    return pictures, sound


def test_a_scene_is_the_same_each_time(tmp_path: Path) -> None:
    one = footage.scene(tmp_path / "one.mp4", "market", seconds=1, size=SMALL).read_bytes()
    two = footage.scene(tmp_path / "two.mp4", "market", seconds=1, size=SMALL).read_bytes()
    assert one == two


def test_scenes_have_picture_and_sound_of_the_length_asked_for(tmp_path: Path) -> None:
    made = footage.make(tmp_path, ("bridge", "square"), seconds=2, size=SMALL)
    assert set(made) == {"bridge", "square"}
    for path in made.values():
        assert _seconds(path) == pytest.approx((2, 2), abs=0.15)


def test_copies_are_of_the_length_asked_for(tmp_path: Path) -> None:
    source = footage.scene(tmp_path / "film.mp4", "bridge", seconds=3, size=SMALL)
    assert _seconds(footage.repost(source, tmp_path / "repost.mp4", width=96)) == pytest.approx((3, 3), abs=0.15)
    assert _seconds(footage.mirrored(source, tmp_path / "mirror.mp4")) == pytest.approx((3, 3), abs=0.15)
    cut = footage.excerpt(source, tmp_path / "cut.mp4", start=1, seconds=1.4)
    assert _seconds(cut) == pytest.approx((1.4, 1.4), abs=0.15)


def test_an_excerpt_begins_where_it_was_asked_to(tmp_path: Path) -> None:
    source = footage.scene(tmp_path / "film.mp4", "bridge", seconds=3, size=SMALL)
    cut = footage.excerpt(source, tmp_path / "cut.mp4", start=1.2, seconds=1)
    pictures = []
    for path, second in ((source, 1.2), (cut, 0.0)):
        with av.open(str(footage.still(path, tmp_path / "still.png", second=second))) as given:
            pictures.append(next(given.decode(video=0)).to_ndarray(format="gray").astype(np.int16))
    assert np.abs(pictures[0] - pictures[1]).mean() < 6


def test_a_stream_has_a_playlist_and_its_segments(tmp_path: Path) -> None:
    source = footage.scene(tmp_path / "film.mp4", "square", seconds=5, size=SMALL)
    playlist = footage.hls(source, tmp_path / "stream")
    lines = playlist.read_text().splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert named == sorted(path.name for path in playlist.parent.glob("*.ts"))
    assert len(named) >= 2


def test_picture_and_sound_can_come_apart(tmp_path: Path) -> None:
    source = footage.scene(tmp_path / "film.mp4", "square", seconds=1, size=SMALL)
    video, audio = footage.separate(source, tmp_path / "parts")
    with av.open(str(video)) as given:
        assert [each.type for each in given.streams] == ["video"]
    with av.open(str(audio)) as given:
        assert [each.type for each in given.streams] == ["audio"]


def test_unknown_scenes_and_seconds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        footage.scene(tmp_path / "film.mp4", "nowhere")
    source = footage.scene(tmp_path / "film.mp4", "square", seconds=1, size=SMALL)
    with pytest.raises(ValueError):
        footage.still(source, tmp_path / "late.png", second=9)
