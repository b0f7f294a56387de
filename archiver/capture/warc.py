"""WARC 1.1 records (ISO 28500:2017), written and read: headers, a block, and digests over what was really written."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from archiver.errors import EvidenceError

MEDIA_TYPE = "application/warc"
REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

_VERSION = b"WARC/1.1\r\n"
_CHUNK_BYTES = 1024 * 1024
# A record of ours has some fifteen fields; the longest is a URL of 8,192 characters, three bytes each when quoted.
_HEAD_BYTES = 256 * 1024
_BLOCK = "WARC-Block-Digest"
_PAYLOAD = "WARC-Payload-Digest"
_NAMESPACE = uuid.UUID("6d3f7a52-0f0c-5b1e-9a3b-0d0f5a1c7e44")
_UNSAFE = re.compile(r"[^!-~]")
# What warcio and others take for a head's end and what `http.client` does are the same for heads like this only.
_PLAIN_HEAD = re.compile(rb"HTTP/1\.[0-9] [1-9][0-9]{2}[^\r\n]*\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)*\r\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read: its fields as they stand and by lower-case name, and where its block lies."""

    pairs: Sequence[tuple[str, str]]
    offset: int
    block: int
    length: int
    fields: Mapping[str, str]

    @property
    def type(self) -> str:
        return self.fields.get("warc-type", "")


def record_id(*names: object) -> str:
    """A record's id, the same whenever it is made from the same names (RFC 9562, version 5)."""
    return f"<urn:uuid:{uuid.uuid5(_NAMESPACE, chr(10).join(map(str, names)))}>"


def uri(url: str) -> str:
    """`url` as a header field takes it: nothing in it ends a line."""
    return _UNSAFE.sub(lambda found: quote(found[0], errors="surrogatepass"), url)


def is_plain_head(head: bytes) -> bool:
    """Whether every reader finds the end of this HTTP head where we do."""
    return _PLAIN_HEAD.fullmatch(head) is not None


class Writer:
    """Appends records to a seekable file; digests are filled in when a block is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(
        self, fields: Sequence[tuple[str, str]], length: int, block: Iterable[bytes], payload_from: int | None = None
    ) -> str:
        """One record. The digest of what follows the first `payload_from` bytes is given as its payload's.

        Gives that digest (SHA-256, hex). Raises ValueError where the block is not `length` bytes long.
        """
        head = [_VERSION, *(f"{name}: {value}\r\n".encode("ascii") for name, value in fields)]
        head.append(f"Content-Length: {length}\r\n".encode("ascii"))
        start = self._file.tell()
        places = {}
        for name in (_BLOCK, _PAYLOAD) if payload_from is not None else (_BLOCK,):
            places[name] = start + sum(map(len, head)) + len(f"{name}: sha256:")
            head.append(f"{name}: sha256:{'0' * 64}\r\n".encode("ascii"))
        self._file.write(b"".join(head) + b"\r\n")
        whole, payload, written = hashlib.sha256(), hashlib.sha256(), 0
        skip = payload_from if payload_from is not None else length
        for piece in block:
            whole.update(piece)
            if written + len(piece) > skip:
                payload.update(memoryview(piece)[max(0, skip - written) :])
            written += len(piece)
            self._file.write(piece)
        if written != length:
            raise ValueError(f"a block of {written} bytes was announced as {length}")
        self._file.write(b"\r\n\r\n")
        end = self._file.tell()
        for name, place in places.items():
            self._file.seek(place)
            self._file.write((whole if name == _BLOCK else payload).hexdigest().encode("ascii"))
        self._file.seek(end)
        return payload.hexdigest()


def records(file: BinaryIO) -> Iterator[Record]:
    """The records of a WARC as ours are (not compressed), by their headers alone. Raises EvidenceError."""
    offset = 0
    while True:
        file.seek(offset)
        first = file.readline(len(_VERSION) + 1)
        if not first:
            return
        if first != _VERSION:
            raise _bad(offset)
        pairs, size = list[tuple[str, str]](), len(first)
        while (line := file.readline(_HEAD_BYTES)) != b"\r\n":
            size += len(line)
            name, colon, value = line.partition(b":")
            if not line.endswith(b"\r\n") or not colon or size > _HEAD_BYTES:
                raise _bad(offset)
            pairs.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        fields = {name.lower(): value for name, value in pairs}
        block, text = file.tell(), fields.get("content-length", "")
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise _bad(offset)
        yield Record(pairs, offset, block, int(text), fields)
        file.seek(block + int(text))
        if file.read(4) != b"\r\n\r\n":
            raise _bad(offset)
        offset = file.tell()


def block(file: BinaryIO, record: Record, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The bytes of a record's block from `start`, in pieces. Raises EvidenceError where the file is shorter."""
    left = record.length - start if length is None else length
    file.seek(record.block + start)
    return pieces(file, left)


def pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    """The next `left` bytes of a file. Raises EvidenceError where there are fewer."""
    while left > 0:
        data = file.read(min(left, _CHUNK_BYTES))
        if not data:
            raise EvidenceError("a file is shorter than its record says", code="object-altered")
        left -= len(data)
        yield data


def _bad(offset: int) -> EvidenceError:
    return EvidenceError(f"the record at byte {offset} is not of WARC 1.1", code="exchange-unreadable")
