"""A stored WARC made complete: each `revisit` of a payload that lies in an object becomes the response as it came.

Payloads are streamed, put back between their chunk lines byte for byte, and digested on the way: what is written is
what was received, or the whole ends in an EvidenceError.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from archiver.capture import warc
from archiver.capture.framing import Framing
from archiver.errors import EvidenceError

_HEAD_BYTES = 16 * 1024**2
_METADATA_BYTES = 16 * 1024**2
# Lines between the chunks of one body: a body at file_bytes in chunks of a byte each has as many.
_FRAMING_BYTES = 32 * 1024**3
_GONE = frozenset(
    ("warc-type", "warc-record-id", "warc-profile", "warc-payload-digest", "warc-block-digest", "content-length")
)


@dataclass(frozen=True, slots=True)
class Completed:
    """How many payloads were put back, and how many stay named only because their object is not there."""

    restored: int
    left: int


def complete(source: BinaryIO, open_object: Callable[[str], BinaryIO], target: BinaryIO) -> Completed:
    """Write the complete WARC of `source` to `target`; both are seekable. Raises EvidenceError and OSError.

    `open_object` gives an object by its SHA-256 (hex) and raises EvidenceError (`object-missing`) where it is gone.
    """
    listed = list(warc.records(source))
    objects = {}
    with contextlib.ExitStack() as stack:
        for record in listed:
            digest = record.fields.get("archiver-object", "").removeprefix("sha256:")
            if record.type == "revisit" and digest and digest not in objects:
                objects[digest] = _opened(open_object, digest, stack)
        ids = {
            record.fields.get("warc-record-id", ""): warc.record_id(record.fields.get("warc-record-id", ""), "complete")
            for record in listed
            if _object_of(record, objects) is not None
        }
        writer, restored = warc.Writer(target), 0
        for position, record in enumerate(listed):
            stored = _object_of(record, objects)
            if stored is None:
                _copy(source, record, ids, target)
                continue
            follower = listed[position + 1] if position + 1 < len(listed) else None
            _restore(source, record, _runs(source, follower), ids, stored, writer)
            restored += 1
    return Completed(restored, sum(record.type == "revisit" for record in listed) - restored)


def _opened(open_object: Callable[[str], BinaryIO], digest: str, stack: contextlib.ExitStack) -> BinaryIO | None:
    try:
        return stack.enter_context(open_object(digest))
    except EvidenceError as error:
        if error.code != "object-missing":
            raise
        return None


def _object_of(record: warc.Record, objects: dict[str, BinaryIO | None]) -> BinaryIO | None:
    if record.type != "revisit":
        return None
    return objects.get(record.fields.get("archiver-object", "").removeprefix("sha256:"))


def _copy(source: BinaryIO, record: warc.Record, ids: dict[str, str], target: BinaryIO) -> None:
    """The record as it is, with references to restored ones changed (ids are all of one length)."""
    source.seek(record.offset)
    head = source.read(record.block - record.offset)
    for name in ("warc-concurrent-to", "warc-refers-to"):
        other = record.fields.get(name, "")
        if other in ids:
            head = head.replace(other.encode(), ids[other].encode())
    target.write(head)
    for piece in warc.block(source, record, 0, record.length + 4):
        target.write(piece)


def _restore(
    source: BinaryIO,
    record: warc.Record,
    runs: list[tuple[int, bytes, int]] | None,
    ids: dict[str, str],
    stored: BinaryIO,
    writer: warc.Writer,
) -> None:
    if record.length > _HEAD_BYTES:
        raise _wrong(record, "its head is too long")
    head = b"".join(warc.block(source, record))
    offset, length = (_number(record, f"archiver-object-{name}") for name in ("offset", "length"))
    framing = Framing("GET")
    framing.feed(head)
    if framing.kind != "chunked":
        runs = []
    elif runs is None:  # their lines were too many to be kept: one chunk with all of it says the same
        runs = [(0, b"%x\r\n" % length, 1), (length, b"\r\n0\r\n\r\n", 1)]
    between = sum(len(line) * times for _, line, times in runs)
    if between > _FRAMING_BYTES or sum(gap * times for gap, _, times in runs) > length:
        raise _wrong(record, "its chunks are more than its payload")
    fields = [
        ("WARC-Type", "response"),
        ("WARC-Record-ID", ids[record.fields["warc-record-id"]]),
        *((name, value) for name, value in record.pairs if name.lower() not in _GONE),
    ]
    payload_from = len(head) if warc.is_plain_head(head) and framing.kind != "chunked" else None
    stored.seek(offset)
    block = _block(head, _Payload(record, stored, length), runs)
    writer.write(fields, len(head) + length + between, block, payload_from)


class _Payload:
    """The bytes of an object that an answer brought, digested as they are read."""

    def __init__(self, record: warc.Record, stored: BinaryIO, length: int) -> None:
        self._record, self._stored, self.left = record, stored, length
        self._digest = hashlib.sha256()

    def read(self, count: int) -> Iterator[bytes]:
        for piece in warc.pieces(self._stored, count):
            self._digest.update(piece)
            self.left -= len(piece)
            yield piece

    def check(self) -> None:
        if self._record.fields.get("warc-payload-digest") != f"sha256:{self._digest.hexdigest()}":
            raise EvidenceError(
                f"the payload of {self._record.fields.get('warc-target-uri', '')} is not what was received",
                code="object-altered",
                next_step="Run `archiver verify`",
            )


def _block(head: bytes, payload: _Payload, runs: list[tuple[int, bytes, int]]) -> Iterator[bytes]:
    yield head
    for gap, line, times in runs:
        for _ in range(times):
            yield from payload.read(gap)
            yield line
    yield from payload.read(payload.left)
    payload.check()


def _runs(source: BinaryIO, metadata: warc.Record | None) -> list[tuple[int, bytes, int]] | None:
    """The lines between chunks: (payload bytes before it, line, how often this repeats); None if they were not kept."""
    if metadata is None or metadata.type != "metadata" or metadata.length > _METADATA_BYTES:
        return None
    try:
        told: Any = json.loads(b"".join(warc.block(source, metadata)))["framing"]["runs"]
        runs = [(gap, base64.b64decode(line, validate=True), times) for gap, line, times in told]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    counts = [count for gap, _, times in runs for count in (gap, times)]
    return runs if all(type(count) is int and 0 <= count < 1 << 62 for count in counts) else None


def _number(record: warc.Record, name: str) -> int:
    text = record.fields.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _wrong(record, f"{name} is no number")
    return int(text)


def _wrong(record: warc.Record, what: str) -> EvidenceError:
    return EvidenceError(f"the record at byte {record.offset} makes no sense: {what}", code="exchange-unreadable")
