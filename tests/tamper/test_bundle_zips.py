"""A bundle's zip in the hands of an attacker: each trick that zips know is one named fault, and nothing is unpacked."""

from __future__ import annotations

import io
import json
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from archiver.proof.bundle import layout, zipform
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.zipform import Packed
from archiver.proof.faults import Verdict
from archiver.report.bundle import zipping
from tests.report.bundle_story import Bundle

ORIGINAL = "data/exhibits/001/original-1.mp4"
Files = Mapping[str, bytes]


@pytest.fixture(scope="module")
def files(exported_bundle: Path) -> Files:
    """The files of a good bundle."""
    found = sorted(path for path in exported_bundle.rglob("*") if path.is_file())
    return {path.relative_to(exported_bundle).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def whole(exported_bundle: Path, files: Files, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its zip."""
    target = tmp_path_factory.mktemp("zip") / "bundle.zip"
    zipping.pack(exported_bundle, {path: len(data) for path, data in files.items()}, target)
    return target.read_bytes()


@pytest.fixture
def said(tmp_path: Path) -> Callable[[bytes], Verdict]:
    """The verdict on these bytes as a zip, after which nothing but the zip may lie there."""

    def check(data: bytes) -> Verdict:
        (tmp_path / "bundle.zip").write_bytes(data)
        verdict = verify(tmp_path / "bundle.zip")
        assert [one.name for one in tmp_path.iterdir()] == ["bundle.zip"]
        return verdict

    return check


def zipped(files: Files, order: list[str] | None = None) -> bytes:
    """A zip of our form, of any files."""
    names = order or sorted(files)
    placed = list(zipform.placed((name, len(files[name]), zlib.crc32(files[name])) for name in names))
    return b"".join(zipform.local(one) + files[one.path] for one in placed) + zipform.directory(placed)


def by_python(files: Files, **options: int) -> bytes:
    """A zip as Python's own module writes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", **options) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, options.get("compression", 0))
    return made.getvalue()


def central_at(data: bytes, path: str) -> int:
    """Where the directory's record of a file begins."""
    return data.rindex(path.encode()) - zipform.CENTRAL.size


def local_at(data: bytes, path: str) -> int:
    """Where the header before a file's bytes begins."""
    return int.from_bytes(data[central_at(data, path) + 42 :][:4], "little")


def patched(data: bytes, at: int, put: bytes) -> bytes:
    return data[:at] + put + data[at + len(put) :]


def second_end(data: bytes, files: Files) -> bytes:
    """Another directory behind the first: one program reads this one, another that one."""
    other = zipped({**files, ORIGINAL: b"another film"})
    return data + other


def overlapping(data: bytes, files: Files) -> bytes:
    """Two names for the same bytes, as in a bomb that grows by quoting itself (Fifield 2019)."""
    placed = list(zipform.placed((name, len(files[name]), zlib.crc32(files[name])) for name in sorted(files)))
    first = placed[3]
    placed[4] = Packed(placed[4].path, first.size, first.crc, first.offset)
    listed = b"".join(zipform.central(one) for one in placed)
    start = placed[-1].end
    return data[:start] + listed + zipform.end(len(placed), start, len(listed))


def moved(data: bytes, files: Files) -> bytes:
    """A hidden file between two others, in no directory."""
    placed = list(zipform.placed((name, len(files[name]), zlib.crc32(files[name])) for name in sorted(files)))
    cut = placed[5].offset
    hidden = zipform.local(Packed("hidden", 3, zlib.crc32(b"abc"), cut)) + b"abc"
    placed = placed[:5] + [Packed(one.path, one.size, one.crc, one.offset + len(hidden)) for one in placed[5:]]
    listed = zipform.directory(placed)
    return data[:cut] + hidden + data[cut : placed[-1].end - len(hidden)] + listed


def linked(data: bytes, files: Files) -> bytes:
    mode = (stat.S_IFLNK | 0o777) << 16
    return patched(data, central_at(data, ORIGINAL) + 38, struct.pack("<L", mode))


def bomb(data: bytes, files: Files) -> bytes:
    """Ten megabytes in ten kilobytes, and it could as well be petabytes."""
    return by_python({**files, ORIGINAL: bytes(10_000_000)}, compression=zipfile.ZIP_DEFLATED)


def encrypted(data: bytes, files: Files) -> bytes:
    return patched(data, central_at(data, ORIGINAL) + 8, struct.pack("<H", 1))


def huge_sizes(data: bytes, files: Files) -> bytes:
    """The directory says four gigabytes of a short film."""
    return patched(data, central_at(data, ORIGINAL) + 20, struct.pack("<2L", 0xFFFFFFF0, 0xFFFFFFF0))


def two_sizes(data: bytes, files: Files) -> bytes:
    return patched(data, central_at(data, ORIGINAL) + 24, struct.pack("<L", 7))


def other_local(data: bytes, files: Files) -> bytes:
    """A program that reads from the front sees a file of another name."""
    return patched(data, local_at(data, ORIGINAL) + zipform.LOCAL.size, ORIGINAL.replace("mp4", "mp3").encode())


def many(data: bytes, files: Files) -> bytes:
    """A directory of more files than any bundle has, which is not even there."""
    return zipform.end(layout.MAX_FILES + 1, 0, 0)


def long_directory(data: bytes, files: Files) -> bytes:
    return zipform.end(3, 0, 2**40)


def changed(path: str, new: bytes | None = None) -> Callable[[bytes, Files], bytes]:
    return lambda data, files: zipped({**files, path: files[path][:-1] + b"!" if new is None else new})


def added(path: str) -> Callable[[bytes, Files], bytes]:
    return lambda data, files: zipped({**files, path: b"new"})


def crc(data: bytes, files: Files) -> bytes:
    """A byte of the film is another, and the archive's own CRC is left as it was."""
    at = local_at(data, ORIGINAL) + zipform.LOCAL.size + len(ORIGINAL) + 100
    return patched(data, at, bytes([data[at] ^ 1]))


ATTACKS: dict[str, tuple[Callable[[bytes, Files], bytes], str]] = {
    "nothing": (lambda data, files: b"", "archive-malformed"),
    "no zip": (lambda data, files: b"%PDF-1.7\n" * 900, "archive-malformed"),
    "the end cut off": (lambda data, files: data[:-1], "archive-malformed"),
    "the middle cut out": (lambda data, files: data[:5_000] + data[9_000:], "archive-overlap"),
    "half of the directory": (lambda data, files: zipform.end(9, 0, 0), "archive-malformed"),
    "a program before it": (lambda data, files: b"#!/bin/sh\n" + data, "archive-gap"),
    "bytes behind it": (lambda data, files: data + b"more", "archive-gap"),
    "a second zip behind it": (second_end, "archive-gap"),
    "a comment": (lambda data, files: data[:-2] + b"\x04\x00more", "archive-gap"),
    "a file between files": (moved, "archive-gap"),
    "files that share bytes": (overlapping, "archive-overlap"),
    "another name at the front": (other_local, "archive-header"),
    "sizes too large": (huge_sizes, "archive-overlap"),
    "two sizes of one file": (two_sizes, "archive-header"),
    "a wrong CRC": (crc, "archive-crc"),
    "a file twice": (lambda data, files: zipped(files, sorted([*files, ORIGINAL])), "archive-repeated"),
    "another order": (lambda data, files: zipped(files, sorted(files, reverse=True)), "archive-foreign"),
    "a bomb": (bomb, "archive-foreign"),
    "packed by another program": (lambda data, files: by_python(files), "archive-foreign"),
    "encrypted": (encrypted, "archive-encrypted"),
    "encrypted as a whole": (lambda data, files: b"age-encryption.org/v1\n-> X25519 " + data, "archive-encrypted"),
    "too many files": (many, "too-many-files"),
    "a directory of a terabyte": (long_directory, "archive-malformed"),
    "a link": (linked, "link"),
    "a way out": (added("data/../../evil"), "file-name"),
    "an absolute name": (added("/etc/evil"), "file-name"),
    "a name of Windows": (added("data\\evil"), "file-name"),
    "a drive of Windows": (added("C:evil"), "file-name"),
    "a name with a control character": (added("data/\x1b[2Jevil"), "file-name"),
    "a folder": (added("data/exhibits/001/"), "file-name"),
    "a name in capitals": (added("data/REPORT.json"), "file-name-case"),
    "a folder in capitals": (added("DATA/report.json"), "file-name-case"),
    "a file that is a folder": (added("data/report.json/evil"), "file-name-case"),
    "an unknown folder": (added("data/secret/evil"), "folder-extra"),
    "an unknown file": (added("data/evil.exe"), "file-extra"),
    "another film": (changed(ORIGINAL), "digest-differs"),
    "another verifier": (changed(layout.VERIFIER, b"print('VERIFIED')"), "files-differ"),
    "another report": (changed(layout.REPORT_JSON), "json-malformed"),
    "no checkpoint": (
        lambda data, files: zipped({path: data for path, data in files.items() if path != layout.EXPORT_CHECKPOINT}),
        "file-missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_each_trick_of_zips_is_named(said: Callable[[bytes], Verdict], whole: bytes, files: Files, name: str) -> None:
    attack, code = ATTACKS[name]
    verdict = said(attack(whole, files))
    assert code in {fault.code for fault in verdict.faults}
    assert verdict.word == ("INCOMPLETE" if code in ("archive-foreign", "archive-encrypted") else "FAILED")
    assert all(fault.subject.isprintable() and fault.message.isprintable() for fault in verdict.faults)


@pytest.mark.honest
def test_a_good_zip_gives_the_verdict_of_its_folder(
    said: Callable[[bytes], Verdict], whole: bytes, files: Files, exported_bundle: Path
) -> None:
    assert zipped(files) == whole
    assert said(whole).document() == verify(exported_bundle).document()
    assert said(whole).word == "VERIFIED"


def test_no_byte_of_the_zip_can_change_unseen(said: Callable[[bytes], Verdict], whole: bytes, files: Files) -> None:
    """All of the headers and the directory, in steps that meet every field; the files' own bytes are under digests."""
    placed = list(zipform.placed((name, len(files[name]), zlib.crc32(files[name])) for name in sorted(files)))
    heads = [range(one.offset, one.data) for one in placed[:2]] + [range(placed[-1].end, placed[-1].end + 150)]
    places = [at for one in heads for at in one][::5] + list(range(len(whole) - 22, len(whole)))[::2]
    for at in places:
        assert said(patched(whole, at, bytes([whole[at] ^ 0x41]))).word != "VERIFIED", at


@pytest.mark.parametrize("name", ["a bomb", "another film"])
@pytest.mark.honest
def test_the_verifier_alone_says_the_same(
    whole: bytes, files: Files, exported_bundle: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "bundle.zip").write_bytes(ATTACKS[name][0](whole, files))
    call = [sys.executable, "-I", str(exported_bundle / layout.VERIFIER), str(tmp_path / "bundle.zip"), "--json"]
    alone = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd="/")
    expected = verify(tmp_path / "bundle.zip")
    assert (alone.returncode, alone.stderr) == (expected.exit_code, "")
    assert json.loads(alone.stdout) == {**expected.document(), "disclosed": []}


@pytest.mark.honest
def test_what_cannot_be_read_is_said(tmp_path: Path, bundle: Bundle) -> None:
    (tmp_path / "link.zip").symlink_to(tmp_path / "bundle")
    assert [fault.code for fault in verify(tmp_path / "link.zip").faults] == ["bundle-not-a-folder"]
    assert [fault.code for fault in verify(tmp_path / "none.zip").faults] == ["file-unreadable"]
