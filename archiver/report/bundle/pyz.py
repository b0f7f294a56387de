"""verify.pyz: the proof core as one file that a bare `python3 -I` runs. The same sources always give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

#: The earliest time that a zip can hold: a file's own time would make every copy another one.
_TIME = (1980, 1, 1, 0, 0, 0)

_MAIN = """import sys

from archiver.proof.__main__ import main

sys.exit(main())
"""
_PACKAGE = '"""Only the proof core: what a stranger needs to check a bundle."""\n'


def verifier() -> bytes:
    """The archive's bytes. Nothing is compressed, because zlib's output differs from release to release."""
    sources = sorted(_sources(resources.files("archiver.proof"), "archiver/proof"))
    files = [("__main__.py", _MAIN.encode()), ("archiver/__init__.py", _PACKAGE.encode())]
    files += sources
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3  # Unix, whatever this runs on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return packed.getvalue()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _sources(one, f"{path}/{one.name}")
        elif one.name.endswith(".py"):
            yield f"{path}/{one.name}", one.read_bytes()
