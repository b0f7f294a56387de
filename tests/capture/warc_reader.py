"""An independent reader of WARC 1.1, written from the standard and not from our writer, and warcio beside it."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace


@dataclass(frozen=True)
class Record:
    fields: dict[str, str]
    block: bytes

    @property
    def type(self) -> str:
        return self.fields["warc-type"]


def parse(data: bytes) -> list[Record]:
    """Every record; an assertion fails at the first byte that is out of place."""
    found, at = [], 0
    while at < len(data):
        end = data.index(b"\r\n\r\n", at)
        first, *lines = data[at:end].split(b"\r\n")
        assert first == b"WARC/1.1"
        pairs = [re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*)", line.decode("ascii")) for line in lines]
        assert all(pairs)
        fields = {pair[1].lower(): pair[2] for pair in pairs if pair}
        length = int(fields["content-length"])
        block = data[end + 4 : end + 4 + length]
        assert len(block) == length
        at = end + 4 + length
        assert data[at : at + 4] == b"\r\n\r\n"
        at += 4
        record = Record(fields, block)
        for name in ("warc-record-id", "warc-date", "warc-type"):
            assert fields[name]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", fields["warc-date"])
        assert fields["warc-block-digest"] == f"sha256:{hashlib.sha256(block).hexdigest()}"
        if record.type == "response" and "warc-payload-digest" in fields:
            assert fields["warc-payload-digest"] == f"sha256:{hashlib.sha256(payload(block)).hexdigest()}"
        found.append(record)
    ids = [record.fields["warc-record-id"] for record in found]
    assert len(set(ids)) == len(ids)
    for record in found:
        for name in ("warc-concurrent-to", "warc-warcinfo-id"):
            assert record.fields.get(name, ids[0]) in ids
    return found


def payload(block: bytes) -> bytes:
    return block.partition(b"\r\n\r\n")[2]


def read(path: Path) -> list[Record]:
    """The records of a file that warcio's checker and reader accept too."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.checker import Checker

    assert Checker(SimpleNamespace(inputs=[str(path)], verbose=False)).process_all() == 0
    ours = parse(path.read_bytes())
    theirs = [
        (record.rec_type, record.rec_headers.get_header("WARC-Record-ID"), record.raw_stream.read())
        for record in ArchiveIterator(io.BytesIO(path.read_bytes()), no_record_parse=True)
    ]
    assert theirs == [(one.type, one.fields["warc-record-id"], one.block) for one in ours]
    return ours
