"""The examination stage, with the real sandbox, ExifTool and decoders."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.config import Limits
from archiver.examine import examiner as examiner_module
from archiver.examine.examiner import Examiner
from archiver.examine.record import Examination
from archiver.fingerprint import VIDEO_ALGORITHM
from archiver.sandbox.failure import Failure, SandboxError
from archiver.sandbox.level import Level, level, protection
from archiver.standard import CHROMAPRINT, PDQ, decode
from tests.media import encode

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")


@pytest.fixture(scope="module")
def examiner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examiner]:
    with Examiner(working=tmp_path_factory.mktemp("working"), slots=1) as examiner:
        yield examiner


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small files, made with PyAV and Pillow so that no program has to be installed."""
    folder = tmp_path_factory.mktemp("media")
    make_video(folder / "clip.mp4", "mp4", pictures=True, sound=True)
    make_video(folder / "pictures.mp4", "mp4", pictures=True, sound=False)
    make_video(folder / "sound.m4a", "mp4", pictures=False, sound=True)
    make_photo(folder / "photo.jpg")
    whole = (folder / "clip.mp4").read_bytes()
    (folder / "damaged.mp4").write_bytes(whole[:100] + bytes(300) + whole[400 : len(whole) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("no video at all\n")
    (folder / "page.html").write_text("<!doctype html><title>x</title>")
    (folder / "noise.bin").write_bytes(random.Random(1).randbytes(5000))
    return folder


def make_video(path: Path, container: str, *, pictures: bool, sound: bool) -> None:
    import av
    import numpy as np

    rng = np.random.default_rng(7)
    scene = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    with av.open(str(path), "w", format=container) as file:
        if pictures:
            video = file.add_stream("mpeg4", rate=12)
            video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        if sound:
            audio = file.add_stream("aac", rate=44100, layout="mono")
        if pictures:
            for number in range(24):
                frame = av.VideoFrame.from_ndarray(np.roll(scene, number * 3, 1), format="rgb24")
                for packet in video.encode(frame):
                    file.mux(packet)
            for packet in video.encode(None):
                file.mux(packet)
        if sound:
            for number in range(86):
                wave = np.sin(np.arange(1024) / 20 + number)[None].astype(np.float32)
                heard = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                heard.sample_rate, heard.pts = 44100, number * 1024
                for packet in audio.encode(heard):
                    file.mux(packet)
            for packet in audio.encode(None):
                file.mux(packet)


def make_photo(path: Path) -> None:
    from PIL import Image

    photo = Image.radial_gradient("L").convert("RGB")
    exif = Image.Exif()
    exif[0x0132] = "2021:05:06 07:08:09"
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2021:05:06 07:08:09"
    photo.save(path, exif=exif)


def look(examiner: Examiner, *paths: Path) -> Examination:
    return examiner.examine([(path, path.name) for path in paths])


def codes(found: Examination) -> list[tuple[int, str]]:
    return [(warning.file_index, warning.code) for warning in found.warnings]


def test_a_video_has_type_facts_fingerprint_and_summary(examiner: Examiner, media: Path) -> None:
    found = look(examiner, media / "clip.mp4")
    assert found.files[0].media_type == "video/mp4"
    assert codes(found) == []
    assert [(one.file_index, one.algorithm) for one in found.fingerprints] == [(0, VIDEO_ALGORITHM), (0, PDQ)]
    summary = found.summary()
    assert (summary["width"], summary["height"], summary["codecs"]) == (160, 120, "mpeg4+aac")
    assert summary["duration_seconds"] == pytest.approx(2.0, abs=0.1)
    assert found.sandbox == protection(level())
    assert {"av", "pillow"} <= {tool.name for tool in found.tools}
    assert look(examiner, media / "clip.mp4") == found


def test_standard_fingerprints_leave_the_sandbox_as_objects_of_their_own(examiner: Examiner, tmp_path: Path) -> None:
    found = look(examiner, encode(tmp_path / "film.mp4", seconds=4))
    assert [one.algorithm for one in found.fingerprints] == [VIDEO_ALGORITHM, PDQ, CHROMAPRINT]
    assert [decode(one.blob).algorithm for one in found.fingerprints[1:]] == [PDQ, CHROMAPRINT]


@needs_exiftool
def test_metadata_is_grouped_readable_and_numeric_without_our_own_file_system(examiner: Examiner, media: Path) -> None:
    found = look(examiner, media / "clip.mp4", media / "photo.jpg")
    document = json.loads(found.metadata)
    video, photo = (file["exiftool"] for file in document["files"])
    assert video["QuickTime:Duration"] == {"desc": "Duration", "num": pytest.approx(2, abs=0.1), "val": "2.00 s"}
    assert photo["EXIF:IFD0:Make"]["val"] == "Maker"
    assert photo["EXIF:ExifIFD:DateTimeOriginal"]["val"] == "2021:05:06 07:08:09"
    assert found.summary()["created"] == "2021:05:06 07:08:09"
    assert not [name for block in (video, photo) for name in block if "System" in name or "SourceFile" in name]
    assert b"/in/" not in found.metadata
    assert document["schema"] == "archiver-metadata/1"
    assert document["tools"]["exiftool"]


def test_all_files_of_an_item_are_examined_whatever_they_are(examiner: Examiner, media: Path) -> None:
    names = ["clip.mp4", "empty.mp4", "text.mp4", "damaged.mp4", "photo.jpg", "page.html", "sound.m4a", "noise.bin"]
    found = look(examiner, *(media / name for name in names))
    assert [file.media_type for file in found.files] == [
        "video/mp4",
        "application/x-empty",
        "text/plain",
        "video/mp4",
        "image/jpeg",
        "text/html",
        "audio/mp4",
        "application/octet-stream",
    ]
    assert [one.file_index for one in found.fingerprints] == [0, 0, 4, 4]
    assert codes(found) == [
        (1, "empty"),
        (2, "not-media"),
        (2, "name-differs"),
        (3, "media-incomplete"),
        (3, "damaged"),
        (5, "not-media"),
        (7, "not-media"),
    ]


def test_names_are_not_looked_at_by_any_parser(examiner: Examiner, media: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("-ver", "a\nb.mp4", "concat:a|b", "$(id).mp4", "\u202e4pm.exe")]
    for path in paths:
        shutil.copy(media / "clip.mp4", path)
    found = look(examiner, *paths)
    assert {file.media_type for file in found.files} == {"video/mp4"}
    assert [one.file_index for one in found.fingerprints] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert found.warnings == ()


def test_mutated_media_never_stop_the_run(examiner: Examiner, media: Path, tmp_path: Path) -> None:
    chance = random.Random(20261123)
    for item in range(5):
        paths = [tmp_path / f"{item}-{number}" for number in range(6)]
        for path in paths:
            data = bytearray((media / chance.choice(["clip.mp4", "photo.jpg", "sound.m4a"])).read_bytes())
            for _ in range(chance.choice([1, 20, 400])):
                data[chance.randrange(min(len(data), chance.choice([64, 4096, 1 << 30])))] = chance.randrange(256)
            path.write_bytes(data[: chance.choice([len(data), len(data) // 2])])
        found = look(examiner, *paths)
        assert len(found.files) == len(json.loads(found.metadata)["files"]) == 6
        assert not {"answer-refused", "failed"} & {warning.code for warning in found.warnings}


def test_it_works_without_bubblewrap_and_says_so(media: Path) -> None:
    with Examiner(slots=1, level=Level.RLIMITS) as examiner:
        found = look(examiner, media / "clip.mp4")
    assert found.sandbox == protection(Level.RLIMITS)
    assert json.loads(found.metadata)["sandbox"] == protection(Level.RLIMITS)
    assert {one.file_index for one in found.fingerprints} == {0}
    assert codes(found) == []


def test_no_files_are_no_error(examiner: Examiner) -> None:
    assert look(examiner).files == ()


def test_one_files_failure_is_not_anothers(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is stopped at its time limit whenever the second file is decoded."""
    with Examiner(slots=1) as examiner:
        run = examiner.sandboxes.run

        def failing(target: str, files: Any, arguments: Any, **limits: Any) -> bytes:
            if media / "photo.jpg" in files and arguments["fingerprints"]:
                raise SandboxError(Failure.TIMED_OUT, "stopped")
            return run(target, files, arguments, **limits)

        monkeypatch.setattr(examiner.sandboxes, "run", failing)
        found = look(examiner, media / "clip.mp4", media / "photo.jpg", media / "text.mp4")
    assert codes(found) == [(1, "timed-out"), (2, "not-media"), (2, "name-differs")]
    assert [file.media_type for file in found.files] == ["video/mp4", "image/jpeg", "text/plain"]
    assert {one.file_index for one in found.fingerprints} == {0}
    assert len(json.loads(found.metadata)["files"]) == 3


def test_a_file_that_nothing_survives_is_recorded_as_such(media: Path) -> None:
    limits = Limits(examine_seconds=0.001)
    with Examiner(limits=limits, slots=1) as examiner:
        found = look(examiner, media / "clip.mp4")
    assert codes(found)[0] == (0, "timed-out")
    assert found.files[0].media_type == "application/octet-stream"


def test_metadata_beyond_the_limit_is_left_out_and_said(media: Path) -> None:
    with Examiner(limits=Limits(metadata_bytes=100), slots=1) as examiner:
        found = look(examiner, media / "photo.jpg")
    expected = "metadata-too-large" if shutil.which("exiftool") else "exiftool-missing"
    assert codes(found) == [(0, expected)]
    assert {one.file_index for one in found.fingerprints} == {0}


def test_an_answer_that_makes_no_sense_is_refused(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Examiner(slots=1) as examiner:
        monkeypatch.setattr(examiner.sandboxes, "run", lambda *given, **more: b"\xff" * 40)
        found = look(examiner, media / "clip.mp4")
    assert codes(found) == [(0, "answer-refused")]
    assert found.fingerprints == ()


def test_every_module_is_prepared_before_the_first_job() -> None:
    """A misspelt name would make every start fail, a missing one every job slow."""
    for name in examiner_module.PREPARED:
        __import__(name)


def test_stills_are_jpegs_and_none_where_there_is_nothing(examiner: Examiner, media: Path) -> None:
    made = examiner.stills(media / "clip.mp4", [0.0, 1.0], 100)
    assert [one[:3] for one in made] == [b"\xff\xd8\xff"] * 2
    assert examiner.stills(media / "text.mp4", [0.0], 100) == []


@needs_exiftool
def test_an_exiftool_that_hangs_does_not_take_the_rest_with_it(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archiver.examine.metadata import ExifToolFailed, extract

    program = tmp_path / "exiftool"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ExifToolFailed) as caught:
        extract([str(media / "clip.mp4")], 0.5, 10_000)
    assert caught.value.code == "exiftool-timed-out"
