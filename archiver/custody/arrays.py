"""Arrays in one file: written once and whole, mapped into memory when they are read.

Layout: b"AAR" 0x01, u32 little-endian, that many bytes of a JSON list of [name, dtype, shape], then the arrays in that
order, little-endian, each at the next multiple of 64 bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Name of an array to its type, such as "<u8", and its shape.
Layout = Mapping[str, tuple[str, tuple[int, ...]]]

_MAGIC: Final = b"AAR\x01"
#: A header names a handful of arrays.
_MAX_HEADER: Final = 4_096
#: A cache line, so that no number lies across two.
_ALIGNED: Final = 64
_CHUNK: Final = 1024 * 1024


class ArraysError(ValueError):
    """These bytes are no file of arrays."""


def size(layout: Layout) -> int:
    """Bytes that a file of these arrays has."""
    return _places(layout, len(_header(layout)))[1]


@contextmanager
def written(path: Path, layout: Layout) -> Iterator[dict[str, Array]]:
    """The arrays of a new file, to be filled in the block; after it they are on the disk. Raises OSError.

    The room is taken first: on a disk that fills up later, writing to mapped memory would end the process.
    """
    header = _header(layout)
    places, total = _places(layout, len(header))
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(handle, 0, total)
        memory = mmap.mmap(handle, total)
        memory[: len(header)] = header
        yield {name: _array(memory, layout[name], at) for name, at in places.items()}
        memory.flush()
        os.fsync(handle)
    except BaseException:  # whatever ends this, a half file must not stay
        path.unlink()
        raise
    finally:
        os.close(handle)


def mapped(path: Path) -> dict[str, Array]:
    """The arrays of a file, read only. Raises ArraysError, and OSError where it cannot be opened."""
    with path.open("rb") as stream:
        length = os.fstat(stream.fileno()).st_size
        start = stream.read(len(_MAGIC) + 4)
        if len(start) < len(_MAGIC) + 4 or not start.startswith(_MAGIC):
            raise ArraysError("it does not begin as a file of arrays does")
        (spelled,) = struct.unpack_from("<I", start, len(_MAGIC))
        if spelled > _MAX_HEADER:
            raise ArraysError("its header is too long")
        layout = _layout(stream.read(spelled))
        places, total = _places(layout, len(start) + spelled)
        if total != length:
            raise ArraysError(f"it has {length} bytes instead of {total}")
        memory = mmap.mmap(stream.fileno(), length, access=mmap.ACCESS_READ)
    return {name: _array(memory, layout[name], at) for name, at in places.items()}


def digest(path: Path) -> str:
    """SHA-256 of the file, in hex. Raises OSError."""
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
    return sha256.hexdigest()


def _header(layout: Layout) -> bytes:
    spelled = json.dumps([[name, dtype, list(shape)] for name, (dtype, shape) in layout.items()]).encode()
    return _MAGIC + struct.pack("<I", len(spelled)) + spelled


def _layout(spelled: bytes) -> dict[str, tuple[str, tuple[int, ...]]]:
    try:
        rows = [
            (str(name), str(np.dtype(dtype).str), tuple(map(int, shape))) for name, dtype, shape in json.loads(spelled)
        ]
    except (ValueError, TypeError, RecursionError):
        raise ArraysError("its header makes no sense") from None
    if any(np.dtype(dtype).hasobject or min(shape, default=0) < 0 for _, dtype, shape in rows):
        raise ArraysError("its header makes no sense")
    return {name: (dtype, shape) for name, dtype, shape in rows}


def _places(layout: Layout, at: int) -> tuple[dict[str, int], int]:
    """Where each array begins, and where the file ends."""
    places = {}
    for name, (dtype, shape) in layout.items():
        places[name] = at = -(-at // _ALIGNED) * _ALIGNED
        at += np.dtype(dtype).itemsize * math.prod(shape)
    return places, at


def _array(memory: mmap.mmap, kind: tuple[str, tuple[int, ...]], at: int) -> Array:
    dtype, shape = kind
    return np.frombuffer(memory, dtype, math.prod(shape), at).reshape(shape)
