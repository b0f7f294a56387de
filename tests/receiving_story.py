"""Two offices: what one exported, in the vault of the other."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.vault import Vault, create
from archiver.engine.receiving.receive import Asked, Received, receive
from archiver.proof.bundle import packing
from archiver.proof.trust.outside import Outside
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.report.bundle_story import CASE, FILM, PHOTO, REPOST, Bundle
from tests.vault_story import Copy

ORIGIN = "office-b.example/archive"

FIRST_USE = Asked(first_use=True)


def office(folder: Path, origin: str = ORIGIN) -> Vault:
    """An empty vault of another office."""
    return create(folder, origin, "Office B", {"ARCHIVER_BY": "Quendela"})


def take_in(vault: Vault, bundle: Path, asked: Asked = FIRST_USE, outside: Outside | None = None) -> Received:
    """Receive a bundle."""
    return receive(vault, bundle, asked, outside or Outside())


def entries(vault: Vault, kind: str = "") -> list[dict[str, Any]]:
    """The entries of a type, or all."""
    rows = vault.database.read().execute("SELECT body FROM entry ORDER BY seq")
    found = [json.loads(body) for (body,) in rows]
    return [one for one in found if not kind or one["type"] == kind]


@pytest.fixture(scope="session")
def withholding_bundle(exporting_vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same three items without their originals and notes: there is nothing to examine, so it is quick."""
    target = tmp_path_factory.mktemp("withholding") / "bundle"
    export(exporting_vault, [FILM, REPOST, PHOTO], CASE, target, withhold=ask(["note"], ["original"]))
    return target


@pytest.fixture
def changing_bundle(withholding_bundle: Path, tmp_path: Path) -> Bundle:
    """A copy of it in the hands of somebody who changes it."""
    shutil.copytree(withholding_bundle, tmp_path / "bundle")
    for folder in (tmp_path / "bundle").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


@pytest.fixture(scope="session")
def received_vault(exported_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a vault that took in the bundle of a film, its repost and a photo. Not to be changed."""
    vault = office(tmp_path_factory.mktemp("received") / "vault")
    take_in(vault, exported_bundle)
    vault.database.close()
    return vault.folder


@pytest.fixture
def received_copy(received_vault: Path, tmp_path: Path) -> Copy:
    """A copy of it, to be tampered with."""
    return Copy(received_vault, tmp_path / "vault", {})


def repacked(data: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """A history after `change` did something to its files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    made = io.BytesIO()
    packing.pack(made, {path: len(one) for path, one in files.items()}, lambda path: io.BytesIO(files[path]))
    return made.getvalue()
