"""A finished bundle's folder as one zip: the same files always give the same bytes."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from archiver.proof.bundle import zipform
from archiver.proof.bundle.bag import CHUNK_BYTES
from archiver.proof.bundle.zipform import Packed


def pack(
    folder: Path,
    files: Mapping[str, int],
    target: Path,
    observe: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write `files` (lengths by path) of `folder` to the new file `target`, onto the disk. Raises OSError.

    A header holds the CRC of what comes after it, so its place is left free and filled once the bytes are written:
    everything is read once. `observe` hears how many bytes of how many are packed.
    """
    total = sum(files.values())
    packed: list[Packed] = []
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        observe(done, total)

    with target.open("xb") as archive:
        for path in sorted(files):
            planned = Packed(path, files[path], 0, packed[-1].end if packed else 0)
            archive.seek(planned.data)
            with (folder / path).open("rb") as stream:
                one = Packed(path, files[path], _copy(stream, archive, planned.size, count), planned.offset)
            archive.seek(one.offset)
            archive.write(zipform.local(one))
            packed.append(one)
        archive.seek(packed[-1].end if packed else 0)
        archive.write(zipform.directory(packed))
        archive.flush()
        os.fsync(archive.fileno())
    target.chmod(0o444)


def _copy(stream: BinaryIO, archive: BinaryIO, size: int, count: Callable[[int], None]) -> int:
    """Copy a file of `size` bytes; gives the CRC-32."""
    crc = left = 0
    left = size
    while chunk := stream.read(min(left, CHUNK_BYTES)):
        archive.write(chunk)
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
        count(len(chunk))
    if left:
        raise OSError(f"a file became {left} bytes shorter while it was packed")
    return crc
