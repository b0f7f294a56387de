"""Arrays come back as they were written, and a file that is not whole is not read."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from archiver.custody import arrays
from archiver.custody.arrays import ArraysError

LAYOUT = {"wide": ("<u8", (5, 3)), "short": ("<u2", (7,)), "none": ("<u4", (0,)), "bytes": ("|u1", (3, 32))}


def write(path: Path) -> dict[str, arrays.Array]:
    rng = np.random.default_rng(1)
    with arrays.written(path, LAYOUT) as made:
        for each in made.values():
            each[:] = rng.integers(0, 200, each.shape)
        return {name: each.copy() for name, each in made.items()}


def test_arrays_come_back_as_they_were_written_and_cannot_be_changed(tmp_path: Path) -> None:
    written = write(tmp_path / "a")
    found = arrays.mapped(tmp_path / "a")
    assert list(found) == list(LAYOUT)
    for name, each in found.items():
        assert (each.dtype.str, each.shape) == LAYOUT[name]
        assert (each == written[name]).all()
        assert not each.flags.writeable


def test_a_mapped_file_stays_readable_when_it_is_deleted(tmp_path: Path) -> None:
    written = write(tmp_path / "a")
    found = arrays.mapped(tmp_path / "a")
    (tmp_path / "a").unlink()
    assert (found["wide"] == written["wide"]).all()


@pytest.mark.parametrize("keep", [0, 3, 8, 60, -1])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, keep: int) -> None:
    write(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:keep])
    with pytest.raises(ArraysError):
        arrays.mapped(tmp_path / "a")


@pytest.mark.parametrize(
    "header",
    [
        b"", b"[", b"{}", b"[1]", b'[["a","<u8",[-5]]]', b'[["a","O",[2]]]', b'[["a","nothing",[2]]]', b'[["a","<u8"]]',
        b'[["a","<u8",[99999999999999999999]]]', b"[" * 4_000, b" " * 5_000,
    ],
)  # fmt: skip
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a").write_bytes(b"AAR\x01" + struct.pack("<I", len(header)) + header + bytes(64))
    with pytest.raises(ArraysError):
        arrays.mapped(tmp_path / "a")


def test_what_fails_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), arrays.written(tmp_path / "a", LAYOUT):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"space|large") as told, arrays.written(tmp_path / "a", {"a": ("<u8", (2**57,))}):
        pytest.fail("there is no such disk")
    assert told.value.errno
    assert os.listdir(tmp_path) == []
