"""Matching items as they come in: the index is asked, the findings go into the records."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.custody import catalog, findings
from archiver.custody.vault import Vault
from archiver.engine import events, prints
from archiver.errors import ArchiverError
from archiver.fingerprint import SUCCEEDED_BY
from archiver.model import Finding, Holding, Item, Match, MatchKind, Role, Segment
from archiver.naming import derived_id
from archiver.standard import CHROMAPRINT, PDQ, PdqPrint, SoundPrint

if TYPE_CHECKING:
    from archiver.engine.prints import Print
    from archiver.match.finding import Found


#: How soon what is recorded is matched.
LOOK_SECONDS = 0.1


class Matcher:
    """The vault's index, and what it says about new items. Safe to call from several threads.

    `tell` and `progress` are those of VaultIndex; `thorough` as there.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        tell: Callable[[str], None] = lambda line: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        thorough: bool = False,
    ) -> None:
        # The examiners use the other processors; numpy's own threads would fight them for these.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from archiver.engine.hearing import VaultSounds
        from archiver.engine.indexing import VaultIndex

        self._vault = vault
        self._index = VaultIndex(vault, tell=tell, progress=progress, thorough=thorough)
        self._sounds = VaultSounds(vault)
        self._turn = threading.Lock()

    def match_acquisition(self, acquisition_id: str) -> list[Match]:
        """Find and record the matches of an acquisition's items with everything recorded. May be called again."""
        rows = self._vault.database.read().execute(
            "SELECT id FROM item WHERE acquisition_id = ? ORDER BY rowid", (acquisition_id,)
        )
        with self._turn:
            self._catch_up()
            found = {
                match.id: match
                for (item_id,) in rows.fetchall()
                for match in self._matches_of(catalog.item(self._vault, item_id))
            }
            return findings.record(self._vault, acquisition_id, list(found.values()))

    def match_leftovers(self) -> None:
        """Match what was recorded and, because something stopped in between, not yet compared."""
        for acquisition_id in findings.unmatched(self._vault):
            self.match_acquisition(acquisition_id)

    def search(self, blobs: list[bytes], sha256: str) -> tuple[list[str], list[Found]]:
        """Items with the very bytes `sha256`, and what fingerprints of a file outside the vault find."""
        with self._turn:
            self._catch_up()
            near = self._alike(map(prints.decoded, blobs), set())
        return catalog.holders(self._vault, sha256), near

    def _catch_up(self) -> None:
        self._index.catch_up()
        self._sounds.catch_up()

    def _read(self, held: Holding) -> Print | None:
        """A fingerprint to match by. PDQ is for others' lists: our own finds more in the same pictures."""
        if held.name == PDQ:
            return None
        sha256 = held.object.sha256
        return prints.read(self._vault.store, sha256) if held.name == CHROMAPRINT else self._index.read(sha256)

    def _matches_of(self, item: Item) -> Iterator[Match]:
        """With items of the same bytes only the first of each case has matches: the others are said to be identical to
        it, and all to the very first.
        """
        same_bytes: set[str] = set()
        for original in item.of_role(Role.ORIGINAL):
            holders = catalog.holders(self._vault, original.object.sha256)
            beside = catalog.holders(self._vault, original.object.sha256, case=item.case)
            for first in dict.fromkeys((holders[0], beside[0])):
                if first not in (item.id, *same_bytes):
                    yield _identical(first, item)
            same_bytes.update(holders)
        if catalog.first_of_its_bytes(self._vault, item.id) == item.id:
            held = [self._read(print_) for print_ in _newest(item.of_role(Role.FINGERPRINT))]
            for found in self._alike(filter(None, held), {item.id, *same_bytes}):
                yield self._near(found, item.id)

    def _alike(self, made: Iterable[Print], without: set[str]) -> list[Found]:
        """What the fingerprints of one file find: the best for each item and algorithm, but for those `without`.

        Strongest first. A pair of items may have one finding on its pictures and one on its sound.
        """
        best: dict[tuple[str, str], Found] = {}
        items: dict[str, list[str]] = {}

        def wanted(name: str) -> bool:
            if name not in items:
                holders = catalog.fingerprinted(self._vault, name)
                first = (each for each in holders if catalog.first_of_its_bytes(self._vault, each) == each)
                items[name] = [each for each in first if each not in without]
            return bool(items[name])

        for print_ in made:
            for found in self._query(print_, wanted):
                for item_id in items[found.item_id]:
                    key = item_id, found.algorithm
                    if key not in best or found.rank > best[key].rank:
                        best[key] = replace(found, item_id=item_id)
        return sorted(best.values(), key=lambda found: (*(-part for part in found.rank), found.item_id))

    def _query(self, print_: Print, wanted: Callable[[str], bool]) -> list[Found]:
        from archiver.match.index import query

        if isinstance(print_, SoundPrint):
            return self._sounds.query(print_, wanted)
        return [] if isinstance(print_, PdqPrint) else query(print_, self._index, wanted)

    def _near(self, found: Found, item_id: str) -> Match:
        first, second = self._in_order(found.item_id, item_id)
        segments, transform = found.segments, found.transform
        if first == item_id:  # the query came first: its side is `a`
            segments = tuple(Segment(s.b_start, s.b_end, s.a_start, s.a_end) for s in segments)
            transform = _the_other_way(transform)
        return Match(
            id=_match_id(first, second, found.algorithm),
            a=first,
            b=second,
            kind=MatchKind.NEAR,
            finding=found.finding,
            score=found.score,
            algorithm=found.algorithm,
            segments=segments,
            transform=transform,
            error_rate=found.error_rate,
        )

    def _in_order(self, one: str, other: str) -> tuple[str, str]:
        rows = self._vault.database.read().execute(
            "SELECT id FROM item WHERE id IN (?, ?) ORDER BY rowid", (one, other)
        )
        first, second = (row[0] for row in rows)
        return first, second


