"""One file that people can watch, made of an item's originals inside the sandbox: packets copied, nothing encoded anew.

Matroska, because it takes every codec that footage comes in. It says of itself that it is derived.
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import av

from archiver.examine.container import open_media


def make_playable(paths: Sequence[str], arguments: Mapping[str, str], output: int) -> bytes:
    """Write the first picture and the first sound of the files in `paths` to the descriptor `output`.

    `arguments["comment"]` goes into the file's own description. The answer is JSON: versions of the tools. Raises
    whatever a damaged file makes the library raise, ValueError where there is nothing to play.
    """
    with ExitStack() as stack:
        opened = [stack.enter_context(open_media(path)) for path in paths]
        pictures = [one for container in opened for one in container.streams.video]
        sounds = [one for container in opened for one in container.streams.audio]
        chosen = [*pictures[:1], *sounds[:1]]
        if not chosen:
            raise ValueError("there is neither picture nor sound")
        file = stack.enter_context(os.fdopen(output, "r+b"))
        target = stack.enter_context(av.open(file, "w", format="matroska"))
        target.metadata["comment"] = arguments["comment"]
        copies = {stream: target.add_stream_from_template(stream) for stream in chosen}
        for packet in _interleaved(chosen):
            packet.stream = copies[packet.stream]
            target.mux(packet)
    versions = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    return json.dumps({"pyav": av.__version__, "libavformat": versions["libavformat"]}).encode()


def _interleaved(streams: Sequence[Any]) -> Iterator[Any]:
    """Packets of all streams in order of their times, so that a player need not seek back and forth."""
    if len({id(stream.container) for stream in streams}) < len(streams):
        packets = streams[0].container.demux(*streams)
        yield from (packet for packet in packets if packet.dts is not None)  # without: the empty one at the end
        return
    queues = [_timed(stream.container.demux(stream), number) for number, stream in enumerate(streams)]
    for _, _, _, packet in heapq.merge(*queues):
        yield packet


def _timed(packets: Iterator[Any], number: int) -> Iterator[tuple[float, int, int, Any]]:
    last = 0.0
    for count, packet in enumerate(packets):
        if packet.dts is not None:
            last = max(last, float(packet.dts * packet.time_base))
            yield last, number, count, packet
