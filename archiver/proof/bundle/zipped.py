"""A bundle as one zip: read where it lies, in the one form that `zipform` gives, and nothing unpacked.

The directory at the end is parsed only as far as it takes to write it anew; then it and every local header have to be
those bytes. So no byte of the archive is outside of a file or a header, no two files share one, no name comes twice,
and no two programs can see different files in it.
"""

from __future__ import annotations

import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from archiver.proof.bundle import layout, zipform
from archiver.proof.bundle.source import Names, Note, Readable, extra_file, extra_folder, open_plain, shown
from archiver.proof.bundle.zipform import Packed
from archiver.proof.faults import ProofError

#: 120,000 files with paths of 60 letters take 13 MB; zip64 fields come on top.
MAX_DIRECTORY_BYTES = 32 * 1024**2

_FOREIGN = "archive-foreign"
_MALFORMED = "archive-malformed"
_OTHER_TOOL = "another program than archiver packed it"

#: How a file begins that was encrypted to its recipients (C2SP age).
_AGE = b"age-encryption.org/v1\n"


class Zip:
    """The zip, open until `close`."""

    def __init__(self, archive: Path | BinaryIO) -> None:
        """Raises OSError, and ProofError where it is not of our form: nothing of it is read then."""
        self._files: dict[str, Packed] = {}
        self._stream = open_plain(archive) if isinstance(archive, Path) else archive
        try:
            self._all = _read_directory(self._stream)
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    def open(self, path: str) -> Readable:
        """A file of it, which tells at its end when its CRC is wrong."""
        return _Part(self._stream, self._files[path])

    def sizes(self, note: Note) -> dict[str, int]:
        """Lengths of all files with acceptable names; the rest goes to `note`."""
        names = Names()
        folders: dict[str | None, bool] = {None: True}  # whether files may lie in it
        for one in self._all:
            parts = one.path.split("/")
            above: str | None = None
            for folder in ("/".join(parts[:depth]) for depth in range(1, len(parts))):
                if folder not in folders:
                    wrong = names.wrong(folder) or extra_folder(folder)
                    folders[folder] = wrong is None
                    if wrong:
                        note(wrong[0], shown(folder), wrong[1])
                above = folder
                if not folders[above]:
                    break  # so that a name of a thousand folders costs no more than one
            if not folders[above]:
                continue
            wrong = names.wrong(one.path) or extra_file(one.path)
            if wrong:
                note(wrong[0], shown(one.path), wrong[1])
            if not wrong or wrong[0] == "file-extra":
                self._files[one.path] = one
        return {path: one.size for path, one in self._files.items()}


