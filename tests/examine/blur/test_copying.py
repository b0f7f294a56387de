"""Blurred copies, made in the sandbox: what is hidden in them, what they hold, and what becomes of hostile files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from archiver.covers import WHOLE, Area, Box
from archiver.examine.blur import hiding as hidden
from archiver.examine.blur.asked import Hiding, Sound, parameters
from archiver.examine.blur.copying import Blurred, blur
from archiver.examine.examiner import Examiner
from tests.examine.blur.faces import scene
from tests.media import encode

RATE = 10
PLACE = (100, 40, 120)  # of the face in the picture
GREY = hidden.PATCH[0]

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner(slots=1) as made:
        yield made


def film(path: Path, pictures: list[Pixels], **how: Any) -> Path:
    """A film without loss of these pictures, RATE a second or at `times` (ms)."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream(how.get("codec", "ffv1"), rate=RATE)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = how.get("form", "yuv444p")
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in how.get("metadata", {}).items():
            made.metadata[name] = value
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
                format=stream.pix_fmt
            )
            frame.pts = how["times"][number] if "times" in how else number * 1000 // RATE
            frame.time_base = Fraction(1, 1000)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return path


def pictures(path: Path) -> list[tuple[int, Pixels]]:
    """Frames of a copy: milliseconds, levels."""
    with av.open(str(path)) as container:
        return [
            (round((frame.time or 0) * 1000), frame.to_ndarray(format="gray").astype(np.uint8))
            for frame in container.decode(video=0)
        ]


def is_patch(levels: Pixels, x: int, y: int) -> bool:
    """Whether the copy shows nothing but a patch at a place."""
    part = levels[y - 4 : y + 4, x - 4 : x + 4].astype(int)
    return bool(np.all(np.abs(part - (GREY - 16) * 255 / 219) < 6))


def made(examiner: Examiner, source: Path, target: Path, kind: str = "video", **how: Any) -> Blurred:
    """A copy that came about."""
    found = blur(examiner.sandboxes, source, kind, Hiding(**how), target, "a working copy")
    assert found.failure == ""
    return found


