"""What tests of several packages share: a fresh vault with its command line, a site on loopback, tiny footage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.calling import Archiver
from tests.loopback import Site, serving
from tests.media import encode

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")


@pytest.fixture
def archiver(tmp_path: Path) -> Archiver:
    """The command line on a new vault."""
    command = Archiver(tmp_path / "vault")
    command("init", "--origin", "office-a.example/archive")
    return command


@pytest.fixture
def site() -> Iterator[Site]:
    """A small site on loopback, running."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of footage with sound, in 50 kB."""
    return encode(tmp_path_factory.mktemp("clip") / "clip.mp4", options={"movflags": "+faststart"}).read_bytes()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], bytes]:
    """Tiny pictures, each of other bytes: cheap to examine, for tests that need many files."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")

    def make(number: int) -> bytes:
        path = folder / f"{number}.png"
        Image.new("RGB", (48, 32), (number % 256, 90, 160)).save(path)
        return path.read_bytes() + number.to_bytes(4, "big")

    return make


@pytest.fixture
def easy_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of the tests' own count: nobody can make one with the work of a real one in a test's time."""
    from archiver.proof.times import blockheaders

    monkeypatch.setattr(blockheaders, "EASIEST", 2**256)
