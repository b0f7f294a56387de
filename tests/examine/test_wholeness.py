"""Half a file is found out by what it says of itself, in every container, and whole files are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.examine.examiner import Examiner
from archiver.examine.wholeness import _READERS, MAX_STEPS, missing_end
from tests.media import encode

SECONDS = 6.0
FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage" / "dev"


@pytest.fixture(scope="module")
def examiner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examiner]:
    with Examiner(working=tmp_path_factory.mktemp("working"), slots=2) as examiner:
        yield examiner


def sound(path: Path, codec: str) -> Path:
    import av
    from av.audio.stream import AudioStream

    tone = np.random.default_rng(3).integers(-9000, 9000, round(SECONDS * 44100)).astype(np.int16)
    with av.open(str(path), "w") as made:
        stream = made.add_stream(codec, rate=44100, layout="mono")
        assert isinstance(stream, AudioStream)
        if codec == "libmp3lame":
            stream.codec_context.options = {"q:a": "4"}  # a variable rate
        for start in range(0, len(tone), 1152):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1152], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return path


def make_all(folder: Path) -> dict[str, Path]:
    from PIL import Image

    made = {
        "mp4, moov first": encode(folder / "first.mp4", seconds=SECONDS, options={"movflags": "+faststart"}),
        "mp4, moov last": encode(folder / "last.mp4", seconds=SECONDS),
        "mp4, fragmented": encode(
            folder / "fragmented.mp4",
            seconds=SECONDS,
            options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
        ),
        "mov": encode(folder / "film.mov", seconds=SECONDS),
        "mkv": encode(folder / "film.mkv", seconds=SECONDS),
        "webm": encode(folder / "film.webm", container="matroska", seconds=SECONDS),
        "webm without duration": encode(
            folder / "live.webm", container="matroska", seconds=SECONDS, options={"live": "1"}
        ),
        "ts": encode(folder / "film.ts", container="mpegts", seconds=SECONDS),
        "avi": encode(folder / "film.avi", seconds=SECONDS),
        "mp3, vbr": sound(folder / "sound.mp3", "libmp3lame"),
        "wav": sound(folder / "sound.wav", "pcm_s16le"),
        "ogg": sound(folder / "sound.ogg", "flac"),
        "flac": sound(folder / "sound.flac", "flac"),
    }
    noise = np.random.default_rng(4).integers(0, 255, (4, 90, 120, 3), dtype=np.uint8)
    pictures = [Image.fromarray(one) for one in noise]
    for name in ("jpg", "png", "webp"):
        pictures[0].save(folder / f"picture.{name}")
        made[name] = folder / f"picture.{name}"
    pictures[0].save(folder / "progressive.jpg", progressive=True)
    made["jpg, progressive"] = folder / "progressive.jpg"
    for name in ("gif", "webp"):
        pictures[0].save(folder / f"moving.{name}", save_all=True, append_images=pictures[1:], duration=200)
        made[f"{name}, animated"] = folder / f"moving.{name}"
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_all(tmp_path_factory.mktemp("whole"))


def warned(examiner: Examiner, paths: list[Path]) -> dict[int, str]:
    found = examiner.examine([(path, path.name) for path in paths])
    return {one.file_index: one.message for one in found.warnings if one.code == "media-incomplete"}


def test_whole_files_of_every_kind_raise_no_alarm(examiner: Examiner, whole: dict[str, Path]) -> None:
    assert {list(whole)[number]: said for number, said in warned(examiner, list(whole.values())).items()} == {}


@pytest.mark.parametrize("percent", [30, 50, 70, 90])
def test_a_file_that_was_cut_is_found_out_in_every_container(
    percent: int, examiner: Examiner, whole: dict[str, Path], tmp_path: Path
) -> None:
    cut = []
    for number, path in enumerate(whole.values()):
        data = path.read_bytes()
        cut.append(tmp_path / f"{number}{path.suffix}")
        end = len(data) * percent // 100
        if path.suffix == ".ts" and end % 188 == 0:
            end += 1  # packets say nothing about how many there should be: recordings begin and end anywhere
        cut[-1].write_bytes(data[:end])
    found = warned(examiner, cut)
    assert [name for number, name in enumerate(whole) if number not in found] == []
    assert all(any(figure.isdigit() for figure in said) for said in found.values())


def test_what_is_appended_to_a_whole_file_is_no_missing_end(
    examiner: Examiner, whole: dict[str, Path], tmp_path: Path
) -> None:
    longer: list[Path] = []
    for name in ("mp4, moov first", "mkv", "jpg", "png", "gif, animated", "webp", "flac", "wav", "avi"):
        path = whole[name]
        longer.append(tmp_path / f"{len(longer)}{path.suffix}")
        longer[-1].write_bytes(path.read_bytes() + b"\0" * 5)
    assert warned(examiner, longer) == {}


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the shared footage is not here")
def test_real_footage_raises_no_alarm(examiner: Examiner) -> None:
    assert warned(examiner, sorted(FOOTAGE.glob("*.mp4"))) == {}


@given(data=st.binary(max_size=400), start=st.sampled_from(["", "gif", "png", "riff", "ogg", "ebml", "box", "jpeg"]))
def test_no_bytes_make_a_reader_raise_or_loop(
    data: bytes, start: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    heads = {
        "gif": b"GIF89a", "png": b"\x89PNG\r\n\x1a\n", "riff": b"RIFF", "ogg": b"OggS", "ebml": b"\x18\x53\x80\x67",
        "box": b"\0\0\0\x08ftyp", "jpeg": b"\xff\xd8\xff", "": b"",
    }  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(heads[start] + data)
    for media_type in _READERS:
        missing_end(str(path), media_type)
    path.unlink()


def test_a_file_of_endless_small_blocks_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gif"
    path.write_bytes(b"GIF89a" + bytes(7) + b"!\xfe" + b"\x01x" * (MAX_STEPS + 10))
    assert missing_end(str(path), "image/gif") is None
