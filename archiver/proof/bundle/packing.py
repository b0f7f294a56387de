"""Writing files as one zip in the form of `zipform`: the same files always give the same bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO

from archiver.proof.bundle import zipform
from archiver.proof.bundle.bag import CHUNK_BYTES
from archiver.proof.bundle.source import Readable
from archiver.proof.bundle.zipform import Packed


def pack(
    archive: BinaryIO,
    files: Mapping[str, int],
    read: Callable[[str], Readable],
    count: Callable[[int], None] = lambda size: None,
) -> None:
    """Write `files` (lengths by path), which `read` opens, to the beginning of `archive`. Raises OSError, ProofError.

    A header holds the CRC of what comes after it, so its place is left free and filled once the bytes are written:
    everything is read once. `count` hears of each piece that was packed how long it is.
    """
    packed: list[Packed] = []
    for path in sorted(files):
        planned = Packed(path, files[path], 0, packed[-1].end if packed else 0)
        archive.seek(planned.data)
        with read(path) as stream:
            one = Packed(path, files[path], _copy(stream, archive, planned.size, count), planned.offset)
        archive.seek(one.offset)
        archive.write(zipform.local(one))
        packed.append(one)
    archive.seek(packed[-1].end if packed else 0)
    archive.write(zipform.directory(packed))


def _copy(stream: Readable, archive: BinaryIO, size: int, count: Callable[[int], None]) -> int:
    """Copy a file of `size` bytes; gives the CRC-32."""
    crc, left = 0, size
    while left:
        chunk = stream.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise OSError(f"a file became {left} bytes shorter while it was packed")
        archive.write(chunk)
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
        count(len(chunk))
    return crc
