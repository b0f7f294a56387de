"""Sample footage, filmed once for all tests of this folder, and its copies."""

from pathlib import Path

import pytest

from archiver.demo import footage
from archiver.examine.fingerprint import fingerprint
from archiver.fingerprint import Fingerprint, decode

SIZE = (320, 180)


def fingerprinted(path: Path, kind: str = "video") -> Fingerprint:
    """The fingerprint of a file, as the engine would have it."""
    return decode(fingerprint(str(path), kind).blob)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three scenes of 9 s: `march`, `square` (a fixed camera), `market`."""
    return footage.make(tmp_path_factory.mktemp("scenes"), ("march", "square", "market"), seconds=9, size=SIZE)


@pytest.fixture(scope="session")
def prints(scenes: dict[str, Path]) -> dict[str, Fingerprint]:
    """The scenes' fingerprints."""
    return {name: fingerprinted(path) for name, path in scenes.items()}
