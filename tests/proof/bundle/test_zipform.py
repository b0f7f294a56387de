"""The form of our zips against Python's own reader, also where numbers need 64 bits."""

from __future__ import annotations

import io
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.bundle import layout, zipform
from archiver.proof.bundle.zipped import Zip
from archiver.proof.faults import ProofError

NAMES = st.text(alphabet="abcXYZ019_-./", min_size=1, max_size=40)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=8))
def test_python_reads_what_we_write(files: dict[str, bytes]) -> None:
    placed = list(zipform.placed((name, len(data), zlib.crc32(data)) for name, data in sorted(files.items())))
    packed = b"".join(zipform.local(one) + files[one.path] for one in placed) + zipform.directory(placed)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {one.filename: archive.read(one) for one in archive.infolist()} == files
        assert {(one.compress_type, one.date_time, one.flag_bits, one.comment) for one in archive.infolist()} <= {
            (0, (1980, 1, 1, 0, 0, 0), 0, b"")
        }


def test_files_and_places_beyond_four_gigabytes_are_read(tmp_path: Path) -> None:
    """A sparse archive: its directory and headers are real, the bytes between are holes."""
    sizes = {"data/exhibits/001/original-1.mp4": 5 * 1024**3, "data/report.json": 7, "data/report.pdf": 0xFFFFFFFF}
    placed = list(zipform.placed((name, size, 1) for name, size in sorted(sizes.items())))
    path = tmp_path / "large.zip"
    with path.open("wb") as stream:
        for one in placed:
            stream.seek(one.offset)
            stream.write(zipform.local(one))
        stream.seek(placed[-1].end)
        stream.write(zipform.directory(placed))
    source = Zip(path)
    assert source.sizes(lambda *fault: pytest.fail(str(fault))) == sizes
    source.close()
    with zipfile.ZipFile(path) as archive:
        assert {one.filename: one.file_size for one in archive.infolist()} == sizes
        assert [one.header_offset for one in archive.infolist()] == [one.offset for one in placed]


def test_more_files_than_16_bits_can_count(tmp_path: Path) -> None:
    names = [layout.entry_path(number) for number in range(zipform.NO_16 + 5)]
    placed = list(zipform.placed((name, 0, 0) for name in names))
    path = tmp_path / "many.zip"
    path.write_bytes(b"".join(zipform.local(one) for one in placed) + zipform.directory(placed))
    source = Zip(path)
    assert len(source.sizes(lambda *fault: pytest.fail(str(fault)))) == len(names)
    source.close()
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == names


@given(data=st.binary(max_size=400) | st.binary(max_size=60).map(lambda data: data + zipform.end(1, 0, len(data))))
def test_bytes_of_any_kind_are_an_archive_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.zip"
    path.write_bytes(data)
    with suppress(ProofError):
        source = Zip(path)
        listed = source.sizes(lambda *fault: None)
        source.close()
        assert sum(listed.values()) < len(data)
