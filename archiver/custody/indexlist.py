"""The list of the index's volumes: which files together are the index. Replaced whole, so readers see a whole one.

`index/` is made of fingerprint objects and can be made of them again at any time. It is no evidence, is in no backup,
and `verify` does not look at it. It holds no name of an item: volumes know films by the SHA-256 of their fingerprints.

A volume is complete and on the disk before a list names it, and is deleted after a list that does not name it: whenever
a writer dies, the list is the one before or the one after, and what no list names is removed by the next writer.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from archiver.proof import durable

FOLDER_NAME: Final = "index"
FILE_NAME: Final = "volumes.json"
LOCK_NAME: Final = "index.lock"
SUFFIX: Final = ".volume"


class ListError(ValueError):
    """The list is there and cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """A file of the index, as it was when it was written. `modified_ns` is the file system's word for it."""

    name: str
    sha256: str
    size: int
    modified_ns: int
    films: int
    codes: int


@dataclass(frozen=True, slots=True)
class VolumeList:
    """What the index is made of.

    `recipe` names what the codes were made by; codes of another one mean something else. All fingerprint holdings up to
    row `row`, which is one of `sha256`, were looked at; those in `unread` could not be read then.
    """

    recipe: str
    row: int = 0
    sha256: str = ""
    unread: tuple[str, ...] = ()
    volumes: tuple[VolumeFile, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.volumes)

    @property
    def films(self) -> int:
        return sum(each.films for each in self.volumes)

    @property
    def codes(self) -> int:
        return sum(each.codes for each in self.volumes)


def glance(folder: Path) -> VolumeList:
    """The newest list for a person to look at: an empty one where there is none that can be used."""
    try:
        return _parsed((folder / FILE_NAME).read_bytes())
    except (ListError, OSError):
        return VolumeList("")


def read(folder: Path, recipe: str) -> VolumeList:
    """The newest list; an empty one where there is none yet. Raises ListError, OSError."""
    try:
        spelled = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return VolumeList(recipe)
    found = _parsed(spelled)
    if found.recipe != recipe:
        raise ListError("it was made by another version")
    return found


def _parsed(spelled: bytes) -> VolumeList:
    digest, _, body = spelled.partition(b"\n")
    if digest.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        raise ListError("its list of volumes is damaged")
    try:
        fields = json.loads(body)
        volumes = tuple(VolumeFile(**each) for each in fields.pop("volumes"))
        return VolumeList(**{**fields, "unread": tuple(fields["unread"])}, volumes=volumes)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ListError("its list of volumes is of another version") from None


def write(folder: Path, new: VolumeList) -> None:
    """Replace the list, then remove files that it does not name. The caller holds `writing`. Raises OSError."""
    body = json.dumps(asdict(new), indent=1).encode()
    durable.replace(folder / FILE_NAME, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    named = {each.name for each in new.volumes}
    for path in folder.iterdir():
        if path.name in named or path.name in (FILE_NAME, LOCK_NAME):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def stamp(folder: Path) -> tuple[int, ...]:
    """Changes when the list is replaced."""
    try:
        state = (folder / FILE_NAME).stat()
    except OSError:
        return ()
    return state.st_ino, state.st_mtime_ns, state.st_size


@contextmanager
def writing(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only writer for the block; `waiting` is called if there is another one, whose end is waited for.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
