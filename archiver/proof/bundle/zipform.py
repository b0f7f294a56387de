"""The bytes of a bundle's zip around its files: one form, a function of names, sizes and CRCs alone.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.14 to 4.3.16 (its end). Nothing
is compressed or encrypted, all times are the same, and zip64 is used where a number does not fit and nowhere else.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")

LOCAL_MARK, CENTRAL_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_64_MARK, LOCATOR_64_MARK = b"PK\x06\x06", b"PK\x06\x07"

#: A number that does not fit says so with this, and stands in a field of zip64.
NO_16, NO_32 = 0xFFFF, 0xFFFFFFFF
_EXTRA_64 = 1

#: Bit 0 of an entry's flags.
ENCRYPTED = 1
STORED = 0

_UNIX = 3 << 8
_VERSION, _VERSION_64 = 20, 45
#: 1 January 1980, midnight: the earliest that a zip can say.
_TIME, _DATE = 0, 0x21
_MODE = (stat.S_IFREG | 0o644) << 16


@dataclass(frozen=True)
class Packed:
    """A file of the zip: its path, length in bytes, CRC-32, and where its local header begins."""

    path: str
    size: int
    crc: int
    offset: int

    @property
    def data(self) -> int:
        """Where its bytes begin."""
        return self.offset + len(local(self))

    @property
    def end(self) -> int:
        """Where what comes after it begins."""
        return self.data + self.size


def local(one: Packed) -> bytes:
    """What stands before a file's bytes."""
    large = one.size >= NO_32
    extra = struct.pack("<2H2Q", _EXTRA_64, 16, one.size, one.size) if large else b""
    size = NO_32 if large else one.size
    version = _VERSION_64 if large else _VERSION
    name = one.path.encode("ascii")
    lengths = (len(name), len(extra))
    return LOCAL.pack(LOCAL_MARK, version, 0, STORED, _TIME, _DATE, one.crc, size, size, *lengths) + name + extra


def central(one: Packed) -> bytes:
    """What the directory says of a file."""
    large, far = one.size >= NO_32, one.offset >= NO_32
    numbers = [one.size] * 2 * large + [one.offset] * far
    extra = struct.pack(f"<2H{len(numbers)}Q", _EXTRA_64, 8 * len(numbers), *numbers) if numbers else b""
    size = NO_32 if large else one.size
    version = _VERSION_64 if numbers else _VERSION
    name = one.path.encode("ascii")
    fixed = CENTRAL.pack(
        CENTRAL_MARK, _UNIX | version, version, 0, STORED, _TIME, _DATE, one.crc, size, size,
        len(name), len(extra), 0, 0, 0, _MODE, NO_32 if far else one.offset,
    )  # fmt: skip
    return fixed + name + extra


def end(count: int, offset: int, length: int) -> bytes:
    """What stands after a directory of `count` files that begins at `offset` and is `length` bytes long."""
    long = count >= NO_16 or offset >= NO_32 or length >= NO_32
    before = b""
    if long:
        rest = END_64.size - 12
        versions = (_UNIX | _VERSION_64, _VERSION_64)
        before = END_64.pack(END_64_MARK, rest, *versions, 0, 0, count, count, length, offset)
        before += LOCATOR_64.pack(LOCATOR_64_MARK, 0, offset + length, 1)
    few = min(count, NO_16)
    return before + END.pack(END_MARK, 0, 0, few, few, min(length, NO_32), min(offset, NO_32), 0)


def placed(files: Iterable[tuple[str, int, int]]) -> Iterator[Packed]:
    """Path, size and CRC of files, one behind the other from the first byte on."""
    offset = 0
    for path, size, crc in files:
        one = Packed(path, size, crc, offset)
        yield one
        offset = one.end


def directory(files: Sequence[Packed]) -> bytes:
    """All that stands behind the last file."""
    listed = b"".join(central(one) for one in files)
    return listed + end(len(files), files[-1].end if files else 0, len(listed))
