"""The sound of a blurred copy: kept, or shifted so that a voice is less easily known. Inside the sandbox.

A shift is no protection against anybody who tries: it is undone by shifting back, and words, accent and what others say
stay. Whoever has to be protected needs a copy without sound.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.filter import Graph

from archiver.examine.container import open_media

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

RATE = 48_000
LAYOUT = "stereo"
FORMAT = "fltp"
#: What AAC takes at a time.
SAMPLES = 1024
#: Voices go down by four semitones, the resonances of the throat with them; the tempo stays.
PITCH = 0.78

_FINISH = f"{RATE}:out_sample_fmt={FORMAT}:out_chlayout={LAYOUT}"
_MAX_BAD_PACKETS = 1_000


def heard(path: str, how: str, zero: float) -> Iterator[AudioFrame]:
    """The first sound of a file as frames to be encoded, kept or shifted (`how`); their times count from `zero`.

    Sound before `zero` is left out, what cannot be decoded as well, and gaps are closed. Nothing where there is none.
    """
    with open_media(path) as container:
        streams = [one for one in container.streams.audio if one.codec_context is not None]
        if not streams:
            return
        streams[0].codec_context.thread_count = 1
        graph: Graph | None = None
        form: tuple[Any, ...] = ()
        at = -1
        for frame in _decoded(container, streams[0]):
            if frame.time is not None and frame.time < zero:
                continue
            if at < 0:
                at = round(((frame.time or zero) - zero) * RATE)
            frame.pts = None
            if graph is None or form != _form(frame):  # a stream may change what it is on the way
                graph, form = _graph(frame, how), _form(frame)
            graph.push(frame)
            for made in _drained(graph):
                yield _timed(made, at)
                at += made.samples
        if graph is not None:
            graph.push(None)
            for made in _drained(graph):
                yield _timed(made, at)
                at += made.samples


def _decoded(container: Any, stream: Any) -> Iterator[AudioFrame]:
    bad = 0
    packets = container.demux(stream)
    while bad < _MAX_BAD_PACKETS:
        try:
            yield from next(packets).decode()
            bad = 0
        except StopIteration:
            return
        except (av.FFmpegError, ValueError):
            bad += 1


def _form(frame: AudioFrame) -> tuple[Any, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _timed(frame: AudioFrame, at: int) -> AudioFrame:
    frame.pts, frame.time_base = at, Fraction(1, RATE)
    return frame


def _graph(frame: AudioFrame, how: str) -> Graph:
    rate = frame.sample_rate
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=rate, format=frame.format.name, layout=frame.layout.name, time_base=Fraction(1, rate)
    )
    steps = [("aresample", _FINISH)]
    if how == "shift":
        steps = [("asetrate", str(round(rate * PITCH))), ("atempo", str(1 / PITCH)), *steps]
    last = source
    for name, arguments in (*steps, ("asetnsamples", f"n={SAMPLES}:p=0"), ("abuffersink", None)):
        following = graph.add(name, arguments)
        last.link_to(following)
        last = following
    graph.configure()
    return graph


def _drained(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        with contextlib.suppress(av.BlockingIOError, av.EOFError):
            made: Any = graph.pull()
            yield made
            continue
        return
