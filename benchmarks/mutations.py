"""Thousands of damaged and hostile media files through the real examination: what stops it, hangs it or gets out.

`python benchmarks/mutations.py [NUMBER]`, by default 2,000 files in items of eight; the same files in every run. Prints
crashes of the run, hangs, escapes (files beside the vault, a contacted listener, processes or inputs left behind), what
the files ended with, and the time of each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import socket
import statistics
import struct
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from archiver.config import Limits
from archiver.examine.examiner import Examiner
from archiver.sandbox.watch import usage

SEED = 20261123
TOGETHER = 8  # files an item: ExifTool's start is then paid once for them
#: No file here needs a tenth of it; a file that does has hung its decoder.
SECONDS = 8.0
#: What the limits allow at most: after a failure each file is tried by itself, twice; sandboxes are started anew.
HANG_SECONDS = SECONDS * (1 + 2 * TOGETHER) + 30
#: Names that a source might give; the examiner must never let one through to a program.
NAMES = (
    "-ver",
    "line\nbreak.mp4",
    "a|b;$(touch x).jpg",
    "../../escape.png",
    "\u202egpj.mp4",
    "x" * 255,
    "-@",
    "clip.mp4",
)


@dataclass
class Result:
    """What a run of mutated files gave. `seconds` is for each item; shares of it are for each file."""

    files: int = 0
    crashes: list[str] = field(default_factory=list)
    hangs: int = 0
    escapes: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    sandbox: str = ""


def seeds(folder: Path) -> list[bytes]:
    """Small whole files of every kind: what mutations begin with."""
    import av
    import numpy as np
    from PIL import Image

    folder.mkdir()
    for name, codec in (
        ("mp4", "mpeg4"), ("mov", "libx264"), ("mkv", "libx264"), ("webm", "libvpx"), ("ts", "mpeg2video"),
        ("avi", "mpeg4"), ("flv", "flv1"), ("mpg", "mpeg2video"),
    ):  # fmt: skip
        with av.open(str(folder / f"clip.{name}"), "w") as made:
            stream: Any = made.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(25):
                picture = np.roll(np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3), number, 1).astype(
                    np.uint8
                )
                made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            made.mux(stream.encode(None))
    tone = (np.sin(np.arange(16_000) * 0.2) * 9000).astype(np.int16)[None]
    for name, codec in (("mp3", "libmp3lame"), ("wav", "pcm_s16le"), ("flac", "flac"), ("m4a", "aac"), ("ogg", "flac")):
        with av.open(str(folder / f"sound.{name}"), "w") as made:
            stream = made.add_stream(codec, rate=16_000, layout="mono")
            for start in range(0, tone.shape[1], 1152):
                frame = av.AudioFrame.from_ndarray(tone[:, start : start + 1152], format="s16", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 16_000, start, Fraction(1, 16_000)
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
    noise = np.random.default_rng(SEED).integers(0, 255, (3, 40, 60, 3), dtype=np.uint8)
    pictures = [Image.fromarray(one) for one in noise]
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "Maker", "comment" * 20
    for name in ("jpg", "png", "webp", "tiff", "bmp"):
        more: dict[str, Any] = {"exif": exif} if name in ("jpg", "png", "webp") else {}
        pictures[0].save(folder / f"picture.{name}", **more)
    for name in ("gif", "webp", "png"):
        pictures[0].save(folder / f"moving.{name}", save_all=True, append_images=pictures[1:], duration=100)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def mutated(chance: random.Random, whole: list[bytes]) -> bytes:
    """One hostile file."""
    data = bytearray(chance.choice(whole))
    return bytes(chance.choice(MUTATIONS)(chance, data, whole))


def _bits(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    for _number in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def _runs(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    at = chance.randrange(len(data))
    length = chance.choice((1, 4, 16, 300, 4000))
    data[at : at + length] = chance.choice((b"\0", b"\xff", b"%", chance.randbytes(1))) * length
    return data


def _cut(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    return data[: chance.randrange(len(data))]


def _splice(chance: random.Random, data: bytearray, whole: list[bytes]) -> bytes | bytearray:
    other = chance.choice(whole)
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def _lie(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    """A size that is none, where boxes, chunks and elements keep theirs: before a word of four letters, or anywhere."""
    words = [at for at in range(4, min(len(data), 4000) - 4) if bytes(data[at : at + 4]).isalnum()]
    at = (chance.choice(words) - 4) if words and chance.random() < 0.8 else chance.randrange(max(1, len(data) - 8))
    size = chance.choice((0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.randrange(1 << 32)))
    data[at : at + 4] = struct.pack(chance.choice("<>") + "I", size)
    return data


def _header(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    for _number in range(chance.choice((1, 4, 24))):
        data[chance.randrange(min(len(data), 128))] = chance.randrange(256)
    return data


def _picture_bomb(chance: random.Random, _data: bytearray, _whole: list[bytes]) -> bytes:
    """A PNG of a few kilobytes that claims, and partly holds, up to gigabytes of pixels or text."""
    side = chance.choice((5_000, 14_000, 30_000, 65_535, 2**31 - 1))
    pixels = zlib.compress(bytes(chance.choice((1 << 16, 1 << 24))))
    text = b"Comment\0\0" + zlib.compress(bytes(chance.choice((1 << 10, 1 << 25))))
    parts = (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"zTXt", text), (b"IDAT", pixels)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (*parts, (b"IEND", b""))
    )


def _comments(chance: random.Random, data: bytearray, _: list[bytes]) -> bytes | bytearray:
    """JPEG comments and XMP, huge, nested, or full of what shells and templates take for orders."""
    said = chance.choice(
        (b"A" * 65_000, b"${7*7}`id`$(id)\n-execute\n" * 900, b"<" * 60_000, b"\xff" * 65_000, b"\xed\xa0\x80" * 20_000)
    )
    nested = b"<x>" * 9_000 + b"</x>" * 9_000
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 110)
    )
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + chance.choice(
        (nested, entities + b"]><x>&m;</x>", b'<x xmlns:x="file:///etc/passwd"/>')
    )
    head = b"\xff\xd8"
    for mark, body in ((0xFE, said), (0xE1, xmp)):
        head += bytes((0xFF, mark)) + struct.pack(">H", min(65_533, len(body)) + 2) + body[:65_533]
    return head + data[2:] if data[:2] == b"\xff\xd8" else head + b"\xff\xd9"


def _djvu(chance: random.Random, _data: bytearray, _whole: list[bytes]) -> bytes:
    """The shape of CVE-2021-22204, in which ExifTool ran what an annotation said, with a harmless order in it."""
    order = b'(metadata (Author "\\\n" . `touch /tmp/archiver-mutation-escaped` . "") )' * chance.choice((1, 50))
    body = b"DJVUINFO\0\0\0\x0a\0\x08\0\x08\x18\0\x2c\x01\x16\x01" + b"ANTa" + struct.pack(">I", len(order)) + order
    return b"AT&TFORM" + struct.pack(">I", len(body)) + body


def _playlist(chance: random.Random, _data: bytearray, _whole: list[bytes]) -> bytes:
    """Files that name other files or addresses, which no decoder may open."""
    return chance.choice(
        (
            b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:%d/x.ts\n" % _port,
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"<MPD><BaseURL>http://127.0.0.1:%d/</BaseURL></MPD>" % _port,
            b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:%d/x"/></svg>' % _port,
            b"%!PS\n(/etc/passwd) (r) file\n",
        )
    )


_port = 1  # of the listener that nothing may contact
MUTATIONS: tuple[Callable[[random.Random, bytearray, list[bytes]], bytes | bytearray], ...] = (
    _bits, _bits, _runs, _runs, _cut, _splice, _splice, _lie, _lie, _lie, _header, _header, _picture_bomb, _comments,
    _djvu, _playlist,
)  # fmt: skip


def run(number: int, folder: Path, *, slots: int = 2) -> Result:
    """Examine `number` mutated files in a new folder `folder`."""
    global _port
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(SEED)
    result = Result()
    vault, working = folder / "vault", folder / "working"
    vault.mkdir()
    canary = folder / "canary"
    canary.write_bytes(b"canary")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _port = listener.getsockname()[1]
        whole = seeds(folder / "seeds")
        items: list[list[tuple[Path, str]]] = []
        for start in range(0, number, TOGETHER):
            items.append([])
            for at in range(start, min(number, start + TOGETHER)):
                path = vault / str(at)
                path.write_bytes(mutated(chance, whole) or b"\0")
                path.chmod(0o444)
                items[-1].append((path, chance.choice(NAMES)))
        before = _state(vault, canary)
        processes = usage(os.getpid()).processes
        limits = Limits(examine_seconds=SECONDS, examine_memory_bytes=2 << 30)
        with Examiner(working=working, limits=limits, slots=slots) as examiner, ThreadPoolExecutor(slots) as threads:
            result.sandbox = examiner.sandboxes.protection

            def examine(originals: list[tuple[Path, str]]) -> None:
                began = time.monotonic()
                try:
                    found = examiner.examine(originals)
                    json.loads(found.metadata)
                except Exception as error:  # noqa: BLE001  # whatever it is, a run would have ended
                    result.crashes.append(f"{[path.name for path, _ in originals]}: {type(error).__name__}: {error}")
                    return
                took = time.monotonic() - began
                codes = dict.fromkeys(range(len(originals)), "")
                for warning in found.warnings:
                    result.outcomes[warning.code] += 1
                    codes.pop(warning.file_index, None)
                result.outcomes["no warning"] += len(codes)
                result.files += len(originals)
                result.hangs += took > HANG_SECONDS
                result.seconds.append(took)

            list(threads.map(examine, items))
        if select.select([listener], [], [], 0)[0]:
            result.escapes.append("the listener was contacted")
    if _state(vault, canary) != before:
        result.escapes.append("a file of the vault was changed")
    if usage(os.getpid()).processes > processes:
        result.escapes.append("processes are left")
    if list(working.iterdir()):
        result.escapes.append("inputs are left in the working folder")
    if sorted(path.name for path in folder.iterdir()) != ["canary", "seeds", "vault", "working"]:
        result.escapes.append("files are left beside the vault")
    if os.path.exists("/tmp/archiver-mutation-escaped"):
        result.escapes.append("a hostile file's order was carried out")
    return result


def _state(vault: Path, canary: Path) -> list[tuple[str, int, int, int]]:
    found = [(path, path.stat()) for path in (*sorted(vault.iterdir()), canary)]
    return [(path.name, state.st_mode, state.st_size, state.st_mtime_ns) for path, state in found]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=2000)
    number = parser.parse_args().number
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        result = run(number, Path(folder) / "mutations")
        whole = time.monotonic() - began
    each = [seconds / TOGETHER for seconds in result.seconds]
    print(f"sandbox              {result.sandbox}")
    print(f"files                {result.files} of {number} in {whole:.0f} s")
    print(f"crashes of the run   {len(result.crashes)}")
    print(f"hangs                {result.hangs} (items over {HANG_SECONDS:.0f} s)")
    print(f"escapes              {len(result.escapes)}")
    print(f"seconds a file       median {statistics.median(each):.3f}; slowest item {max(result.seconds):.1f}")
    for line in (*result.crashes, *result.escapes):
        print(f"  {line}")
    for code, count in result.outcomes.most_common():
        print(f"{code:20} {count}")


if __name__ == "__main__":
    main()
