"""One decode of odd media: bounded samples at the right times, codes instead of tracebacks."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from archiver.demo import footage
from archiver.examine import frames
from archiver.examine.container import Unreadable
from archiver.examine.frames import MOVED_LEVELS, RATE, Sampled, moved, sample
from archiver.fingerprint import BLOCK, SIDE, unpack_block


def _pictures(sampled: Sampled) -> npt.NDArray[np.uint8]:
    times, blocks = sampled.times_ms, sampled.blocks
    parts = [unpack_block(block, min(BLOCK, len(times) - at * BLOCK)) for at, block in enumerate(blocks)]
    return np.concatenate(parts)


def film(
    path: Path,
    times: list[int],
    *,
    rate: int = 1000,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    form: str = "mp4",
    rotation: int = 0,
    noise: int = 0,
) -> Path:
    """A film whose frame `n`, shown at `times[n]` / rate, is brighter on the left and as grey as its number says."""
    chance = np.random.default_rng(5)
    with av.open(str(path), "w", format=form) as made:
        stream = made.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = Fraction(1, rate)
        stream.codec_context.max_b_frames = 0
        if rotation:
            stream.set_display_rotation(rotation)
        for number, at in enumerate(times):
            picture = np.full((size[1], size[0], 3), 20 + number % 60, np.uint8)
            picture[:, : size[0] // 2] += 120
            picture += chance.integers(0, noise + 1, picture.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = at, Fraction(1, rate)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return path


def test_samples_are_a_third_of_a_second_apart_by_presentation_time(tmp_path: Path) -> None:
    path = footage.scene(tmp_path / "film.mp4", "square", seconds=4, size=(160, 90))
    sampled = sample(str(path))
    assert sampled.duration_ms == pytest.approx(4000, abs=2)
    thirds = [round(at * 1000 / RATE) for at in range(12)]
    assert [min(abs(at - third) for at in sampled.times_ms) for third in thirds] == pytest.approx([0] * 12, abs=67)
    assert _pictures(sampled).shape == (len(sampled.times_ms), SIDE, SIDE)
    assert sampled.warnings == set()
    expected = {"codec": "h264", "width": 160, "height": 90, "frames": 60, "fps_milli": 15000, "rotation": 0}
    assert expected.items() <= sampled.facts.items()
    assert {"has_audio": 1, "audio_codec": "aac", "pixel_format": "yuv420p"}.items() <= sampled.facts.items()


def test_moving_footage_is_sampled_twice_as_often(tmp_path: Path) -> None:
    path = footage.scene(tmp_path / "film.mp4", "march", seconds=4, size=(160, 90))
    sampled = sample(str(path))
    pictures = _pictures(sampled).astype(np.float32)
    assert 14 <= len(sampled.times_ms) <= 24
    for at in range(1, len(pictures)):
        if sampled.times_ms[at] - sampled.times_ms[at - 1] < 250 and sampled.times_ms[at] % 333 > 100:
            assert moved(pictures[at], pictures[at - 1]) > MOVED_LEVELS - 4


def test_what_moves_in_a_corner_counts_and_a_still_film_is_sampled_thrice_a_second(tmp_path: Path) -> None:
    one = np.zeros((SIDE, SIDE), np.float32)
    other = one.copy()
    other[-SIDE // 8 :, : SIDE // 8] = 60
    assert moved(one, other) == pytest.approx(15)
    times = sample(str(film(tmp_path / "film.mp4", list(range(0, 4000, 100))))).times_ms
    assert len(times) == 12


def test_variable_frame_rates_are_sampled_by_time_not_by_number(tmp_path: Path) -> None:
    times = [*range(0, 1000, 10), 1500, 4000, *range(4040, 5000, 40)]
    sampled = sample(str(film(tmp_path / "film.mp4", times)))
    assert sampled.times_ms == [0, 340, 670, 1500, 4000, 4360, 4680]
    assert "timestamps-odd" not in sampled.warnings


def test_ten_thousand_frames_a_second_give_no_more_samples(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", list(range(800)), rate=400, form="matroska", codec="mpeg4")
    assert len(sample(str(path)).times_ms) == 6
    path = film(tmp_path / "film.mp4", list(range(800)), rate=10_000)
    sampled = sample(str(path))
    assert len(sampled.times_ms) == 1
    assert sampled.facts["frames"] == 800


def test_long_footage_is_thinned_and_stays_in_order(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", [at * 334 for at in range(60)])
    sampled = sample(str(path), max_samples=16)
    assert 8 <= len(sampled.times_ms) <= 16
    assert len(set(np.diff(sampled.times_ms).tolist())) == 1
    levels = _pictures(sampled)[:, SIDE // 2, SIDE - 8].astype(int)
    numbers = np.array(sampled.times_ms) / 334
    assert np.abs((levels - levels[0]) - numbers).max() < 8
    assert sampled.duration_ms > 19_000


def test_footage_that_does_not_pack_is_thinned_too(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", [at * 334 for at in range(600)], form="matroska", codec="mpeg4", noise=90)
    whole, thinned = sample(str(path)), sample(str(path), max_bytes=300_000)
    assert sum(map(len, whole.blocks)) > 1_000_000 > 2 * sum(map(len, thinned.blocks))
    assert (np.diff(thinned.times_ms) > 0).all()
    assert thinned.times_ms[-1] > 190_000


def test_the_start_of_the_stream_is_second_zero(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", list(range(50_000, 52_000, 40)), form="mpegts", codec="mpeg2video", rate=25)
    assert sample(str(path)).times_ms[0] == 0


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_in_the_metadata_is_applied(rotation: int, tmp_path: Path) -> None:
    plain = _pictures(sample(str(film(tmp_path / "plain.mp4", [0, 40], rate=1000))))[0]
    sampled = sample(str(film(tmp_path / "turned.mp4", [0, 40], rotation=rotation)))
    assert sampled.facts["rotation"] == rotation % 360
    assert np.abs(_pictures(sampled)[0].astype(int) - np.rot90(plain, rotation // 90).astype(int)).max() <= 8
    sides = (48, 64) if rotation % 180 else (64, 48)
    assert (sampled.facts["width"], sampled.facts["height"]) == sides


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "size", "form"),
    [
        ("ffv1", "yuv420p10le", (64, 48), "matroska"),
        ("ffv1", "bgra", (64, 48), "matroska"),
        ("ffv1", "gray", (1, 1), "matroska"),
        ("ffv1", "yuv444p", (3, 2000), "matroska"),
        ("mjpeg", "yuvj422p", (64, 48), "avi"),
    ],
)
def test_unusual_pixels_and_sizes_are_read(
    codec: str, pix_fmt: str, size: tuple[int, int], form: str, tmp_path: Path
) -> None:
    path = film(tmp_path / "film", [0, 10, 20], rate=25, codec=codec, pix_fmt=pix_fmt, size=size, form=form)
    sampled = sample(str(path))
    assert (sampled.facts["width"], sampled.facts["height"]) == size
    assert len(sampled.times_ms) >= 1


def test_a_cut_off_file_gives_what_is_there_and_a_warning(tmp_path: Path) -> None:
    whole = footage.scene(tmp_path / "film.mp4", "square", seconds=4, size=(160, 90)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    sampled = sample(str(tmp_path / "cut.mp4"))
    assert 2 <= len(sampled.times_ms) <= 16
    assert "media-incomplete" in sampled.warnings


def test_a_damaged_file_gives_what_can_be_decoded_and_a_warning(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", list(range(75)), rate=25, form="matroska", codec="mpeg4", noise=40)
    body = bytearray(path.read_bytes())
    chance = np.random.default_rng(3)
    for at in chance.integers(len(body) // 4, len(body), 60):
        body[at] ^= 0x55
    path.write_bytes(body)
    sampled = sample(str(path))
    assert sampled.times_ms
    assert sampled.warnings & {"damaged", "timestamps-odd", "media-incomplete"}


def test_sound_alone_and_a_cover_picture_are_no_frames(tmp_path: Path) -> None:
    source = footage.scene(tmp_path / "film.mp4", "square", seconds=1, size=(160, 90))
    _, sound = footage.separate(source, tmp_path / "parts")
    with pytest.raises(Unreadable) as caught:
        sample(str(sound))
    assert caught.value.code == "no-frames"
    assert caught.value.facts["has_audio"] == 1


def test_a_cover_picture_is_not_taken_for_footage(tmp_path: Path) -> None:
    path = tmp_path / "cover.mkv"
    with av.open(str(path), "w", format="matroska") as made:
        sound = made.add_stream("aac", rate=24_000, layout="mono")
        made.add_attachment("cover.jpg", "image/jpeg", _jpeg())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 24_000, 0
        made.mux(sound.encode(frame))
        made.mux(sound.encode(None))
    with pytest.raises(Unreadable) as caught:
        sample(str(path))
    assert caught.value.code == "no-frames"


def _jpeg() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 30, 30)).save(out, "JPEG")
    return out.getvalue()


def test_what_is_no_media_is_unreadable(tmp_path: Path) -> None:
    for number, body in enumerate(
        (b"", b"\x00" * 5000, b"<html><body>no film here</body></html>", bytes(range(256)) * 40)
    ):
        path = tmp_path / f"file{number}.mp4"
        path.write_bytes(body)
        with pytest.raises(Unreadable) as caught:
            sample(str(path))
        assert caught.value.code in {"not-media", "no-frames"}


@pytest.mark.parametrize(
    "body",
    [
        "#EXTM3U\n#EXTINF:4,\n{film}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{film}'\n",
    ],
)
def test_a_playlist_cannot_choose_what_is_opened(body: str, tmp_path: Path) -> None:
    film_path = footage.scene(tmp_path / "secret.mp4", "square", seconds=1, size=(160, 90), sound=False)
    path = tmp_path / "harmless.mp4"
    path.write_text(body.format(film=film_path))
    with pytest.raises(Unreadable) as caught:
        sample(str(path))
    assert caught.value.code == "not-media"


def test_a_name_with_a_protocol_in_it_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    footage.scene(tmp_path / "concat:a|b.mp4", "square", seconds=1, size=(160, 90), sound=False)
    monkeypatch.chdir(tmp_path)
    assert sample("concat:a|b.mp4").times_ms


def test_timestamps_that_go_backwards_are_noted_and_the_samples_still_rise(tmp_path: Path) -> None:
    parts = [
        film(tmp_path / f"{start}.ts", list(range(start, start + 50)), form="mpegts", codec="mpeg2video", rate=25)
        for start in (1_000, 500)
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    sampled = sample(str(path))
    assert "timestamps-odd" in sampled.warnings
    assert (np.diff(sampled.times_ms) > 0).all()
    assert sampled.duration_ms < 5_000


def test_a_day_of_footage_is_read_in_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = film(tmp_path / "day.mkv", [at * 43 for at in range(2_000)], rate=1, form="matroska", codec="mpeg4")
    tracemalloc.start()
    sampled = sample(str(path), max_samples=512)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sampled.duration_ms > 85_000_000
    assert 256 <= len(sampled.times_ms) <= 512
    assert (np.diff(sampled.times_ms) > 0).all()
    assert peak < 8 * BLOCK * SIDE * SIDE


def test_an_8k_frame_is_read_and_a_larger_one_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.mkv"
    with av.open(str(path), "w", format="matroska") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "yuv420p"
        frame = av.VideoFrame(7680, 4320, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([130]) * plane.buffer_size)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    assert sample(str(path)).facts["width"] == 7680
    monkeypatch.setattr(frames, "MAX_PIXELS", 7680 * 4320 - 1)
    with pytest.raises(Unreadable) as caught:
        sample(str(path))
    assert caught.value.code in {"too-large", "no-frames"}


def test_interlaced_footage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fields.ts"
    with av.open(str(path), "w", format="mpegts") as made:
        stream = made.add_stream("mpeg2video", rate=25, options={"flags": "+ilme+ildct"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(25):
            picture = np.full((48, 64, 3), 60, np.uint8)
            picture[number % 2 :: 2, number : number + 16] = 200
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    assert 3 <= len(sample(str(path)).times_ms) <= 6


def test_a_cover_picture_larger_than_the_film_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w", format="mp4") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        cover = made.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40, np.uint8), format="rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
        picture = av.VideoFrame.from_ndarray(np.full((480, 640, 3), 200, np.uint8), format="rgb24")
        made.mux(cover.encode(picture.reformat(format="yuvj420p")))
        made.mux(cover.encode(None))
    assert sample(str(path)).facts["width"] == 64