def area(x: int, y: int, w: int, h: int, start_ms: int = 0, end_ms: int = 1_000_000) -> Area:
    """An area, in hundredths of the picture."""
    return Area("b1", Box(*(number * WHOLE // 100 for number in (x, y, w, h))), start_ms, end_ms)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of somebody at PLACE who goes to the right, on a striped wall, with telling metadata."""
    wall = (np.mgrid[0:240, 0:320][1] // 8 % 2 * 60)[..., None]
    frames = [np.clip(scene(320, 240, (PLACE[0] + 2 * n, *PLACE[1:])).astype(int) + wall, 0, 255) for n in range(12)]
    return film(
        tmp_path_factory.mktemp("person") / "person.mkv",
        [frame.astype(np.uint8) for frame in frames],
        metadata={"title": "SECRET-TITLE", "location": "+48.2-016.3", "artist": "SECRET-NAME"},
    )


@pytest.fixture(scope="module")
def copy(examiner: Examiner, person: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Blurred, Path]:
    """A blurred copy of that film."""
    target = tmp_path_factory.mktemp("copy") / "copy.mp4"
    return made(examiner, person, target), target


def test_a_face_is_hidden_in_every_frame_and_the_rest_is_seen(copy: tuple[Blurred, Path]) -> None:
    found, target = copy
    assert (found.media_type, found.faces, found.frames, found.frames_with_patches) == ("video/mp4", 1, 12, 12)
    assert (found.width, found.height) == (320, 240)
    assert {tool.name for tool in found.tools} >= {"centerface", "onnxruntime", "pyav"}
    shown = pictures(target)
    assert [ms for ms, _ in shown] == [number * 100 for number in range(12)]
    for number, (_, levels) in enumerate(shown):
        assert is_patch(levels, PLACE[0] + 2 * number + 60, PLACE[1] + 60)
        assert not is_patch(levels, 20, 200)
    assert [path.name for path in target.parent.iterdir()] == ["copy.mp4"]


def test_a_copy_says_that_it_is_one_and_holds_nothing_else_of_its_original(copy: tuple[Blurred, Path]) -> None:
    target = copy[1]
    data = target.read_bytes()
    assert b"SECRET" not in data
    assert b"48.2" not in data
    with av.open(str(target)) as opened:
        assert opened.metadata["comment"] == "a working copy"
        assert "title" not in opened.metadata
        assert [stream.type for stream in opened.streams] == ["video"]


def test_the_same_original_gives_the_same_copy(
    examiner: Examiner, person: Path, copy: tuple[Blurred, Path], tmp_path: Path
) -> None:
    again = made(examiner, person, tmp_path / "again.mp4")
    assert again == copy[0]
    assert (tmp_path / "again.mp4").read_bytes() == copy[1].read_bytes()


def test_what_is_behind_an_area_changes_nothing_in_the_copy(examiner: Examiner, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    sources = []
    for number in range(2):
        frame = scene(160, 120).copy()
        if number:
            frame[32:96, 48:112] = noise[:64, :64]
        sources.append(film(tmp_path / f"{number}.mkv", [frame] * 3))
    digests = set()
    for number, source in enumerate(sources):
        target = tmp_path / f"{number}.mp4"
        made(examiner, source, target, areas=(area(20, 15, 60, 75),))
        digests.add(hashlib.sha256(target.read_bytes()).digest())
    assert len(digests) == 1


def test_an_area_is_hidden_for_its_time_alone(examiner: Examiner, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mkv", [scene(160, 120)] * 10)
    target = tmp_path / "a.mp4"
    found = made(examiner, source, target, areas=(area(50, 50, 20, 20, 300, 700),))
    assert (found.faces, found.frames_with_patches) == (0, 4)
    assert [is_patch(levels, 96, 72) for _, levels in pictures(target)] == [False] * 3 + [True] * 4 + [False] * 3


def test_where_everything_is_hidden_nobody_looks_for_faces_and_few_cells_are_left(
    examiner: Examiner, person: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.mp4"
    found = made(examiner, person, target, whole=True)
    assert found.frames_with_patches == 12
    assert "centerface" not in {tool.name for tool in found.tools}
    shown = [levels for _, levels in pictures(target)]
    for levels in shown:
        cells = levels[: 6 * 40].reshape(6, 40, 8, 40)[:, 4:-4, :, 4:-4].astype(int)
        assert int((cells.max(axis=(1, 3)) - cells.min(axis=(1, 3))).max()) <= 6
    assert np.abs(shown[0].astype(int) - shown[9]).max() <= 6, "it is held for a second"


def test_a_picture_that_is_to_be_turned_is_turned_before_it_is_hidden(examiner: Examiner, tmp_path: Path) -> None:
    upright = scene(240, 320, (60, 80, 120))
    plain = film(tmp_path / "plain.mp4", [np.rot90(upright, 1)] * 5, codec="libx264", form="yuv420p")
    turned = tmp_path / "turned.mp4"
    matrix = np.array([0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30], dtype=">i4").tobytes()
    data = plain.read_bytes()
    at = data.index(b"tkhd") + 4 + 40  # version 0: the matrix is 40 bytes behind the name
    turned.write_bytes(data[:at] + matrix + data[at + 36 :])
    with av.open(str(turned)) as opened:
        assert next(opened.decode(video=0)).rotation in (90, -90)
    target = tmp_path / "copy.mp4"
    found = made(examiner, turned, target)
    assert (found.width, found.height, found.faces) == (240, 320, 1)
    for _, levels in pictures(target):
        assert is_patch(levels, 120, 140) or is_patch(levels, 120, 180)


def test_times_of_frames_are_kept(examiner: Examiner, tmp_path: Path) -> None:
    times = [0, 40, 500, 510, 2_000, 2_033]
    source = film(tmp_path / "a.mkv", [scene(64, 48)] * 6, times=times)
    found = made(examiner, source, tmp_path / "a.mp4")
    assert [ms for ms, _ in pictures(tmp_path / "a.mp4")] == times
    assert found.length_ms == 2_033


@pytest.mark.parametrize(
    ("codec", "form", "size"),
    [
        ("ffv1", "yuv420p10le", (160, 120)),
        ("ffv1", "yuva420p", (160, 120)),
        ("ffv1", "gray", (161, 121)),
        ("ffv1", "bgr0", (37, 3)),
        ("ffv1", "bgra", (33, 65)),
    ],
)
def test_deep_transparent_grey_and_odd_pictures_can_be_copied(
    examiner: Examiner, tmp_path: Path, codec: str, form: str, size: tuple[int, int]
) -> None:
    source = film(tmp_path / "a.mkv", [scene(*size)] * 3, codec=codec, form=form)
    found = made(examiner, source, tmp_path / "a.mp4", areas=(area(0, 0, 100, 100),))
    assert abs(found.width - size[0]) <= 1
    assert abs(found.height - size[1]) <= 1
    assert found.frames_with_patches == len(pictures(tmp_path / "a.mp4")) == 3


def test_a_large_picture_is_made_smaller(examiner: Examiner, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mkv", [np.zeros((400, 2400, 3), np.uint8)])
    found = made(examiner, source, tmp_path / "a.mp4", whole=True)
    assert (found.width, found.height) == (1920, 320)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("spoken") / "a.mp4", seconds=2.0)


def pitch(path: Path) -> float:
    """The strongest frequency of a file's sound, in hertz."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    heard = np.concatenate(parts).astype(float)
    found: float = np.argmax(np.abs(np.fft.rfft(heard))) * rate / len(heard)
    return found


def test_sound_is_left_out_kept_or_shifted(examiner: Examiner, spoken: Path, tmp_path: Path) -> None:
    for sound in Sound:
        made(examiner, spoken, tmp_path / f"{sound}.mp4", whole=True, sound=sound)
    with av.open(str(tmp_path / "mute.mp4")) as opened:
        assert [stream.type for stream in opened.streams] == ["video"]
    original = pitch(spoken)
    assert abs(pitch(tmp_path / "keep.mp4") - original) < 5
    assert abs(pitch(tmp_path / "shift.mp4") - 0.78 * original) < 8
    for name in ("keep", "shift"):
        with av.open(str(tmp_path / f"{name}.mp4")) as opened:
            assert [stream.type for stream in opened.streams] == ["video", "audio"]
            assert abs(float(opened.duration or 0) / 1e6 - 2.0) < 0.25


def test_sound_alone_can_be_kept_or_shifted(examiner: Examiner, spoken: Path, tmp_path: Path) -> None:
    with av.open(str(spoken)) as source, av.open(str(tmp_path / "a.m4a"), "w", format="mp4") as target:
        stream = source.streams.audio[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    found = made(examiner, tmp_path / "a.m4a", tmp_path / "copy.mp4", kind="audio", sound=Sound.SHIFT)
    assert found.frames == 0
    assert pitch(tmp_path / "copy.mp4") < 0.9 * pitch(spoken)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_an_image_has_its_faces_hidden_and_its_metadata_left_out(
    examiner: Examiner, tmp_path: Path, ending: str
) -> None:
    source, target = tmp_path / f"a.{ending}", tmp_path / "copy.jpg"
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    Image.fromarray(scene(320, 240, PLACE)).save(source, exif=exif)
    found = made(examiner, source, target, kind="image")
    assert (found.media_type, found.faces, found.frames_with_patches) == ("image/jpeg", 1, 1)
    assert b"SECRET" in source.read_bytes()
    assert b"SECRET" not in target.read_bytes()
    with Image.open(target) as copy:
        assert copy.info["comment"] == b"a working copy"
        pixels = np.asarray(copy.convert("RGB")).astype(int)
    assert np.all(np.abs(pixels[80:120, 140:180] - hidden.PATCH_RGB) < 4)
    assert np.all(np.abs(pixels[200:, :20] - 155) < 12)


def test_an_image_can_be_hidden_as_a_whole_or_by_hand(examiner: Examiner, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(scene(320, 240, PLACE)).save(source)
    by_hand = made(examiner, source, tmp_path / "1.jpg", kind="image", areas=(area(0, 75, 20, 20, 0, 1),), whole=False)
    assert by_hand.faces == 1
    with Image.open(tmp_path / "1.jpg") as copy:
        assert np.all(np.abs(np.asarray(copy).astype(int)[190:220, 10:50] - hidden.PATCH_RGB) < 4)
    made(examiner, source, tmp_path / "2.jpg", kind="image", whole=True)
    with Image.open(tmp_path / "2.jpg") as copy:
        assert len(np.unique(np.asarray(copy.convert("L")) // 16)) < 16


@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_what_cannot_be_copied_leaves_nothing_and_says_why(
    examiner: Examiner, person: Path, tmp_path: Path, damage: str
) -> None:
    source, target = tmp_path / "a.mkv", tmp_path / "a.mp4"
    whole = person.read_bytes()
    source.write_bytes({"text": b"no film at all", "cut": whole[:400], "empty": b""}[damage])
    found = blur(examiner.sandboxes, source, "video", Hiding(), target, "")
    assert found.failure == "failed"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_a_film_that_is_cut_off_is_copied_as_far_as_it_goes(examiner: Examiner, person: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    source.write_bytes(person.read_bytes()[: person.stat().st_size * 2 // 3])
    found = made(examiner, source, tmp_path / "a.mp4")
    assert 3 < found.frames < 12
    assert found.frames_with_patches == found.frames


def test_what_is_there_is_not_replaced(examiner: Examiner, person: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"mine")
    assert blur(examiner.sandboxes, person, "video", Hiding(whole=True), target, "").failure == "exists"
    assert target.read_bytes() == b"mine"


def test_progress_is_told(examiner: Examiner, person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.examine.blur.copying._POLL_SECONDS", 0.01)
    told: list[tuple[int, int, str]] = []
    blur(examiner.sandboxes, person, "video", Hiding(), tmp_path / "a.mp4", "", lambda *what: told.append(what), 2_000)
    assert {what for _, _, what in told} == {"seconds looked at", "bytes written"}
    assert all(done <= total for done, total, what in told if what == "seconds looked at")


def test_parameters_are_whole_numbers_and_words() -> None:
    for found in (parameters(Hiding()), parameters(Hiding(whole=True, sound=Sound.SHIFT))):
        assert found
        assert all(isinstance(value, int | str) for value in found.values())
    assert "network_sha256" in parameters(Hiding())
    assert parameters(Hiding(sound=Sound.SHIFT))["sound_pitch"] == 780_000
