"""Sample footage, drawn with numpy and encoded with PyAV, so that no ffmpeg program is needed; and copies of it.

Fingerprints behave on it as on a real crowd's films: walls with windows and trees behind, a camera that pans or shakes
in the hand, people who walk each at their own pace, clouds, cuts, sound. A scene of 12 s takes a second on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation

from archiver.demo.drawing import FPS, HEIGHT, WIDTH, Picture, Shot, film

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

SOUND_RATE: Final = 24_000
SECONDS: Final = 12.0
#: x264's own names; faster presets make files three times as large, slower ones take the demo's time.
_PRESET: Final = "superfast"


#: Scene by name: its shots share its time equally.
SCENES: Final[dict[str, tuple[Shot, ...]]] = {
    "march": (
        Shot(11, pan=38, shake=2.5, people=46, sky=(176, 196, 214), wall=(168, 142, 112), clouds=0.12),
        Shot(12, pan=-22, shake=4.0, people=30, sky=(190, 200, 208), wall=(124, 128, 140)),
        Shot(13, pan=10, shake=3.0, people=60, sky=(170, 186, 206), wall=(186, 166, 138), clouds=0.18),
    ),
    "square": (Shot(21, pan=0, shake=0, people=34, sky=(206, 206, 200), wall=(148, 120, 104), clouds=0.25),),
    "bridge": (
        Shot(31, pan=52, shake=1.5, people=22, sky=(120, 146, 186), wall=(96, 104, 112), clouds=0.1),
        Shot(32, pan=0, shake=5.0, people=40, sky=(134, 150, 176), wall=(110, 96, 90)),
    ),
    "market": (
        Shot(41, pan=-30, shake=2.0, people=26, sky=(214, 190, 160), wall=(178, 92, 70), clouds=0.15),
        Shot(42, pan=26, shake=2.0, people=18, sky=(220, 204, 180), wall=(88, 120, 98)),
    ),
}


def scene(
    path: Path, name: str, *, seconds: float = SECONDS, size: tuple[int, int] = (WIDTH, HEIGHT), sound: bool = True
) -> Path:
    """Film the scene `name` (a key of SCENES) into the mp4 `path`. Raises KeyError."""
    shots = SCENES[name]
    count = round(seconds * FPS)
    with _Writer(path, size, sound=sound) as writer:
        for number, shot in enumerate(shots):
            first, last = count * number // len(shots), count * (number + 1) // len(shots)
            for picture in film(shot, last - first):
                writer.picture(picture)
        if sound:
            writer.sound(_street_sound(shots[0].seed, seconds))
    return path


def repost(source: Path, path: Path, *, width: int = 320, bit_rate: int = 150_000) -> Path:
    """The same film, scaled to `width` and encoded anew at a platform's low rate."""
    return _rework(source, path, width=width, bit_rate=bit_rate)


def mirrored(source: Path, path: Path, *, caption: str = "THEY DID NOT WANT YOU TO SEE THIS") -> Path:
    """The same film, left for right, with a caption bar over its lower fifth."""

    def change(picture: Picture) -> Picture:
        turned = np.ascontiguousarray(picture[:, ::-1])
        bar = _caption(caption, turned.shape[1], turned.shape[0] // 6)
        turned[-len(bar) :] = bar
        return turned

    return _rework(source, path, change=change)


def excerpt(source: Path, path: Path, *, start: float, seconds: float = 5.0) -> Path:
    """The seconds [start, start + seconds) of the film, encoded anew."""
    return _rework(source, path, start=start, seconds=seconds)


def hls(source: Path, folder: Path, *, segment_seconds: int = 2) -> Path:
    """The film as an HLS stream in `folder`; gives the playlist. Picture and sound are copied, not encoded anew."""
    folder.mkdir(parents=True, exist_ok=True)
    playlist = folder / "index.m3u8"
    options = {
        "hls_time": str(segment_seconds),
        "hls_list_size": "0",
        "hls_playlist_type": "vod",
        "hls_segment_filename": str(folder / "part%03d.ts"),
    }
    with av.open(str(source)) as given, av.open(str(playlist), "w", format="hls", options=options) as made:
        _copy(given, made, (*given.streams.video, *given.streams.audio))
    return playlist


def separate(source: Path, folder: Path) -> tuple[Path, Path]:
    """Picture and sound in a file each, as adaptive streams come."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / "video.mp4", folder / "audio.m4a"
    for path, kind in zip(parts, ("video", "audio"), strict=True):
        with av.open(str(source)) as given, av.open(str(path), "w", format="mp4") as made:
            _copy(given, made, given.streams.get({kind: 0}))
    return parts


def still(source: Path, path: Path, *, second: float) -> Path:
    """The picture at that second, as an image file (by its suffix). Raises ValueError where there is none."""
    from PIL import Image

    with av.open(str(source)) as given:
        for frame in given.decode(video=0):
            if (frame.time or 0.0) >= second:
                Image.fromarray(frame.to_ndarray(format="rgb24")).save(path, quality=88)
                return path
    raise ValueError(f"{source.name} ends before {second} s")


def make(
    folder: Path,
    names: Iterable[str] = tuple(SCENES),
    *,
    seconds: float = SECONDS,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> dict[str, Path]:
    """Film the scenes `names` into `folder`, two at a time; gives the file of each."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as hands:
        jobs = {name: hands.submit(scene, folder / f"{name}.mp4", name, seconds=seconds, size=size) for name in names}
        return {name: job.result() for name, job in jobs.items()}


class _Writer:
    """Pictures, then sound, into an mp4 that begins with its index, as web players want it."""

    def __init__(self, path: Path, size: tuple[int, int], *, sound: bool, bit_rate: int = 900_000) -> None:
        self._container: OutputContainer = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video: VideoStream = self._container.add_stream("libx264", rate=FPS)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        # One thread and the encoder's own clock: the same bytes on every machine with the same libraries.
        self._video.thread_count = 1
        self._video.bit_rate = bit_rate
        self._video.options = {"preset": _PRESET, "bf": "0", "g": str(2 * FPS)}
        self._video.time_base = Fraction(1, FPS)
        self._audio: AudioStream | None = None
        if sound:
            self._audio = self._container.add_stream("aac", rate=SOUND_RATE, layout="mono")
            self._audio.bit_rate = 48_000
        self._size = size
        self._pictures = 0

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for stream in (self._video, self._audio):
                if stream is not None:
                    self._container.mux(stream.encode(None))
        self._container.close()

    def picture(self, picture: Picture) -> None:
        """One RGB picture (height, width, 3) of any size, shown for 1 / FPS seconds."""
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(*self._size, "yuv420p", interpolation=Interpolation.BILINEAR)
        frame.pts, frame.time_base = self._pictures, Fraction(1, FPS)
        self._pictures += 1
        self._container.mux(self._video.encode(frame))

    def sound(self, samples: npt.NDArray[np.float32]) -> None:
        """All of the sound: one channel at SOUND_RATE, -1 to 1."""
        if self._audio is None:
            return
        block = 1024  # what an AAC frame holds
        for at in range(0, len(samples) - block + 1, block):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + block], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, at, Fraction(1, SOUND_RATE)
            self._container.mux(self._audio.encode(frame))


