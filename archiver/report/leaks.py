"""The leak check: every byte of a bundle is searched for everything that the bundle withholds.

It looks for each withheld value and for the parts of it that identify somebody, in every spelling (`encodings`), also
in what is packed (`packed`). What it finds is told by file, field and spelling; the value itself is never told.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.report import encodings, identifying, packed
from archiver.report.search import Search

#: Content codings of web bodies that nothing here can undo.
_UNREADABLE = (b"-encoding: br\r", b"-Encoding: br\r", b"-encoding: zstd\r", b"-Encoding: zstd\r")

#: Kinds of finding that are told for one file; more of them are no help.
_MAX_TOLD = 100


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is withheld: which field, of which entries. With `everywhere` also footage is searched for it."""

    field: str
    entries: tuple[int, ...]
    value: str
    everywhere: bool = True

    def name(self) -> str:
        """What it is, without what it says."""
        if not self.entries:
            return self.field
        shown = ", ".join(map(str, self.entries[:3])) + (" and others" if len(self.entries) > 3 else "")
        return f"{self.field} of entr{'y' if len(self.entries) == 1 else 'ies'} {shown}"


@dataclass(frozen=True, slots=True)
class Leak:
    """A withheld value, or the named part of it, that lies in a file, in which spelling and inside of what."""

    path: str
    secret: Secret
    part: str
    encoding: str
    inside: str

    def line(self) -> str:
        """For people, without the value."""
        part = f"a part ({self.part}) of the " if self.part else "the "
        inside = f", inside: {self.inside}" if self.inside else ""
        return f"{self.path}: {part}{self.secret.name()}, as {self.encoding}{inside}"


class Check:
    """Searches files for secrets.

    `ordinary` is text that every bundle holds: a secret that is a word of it cannot be told from it, and is listed in
    `unsearchable` with the reason, as are those that are too short.
    """

    def __init__(self, secrets: Sequence[Secret], ordinary: bytes = b"") -> None:
        found: list[tuple[Secret, str, encodings.Needle]] = []
        self.unsearchable: dict[Secret, str] = {}
        for secret in secrets:
            if not encodings.is_searchable(secret.value):
                self.unsearchable[secret] = "too short to be searched for"
                continue
            whole = identifying.core(secret.value)
            found += [(secret, "", needle) for needle in encodings.needles(whole)]
            for part in identifying.parts(secret.field, secret.value):
                if encodings.is_searchable(part.text):
                    found += [(secret, part.what, needle) for needle in encodings.needles(part.text)]
        common = Search([needle for _, _, needle in found]).found(ordinary)
        words = {(found[number][0], found[number][1]) for number in common}
        self.unsearchable.update({secret: "a word that every bundle holds" for secret, part in words if not part})
        kept = [one for number, one in enumerate(found) if number not in common and one[0] not in self.unsearchable]
        self._wide = _Looking([one for one in kept if one[0].everywhere])
        self._all = _Looking(kept)
        self.unsearched: list[str] = []

    def name(self, path: str) -> Iterator[Leak]:
        """Leaks in the name of a file."""
        for secret, part, encoding in self._all.found(path.encode("utf-8", "surrogateescape")):
            yield Leak(path, secret, part, encoding, "its name")

    def file(self, folder: Path, path: str, *, footage: bool = False) -> Iterator[Leak]:
        """Leaks in the file at `path` of a bundle in `folder`. `footage` holds only what others wrote."""
        looking = self._wide if footage else self._all
        if not looking.is_empty and (folder / path).stat().st_size:
            with (folder / path).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield from self._data(data, path, looking)

    def data(self, data: bytes, path: str = "") -> Iterator[Leak]:
        """Leaks in bytes that are to become a file."""
        yield from self._data(data, path, self._all)

    def _data(self, data: packed.Bytes, path: str, looking: _Looking) -> Iterator[Leak]:
        told: set[tuple[Secret, str]] = set()
        for what, content, cut in _contents(data):
            for secret, part, encoding in looking.found(content):
                if (secret, part) not in told and len(told) < _MAX_TOLD:
                    told.add((secret, part))
                    yield Leak(path, secret, part, encoding, what)
            if cut:
                self.unsearched.append(f"{path}: {what} is longer than is searched")
        for coding in _UNREADABLE if "/exchange" in path else ():
            if coding in data[:]:
                self.unsearched.append(f"{path}: web bodies compressed with {coding[11:].decode().strip()}")


class _Looking:
    def __init__(self, kept: Sequence[tuple[Secret, str, encodings.Needle]]) -> None:
        self._kept = kept
        self._search = Search([needle for _, _, needle in kept])
        self.is_empty = not kept

    def found(self, data: packed.Bytes) -> list[tuple[Secret, str, str]]:
        """Secret, part and spelling; the plainest spelling of each first."""
        numbers = sorted(self._search.found(data)) if len(data) else []
        return [(self._kept[one][0], self._kept[one][1], self._kept[one][2].encoding) for one in numbers]


def _contents(data: packed.Bytes) -> Iterator[tuple[str, packed.Bytes, bool]]:
    yield "", data, False
    for one in packed.unpacked(data):
        yield one.what, one.data, one.cut


def summed(leaks: Collection[Leak]) -> list[str]:
    """One line a leak, wholes before parts, each once."""
    return list(
        dict.fromkeys(one.line() for one in sorted(leaks, key=lambda one: (one.path, one.part != "", one.part)))
    )
