"""The leak check: every byte of a bundle is searched for everything that the bundle withholds.

It looks for each withheld value and for the parts of it that identify somebody, in every spelling (`encodings`), also
in what is packed (`packed`). What it finds is told by file, field and spelling; the value itself is never told.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.report.withholding import encodings, identifying, packed
from archiver.report.withholding.search import Search

#: Content codings of web bodies that nothing here can undo.
_UNREADABLE = (b"-encoding: br\r", b"-Encoding: br\r", b"-encoding: zstd\r", b"-Encoding: zstd\r")

#: Kinds of finding that are told for one file; more of them are no help.
_MAX_TOLD = 100


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is withheld: which field, of which entries.

    Without `everywhere` only what we write ourselves is searched, and for the whole value alone.
    """

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
            for part in identifying.parts(secret.field, secret.value) if secret.everywhere else ():
                if encodings.is_searchable(part.text):
                    found += [(secret, part.what, needle) for needle in encodings.needles(part.text)]
        self._found = found
        self._search = Search([needle for _, _, needle in found])
        common = self._search.found(ordinary)
        words = {found[number][:2] for number in common}
        self.unsearchable.update({secret: "a word that every bundle holds" for secret, part in words if not part})
        self._counts = {
            number
            for number, (secret, _, _) in enumerate(found)
            if number not in common and secret not in self.unsearchable
        }
        self._wide = {number for number in self._counts if found[number][0].everywhere}
        self.unsearched: list[str] = []

    def name(self, path: str) -> Iterator[Leak]:
        """Leaks in the name of a file."""
        for number in self._numbers(path.encode("utf-8", "surrogateescape"), self._counts):
            secret, part, needle = self._found[number]
            yield Leak(path, secret, part, needle.encoding, "its name")

    def file(self, folder: Path, path: str, *, footage: bool = False) -> Iterator[Leak]:
        """Leaks in the file at `path` of a bundle in `folder`. `footage` holds only what others wrote."""
        if (self._wide if footage else self._counts) and (folder / path).stat().st_size:
            with (folder / path).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield from self.data(data, path, footage=footage)

    def data(self, data: packed.Bytes, path: str = "", *, footage: bool = False) -> Iterator[Leak]:
        """Leaks in bytes that are, or are to become, a file."""
        counts = self._wide if footage else self._counts
        told: set[tuple[Secret, str]] = set()
        for what, content, cut in _contents(data):
            for number in self._numbers(content, counts):
                secret, part, needle = self._found[number]
                if (secret, part) not in told and len(told) < _MAX_TOLD:
                    told.add((secret, part))
                    yield Leak(path, secret, part, needle.encoding, what)
            if cut:
                self.unsearched.append(f"{path}: {what}: it is more than is searched")
            for coding in _UNREADABLE if counts and not footage else ():
                if content.find(coding) >= 0:
                    self.unsearched.append(f"{path}: web bodies compressed with {coding[11:].decode().strip()}")

    def _numbers(self, data: packed.Bytes, counts: set[int]) -> list[int]:
        """Needles that are there and count, the plainest spelling of each secret first."""
        return sorted(self._search.found(data) & counts) if counts and len(data) else []


def _contents(data: packed.Bytes) -> Iterator[tuple[str, packed.Bytes, bool]]:
    yield "", data, False
    for one in packed.unpacked(data):
        yield one.what, one.data, one.cut


def summed(leaks: Collection[Leak]) -> list[str]:
    """One line a leak, wholes before parts, each once."""
    return list(
        dict.fromkeys(one.line() for one in sorted(leaks, key=lambda one: (one.path, one.part != "", one.part)))
    )
