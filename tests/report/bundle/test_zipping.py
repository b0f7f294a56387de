"""A bundle as one zip: the same bytes each time, for everybody's tools, and never half of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

from archiver.custody.vault import Vault
from archiver.errors import MachineError, UsageError
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.bundle import zipping
from archiver.report.export import export
from tests.report.bundle_story import PHOTO, Bundle
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]


def sizes(folder: Path) -> dict[str, int]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}


def test_an_export_as_zip_is_one_file_that_verifies(exporting_vault: Vault, tmp_path: Path) -> None:
    exported = export(exporting_vault, [PHOTO], None, tmp_path / "case.zip", zipped=True)
    assert exported.verdict.word == "VERIFIED"
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    assert bagit.Bag(str(tmp_path / "unpacked")).validate()
    assert verify(tmp_path / "unpacked").word == "VERIFIED"
    # Packing what was unpacked gives the same bytes: nothing of a file system is in the zip.
    zipping.pack(tmp_path / "unpacked", sizes(tmp_path / "unpacked"), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "case.zip").read_bytes()


def test_the_same_bundle_gives_the_same_bytes_whatever_its_times_and_modes(bundle: Bundle, tmp_path: Path) -> None:
    listed = sizes(bundle.folder)
    zipping.pack(bundle.folder, listed, tmp_path / "one.zip")
    for number, path in enumerate(sorted(bundle.folder.rglob("*"))):
        os.utime(path, (1e9 + number, 1e9 + number))
        path.chmod(0o700 if path.is_dir() else 0o400)
    zipping.pack(bundle.folder, dict(reversed(listed.items())), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.skipif(not shutil.which("unzip"), reason="unzip is not installed")
def test_info_zip_finds_nothing_wrong(exported_bundle: Path, tmp_path: Path) -> None:
    zipping.pack(exported_bundle, sizes(exported_bundle), tmp_path / "one.zip")
    said = subprocess.run(["unzip", "-tqq", str(tmp_path / "one.zip")], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")


def test_the_zip_verifies_with_a_bare_python(exported_bundle: Path, tmp_path: Path) -> None:
    zipping.pack(exported_bundle, sizes(exported_bundle), tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        (tmp_path / "verify.pyz").write_bytes(archive.read(layout.VERIFIER))
    call = [sys.executable, "-I", "verify.pyz", "one.zip"]
    said = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("VERIFIED")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "verify.pyz"]


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_there_is_left_alone(exporting_vault: Vault, tmp_path: Path, there: str) -> None:
    target = tmp_path / "case.zip"
    if there == "file":
        target.write_text("keep")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(UsageError):
        export(exporting_vault, [PHOTO], None, target, zipped=True)
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]


def test_what_was_put_there_meanwhile_is_left_alone(exporting_vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "case.zip"

    def put(done: int, total: int, what: str) -> None:
        if what == "checking":
            target.write_text("keep")

    with pytest.raises(MachineError):
        export(exporting_vault, [PHOTO], None, target, put, zipped=True)
    assert target.read_text() == "keep"
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_full_disk_leaves_neither_half_bundle_nor_half_zip(
    exporting_vault: Vault, small_disk: Callable[[int], Path], zipped: bool
) -> None:
    disk = small_disk(16_000)
    moment = "packing" if zipped else "copying"

    def full(done: int, total: int, what: str) -> None:
        if what == moment and not (disk / "ballast").exists():
            fill(disk, 0)

    with pytest.raises(MachineError) as raised:
        export(exporting_vault, [PHOTO], None, disk / "case.zip", full, zipped=zipped)
    assert raised.value.code == "disk-full"
    assert [path.name for path in disk.iterdir()] == ["ballast"]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_place_that_cannot_be_written_is_one_clear_error(
    exporting_vault: Vault, tmp_path: Path, zipped: bool
) -> None:
    (tmp_path / "file").write_text("keep")
    for target in (tmp_path / "file" / "case.zip", Path("/proc/case.zip")):  # a file is no folder; nobody writes there
        with pytest.raises(MachineError) as raised:
            export(exporting_vault, [PHOTO], None, target, zipped=zipped)
        assert raised.value.code == "disk-error"
    assert (tmp_path / "file").read_text() == "keep"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
