"""The index in step with the records: opened, brought up to date, mended where it is damaged.

What is missing is what the records have and no volume holds. So a first build, the next item, what a crash interrupted
and a damaged volume are all the same work.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from archiver import fingerprint
from archiver.custody import catalog, indexlist
from archiver.custody.arrays import ArraysError
from archiver.custody.indexlist import ListError, VolumeList
from archiver.custody.vault import Vault
from archiver.engine import volumes
from archiver.engine.volumes import Named
from archiver.errors import EvidenceError
from archiver.fingerprint import Fingerprint
from archiver.match.index import volume_of
from archiver.match.lookup import Volume
from archiver.match.recipe import recipe

#: Fingerprints that go into a volume at a time, by their bytes: two hours of footage, 300 MB of memory meanwhile.
_BATCH_BYTES: Final = 32 * 1024**2
#: Fewer fingerprints are taken in before anybody could wonder.
_WORTH_TELLING: Final = 20
#: Fingerprints that are kept decoded, by their bytes: copies of one film often come together.
_RECENT_BYTES: Final = 64 * 1024**2


class VaultIndex:
    """The vault's fingerprints as a library of films (`match.index.Library`), named by their objects' SHA-256.

    Any number of processes may have one open; each is for one thread at a time. `tell` is given a line when something
    was mended or cannot be written, `progress` the fingerprints done and all of them while many are taken in.
    `thorough` reads every volume through when it is opened, not only those that look changed.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        tell: Callable[[str], None] = lambda line: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        thorough: bool = False,
    ) -> None:
        self._vault = vault
        self._folder = vault.folder / indexlist.FOLDER_NAME
        self._tell, self._progress, self._thorough = tell, progress, thorough
        self._list = VolumeList(recipe())
        self._stamp: tuple[int, ...] | None = None
        self._opened: list[Named] = []
        self._unsaved: list[Named] = []
        self._names: list[str] = []
        self._recent: OrderedDict[str, Fingerprint] = OrderedDict()

    @property
    def volumes(self) -> list[Volume]:
        return [each.volume for each in (*self._opened, *self._unsaved)]

    def name(self, film: int) -> str:
        return self._names[film]

    def fingerprint(self, film: int) -> Fingerprint | None:
        return self.read(self._names[film])

    def read(self, sha256: str) -> Fingerprint | None:
        """The stored fingerprint; None for one that is gone or damaged, which is for `verify` to say, not for a run."""
        if sha256 in self._recent:
            self._recent.move_to_end(sha256)
            return self._recent[sha256]
        try:
            found = fingerprint.decode(self._vault.store.read(sha256))
        except (fingerprint.FingerprintError, EvidenceError):
            return None
        self._recent[sha256] = found
        while len(self._recent) > 1 and sum(map(_bytes, self._recent.values())) > _RECENT_BYTES:
            self._recent.popitem(last=False)
        return found

    def catch_up(self) -> None:
        """Take in what was recorded since the last time. Where the index cannot be written it goes on in memory."""
        if indexlist.stamp(self._folder) == self._stamp and not any(catalog.fingerprints(self._vault, self._list.row)):
            return
        try:
            with indexlist.writing(
                self._folder, lambda: self._tell("waiting for another process that makes the index")
            ):
                self._open()
                self._take_in(write=True)
        except OSError as error:
            self._tell(f"the index cannot be written ({error.strerror}): what is new is held in memory")
            self._open()
            self._take_in(write=False)

    def rebuild(self) -> VolumeList:
        """Make the index anew from the fingerprint objects. Raises OSError."""
        with indexlist.writing(self._folder):
            indexlist.write(self._folder, VolumeList(recipe()))
            self._open()
            self._take_in(write=True)
        return self._list

    def _open(self) -> None:
        """Open what the list names, unless that is open already. What cannot be used is as if it were not there."""
        stamp = indexlist.stamp(self._folder)
        if stamp == self._stamp:
            return
        try:
            found = indexlist.read(self._folder, recipe())
        except (ListError, OSError) as error:
            self._tell(f"the index is made anew: {error}")
            found = VolumeList(recipe())
        kept, self._opened, self._unsaved = [], [], []
        for file in found.volumes:
            try:
                self._opened.append(volumes.opened(self._folder, file, thorough=self._thorough))
                kept.append(file)
            except (ArraysError, OSError) as error:
                self._tell(f"the index is mended: {file.name} {error}")
        # A row of another object: the records are not those that the index was made of, such as an older backup's.
        if len(kept) < len(found.volumes) or catalog.fingerprint_at(self._vault, found.row) != found.sha256:
            found = replace(found, row=0, sha256="", volumes=tuple(kept))
        self._list, self._stamp = found, stamp
        self._number()

    def _take_in(self, *, write: bool) -> None:
        self._number()
        before, known = self._list, set(self._names)
        rows = [(row, sha256) for row, _, sha256 in catalog.fingerprints(self._vault, before.row)]
        named = dict.fromkeys((*before.unread, *(sha256 for _, sha256 in rows)))
        unread: list[str] = []
        for batch in self._batches([sha256 for sha256 in named if sha256 not in known], unread):
            self._unsaved.append(Named(volume_of(list(batch.values())), tuple(batch)))
            if write:
                self._save()
        row, last = rows[-1] if rows else (before.row, before.sha256)
        self._list = replace(self._list, row=row, sha256=last, unread=tuple(unread))
        if write and self._list != before:
            self._publish()
        self._number()

    def _batches(self, wanted: list[str], unread: list[str]) -> Iterator[dict[str, Fingerprint]]:
        """The wanted fingerprints, some at a time; what is missing or damaged goes to `unread`, to be tried again."""
        batch: dict[str, Fingerprint] = {}
        many = len(wanted) >= _WORTH_TELLING
        for done, sha256 in enumerate(wanted):
            if many:
                self._progress(done, len(wanted))
            try:
                blob = self._vault.store.read(sha256)
            except EvidenceError:
                blob = b""
            if hashlib.sha256(blob).hexdigest() != sha256:
                unread.append(sha256)
                continue
            with suppress(fingerprint.FingerprintError):  # what is whole and cannot be decoded is no picture's
                batch[sha256] = fingerprint.decode(blob)
            if sum(map(_bytes, batch.values())) > _BATCH_BYTES:
                yield batch
                batch = {}
        if batch:
            yield batch
        if many:
            self._progress(len(wanted), len(wanted))

    def _save(self) -> None:
        """Write what is in memory, together with volumes of its size, as one volume."""
        codes = sum(len(each.volume) for each in self._unsaved)
        old = volumes.to_merge(codes, self._list.volumes)
        pairs = list(zip(self._list.volumes, self._opened, strict=True))
        parts = [*(named for file, named in pairs if file in old), *self._unsaved]
        file = volumes.saved(self._folder, parts)
        opened = volumes.opened(self._folder, file, thorough=False)
        self._list = replace(self._list, volumes=(*(each for each, _ in pairs if each not in old), file))
        self._publish()
        self._opened = [*(named for each, named in pairs if each not in old), opened]
        self._unsaved = []

    def _publish(self) -> None:
        indexlist.write(self._folder, self._list)
        self._stamp = indexlist.stamp(self._folder)

    def _number(self) -> None:
        self._names = [name for each in (*self._opened, *self._unsaved) for name in each.films]


def _bytes(one: Fingerprint) -> int:
    return sum(map(len, one.blocks))