@contextmanager
def matching_beside(vault: Vault, tell: Callable[[events.Event], None]) -> Iterator[None]:
    """Match what is recorded while the block runs, in a thread of its own and in the order in which it came.

    One thread, because each match needs all that came before, and not the examiners', which would wait for each other.
    """
    stop = threading.Event()

    def work() -> None:
        try:
            matcher = Matcher(
                vault,
                tell=lambda line: tell(events.Noted(line)),
                progress=lambda done, total: tell(events.Indexing(done, total)),
                thorough=True,
            )
            while not stop.wait(LOOK_SECONDS):
                for acquisition_id in findings.unmatched(vault):
                    if not stop.is_set():
                        matcher.match_acquisition(acquisition_id)
        except Exception as error:  # noqa: BLE001  what could not be matched is matched by the next run; this one says why
            what = error.line() if isinstance(error, ArchiverError) else f"{type(error).__name__}: {error}"
            tell(events.Halted(f"matching failed: {what}"))

    thread = threading.Thread(target=work, name="matching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def examine_outside_file(path: Path, vault: Vault) -> tuple[list[bytes], str]:
    """Fingerprint blobs and SHA-256 of a file that is not taken in."""
    from archiver.custody.store import digest
    from archiver.examine.examiner import Examiner

    with path.open("rb") as stream:
        sha256 = digest(stream).sha256
    with Examiner(limits=vault.settings.limits, slots=1) as examiner:
        examination = examiner.examine([(path, path.name)])
    return [print_.blob for print_ in examination.fingerprints], sha256


def _newest(held: Sequence[Holding]) -> list[Holding]:
    """Fingerprints but for those in whose place a newer algorithm's have come."""
    count = Counter(one.name for one in held)
    return [one for one in held if count[SUCCEEDED_BY.get(one.name, "")] < count[one.name]]


def _the_other_way(transform: Mapping[str, Any]) -> dict[str, Any]:
    """What makes `a` of `b`, where the transform says what makes `b` of `a`. The share that was compared stays."""
    other = dict(transform)
    if "speed" in other:
        other["speed"] = round(1 / other["speed"], 4)
    if "turn" in other:
        other["turn"] = -other["turn"] % 360
    return other


def _identical(first: str, item: Item) -> Match:
    return Match(
        id=_match_id(first, item.id, "identical"),
        a=first,
        b=item.id,
        kind=MatchKind.IDENTICAL,
        finding=Finding.IDENTICAL,
        score=1.0,
        algorithm="sha256",
        segments=_whole(item),
    )


def _match_id(first: str, second: str, algorithm: str) -> str:
    return derived_id("m", first, second, algorithm)


def _whole(item: Item) -> tuple[Segment, ...]:
    seconds = float(item.summary.get("duration_seconds", 0))
    return (Segment(0.0, seconds, 0.0, seconds),) if seconds else ()
