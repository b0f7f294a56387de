"""The file that people watch: packets copied in the sandbox, whatever the originals came in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from archiver.examine.examiner import Examiner
from archiver.examine.rendition import Made, _tools, playable
from tests.media import encode


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner(slots=1) as made:
        yield made


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """stream.ts (H.264 and AAC as HLS serves them), and picture.mp4 and sound.m4a apart."""
    folder = tmp_path_factory.mktemp("media")
    encode(folder / "stream.ts", container="mpegts")
    encode(folder / "both.mp4")
    for name, kind in (("picture.mp4", "video"), ("sound.m4a", "audio")):
        with av.open(str(folder / "both.mp4")) as source, av.open(str(folder / name), "w", format="mp4") as target:
            stream = next(one for one in source.streams if one.type == kind)
            copy = target.add_stream_from_template(stream)
            for packet in source.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)
    (folder / "text.mp4").write_bytes(b"no film at all")
    return folder


def pictures(path: Path) -> list[bytes]:
    """Decoded pictures."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


def sound(path: Path) -> list[bytes]:
    """Packets of sound as they lie there, without the head that each has in a transport stream (7 bytes)."""
    with av.open(str(path)) as container:
        adts = 7 if container.format.name == "mpegts" else 0
        return [bytes(packet)[adts:] for packet in container.demux(audio=0) if packet.dts is not None]


@pytest.mark.parametrize("names", [["stream.ts"], ["both.mp4"], ["picture.mp4", "sound.m4a"]])
def test_it_shows_and_sounds_exactly_like_its_originals(
    examiner: Examiner, media: Path, tmp_path: Path, names: list[str]
) -> None:
    originals = [media / name for name in names]
    target = tmp_path / "a.playable.mkv"
    made = playable(examiner.sandboxes, originals, target, "a working copy")
    assert made.failure == ""
    assert [tool.name for tool in made.tools] == ["pyav", "libavformat"]
    with av.open(str(target)) as opened:
        assert opened.format.name == "matroska,webm"
        assert [stream.type for stream in opened.streams] == ["video", "audio"]
        assert opened.metadata["COMMENT"] == "a working copy"
        times = [float(packet.dts * packet.time_base) for packet in opened.demux() if packet.dts is not None]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 0.5
    assert pictures(target) == pictures(originals[0])
    assert sound(target) == sound(originals[-1])
    assert [path.name for path in tmp_path.iterdir()] == ["a.playable.mkv"]


def test_sound_alone_can_be_played(examiner: Examiner, media: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    assert playable(examiner.sandboxes, [media / "sound.m4a"], target, "").failure == ""
    assert sound(target) == sound(media / "sound.m4a")


def test_what_cannot_be_played_leaves_nothing(examiner: Examiner, media: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    assert playable(examiner.sandboxes, [media / "text.mp4"], target, "") == Made("failed")
    assert playable(examiner.sandboxes, [tmp_path / "missing"], target, "") == Made("failed")
    assert playable(examiner.sandboxes, [media / "both.mp4"], tmp_path / "gone" / "a.mkv", "") == Made("not-written")
    assert list(tmp_path.iterdir()) == []
    target.write_bytes(b"mine")
    assert playable(examiner.sandboxes, [media / "both.mp4"], target, "") == Made("exists")
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize("answer", [b"", b"\xff", b"[]", b'{"pyav": 7}', b'{"pyav": "1\\n2"}', b'{"pyav": ""}'])
def test_versions_that_are_none_are_not_believed(answer: bytes) -> None:
    assert _tools(answer) == ()
