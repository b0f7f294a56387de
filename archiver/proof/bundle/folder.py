"""A bundle as a folder: its plain files, without following a link."""

from __future__ import annotations

import os
from pathlib import Path

from archiver.proof.bundle import layout
from archiver.proof.bundle.source import Names, Note, Readable, extra_file, extra_folder, open_plain, shown


class Folder:
    """The folder with bagit.txt."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, path: str) -> Readable:
        """A file of it. Raises OSError and ProofError."""
        return open_plain(self._path / path)

    def close(self) -> None:
        """A folder is not held open."""

    def sizes(self, note: Note) -> dict[str, int]:
        """Lengths of all plain files with acceptable names; the rest goes to `note`."""
        sizes: dict[str, int] = {}
        names = Names()
        waiting = [""]
        seen = 0
        while waiting:
            prefix = waiting.pop()
            try:
                listing = os.scandir(self._path / prefix)
            except OSError as error:
                note("file-unreadable", prefix or "the bundle", f"the folder cannot be read: {error.strerror}")
                continue
            with listing:
                for one in listing:
                    seen += 1
                    if seen > layout.MAX_FILES:
                        note("too-many-files", "the bundle", f"there are more than {layout.MAX_FILES} files")
                        return sizes
                    path = prefix + one.name
                    found = names.wrong(path) or _wrong_kind(one, path)
                    if found:
                        note(found[0], shown(path), found[1])
                    elif one.is_dir(follow_symlinks=False):
                        waiting.append(path + "/")
                    if (not found or found[0] == "file-extra") and one.is_file(follow_symlinks=False):
                        sizes[path] = one.stat(follow_symlinks=False).st_size
        return sizes


def _wrong_kind(one: os.DirEntry[str], path: str) -> tuple[str, str] | None:
    if one.is_symlink():
        return "link", "a bundle holds no links"
    if one.is_dir(follow_symlinks=False):
        return extra_folder(path)
    if not one.is_file(follow_symlinks=False):
        return "special-file", "a bundle holds plain files only"
    return extra_file(path)
