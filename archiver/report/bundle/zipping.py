"""A finished bundle's folder as one zip, on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from archiver.proof.bundle import packing


def pack(
    folder: Path,
    files: Mapping[str, int],
    target: Path,
    observe: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write `files` (lengths by path) of `folder` to the new file `target`, onto the disk. Raises OSError.

    `observe` hears how many bytes of how many are packed.
    """
    total = sum(files.values())
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        observe(done, total)

    with target.open("xb") as archive:
        packing.pack(archive, files, lambda path: (folder / path).open("rb"), count)
        archive.flush()
        os.fsync(archive.fileno())
    target.chmod(0o444)
