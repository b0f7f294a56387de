"""Matching items as they come in: the index is read from the fingerprint objects, the findings go into the records."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver import fingerprint
from archiver.custody import catalog, findings
from archiver.custody.vault import Vault
from archiver.engine import events
from archiver.errors import ArchiverError, EvidenceError
from archiver.model import Finding, Item, Match, MatchKind, Role, Segment
from archiver.naming import derived_id

if TYPE_CHECKING:
    from archiver.fingerprint import Fingerprint
    from archiver.match.finding import Found


#: How soon what is recorded is matched.
LOOK_SECONDS = 0.1


class Matcher:
    """The vault's fingerprints in memory, and what they say about new items. Safe to call from several threads."""

    def __init__(self, vault: Vault) -> None:
        # The examiners use the other processors; numpy's own threads would fight them for these.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from archiver.match.index import Index

        self._vault = vault
        self._index = Index()
        self._seen = 0
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

    def search(self, prints: list[bytes], sha256: str) -> tuple[list[str], list[Found]]:
        """Items with the very bytes `sha256`, and what fingerprints of a file outside the vault find."""
        with self._turn:
            self._catch_up()
            near = [found for blob in prints for found in self._index.query(fingerprint.decode(blob))]
        return catalog.holders(self._vault, sha256), near

    def _catch_up(self) -> None:
        for row, item_id, sha256 in list(catalog.fingerprints(self._vault, self._seen)):
            print_ = self._fingerprint(sha256)
            if print_ is not None:
                self._index.add(item_id, print_)
            self._seen = row

    def _fingerprint(self, sha256: str) -> Fingerprint | None:
        """The stored fingerprint; None for one that is gone or damaged, which is for `verify` to say, not for a run."""
        try:
            return fingerprint.decode(self._vault.store.read(sha256))
        except (fingerprint.FingerprintError, EvidenceError):
            return None

    def _matches_of(self, item: Item) -> Iterator[Match]:
        same_bytes: set[str] = set()
        for original in item.of_role(Role.ORIGINAL):
            for other in catalog.holders(self._vault, original.object.sha256):
                if other != item.id and other not in same_bytes:
                    same_bytes.add(other)
                    first, second = self._in_order(other, item.id)
                    yield Match(
                        id=_match_id(first, second, "identical"),
                        a=first,
                        b=second,
                        kind=MatchKind.IDENTICAL,
                        finding=Finding.IDENTICAL,
                        score=1.0,
                        algorithm="sha256",
                        segments=_whole(item),
                    )
        for held in item.of_role(Role.FINGERPRINT):
            query = self._fingerprint(held.object.sha256)
            if query is None:
                continue
            for found in self._index.query(query, exclude={item.id, *same_bytes}):
                yield self._near(found, item.id)

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
            matcher = Matcher(vault)
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


def _the_other_way(transform: Mapping[str, Any]) -> dict[str, Any]:
    """What makes `a` of `b`, where the transform says what makes `b` of `a`. The share that was compared stays."""
    other = dict(transform)
    if "speed" in other:
        other["speed"] = round(1 / other["speed"], 4)
    if "turn" in other:
        other["turn"] = -other["turn"] % 360
    return other


def _match_id(first: str, second: str, algorithm: str) -> str:
    return derived_id("m", first, second, algorithm)


def _whole(item: Item) -> tuple[Segment, ...]:
    seconds = float(item.summary.get("duration_seconds", 0))
    return (Segment(0.0, seconds, 0.0, seconds),) if seconds else ()