def _rework(
    source: Path,
    path: Path,
    *,
    change: Callable[[Picture], Picture] | None = None,
    width: int = 0,
    bit_rate: int = 500_000,
    start: float = 0.0,
    seconds: float = 1e9,
) -> Path:
    with av.open(str(source)) as given:
        video = given.streams.video[0]
        wide = width or video.codec_context.width
        high = round(wide * video.codec_context.height / video.codec_context.width / 2) * 2
        has_sound = bool(given.streams.audio)
        with _Writer(path, (wide, high), sound=has_sound, bit_rate=bit_rate) as writer:
            for frame in given.decode(video=0):
                if start <= (frame.time or 0.0) + 1e-6 < start + seconds:
                    picture = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                    writer.picture(change(picture) if change else picture)
            if has_sound:
                writer.sound(_sound_of(source)[round(start * SOUND_RATE) :][: round(min(seconds, 1e4) * SOUND_RATE)])
    return path


def _sound_of(source: Path) -> npt.NDArray[np.float32]:
    with av.open(str(source)) as given:
        to_mono = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
        parts = [out.to_ndarray()[0] for frame in given.decode(audio=0) for out in to_mono.resample(frame)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def _copy(given: Any, made: OutputContainer, streams: Iterable[Any]) -> None:
    streams = list(streams)
    targets = {stream.index: made.add_stream_from_template(stream) for stream in streams}
    for packet in given.demux(streams):
        if packet.dts is not None:
            packet.stream = targets[packet.stream.index]
            made.mux(packet)


def _street_sound(seed: int, seconds: float) -> npt.NDArray[np.float32]:
    """A crowd's murmur, a drum and a chant, mono at SOUND_RATE."""
    chance = np.random.default_rng(seed + 1000)
    time = np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE
    murmur = np.convolve(chance.normal(0, 1, len(time)), np.ones(24) / 24, "same")
    beat = chance.uniform(1.4, 2.6)
    drum = np.sin(2 * np.pi * 90 * time) * np.exp(-12 * ((time * beat) % 1.0))
    pitches = chance.choice(np.array([196.0, 220.0, 247.0, 262.0, 294.0, 330.0]), int(seconds * 2) + 1)
    voice = np.sin(2 * np.pi * np.cumsum(np.repeat(pitches, SOUND_RATE // 2)[: len(time)]) / SOUND_RATE)
    return (0.25 * murmur + 0.3 * drum + 0.15 * voice * (np.sin(2 * np.pi * 0.7 * time) > 0)).astype(np.float32)


def _caption(text: str, width: int, height: int) -> Picture:
    from PIL import Image, ImageDraw, ImageFont

    bar = Image.new("RGB", (width, height), (12, 12, 14))
    font = ImageFont.load_default(size=max(8, int(width / max(1, len(text)) * 1.5)))
    ImageDraw.Draw(bar).text((width // 2, height // 2), text, fill=(250, 250, 250), font=font, anchor="mm")
    return np.asarray(bar, np.uint8)
