"""Standard fingerprints come out of the same decode as ours, of films, sounds and images."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from archiver.examine import sound, standards
from archiver.examine.container import open_media
from archiver.examine.fingerprint import fingerprint
from archiver.examine.inside import _look
from archiver.examine.pdq import pdq
from archiver.standard import SOUND_RATE as RATE
from archiver.standard import PdqPrint, SoundPrint, decode
from tests import media, signals


def _prints(path: Path, kind: str = "video") -> dict[str, PdqPrint | SoundPrint]:
    return {one.algorithm: one for one in fingerprint(str(path), kind).beside}


def _wav(path: Path, samples: npt.NDArray[np.int16], rate: int = RATE, channels: int = 1) -> Path:
    with av.open(str(path), "w") as made:
        stream = made.add_stream("pcm_s16le", rate=rate, layout="mono" if channels == 1 else "stereo")
        frame = av.AudioFrame.from_ndarray(
            np.repeat(samples, channels)[None, :], format="s16", layout="mono" if channels == 1 else "stereo"
        )
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            made.mux(packet)
    return path


def _heard(path: Path) -> SoundPrint | None:
    with open_media(str(path)) as container:
        listener = sound.listener(container)
        assert listener is not None
        for packet in container.demux(listener.stream):
            listener.hear(packet)
        return listener.finish(0.0, 0)


def test_a_film_has_a_hash_for_each_second_and_its_sound(tmp_path: Path) -> None:
    path = media.encode(tmp_path / "film.mp4", seconds=4)
    found = _prints(path)
    pictures, heard = found["pdq/1"], found["chromaprint/1"]
    assert isinstance(pictures, PdqPrint)
    assert isinstance(heard, SoundPrint)
    assert pictures.times_ms == (0, 1_000, 2_000, 3_000)
    assert pictures.duration_ms == heard.duration_ms == pytest.approx(4_000, abs=2)
    assert min(pictures.qualities) > 50
    assert len(heard.fingerprint) > 8
    assert abs(heard.start_ms) < 100
    assert {"av", "numpy", "libswscale"} <= set(pictures.tools)
    assert {"av", "libswresample"} <= set(heard.tools)
    for one in found.values():
        assert decode(one.to_bytes()) == one


def test_the_hash_of_a_frame_is_nearly_that_of_the_reference_over_its_colours(tmp_path: Path) -> None:
    """The reference weighs red, green and blue; the levels that a video holds are those weights, rounded."""
    path = media.encode(tmp_path / "film.mp4", seconds=2, size=(320, 180))
    pictures = _prints(path)["pdq/1"]
    assert isinstance(pictures, PdqPrint)
    with av.open(str(path)) as container:
        colours = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8)
    difference = int.from_bytes(pictures.hashes[0]) ^ int.from_bytes(pdq(colours)[0])
    assert difference.bit_count() <= 16


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "gray", "rgb24", "yuv420p10le", "yuva420p", "nv12"])
def test_every_pixel_format_gives_the_same_hash(form: str) -> None:
    colours = signals.pictures()["160x90"]
    frame = av.VideoFrame.from_ndarray(colours, format="rgb24").reformat(format=form)
    difference = int.from_bytes(standards._hashed(frame)[0]) ^ int.from_bytes(pdq(colours)[0])
    assert difference.bit_count() <= 16


def test_a_picture_that_cannot_be_hashed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = media.encode(tmp_path / "film.mp4", seconds=3)
    seen: list[int] = []

    def second_fails(levels: npt.NDArray[np.uint8], *bounds: int) -> tuple[bytes, int]:
        seen.append(len(seen))
        if len(seen) == 2:
            raise ValueError
        return pdq(levels, *bounds)

    monkeypatch.setattr(standards, "pdq", second_fails)
    pictures = _prints(path)["pdq/1"]
    assert isinstance(pictures, PdqPrint)
    assert pictures.times_ms == (0, 2_000)


def test_long_footage_is_hashed_less_often(tmp_path: Path) -> None:
    path = media.encode(tmp_path / "film.mp4", seconds=12)
    with open_media(str(path)) as container:
        watcher = standards.Watcher(container, max_pictures=4)
        for frame in container.decode(video=0):
            watcher.see(frame, frame.time or 0.0)
        pictures = watcher.finish(0.0, 12_000)[0]
    assert isinstance(pictures, PdqPrint)
    assert pictures.times_ms == (0, 4_000, 8_000)
    assert pictures.parameters["interval_ms"] == 4_000


def test_an_image_has_the_hash_of_the_reference(tmp_path: Path) -> None:
    colours = signals.pictures()["640x481"]
    Image.fromarray(colours).save(tmp_path / "image.png")
    (made,) = fingerprint(str(tmp_path / "image.png"), "image").beside
    assert isinstance(made, PdqPrint)
    assert (made.kind, made.times_ms, made.hashes[0]) == ("image", (0,), pdq(colours)[0])


@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (RATE, 2), (44_100, 2), (8_000, 1)])
def test_sound_of_any_rate_and_channels_is_nearly_the_same_to_it(rate: int, channels: int, tmp_path: Path) -> None:
    tune = signals.tune(8, 3)
    at = np.arange(8 * rate) * RATE // rate
    made = _heard(_wav(tmp_path / "tune.wav", tune[np.minimum(at, len(tune) - 1)], rate, channels))
    plain = _heard(_wav(tmp_path / "plain.wav", tune))
    assert made is not None
    assert plain is not None
    count = min(len(made.fingerprint), len(plain.fingerprint))
    pairs = zip(made.fingerprint[:count], plain.fingerprint[:count], strict=True)
    assert sum((a ^ b).bit_count() for a, b in pairs) / (32 * count) < (0.01 if rate == RATE else 0.12)


def test_sound_alone_is_fingerprinted_and_measured(tmp_path: Path) -> None:
    record, made = _look(str(_wav(tmp_path / "tune.wav", signals.tune(6, 5))), True)
    assert [name for name, _ in made] == ["chromaprint/1"]
    assert record["facts"]["heard_ms"] == pytest.approx(6_000, abs=5)
    read = decode(made[0][1])
    assert isinstance(read, SoundPrint)
    assert read.duration_ms == record["facts"]["heard_ms"]


def test_sound_that_is_too_short_or_not_there_has_none(tmp_path: Path) -> None:
    assert _heard(_wav(tmp_path / "short.wav", signals.tune(2, 5))) is None
    assert set(_prints(media.encode(tmp_path / "short.mp4", seconds=1))) == {"pdq/1"}


def test_sound_that_begins_later_says_when(tmp_path: Path) -> None:
    path = tmp_path / "late.mp4"
    with av.open(str(path), "w") as made:
        stream = made.add_stream("aac", rate=RATE, layout="mono")
        for number, piece in enumerate(np.array_split(signals.tune(5, 9), 60)):
            frame = av.AudioFrame.from_ndarray(piece[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = 2 * RATE + sum(len(one) for one in np.array_split(signals.tune(5, 9), 60)[:number])
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    found = _heard(path)
    assert found is not None
    assert found.start_ms == pytest.approx(2_000, abs=120)


def test_damaged_sound_takes_nothing_from_the_pictures(tmp_path: Path) -> None:
    path = media.encode(tmp_path / "film.mkv", seconds=5)
    whole = fingerprint(str(path), "video")
    body = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.pos]
    for at, size in places[3:]:
        body[at + 12 : at + size] = b"\xff" * (size - 12)
    path.write_bytes(body)
    broken = fingerprint(str(path), "video")
    assert broken.blob == whole.blob
    assert broken.beside[0] == whole.beside[0]


def test_sound_that_changes_its_form_on_the_way_is_heard_on(tmp_path: Path) -> None:
    listener = sound.Listener(None)  # type: ignore[arg-type]  # the stream is only asked by whoever demultiplexes
    for rate, layout in ((RATE, "mono"), (44_100, "stereo"), (RATE, "mono")):
        channels = 1 if layout == "mono" else 2
        samples = np.tile(signals.tune(3, rate), 4)[: 3 * rate]
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels)[None, :], format="s16", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        listener._feed(frame)
    found = listener.finish(0.0, 9_000)
    assert found is not None
    assert len(found.fingerprint) == pytest.approx((9 * RATE - 4_096) // 1_365 - 18, abs=2)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = media.encode(tmp_path / "film.mp4", seconds=4)
    first, second = ([one.to_bytes() for one in _prints(path).values()] for _ in range(2))
    assert first == second