class _Part:
    """The bytes of one file of the archive."""

    def __init__(self, stream: BinaryIO, one: Packed) -> None:
        self._stream, self._one = stream, one
        self._done = self._crc = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes. Raises ProofError where the archive has fewer, or others than its CRC says."""
        wanted = min(size, self._one.size - self._done)
        self._stream.seek(self._one.data + self._done)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise ProofError("file-changing", "the archive became shorter while it was checked")
        self._done += wanted
        self._crc = zlib.crc32(data, self._crc)
        if self._done == self._one.size and self._crc != self._one.crc:
            raise ProofError("archive-crc", "the file's bytes are not those of which the archive holds the CRC")
        return data

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *_: object) -> None:
        """The archive stays open for the next file."""


def _read_directory(stream: BinaryIO) -> list[Packed]:
    """The files of the archive, in order. Raises ProofError unless all around their bytes is as `zipform` writes it."""
    count, offset, length = _read_end(stream)
    stream.seek(offset)
    data = stream.read(length)
    files: list[Packed] = []
    at = 0
    for _ in range(count):
        one, at = _read_entry(data, at)
        if files and one.path <= files[-1].path:
            if any(one.path == other.path for other in files):
                raise ProofError("archive-repeated", f"{shown(one.path)[:100]} is in the archive twice")
            raise ProofError(_FOREIGN, "the archive does not hold its files sorted by name")
        _check_place(one.offset, files[-1].end if files else 0, one.path)
        files.append(one)
    if at != len(data):
        raise ProofError(_MALFORMED, "the archive's directory holds more than its files")
    _check_place(offset, files[-1].end if files else 0, "the directory")
    for one in files:
        stream.seek(one.offset)
        head = zipform.local(one)
        if stream.read(len(head)) != head:
            message = f"what stands before {one.path[:100]} is not what the directory says of it"
            raise ProofError("archive-header", message)
    return files


def _read_end(stream: BinaryIO) -> tuple[int, int, int]:
    """How many files there are, and where the directory begins and how long it is."""
    if stream.read(len(_AGE)) == _AGE:
        raise ProofError("archive-encrypted", "it is encrypted (age): a recipient decrypts it, and checks the zip")
    whole = stream.seek(0, 2)
    most = zipform.END_64.size + zipform.LOCATOR_64.size + zipform.END.size
    stream.seek(max(0, whole - most - zipform.NO_16))
    tail = stream.read(most + zipform.NO_16)
    place = tail.rfind(zipform.END_MARK)
    if place < 0 or len(tail) - place < zipform.END.size:
        raise ProofError(_MALFORMED, "it is no zip, or its end is cut off")
    if len(tail) - place > zipform.END.size:
        raise ProofError("archive-gap", "bytes stand behind the archive's end")
    count, length, offset = zipform.END.unpack_from(tail, place)[4:7]
    if count == zipform.NO_16 or zipform.NO_32 in (length, offset):
        if len(tail) < most or tail[-most:][:4] != zipform.END_64_MARK:
            raise ProofError(_MALFORMED, "the archive's end says that it is a large one, and it is not")
        count, length, offset = zipform.END_64.unpack_from(tail, len(tail) - most)[7:10]
    if count > layout.MAX_FILES:
        raise ProofError("too-many-files", f"there are more than {layout.MAX_FILES} files")
    if length > MAX_DIRECTORY_BYTES:
        raise ProofError(_MALFORMED, f"the archive's directory is longer than {MAX_DIRECTORY_BYTES} bytes")
    written = zipform.end(count, offset, length)
    if not tail.endswith(written):
        raise ProofError(_FOREIGN, f"the archive's end is not as a bundle has it: {_OTHER_TOOL}")
    _check_place(whole - len(written), offset + length, "the end")
    return count, offset, length


def _read_entry(data: bytes, at: int) -> tuple[Packed, int]:
    """What the directory says of one file, and where it goes on."""
    if len(data) - at < zipform.CENTRAL.size or data[at : at + 4] != zipform.CENTRAL_MARK:
        raise ProofError(_MALFORMED, "the archive's directory is cut off, or is none")
    fields = zipform.CENTRAL.unpack_from(data, at)
    flags, method, crc, packed, size, name_bytes, extra_bytes, comment_bytes = (*fields[3:5], *fields[7:13])
    after = at + zipform.CENTRAL.size + name_bytes
    record = data[at : after + extra_bytes + comment_bytes]
    name = data[at + zipform.CENTRAL.size : after]
    path = name.decode("utf-8", "backslashreplace")
    label = shown(path)[:100]
    if flags & zipform.ENCRYPTED:
        raise ProofError("archive-encrypted", f"{label} is encrypted")
    if stat.S_ISLNK(fields[15] >> 16):
        raise ProofError("link", f"{label} is a link, and a bundle holds none")
    if method != zipform.STORED:
        raise ProofError(_FOREIGN, f"{label} is compressed: {_OTHER_TOOL}")
    if not name.isascii():
        raise ProofError("file-name", f"{label}: no file of a bundle has a name like this")
    wide = iter(_wide(data[after : after + extra_bytes]))
    size = next(wide, -1) if size == zipform.NO_32 else size
    packed = next(wide, -1) if packed == zipform.NO_32 else packed
    offset = next(wide, -1) if fields[16] == zipform.NO_32 else fields[16]
    if size != packed or min(size, offset) < 0:
        raise ProofError("archive-header", f"the directory gives two sizes of {label}, or none")
    one = Packed(path, size, crc, offset)
    if zipform.central(one) != record:
        raise ProofError(_FOREIGN, f"{label} has times, permissions or other notes: {_OTHER_TOOL}")
    return one, at + len(record)


def _wide(extra: bytes) -> tuple[int, ...]:
    """The numbers of 64 bits in an extra field, if it is of zip64."""
    body = extra[4:]
    return struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8])


def _check_place(place: int, expected: int, what: str) -> None:
    """Everything begins where what stands before it ends."""
    if place < expected:
        raise ProofError("archive-overlap", f"{what[:100]} begins before what stands before it ends")
    if place > expected:
        raise ProofError("archive-gap", f"{place - expected} bytes before {what[:100]} belong to no file")
