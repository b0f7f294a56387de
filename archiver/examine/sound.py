"""Hearing a file's sound while it is demultiplexed, and its fingerprint. Runs inside the sandbox."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import av
from av.filter import Graph

from archiver.examine.chromaprint import Chromaprint
from archiver.fingerprint import MAX_MS
from archiver.standard import MAX_SOUND, SOUND_FRAME, SOUND_RATE, SOUND_STEP, SoundPrint

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

#: What fpcalc has libswresample do: the same samples, as far as both libraries are of one make.
_RESAMPLE = f"{SOUND_RATE}:filter_size=16:phase_shift=8:linear_interp=1:cutoff=0.8:out_chlayout=mono:out_sample_fmt=s16"
#: Packets in a row that do not decode before the rest of the sound is given up as noise.
_MAX_BAD_PACKETS = 1_000


class Listener:
    """Takes the packets of one sound stream in turn. What cannot be decoded is left out."""

    def __init__(self, stream: AudioStream) -> None:
        self.stream = stream
        self._made = Chromaprint()
        self._graph: Graph | None = None
        self._form: tuple[Any, ...] = ()
        self._begin: float | None = None
        self._bad = 0

    def hear(self, packet: Packet[Any]) -> None:
        """Decode and fingerprint one packet; an empty one at the end gives what is still in the decoder."""
        if self._bad >= _MAX_BAD_PACKETS or self._made.frames >= MAX_SOUND:
            return
        try:
            for frame in packet.decode():
                self._feed(frame)  # type: ignore[arg-type]  # a sound stream's packets give sound
            self._bad = 0
        except (av.FFmpegError, ValueError):
            self._bad += 1

    def finish(self, zero: float, duration_ms: int) -> SoundPrint | None:
        """The fingerprint, its times from `zero` (seconds of the file's own clock) on; None of less than 2.7 s."""
        with contextlib.suppress(av.FFmpegError, ValueError):
            if self._graph is not None:
                self._graph.push(None)
                self._drain(self._graph)
        found = self._made.finish()[:MAX_SOUND].tolist()
        if not found:
            return None
        start = round(((self._begin or 0.0) - zero) * 1000)
        return SoundPrint(
            duration_ms=duration_ms,
            start_ms=min(max(start, -MAX_MS), MAX_MS),
            fingerprint=tuple(found),
            parameters={"frame": SOUND_FRAME, "rate": SOUND_RATE, "step": SOUND_STEP, "variant": "test2"},
            tools={"av": av.__version__, **_versions()},
        )

    def _feed(self, frame: AudioFrame) -> None:
        if self._begin is None:
            self._begin = frame.time or 0.0
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._graph is None or form != self._form:  # a stream may change what it is on the way
            self._graph, self._form = _resampler(frame), form
        self._graph.push(frame)
        self._drain(self._graph)

    def _drain(self, graph: Graph) -> None:
        while True:
            try:
                made = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._made.feed(made.to_ndarray()[0])


def listener(container: InputContainer) -> Listener | None:
    """A listener to the sound stream that players choose: the first one; None without one."""
    streams = [one for one in container.streams.audio if one.codec_context is not None]
    if not streams:
        return None
    streams[0].codec_context.thread_count = 1
    return Listener(streams[0])


def _resampler(frame: AudioFrame) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name, time_base=frame.time_base
    )
    resample, sink = graph.add("aresample", _RESAMPLE), graph.add("abuffersink")
    source.link_to(resample)
    resample.link_to(sink)
    graph.configure()
    return graph


def _versions() -> dict[str, str]:
    wanted = ("libavcodec", "libavformat", "libswresample")
    return {name: ".".join(map(str, av.library_versions[name])) for name in wanted if name in av.library_versions}
